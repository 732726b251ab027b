"""Latents that enter a generator at every block (Brock et al. 2019)."""

import keras
from keras import layers

from ganzoo.architectures import base
from ganzoo.layers import DenseConditionalBatchNormalization

_EMBEDDING_DIM = 128


class HierarchicalBuilder(base.GeneratorBuilder):
    """A builder whose latents are split in equal parts: one for the first layer, one per block.

    The batch normalizations of a block depend on its part of the latents, and on the class by one
    embedding that all blocks share, or on the vector of conditions: scale and offset are
    `1 + W_g c` and `W_b c` for these numbers c, where the kernels are spectrally normalized.

    Args:
        latent_dim: Length of the latent vectors, a multiple of `blocks + 1`.
        num_classes: Number of classes, or `None`.
        blocks: Number of blocks.
        embedding_dim: Length of the embedding of a class, or `None` for 128.
        epsilon: `epsilon` of the batch normalization.
        condition_dim: Length of the vectors of conditions, or `None`.

    Attributes:
        first_latents: The part of the latents for the first layer.

    Raises:
        ValueError: If the latents cannot be split in equal parts.
    """

    def __init__(self, latent_dim, num_classes, blocks, embedding_dim, epsilon, condition_dim):
        super().__init__(latent_dim, num_classes, epsilon=epsilon, condition_dim=condition_dim)
        parts = blocks + 1
        if latent_dim % parts:
            raise ValueError(
                f"`latent_dim` must be a multiple of {parts}, one part of the latents for the "
                f"first layer and one for each of {blocks} blocks, such as "
                f"{latent_dim // parts * parts or parts}. Received: latent_dim={latent_dim}"
            )
        self._size = latent_dim // parts
        self._parts = layers.Reshape((parts, self._size), name="latent_parts")(self.latents)
        self._count = parts
        self.first_latents = self._part(0)
        self._shared = self.condition
        if num_classes is not None:
            embedding = layers.Embedding(
                num_classes,
                _EMBEDDING_DIM if embedding_dim is None else embedding_dim,
                embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
                name="class_embedding",
            )
            self._shared = embedding(self.condition)
        self._block_condition = None

    def start_block(self, block):
        """Lets the next normalizations depend on the part of the latents of a block, from 1."""
        part = self._part(block)
        if self._shared is not None:
            part = layers.Concatenate(name=f"block_{block}_condition")([self._shared, part])
        self._block_condition = part

    def _part(self, index):
        cropping = layers.Cropping1D((index, self._count - 1 - index), name=f"latent_crop_{index}")
        return layers.Reshape((self._size,), name=f"latents_{index}")(cropping(self._parts))

    def _normalize(self, x, name, conditional):
        if not conditional:
            return super()._normalize(x, name, conditional)
        return DenseConditionalBatchNormalization(
            epsilon=self.epsilon,
            kernel_initializer="orthogonal",
            spectral_normalization=True,
            name=name,
        )([x, self._block_condition])
