"""Every part goes through configs, files, fresh processes and exports."""

import json

import keras
import numpy as np

from conformance.comparison import assert_close, assert_equal_states
from conformance.parts import arguments
from conformance.selection import every_part, parts_with_few_networks, representatives
from conformance.trainers import answers
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


@parts_with_few_networks
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
