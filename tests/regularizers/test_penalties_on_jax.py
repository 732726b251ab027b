import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from critics import NetworkCritic, example_batches, tanh_network

from ganzoo.random import Draws
from ganzoo.regularizers import R1, R2, GradientPenalty

SCRIPT = """
import json, sys
sys.modules["tensorflow"] = None  # any import of it fails
import jax, keras
from ganzoo.random import Draws
from ganzoo.regularizers import R1, R2, GradientPenalty

assert keras.backend.backend() == "jax"
real, fake, w1, b1, w2, b2 = (jax.numpy.asarray(x, "float32") for x in json.loads(sys.argv[1]))

class TanhCritic:
    def __init__(self, w1):
        self.w1 = w1

    def __call__(self, images):
        return jax.numpy.tanh(images @ self.w1 + b1) @ w2 + b2

    def gradient(self, images):
        return jax.grad(lambda x: self(x).sum())(images)

rows = []
for penalty in (GradientPenalty(), R1(gamma=2.0), R2(gamma=2.0)):
    def cost(w1):
        return penalty.penalty(TanhCritic(w1), real, fake, Draws(seed=0, step=0))

    value, gradient = jax.jit(jax.value_and_grad(cost))(w1)
    rows.append([value.item(), gradient.tolist()])
print(json.dumps(rows))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_jax_without_tensorflow_gives_tensorflows_penalties():
    network, (real, fake) = tanh_network(3), example_batches((6, 3))
    inputs = [x.tolist() for x in (real, fake, *network.get_weights())]
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-c", SCRIPT, json.dumps(inputs)]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr

    penalties = (GradientPenalty(), R1(gamma=2.0), R2(gamma=2.0))
    for penalty, on_jax in zip(penalties, json.loads(finished.stdout), strict=True):
        with tf.GradientTape() as tape:
            value = penalty.penalty(NetworkCritic(network), real, fake, Draws(seed=0, step=0))
        gradient = tape.gradient(value, network.layers[0].kernel.value)
        np.testing.assert_allclose(on_jax[0], value, rtol=1e-5)
        np.testing.assert_allclose(on_jax[1], gradient, rtol=1e-4, atol=1e-4)
