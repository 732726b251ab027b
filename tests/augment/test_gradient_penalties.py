"""R1 through the whole pipeline of ADA, on both backends."""

import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from ganzoo.augment import RandomTransforms
from ganzoo.random import Draws
from support.processes import run_python

pytestmark = pytest.mark.graph
SHAPE = (3, 4, 3, 3)


def penalty(images, weights):
    """R1 of D(x) = sum of weights * T(x)^2 / 2 as a list: its value and its gradient."""
    from ganzoo import backend
    from ganzoo.augment import RandomTransforms
    from ganzoo.random import Draws

    part = RandomTransforms("bgcfnc", probability=0.9)

    def logits(images):
        return keras.ops.sum(weights * part(images, Draws(0, 4)) ** 2) / 2

    def cost():
        return keras.ops.sum(backend.input_gradient(logits, images) ** 2) / 2, None

    value, _, (slope,) = backend.value_and_grad(cost, [weights], [])
    return value, slope


@pytest.fixture(scope="module")
def case():
    """Images, weights, and the penalty and its gradient from the matrix of each image's map."""
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, SHAPE).astype("float32")
    weights = rng.normal(size=SHAPE[1:]).astype("float32")
    part, size = RandomTransforms("bgcfnc", probability=0.9), weights.size

    @tf.function(autograph=False)
    def transformed(images):
        return part(images, Draws(0, 4))

    # T(x) = A x + b: a unit vector gives a column of A, plus b.
    b = np.asarray(transformed(np.zeros(SHAPE)))
    units = np.eye(size).reshape(size, *SHAPE[1:])
    columns = [np.reshape(transformed(np.stack([unit] * 3)) - b, (3, size)) for unit in units]
    a, w = np.stack(columns, axis=-1), np.float64(weights.reshape(-1))
    results = np.einsum("nij,nj->ni", a, images.reshape(3, size)) + b.reshape(3, size)
    gradients = np.einsum("nij,ni->nj", a, w * results)
    slope = np.einsum("nij,nj,ni->i", a, gradients, results)
    assert np.mean(a != 0) > 0.05 and np.abs(b).max() > 0.1
    return images, weights, np.sum(gradients**2) / 2, slope.reshape(SHAPE[1:])


def assert_right(case, value, slope):
    np.testing.assert_allclose(value, case[2], rtol=1e-4)
    np.testing.assert_allclose(slope, case[3], rtol=1e-3, atol=1e-4 * np.abs(case[3]).max())


@pytest.mark.slow
def test_eagerly(case):
    assert_right(case, *penalty(tf.constant(case[0]), keras.Variable(case[1])))


@pytest.mark.parametrize(
    "settings",
    [
        {"jit_compile": True},
        pytest.param(
            {"input_signature": [tf.TensorSpec((None, *SHAPE[1:]))]}, marks=pytest.mark.slow
        ),
    ],
    ids=["xla", "graph of any batch size"],
)
def test_compiled(case, settings):
    weights = keras.Variable(case[1])
    function = tf.function(lambda images: penalty(images, weights), **settings, autograph=False)
    assert_right(case, *function(tf.constant(case[0])))


@pytest.mark.slow
@pytest.mark.process
def test_on_jax(case):
    images, weights = (case[i].tolist() for i in (0, 1))
    code = f"""
import json
import jax
import keras
import numpy as np

{inspect.getsource(penalty)}

weights = keras.Variable({weights})
value, slope = jax.jit(lambda images: penalty(images, weights))(np.array({images}, "float32"))
print(json.dumps([float(value), np.asarray(slope).tolist()]))
"""
    assert_right(
        case, *json.loads(run_python(code, "jax", without_tensorflow=True).splitlines()[-1])
    )
