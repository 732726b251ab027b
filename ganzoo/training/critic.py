"""The discriminator as a penalty sees it."""

import keras
from keras import ops

from ganzoo.training import backend


class Critic:
    """A discriminator with its labels bound, whose calls leave no trace in its state.

    Args:
        discriminator: The network; images (and labels) in, logits of shape `(batch, 1)` out.
        labels: Integer tensor of shape `(batch,)` for a conditional discriminator, or `None`.

    Example:

    >>> critic = Critic(gan.discriminator)
    >>> logits, gradient = critic(images), critic.gradient(images)
    """

    def __init__(self, discriminator, labels=None):
        self._discriminator = discriminator
        self._labels = labels

    def __call__(self, images):
        # Batch statistics and spectral vectors advance on the passes that the adversarial loss
        # makes, and there only: updates in a branch of a graph fail on several backends.
        current = [(variable, variable.value) for variable in self._discriminator.variables]
        with keras.StatelessScope(state_mapping=current):
            return logits_of(self._discriminator, images, self._labels)

    def gradient(self, images):
        """Returns the gradient of each image's logit by the image, in the images' shape."""
        gradient = backend.input_gradient(lambda inputs: ops.sum(self(inputs)), images)
        if gradient is None:
            raise ValueError(
                "The discriminator's logits must depend differentiably on its images, or a "
                f"gradient penalty has no meaning. Received: discriminator="
                f"{self._discriminator.name!r}, whose gradient by its images does not exist."
            )
        return gradient


def logits_of(discriminator, images, labels, training=True):
    """Calls a discriminator; returns its logits in float32 or wider."""
    inputs = images if labels is None else [images, labels]
    logits = discriminator(inputs, training=training)
    if keras.backend.standardize_dtype(logits.dtype) in ("float16", "bfloat16"):
        logits = ops.cast(logits, "float32")
    return logits
