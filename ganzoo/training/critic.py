"""The discriminator as a penalty sees it."""

import keras
from keras import ops

from ganzoo import backend


class Critic:
    """A discriminator with its labels bound, whose calls leave no trace in its state.

    Args:
        logits_of: Function of images that gives their logits, `(batch, 1)`.
        state: All variables that `logits_of` may read or update.
        known: Pairs of images and their logits that need no second pass.

    Example:

    >>> critic = Critic(gan.discriminator, gan.discriminator.variables)
    >>> logits, gradient = critic(images), critic.gradient(images)
    """

    def __init__(self, logits_of, state, known=()):
        self._logits_of = logits_of
        self._state = state
        self._known = tuple(known)

    def __call__(self, images):
        for known, logits in self._known:
            if images is known:
                return logits
        return self._pass(images)

    def _pass(self, images):
        # Batch statistics and spectral vectors advance on the passes that the adversarial loss
        # makes, and there only: updates in a branch of a graph fail on several backends.
        current = [(variable, variable.value) for variable in self._state]
        with keras.StatelessScope(state_mapping=current):
            return self._logits_of(images)

    def gradient(self, images):
        """Returns the gradient of each image's logit by the image, in the images' shape."""
        gradient = backend.input_gradient(lambda inputs: ops.sum(self._pass(inputs)), images)
        if gradient is None:
            raise ValueError(
                "The discriminator's logits must depend differentiably on its images, or a "
                "gradient penalty has no meaning. Received: a discriminator whose gradient by its "
                "images does not exist."
            )
        return gradient
