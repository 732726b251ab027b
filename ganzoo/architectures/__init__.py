"""Generators and discriminators by family, each for images of any size."""

from ganzoo.architectures.base import NORMALIZATIONS, families
from ganzoo.architectures.dcgan import dcgan_discriminator, dcgan_generator
from ganzoo.architectures.infogan import infogan_discriminator, infogan_generator
from ganzoo.architectures.mlp import mlp_discriminator, mlp_generator
from ganzoo.architectures.resnet import resnet_discriminator, resnet_generator
from ganzoo.architectures.sngan import sngan_discriminator, sngan_generator

__all__ = [
    "NORMALIZATIONS",
    "build",
    "dcgan_discriminator",
    "dcgan_generator",
    "infogan_discriminator",
    "infogan_generator",
    "mlp_discriminator",
    "mlp_generator",
    "names",
    "resnet_discriminator",
    "resnet_generator",
    "sngan_discriminator",
    "sngan_generator",
]


def names():
    """Returns the names of the architectures, in alphabetical order."""
    return families.names()


def build(name, image_shape, latent_dim=None, width=None, num_classes=None, normalization=None):
    """Builds the two networks of an architecture.

    Args:
        name: One of `names()`.
        image_shape: `(height, width, channels)`; `(d,)` for `"mlp"`.
        latent_dim: Length of the latent vectors; the architecture's own if `None`.
        width: Width of both networks, see the architecture; its own if `None`.
        num_classes: Number of classes of conditional networks, or `None`.
        normalization: That of the discriminator, `"spectral"`, `"batch"` or `"none"`; the
            architecture's own if `None`.

    Returns:
        The generator and the discriminator.

    Raises:
        ValueError: If the name is unknown or the architecture cannot be built from the arguments.

    Example:

    >>> generator, discriminator = build("dcgan", (28, 28, 1), width=8)
    >>> generator.output_shape, discriminator.output_shape
    ((None, 28, 28, 1), (None, 1))
    """
    family = families[name]
    both = _given(width=width, num_classes=num_classes)
    return (
        family.generator(image_shape, **both, **_given(latent_dim=latent_dim)),
        family.discriminator(image_shape, **both, **_given(normalization=normalization)),
    )


def _given(**arguments):
    return {name: value for name, value in arguments.items() if value is not None}
