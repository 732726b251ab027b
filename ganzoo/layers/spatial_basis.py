"""The learned feature maps that a generator starts from (Huang et al. 2024)."""

from typing import Any

import keras

from ganzoo.validation import check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class SpatialBasis(keras.layers.Layer):
    """Multiplies vectors with learned feature maps: `y[h, w, c] = x[c] b[h, w, c]`.

    The maps start from N(0, 1), one for each entry of a vector.

    Call argument: vectors of shape `(batch, channels)`. The output has the shape `(batch, height,
    width, channels)`.

    Args:
        height: Rows of the feature maps.
        width: Columns of the feature maps.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If a side is not a positive integer.

    Example:

    >>> tuple(SpatialBasis(4, 4)(keras.ops.ones((8, 16))).shape)
    (8, 4, 4, 16)

    Reference:
        [The GAN is dead; long live the GAN!](https://arxiv.org/abs/2501.05441), the official code.
    """

    def __init__(self, height: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.height = check_positive_integer("height", height)
        self.width = check_positive_integer("width", width)
        self.input_spec = keras.layers.InputSpec(ndim=2)

    def build(self, input_shape):
        self.basis = self.add_weight(
            name="basis",
            shape=(self.height, self.width, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, inputs):
        return inputs[:, None, None, :] * self.basis

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.height, self.width, input_shape[1])

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}
