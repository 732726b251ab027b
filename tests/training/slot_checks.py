"""Slots are read from the device and written to it vector by vector, on both backends."""

import keras
import numpy as np
import pytest

from ganzoo.training.fused_update import FusedUpdate
from ganzoo.training.stored_slots import assign_values, values_of


class Transfers:
    """Counts how often vectors are read from the device and written to it."""

    def __init__(self, vectors):
        self.read, self.written, ids = 0, 0, set(map(id, vectors))
        self._to_numpy, self._assign = keras.ops.convert_to_numpy, keras.Variable.assign

        def to_numpy(value):
            self.read += id(value) in ids
            return self._to_numpy(value)

        def assign(variable, value):
            self.written += id(variable) in ids
            return self._assign(variable, value)

        keras.ops.convert_to_numpy, keras.Variable.assign = to_numpy, assign

    def end(self):
        keras.ops.convert_to_numpy, keras.Variable.assign = self._to_numpy, self._assign
        return self.read, self.written


def check_all():
    for dtypes in (("float32",) * 4, ("float32", "bfloat16") * 2):
        _check(dtypes)


def _check(dtypes):
    rng = np.random.default_rng(0)
    shapes = ((3, 4), (4,), (), (2, 3))
    weights = [
        keras.Variable(rng.standard_normal(shape), dtype=dtype)
        for shape, dtype in zip(shapes, dtypes, strict=True)
    ]
    update = FusedUpdate("generator", keras.optimizers.Adam(), weights)
    vectors = update._optimizer.variables[2:]
    assert len(vectors) == 2 * len(set(dtypes))
    for vector in vectors:
        vector.assign(rng.standard_normal(vector.shape))
    stored = update.stored_variables
    one_by_one = [np.array(variable.numpy()) for variable in stored]

    transfers = Transfers(vectors)
    values = values_of(stored)
    assert transfers.end() == (len(vectors), 0)
    file = {}
    transfers = Transfers(vectors)
    update._optimizer.save_own_variables(file)
    assert transfers.end() == (len(vectors), 0)
    for found in (values, list(file.values())):
        for value, expected in zip(found, one_by_one, strict=True):
            assert value.dtype == expected.dtype and value.shape == expected.shape
            assert value.tobytes() == expected.tobytes()

    before = [np.array(vector.numpy()) for vector in vectors]
    for restore in (
        lambda: assign_values(stored, one_by_one),
        lambda: update._optimizer.load_own_variables(file),
    ):
        for vector in vectors:
            vector.assign(np.zeros(vector.shape))
        transfers = Transfers(vectors)
        restore()
        assert transfers.end() == (0, len(vectors))
        for vector, expected in zip(vectors, before, strict=True):
            assert np.array(vector.numpy()).tobytes() == expected.tobytes()
    # A part alone leaves the others unchanged.
    stored[2].assign(np.ones(stored[2].shape))
    for index, expected in enumerate(one_by_one):
        found = np.array(stored[index].numpy())
        assert np.all(found == 1) if index == 2 else found.tobytes() == expected.tobytes()
    with pytest.raises(ValueError, match=r"Received: a value of shape \(99,\)"):
        assign_values(stored[2:4], [one_by_one[2], np.ones(99)])
