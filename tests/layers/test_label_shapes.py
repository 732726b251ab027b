"""Labels of shape (batch, 1), as Keras gives them to a network of `keras.Input((1,))`."""

import keras
import numpy as np
import pytest
from keras import ops

from ganzoo.layers import ConditionalBatchNormalization, ProjectionHead, SANHead, StyleMapping

LAYERS = {
    "projection": lambda: ProjectionHead(3),
    "san": lambda: SANHead(3),
    "style mapping": lambda: StyleMapping(2, 4, depth=1, num_classes=3),
    "batch normalization": lambda: ConditionalBatchNormalization(3),
}


@pytest.mark.parametrize("name", LAYERS)
def test_labels_belong_to_the_examples_of_their_rows(name):
    layer = LAYERS[name]()
    features = np.random.default_rng(0).standard_normal((4, 5)).astype("float32")
    labels = np.array([0, 2, 1, 2], "int32")
    layer([features, labels])
    for index, weight in enumerate(layer.trainable_weights):
        weight.assign(np.random.default_rng(index).standard_normal(weight.shape))
    one_by_one = [layer([features[i : i + 1], labels[i : i + 1]]) for i in range(4)]
    flat = map(keras.tree.flatten, one_by_one)
    expected = [np.concatenate(rows) for rows in zip(*flat, strict=True)]
    for given in (labels, labels[:, None]):
        outputs = keras.tree.flatten(layer([features, given]))
        for output, rows in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(ops.convert_to_numpy(output), rows, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_labels_that_are_no_column_are_refused(name):
    with pytest.raises(ValueError, match=r"\(batch,\) or \(batch, 1\).*Received: .*\(4, 3\)"):
        LAYERS[name]()([np.ones((4, 5), "float32"), np.eye(4, 3)])
