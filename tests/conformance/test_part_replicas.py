"""Every part trains on two replicas: as one would, or finite and alike where a batch is coupled."""

import numpy as np

from conformance.comparison import assert_equal_states
from conformance.selection import representatives
from conformance.trainers import train_on_replicas, trainer
from support.gans import tiny


@representatives
def test_two_replicas(part, saved, two_replicas):
    with two_replicas.scope():
        model = trainer(part)
    train_on_replicas(model, two_replicas)
    for variable in model.variables:
        if part.kind == "layer" and variable.name in ("moving_mean", "moving_variance"):
            continue  # Of a plain Keras model, each replica keeps its own.
        first, second = map(np.array, two_replicas.experimental_local_results(variable.value))
        assert np.isfinite(first).all(), variable.path
        np.testing.assert_array_equal(first, second, err_msg=variable.path)
    if not part.batch_coupled:
        assert_equal_states(tiny.state(model), saved(part).state, 1e-5)
