"""The hardware of this machine, in words."""

import os
import platform
import re
import sys
from pathlib import Path

import keras

from ganzoo.validation import check_positive_integer


def machine():
    """Returns this machine's cores and processor, and its accelerator if there is one.

    Example:

    >>> machine()
    '... cores of ...'
    """
    cores = _core_count()
    words = f"{cores} core{'s' * (cores > 1)} of {_processor()}"
    device = accelerator()
    return words if device is None else f"{device}, {words}"


def _processor():
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def accelerator():
    """Returns the name of the first accelerator that the backend computes on, or `None`."""
    if keras.backend.backend() == "jax":
        import jax

        device = jax.devices()[0]
        return None if device.platform == "cpu" else device.device_kind
    if keras.backend.backend() != "tensorflow":
        return None
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return None
    return tf.config.experimental.get_device_details(devices[0]).get("device_name", "a GPU")


def threads():
    """Returns the number of threads that share one operation on the processor."""
    cores = _core_count()
    if keras.backend.backend() != "tensorflow":
        return cores
    import tensorflow as tf

    chosen = tf.config.threading.get_intra_op_parallelism_threads()
    return chosen or int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or cores


def set_threads(count: int) -> None:
    """Sets the number of threads that share one operation on the processor.

    They add numbers in another order than another number of threads does, which changes the last
    bits of the results. By default there are as many as cores. With a fixed number, runs with one
    seed have the same bits on any number of cores. Call it before anything is computed. More
    threads than cores cost no time; fewer leave cores unused.

    Args:
        count: Number of threads, at least 1.

    Raises:
        RuntimeError: If something has been computed already with another number of threads.
        ValueError: If the backend is JAX, which has no such setting.

    Example:

    >>> ganzoo.distribution.set_threads(4)
    """
    check_positive_integer("count", count)
    if count == threads():
        return
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            "The number of threads can be set for TensorFlow only; JAX uses all cores that the "
            "process may use. "
            f"Received: count={count} with the backend {keras.backend.backend()!r}"
        )
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(count)
    except RuntimeError as error:
        raise RuntimeError(
            "The number of threads must be set before anything is computed; or set the "
            f"environment variable TF_NUM_INTRAOP_THREADS. Received: count={count} after a start "
            f"with {threads()} threads"
        ) from error


def backend_version():
    """Returns the version of the backend's package."""
    return sys.modules[keras.backend.backend()].__version__


def _core_count():
    usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    return len(usable(0))
