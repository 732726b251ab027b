"""What every augmentation has in common, and how one is found by its name."""

from keras import ops

from ganzoo.part import Part
from ganzoo.registry import Registry

AUGMENTATIONS = Registry("augmentation")


class Augmentation(Part):
    """A random transform of images that gradients pass through.

    The training step applies it to all that the discriminator sees, real and generated, in the
    updates of both players, each time with fresh draws. So the generator is never asked for
    augmented images, as long as the transform can be undone in distribution.

    Attributes:
        name: The name in the registry.
    """

    name = None

    def __call__(self, images, draws, state=None):
        """Returns augmented images.

        Args:
            images: Images in [-1, 1], `(batch, height, width, channels)`. All but the batch must
                be known statically.
            draws: A `ganzoo.random.Draws`: its seed, step and scope determine the transforms, one
                for each row.
            state: What `state` returned, or `None`.

        Returns:
            Images of the same shape and dtype.

        Raises:
            ValueError: If `images` is not a batch of images.
        """
        _check_images(images)
        return ops.cast(self.augment(images, draws.scope("augment"), state), images.dtype)

    def augment(self, images, draws, state):
        """Returns the augmented images, of the same shape and of any float dtype."""
        raise NotImplementedError(
            f"`{type(self).__name__}` must implement `augment(images, draws, state)`."
        )

    def state(self):
        """Returns a new Keras layer that holds what the control of the strength remembers.

        `None` for an augmentation of constant strength.
        """
        return None

    def update_state(self, real_logits, state):
        """Takes the logits of a batch of real images into account, after they were computed."""


def _check_images(images):
    if len(images.shape) != 4 or None in tuple(images.shape[1:]):
        raise ValueError(
            "Augmentation needs images of shape (batch, height, width, channels), of which only "
            f"the batch may be unknown. Received: images of shape {tuple(images.shape)}"
        )


def get(identifier):
    """Returns the augmentation that `identifier` stands for.

    Args:
        identifier: A name of `ganzoo.augment.names()`, which gives the paper's settings, the
            dictionary that `keras.saving.serialize_keras_object` made of an augmentation, or an
            augmentation, which is returned; or `None` for none.

    Raises:
        ValueError: If it is none of these.

    Example:

    >>> from ganzoo import augment
    >>> augment.get("diff_augment").policy
    'color,translation,cutout'
    """
    if identifier is None:
        return None
    return AUGMENTATIONS.instance(identifier, Augmentation)


def names():
    """Returns the names of all augmentations in alphabetical order."""
    return AUGMENTATIONS.names()
