import importlib.util
import json

import numpy as np
import pytest
import tensorflow as tf
from every_loss import every_loss

from support.processes import run_python

SCRIPT = """
import json, sys
sys.path.append("tests/losses")
import jax
from every_loss import every_loss


@jax.jit
def values_and_gradients(inputs):
    return {
        name: jax.value_and_grad(function, argnums=tuple(range(len(inputs[name]))))(*inputs[name])
        for name, function, _ in every_loss()
    }


results = values_and_gradients({name: inputs for name, _, inputs in every_loss()})
print(json.dumps({
    name: [value.item(), [gradient.tolist() for gradient in gradients]]
    for name, (value, gradients) in results.items()
}))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_jax_without_tensorflow_gives_the_same_numbers():
    printed = run_python(SCRIPT, backend="jax", without_tensorflow=True)
    on_jax = json.loads(printed)
    for name, function, inputs in every_loss():
        inputs = [tf.constant(x) for x in inputs]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(*inputs)
        gradients = tape.gradient(value, inputs, unconnected_gradients="zero")
        jax_value, jax_gradients = on_jax.pop(name)
        np.testing.assert_allclose(jax_value, value, rtol=1e-6, err_msg=name)
        for jax_gradient, gradient in zip(jax_gradients, gradients, strict=True):
            np.testing.assert_allclose(jax_gradient, gradient, atol=1e-6, err_msg=name)
    assert not on_jax
