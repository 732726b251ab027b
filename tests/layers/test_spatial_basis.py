import numpy as np
import pytest

from ganzoo.layers import SpatialBasis


def test_each_entry_scales_its_map():
    layer = SpatialBasis(3, 2)
    vectors = np.random.default_rng(0).standard_normal((4, 5)).astype("float32")
    outputs = layer(vectors).numpy()
    assert layer.basis.shape == (3, 2, 5)
    expected = np.einsum("nc,hwc->nhwc", vectors, layer.basis.numpy())
    np.testing.assert_allclose(outputs, expected, rtol=1e-6)


def test_bad_sides_are_refused():
    with pytest.raises(ValueError, match=r"`height` must.*Received: height=0"):
        SpatialBasis(0, 4)
