"""Every part goes through configs, files, fresh processes, exports and a step on two replicas."""

import json

import keras
import numpy as np

from conformance.comparison import assert_close, assert_equal_states
from conformance.parts import arguments
from conformance.selection import every_part, layers_and_states, representatives
from conformance.trainers import answers, train_on_replicas, trainer
from support.gans import tiny


@every_part
def test_config_round_trip(part):
    made = part.make()
    for original in made if isinstance(made, (list, tuple)) else [made]:
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(original)))
        clone = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
        assert type(clone) is type(original)
        if not isinstance(original, keras.Model):
            assert set(arguments(original)) <= set(original.get_config())
        assert json.loads(json.dumps(keras.saving.serialize_keras_object(clone))) == config


@layers_and_states
def test_keras_file(part, saved):
    model = keras.saving.load_model(saved(part).path)
    assert_equal_states(tiny.state(model), saved(part).state)
    np.testing.assert_array_equal(answers(model), saved(part).answers)


@representatives
def test_fresh_process(part, saved, restored):
    found = restored(part)
    for kind, expected, tolerance in [
        ("restored", saved(part).state, 0.0),
        ("trained", saved(part).state_after, 1e-6),
    ]:
        state = {name: values for name, values in found.items() if name.startswith(f"{kind}/")}
        assert_equal_states(state, expected, tolerance)
    np.testing.assert_array_equal(found["answers"], saved(part).answers)


@representatives
def test_export(part, exported):
    expected, outputs = exported(part)
    assert expected
    assert_close(outputs, expected, 1e-5)


@representatives
def test_two_replicas(part, saved, two_replicas):
    """The replicas train as one would, or alike where a batch is coupled."""
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
