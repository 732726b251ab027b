import numpy as np
import pytest
from keras import ops

from ganzoo.layers import GlobalSumPooling2D


def test_every_position_counts_fully():
    images = np.random.default_rng(0).standard_normal((2, 3, 5, 4))
    layer = GlobalSumPooling2D(dtype="float64")
    np.testing.assert_allclose(layer(ops.array(images)), images.sum(axis=(1, 2)), rtol=1e-12)


def test_vectors_are_refused():
    with pytest.raises(ValueError, match="expected ndim=4"):
        GlobalSumPooling2D()(ops.ones((2, 3)))
