"""oneDNN in TensorFlow, on all x86 processors.

By default, TensorFlow uses oneDNN's convolutions only on processors with instructions for neural
networks, such as AVX-512 VNNI. They are faster with AVX2 alone too.
"""

import os
import platform
import sys

_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
_X86 = ("x86_64", "AMD64")


def enable() -> None:
    """Lets TensorFlow use oneDNN, unless the environment variable says if it does.

    TensorFlow reads `TF_ENABLE_ONEDNN_OPTS` when it is imported. If it has been imported already,
    nothing changes in this process, and the processes that it starts get the same setting: another
    one would change the last bits of their results.
    """
    if _VARIABLE in os.environ or platform.machine() not in _X86:
        return
    # Programs that train on JAX may put `None` there, so that nothing imports TensorFlow.
    is_imported = sys.modules.get("tensorflow") is not None
    os.environ[_VARIABLE] = str(int(not is_imported or is_on()))


def is_on() -> bool:
    """Returns whether TensorFlow uses oneDNN in this process."""
    from tensorflow.python.util import _pywrap_util_port

    return bool(_pywrap_util_port.IsMklEnabled())
