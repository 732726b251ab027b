"""What every augmentation has in common."""

from typing import Any

import keras
from keras import ops

from ganzoo.part import NameOfClass, Part
from ganzoo.registry import Registry

AUGMENTATIONS = Registry("augmentation")


class Augmentation(Part):
    """A random transform of images that gradients pass through.

    The training step applies it to all images that the discriminator sees, real and generated, in
    the updates of both players, each time with fresh draws. So the generator learns images that are
    not augmented, as long as the transform can be undone in distribution.

    A subclass implements `augment`. If its strength changes in training, it implements `state` and
    `update_state` too. An augmentation that changes what the discriminator takes for real, and
    nothing else, implements `replace_real`.

    Attributes:
        example_rank: Number of axes of an example: 3 of images; 1 of vectors, 2 of sequences, 4 of
            volumes; `None` if each will do.
        name: The name in the registry; by default the name of the class, in small letters with
            underscores.
        probability_name: The name by which training logs the probability of the state.
        replaces_real: Whether `replace_real` needs fakes. The training step draws some if so.
        batch_coupled: Whether what becomes of an example depends on the others of its batch.

    Example:

    >>> from keras import ops
    >>> from ganzoo import augment
    >>> class Darken(augment.Augmentation):
    ...     name = "darken"
    ...
    ...     def augment(self, images, draws, state):
    ...         amounts = draws.uniform("darken", ops.shape(images)[0], (1, 1, 1))
    ...         return images - ops.cast(amounts, images.dtype)
    >>> gan.compile(augment=Darken())
    """

    name = NameOfClass()
    example_rank: int | None = 3
    probability_name = "augment_probability"
    replaces_real = False
    batch_coupled = False

    def __call__(self, images: Any, draws: Any, state: Any = None) -> Any:
        """Returns augmented images.

        Args:
            images: Images in [-1, 1], `(batch, height, width, channels)`. All but the batch must
                be known statically.
            draws: A `ganzoo.random.Draws`. Its seed, step and scope determine the transform of
                each row.
            state: The layer that `state` returned, or `None`.

        Returns:
            Images of the same shape and dtype.

        Raises:
            ValueError: If `images` is not a batch of images, or of other examples of this rank.
        """
        self._check_rank(images.shape[1:])
        return ops.cast(self.augment(images, draws.scope("augment"), state), images.dtype)

    def check_example_shape(self, shape: tuple[int, ...]) -> None:
        """Raises `ValueError` unless examples of this shape can be augmented.

        The base checks the number of axes. A subclass may need more.
        """
        self._check_rank(shape)

    def _check_rank(self, shape):
        if self.example_rank not in (None, len(shape)) or None in tuple(shape):
            kind = "images, of shape (height, width, channels)"
            if self.example_rank != 3:
                kind = f"examples with {self.example_rank or 'known'} axes"
            raise ValueError(
                f"`{type(self).__name__}` is for {kind}, whose sizes are known. Leave it out for "
                f"other examples. Received: examples of shape {tuple(shape)}"
            )

    def augment(self, images: Any, draws: Any, state: Any) -> Any:
        """Returns the augmented images, of the same shape and of any float dtype."""
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `augment(images, draws, state)`."
        )

    def replace_real(self, real: Any, fake: Any, draws: Any, state: Any) -> Any:
        """Returns what the discriminator takes for real in its update.

        Args:
            real: Real examples before any transform, in the rows of the discriminator: packed if
                the GAN packs them.
            fake: As many fakes, of the same classes and without a gradient.
            draws: A `ganzoo.random.Draws`.
            state: The layer that `state` returned, or `None`.
        """
        return real

    def state(self) -> keras.layers.Layer | None:
        """Returns a new Keras layer with the strength and the state of its control.

        The layer has a variable `probability`, which training logs. An augmentation of constant
        strength has no state and returns `None`.
        """
        return None

    def probabilities(self, state: Any) -> dict[str, Any]:
        """Returns what training logs of the state, by name."""
        return {} if state is None else {self.probability_name: state.probability}

    def update_state(self, real_logits: Any, state: Any) -> None:
        """Updates the state from the discriminator's logits of real images.

        Args:
            real_logits: The logits of one batch, `(batch, 1)`; of patches `(batch, ..., 1)`.
            state: The layer that `state` returned.
        """
