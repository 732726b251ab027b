"""How results are compared."""

import numpy as np


def assert_close(results, expected, tolerance):
    """Fails where a number differs by more than the tolerance times the largest of its array.

    An array that is below a hundredth of the largest of its kind counts as that: the gradient of
    a bias before a batch normalization is 0 but for rounding.
    """
    assert sorted(results) == sorted(expected)
    largest = {}
    for name, wanted in expected.items():
        kind = name.split("/")[0]
        largest[kind] = max(largest.get(kind, 0.0), np.max(np.abs(wanted), initial=0.0))
    for name, wanted in expected.items():
        found = results[name]
        assert found.shape == wanted.shape, name
        assert np.isfinite(found).all(), name
        scale = max(np.max(np.abs(wanted), initial=0.0), 0.01 * largest[name.split("/")[0]])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * scale, err_msg=name)


def assert_near(results, expected, tolerance):
    """Fails where one kind of result, all its arrays together, differs by more in its norm."""
    assert sorted(results) == sorted(expected)
    for kind in sorted({name.split("/")[0] for name in expected}):
        found, wanted = (_joined(source, kind) for source in (results, expected))
        assert np.isfinite(found).all(), kind
        assert np.linalg.norm(found - wanted) <= tolerance * np.linalg.norm(wanted), kind


def _joined(results, kind):
    return np.concatenate(
        [np.ravel(results[name]) for name in sorted(results) if name.startswith(f"{kind}/")]
    )


def assert_equal_states(state, expected, tolerance=0.0):
    """Fails where the variables of two models differ, whose names may.

    But for the states of seed generators: Keras does not save them, and each step sets them.
    """
    assert len(state) == len(expected)
    for (name, found), wanted in zip(state.items(), expected.values(), strict=True):
        if name.endswith("seed_generator_state"):
            continue
        assert np.isfinite(found).all(), name
        np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance, err_msg=name)
