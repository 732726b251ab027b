import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from loss_equations import CASES, build

REAL = [-50.0, -2.3, -0.4, 0.3, 1.7, 1e4]
FAKE = [0.9, -3.1, 50.0, -1e4, 2.2, 0.1]

SCRIPT = """
import json, sys
sys.modules["tensorflow"] = None  # any import of it fails
import jax, keras
from loss_equations import CASES, build

assert keras.backend.backend() == "jax"
real, fake = (jax.numpy.asarray(x, "float32")[:, None] for x in json.loads(sys.argv[1]))
rows = []
for name, s in CASES:
    loss = build(name, s)
    for function, logits in ((loss.discriminator, (real, fake)), (loss.generator, (fake, real))):
        value, gradients = jax.jit(jax.value_and_grad(function, argnums=(0, 1)))(*logits)
        rows.append([value.item(), *(gradient.ravel().tolist() for gradient in gradients)])
print(json.dumps(rows))
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
def test_jax_without_tensorflow_gives_tensorflows_numbers():
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1])])
    environment = os.environ | {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": path,
    }
    command = [sys.executable, "-c", SCRIPT, json.dumps([REAL, FAKE])]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    on_jax = iter(json.loads(finished.stdout))

    real, fake = (tf.constant(x, "float32")[:, None] for x in (REAL, FAKE))
    for name, s in CASES:
        loss = build(name, s)
        for function, logits in (
            (loss.discriminator, (real, fake)),
            (loss.generator, (fake, real)),
        ):
            with tf.GradientTape() as tape:
                tape.watch(logits)
                value = function(*logits)
            gradients = tape.gradient(value, logits, unconnected_gradients="zero")
            jax_value, *jax_gradients = next(on_jax)
            np.testing.assert_allclose(jax_value, value, rtol=1e-6, err_msg=name)
            gradients = [tf.reshape(gradient, (-1,)) for gradient in gradients]
            np.testing.assert_allclose(jax_gradients, gradients, atol=1e-6, err_msg=name)
