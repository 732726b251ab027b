"""What `truncation` means: latents are truncated, or what a layer of the generator makes of them.

A generator says that it truncates its own way with a layer that takes the generator's inputs and
has a method `truncate(outputs, truncation)`, where `truncation` is in [0, 1] and 1 changes nothing:
a scalar or of shape `(batch, 1)`. Style-based generators truncate their styles with it.
"""

import keras
import numpy as np

from ganzoo.validation import check_non_negative


def truncating_layer(network):
    """Returns the layer of a generator that has the method `truncate`, or `None`."""
    layers = [layer for layer in network.layers if hasattr(layer, "truncate")]
    return layers[0] if layers else None


def check_truncation(gan, truncation):
    """Returns a truncation of the GAN's samples as float32, or raises `ValueError`."""
    value = check_non_negative("truncation", truncation)
    largest = float(np.finfo("float32").max)
    if truncating_layer(gan.inference_generator) is not None:
        largest = 1.0
    if value > largest:
        raise ValueError(
            f"`truncation` must be a number in [0, {largest:.4g}]. "
            f"Received: truncation={truncation!r}"
        )
    return np.float32(value)


def check_layer_truncation(gan, truncation):
    """Returns a truncation for given latents as float32: 1 unless a layer truncates.

    Raises:
        ValueError: If it is out of its range, or if the GAN truncates latents.
    """
    if truncating_layer(gan.inference_generator) is None and truncation != 1:
        raise ValueError(
            "This generator has no truncation but that of latents: give truncated latents. "
            f"Received: truncation={truncation!r}"
        )
    return check_truncation(gan, truncation)


def truncate_latents(gan, latents, truncation):
    """Returns truncated latents; a generator that truncates in a layer takes them as they are."""
    if truncating_layer(gan.inference_generator) is not None:
        return latents
    return truncation * latents


class TruncatedGenerator:
    """Calls a GAN's inference generator, and truncates in its layer if it has one for it."""

    def __init__(self, gan):
        self._gan = gan
        self._layer = truncating_layer(gan.inference_generator)
        if self._layer is not None:
            outputs = gan.inference_generator.outputs
            self._rest = keras.Model(self._layer.output, outputs, name="truncated")

    def __call__(self, latents, labels, truncation):
        """Returns the outputs for latents that `truncate_latents` returned.

        Args:
            latents: Floating tensor of shape `(batch, latent_dim)`.
            labels: Integer labels of shape `(batch,)`, or `None`.
            truncation: A scalar or of shape `(batch, 1)`.
        """
        inputs = latents if labels is None else [latents, labels]
        if self._layer is None:
            return self._gan(inputs)
        outputs = self._layer(inputs, training=False)
        (examples,) = keras.tree.flatten(
            self._rest(self._layer.truncate(outputs, truncation), training=False)
        )
        return examples
