"""Noise inputs of a style-based generator (Karras et al. 2019)."""

import keras
from keras import ops

from ganzoo.layers.random_layer import RandomLayer


@keras.saving.register_keras_serializable(package="ganzoo")
class NoiseInjection(RandomLayer):
    """Adds noise times a learned strength: one value for each position, for all channels.

    In training, the noise is N(0, 1) and new for each example. In inference, it is one stored map,
    drawn when the layer was built, so that latents determine the image. The strength starts at 0.

    In a training step of `ganzoo.GAN`, the noise is a function of the seed, the step and the row,
    and each replica draws the noise of its own rows.

    Call argument: features of shape `(batch, height, width, channels)`. The output has the same
    shape.

    Args:
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If the inputs are not features of a fixed size.

    Example:

    >>> tuple(NoiseInjection()(keras.ops.ones((2, 4, 4, 8))).shape)
    (2, 4, 4, 8)

    Reference:
        [A Style-Based Generator Architecture for Generative Adversarial Networks](
        https://arxiv.org/abs/1812.04948), section 2; one strength for all channels: [Analyzing and
        Improving the Image Quality of StyleGAN](https://arxiv.org/abs/1912.04958), appendix B.
    """

    def build(self, input_shape):
        if len(input_shape) != 4 or None in input_shape[1:]:
            raise ValueError(
                "`NoiseInjection` takes features (batch, height, width, channels) of a fixed size. "
                f"Received: input_shape={tuple(input_shape)}"
            )
        self.strength = self.add_weight(name="strength", shape=(), initializer="zeros")
        self.map = self.add_weight(
            name="map",
            shape=tuple(input_shape[1:3]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
        )
        self.add_seed_state()

    def call(self, inputs, training=False):
        if training:
            draws, _ = self.next_draws()
            noise = draws.normal("noise", ops.shape(inputs)[0], (*inputs.shape[1:3], 1))
        else:
            noise = ops.reshape(self.map, (1, *inputs.shape[1:3], 1))
        return inputs + self.strength * ops.cast(noise, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape
