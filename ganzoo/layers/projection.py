"""Projection head of a conditional discriminator (Miyato and Koyama 2018)."""

from typing import Any

import keras
from keras import ops

from ganzoo.layers.spectral_normalization import SpectralNormalization
from ganzoo.numerics import to_class_numbers
from ganzoo.validation import check_positive_integer


@keras.saving.register_keras_serializable(package="ganzoo")
class ProjectionHead(keras.layers.Layer):
    """The last layer of a conditional discriminator: `psi(features) + <v[label], features>`.

    `psi` is a dense layer with one output, and `v` is an embedding of the classes.

    Call arguments: a list of `features`, of shape `(batch, d)`, and `labels`, integers of shape
    `(batch,)` or `(batch, 1)` in `[0, num_classes)`. The output, the logits, has the shape
    `(batch, 1)`.

    Args:
        num_classes: Number of classes.
        spectral_normalization: Whether both the dense layer and the embedding are wrapped in
            `SpectralNormalization`.
        use_bias: Whether `psi` has a bias.
        kernel_initializer: Initializer of the dense kernel and of the embedding.
        **kwargs: `name`, `dtype` and `trainable`, as for every Keras layer.

    Raises:
        ValueError: If `num_classes` is not a positive integer.

    Example:

    >>> head = ProjectionHead(num_classes=10)
    >>> tuple(head([keras.ops.ones((2, 128)), keras.ops.array([0, 9])]).shape)
    (2, 1)

    Reference:
        [cGANs with Projection Discriminator](https://arxiv.org/abs/1802.05637), equation 3.
    """

    def __init__(
        self,
        num_classes: int,
        spectral_normalization: bool = False,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.num_classes = check_positive_integer("num_classes", num_classes)
        self.spectral_normalization = bool(spectral_normalization)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        features_shape, labels_shape = input_shape
        self.psi = keras.layers.Dense(
            1,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            dtype=self.dtype_policy,
            name="psi",
        )
        self.embedding = keras.layers.Embedding(
            self.num_classes,
            features_shape[-1],
            embeddings_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name="embedding",
        )
        if self.spectral_normalization:
            self.psi = SpectralNormalization(self.psi, name="psi")
            self.embedding = SpectralNormalization(self.embedding, name="embedding")
        self.psi.build(features_shape)
        self.embedding.build(labels_shape)

    def call(self, inputs, training=None):
        features, labels = inputs
        projection = self.embedding(to_class_numbers(labels), training=training) * features
        return self.psi(features, training=training) + ops.sum(projection, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], 1)

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "spectral_normalization": self.spectral_normalization,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
