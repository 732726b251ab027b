import importlib.util
import json

import numpy as np
import pytest
import tensorflow as tf
from layer_cases import cases, training_cost

from support.processes import run_python

SCRIPT = """
import json, sys
import jax
sys.path.append("tests/layers")
from layer_cases import cases, training_cost

results = []
for layer, inputs in cases():
    def cost(trainable, non_trainable):
        output, updated = layer.stateless_call(trainable, non_trainable, inputs, training=True)
        return training_cost(output), updated

    step = jax.jit(jax.value_and_grad(cost, has_aux=True))
    (value, updated), gradients = step(
        [v.value for v in layer.trainable_variables],
        [v.value for v in layer.non_trainable_variables],
    )
    results.append([x.tolist() for x in (value, *updated, *gradients)])
print(json.dumps(results))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_jax_without_tensorflow_gives_the_same_outputs_state_and_gradients():
    # Most of the time is compilation, which need not be good here.
    environment = {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}
    printed = run_python(SCRIPT, backend="jax", without_tensorflow=True, **environment)
    for (layer, inputs), on_jax in zip(cases(), json.loads(printed), strict=True):
        variables = [v.value for v in layer.trainable_variables]
        with tf.GradientTape() as tape:
            value = training_cost(layer(inputs, training=True))
        gradients = map(tf.convert_to_tensor, tape.gradient(value, variables))
        state = [v.numpy() for v in layer.non_trainable_variables]
        for ours, theirs in zip((value, *state, *gradients), on_jax, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5, err_msg=layer.name)
