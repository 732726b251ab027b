"""Which samples a command can draw."""

from ganzoo.drawing import CHANNELS


def check_pictures(gan, model, vectors=False):
    """Raises `ValueError` unless a GAN generates images that picture files can hold.

    Args:
        gan: The GAN.
        model: Its name on the command line, for the message.
        vectors: Whether vectors of at least 2 coordinates, which are drawn as points, will do too.
    """
    shape = gan.example_shape
    if len(shape) == 3 and shape[-1] in CHANNELS:
        return
    if vectors and len(shape) == 1 and shape[0] > 1:
        return
    raise ValueError(
        "Only images of 1, 3 or 4 channels" + (", and vectors as points," if vectors else "") + " "
        "are drawn. Take other samples in Python, by `gan.sample(n)`, or from an export. "
        f"Received: {model}, which generates examples of shape {shape}"
    )
