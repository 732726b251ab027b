"""Every part gives the same numbers without a graph, under XLA and on JAX, and near them in half
precision."""

import importlib.util

import keras
import numpy as np
import pytest

from conformance.comparison import assert_close, assert_near
from conformance.selection import every_part, layers_and_representatives, representatives
from conformance.subjects import numbers, subject


@pytest.fixture
def bfloat16():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    yield
    keras.config.set_dtype_policy(before)


@every_part
def test_build(part, eager_results):
    results = eager_results(part)
    assert any(name.startswith("inference/") for name in results)
    for name, values in results.items():
        assert np.isfinite(values).all(), name
    gradients = [values for name, values in results.items() if name.startswith("gradient/")]
    assert not gradients or any(np.any(values) for values in gradients)


@representatives
def test_xla(part, eager_results, xla_results):
    assert_close(xla_results(part), eager_results(part), 1e-4)


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="needs jax")
@layers_and_representatives
def test_jax_equals_tensorflow(part, eager_results, jax_results):
    assert_close(jax_results(part), eager_results(part), 1e-4)


@every_part
def test_mixed_bfloat16(part, eager_results, bfloat16):
    made = subject(part)
    results = made.results()
    assert all(v.dtype in ("float32", "int32", "uint32", "int64") for v in made.state)
    outputs = [v.dtype for name, v in results.items() if name.startswith(("training", "inference"))]
    expected = "bfloat16" if part.kind == "layer" else "float32"
    assert {keras.backend.standardize_dtype(dtype) for dtype in outputs} == {expected}
    assert_near(numbers(results), eager_results(part), 0.1)
