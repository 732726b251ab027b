"""What `truncation` means: latents are truncated, or what a layer of the generator makes of them.

A generator says that it truncates its own way with a layer that takes the generator's inputs and
has a method `truncate(outputs, truncation)`, where `truncation` is in [0, 1] and 1 changes nothing:
a scalar or of shape `(batch, 1)`. Style-based generators truncate their styles with it.
"""

import keras
import numpy as np

from ganzoo.layers import split_at_styles
from ganzoo.random import truncate_latents
from ganzoo.validation import check_non_negative


def truncating_layer(network):
    """Returns the layer of a generator that has the method `truncate`, or `None`."""
    layers = [layer for layer in network.layers if hasattr(layer, "truncate")]
    return layers[0] if layers else None


def largest_truncation(gan):
    """Returns the largest truncation of a GAN, a `float`, which changes nothing."""
    if truncating_layer(gan.inference_generator) is not None:
        return 1.0
    return float(np.finfo("float32").max)


def describe_range(largest):
    """Returns what a message says of the numbers up to the largest truncation."""
    return "a number in [0, 1]" if largest == 1.0 else "a float32 number of at least 0"


def check_truncation(gan, truncation):
    """Returns a truncation as float32, or `None` for none, or raises `ValueError`."""
    if truncation is None:
        return None
    value, largest = check_non_negative("truncation", truncation), largest_truncation(gan)
    if value > largest:
        raise ValueError(
            f"`truncation` must be {describe_range(largest)}, or `None`. "
            f"Received: truncation={truncation!r}"
        )
    if value < largest:
        check_own_layer(gan)
    return np.float32(value)


def check_own_layer(gan):
    """Raises `ValueError` if the layer of a generator that truncates is inside of another network.

    Its outputs cannot be reached there, and truncated latents would be something else.
    """
    network = gan.inference_generator
    # Keras has no public method that lists the layers within a layer.
    inner = [layer.name for layer in network._flatten_layers() if hasattr(layer, "truncate")]
    if inner and truncating_layer(network) is None:
        raise ValueError(
            "The layer that truncates must be a layer of the generator itself. Build the generator "
            "from the layers of its inner network, as `keras.Model(inner.inputs, outputs)`. "
            f"Received: a generator with the layer {inner[0]!r} inside of another network"
        )


class TruncatedGenerator:
    """Calls a GAN's inference generator, and truncates latents, or in the layer that it has for it.

    Args:
        gan: A `ganzoo.GAN`.
    """

    def __init__(self, gan):
        self._gan = gan
        self._layer, self._rest = split_at_styles(gan.inference_generator) or (None, None)

    def __call__(self, latents, labels, truncation, latent_offsets=None, style_offsets=None):
        """Returns the generator's outputs.

        Args:
            latents: Floating tensor of shape `(batch, latent_dim)`.
            labels: Integer labels of shape `(batch,)`, float32 conditions, or `None`.
            truncation: A scalar or of shape `(batch, 1)`, or `None` for none.
            latent_offsets: What is added to truncated latents, `(batch, latent_dim)`, or `None`.
            style_offsets: What is added to the outputs of the layer that truncates, or `None`.
        """
        if self._layer is None and truncation is not None:
            latents = truncate_latents(latents, truncation, self._gan.latent)
        if latent_offsets is not None:
            latents = latents + latent_offsets
        if self._layer is None or (truncation is None and style_offsets is None):
            return self._gan(_inputs(latents, labels))
        styles = self.styles(latents, labels, truncation)
        if style_offsets is not None:
            styles = styles + style_offsets
        return self.from_styles(styles)

    def styles(self, latents, labels, truncation):
        """Returns the outputs of the layer that truncates, which a style-based generator has."""
        styles = self._layer(_inputs(latents, labels), training=False)
        return styles if truncation is None else self._layer.truncate(styles, truncation)

    def from_styles(self, styles):
        """Returns what the rest of the generator makes of styles."""
        (examples,) = keras.tree.flatten(self._rest(styles, training=False))
        return examples


def _inputs(latents, labels):
    return latents if labels is None else [latents, labels]
