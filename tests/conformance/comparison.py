"""How results are compared."""

import numpy as np


def assert_close(results, expected, tolerance):
    """Fails where a number differs by more than the tolerance times the largest of its array."""
    assert list(results) == list(expected)
    for name, wanted in expected.items():
        found = results[name]
        assert found.shape == wanted.shape, name
        assert np.isfinite(found).all(), name
        scale = np.max(np.abs(wanted), initial=0.0)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * scale, err_msg=name)


def assert_equal_states(state, expected, tolerance=0.0):
    """The same for the variables of two models, whose names may differ."""
    assert len(state) == len(expected)
    for (name, found), wanted in zip(state.items(), expected.values(), strict=True):
        assert np.isfinite(found).all(), name
        np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance, err_msg=name)
