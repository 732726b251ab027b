"""On JAX without TensorFlow every metric gives the same values, and refuses to be traced."""

import json

import numpy as np
import pytest
from metric_cases import CASES, Projection, images, stream, streamed, values

from ganzoo import metrics
from support.processes import TESTS, run_python

SCRIPT = f"""
import json, sys
sys.path.insert(0, {str(TESTS / "metrics")!r})
import jax, keras
from metric_cases import CASES, Projection, images, stream, streamed, values
from ganzoo import metrics

assert keras.backend.backend() == "jax" and "tensorflow" not in sys.modules
found = {{name: values(streamed(name)).tolist() for name in CASES}}
metric = metrics.FrechetDistance(Projection())
found["images"] = stream(metric, images(40), images(50, seed=1)).result()
refused = []
for name, (arguments, samples, _) in CASES.items():
    for argument in (samples, jax.numpy.asarray(samples)):
        metric = metrics.get(name, **arguments)
        for call in (lambda _: metric.update_state(argument), metric.update_state):
            try:
                jax.jit(call)(argument)
            except RuntimeError as error:
                refused.append("eagerly" in str(error) and metric.samples.count == 0)
print(json.dumps([found, refused]))
"""


def test_metrics_run_on_jax_without_tensorflow():
    pytest.importorskip("jax", reason="needs jax")
    found, refused = json.loads(run_python(SCRIPT, "jax", without_tensorflow=True))
    for name in CASES:
        np.testing.assert_allclose(found[name], values(streamed(name)), rtol=1e-12)
    expected = stream(metrics.FrechetDistance(Projection()), images(40), images(50, seed=1))
    np.testing.assert_allclose(found["images"], expected.result(), rtol=1e-6)
    assert refused == [True] * 4 * len(CASES)
