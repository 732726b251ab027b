import importlib.util
import json

import numpy as np
import pytest
from network_cases import outputs

from support.processes import run_python

SCRIPT = """
import json, sys
sys.path.append("tests/architectures")
from network_cases import outputs
print(json.dumps({name: values.tolist() for name, values in outputs().items()}))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_jax_without_tensorflow_gives_the_same_outputs():
    # Most of the time is compilation, which need not be good here.
    environment = {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    printed = run_python(SCRIPT, backend="jax", without_tensorflow=True, **environment)
    on_jax = json.loads(printed)
    for name, values in outputs().items():
        np.testing.assert_allclose(values, on_jax[name], rtol=1e-3, atol=1e-4, err_msg=name)
