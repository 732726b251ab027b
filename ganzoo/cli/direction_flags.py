"""Directions on a command line: a file, or the ones that are stored with the model."""

from ganzoo.generation import Directions

STORED, NONE = "stored", "none"


def read(text, *words):
    """Returns the `Directions` of a flag that names a file, or a word that it takes as well.

    Args:
        text: Value of the flag, or `None`.
        *words: The words, such as `"stored"`.

    Raises:
        ValueError: If the file holds no directions.
        OSError: If it cannot be read.
    """
    return text if text is None or text in words else Directions.load(text)


def of_model(given, gan, model):
    """Returns the `Directions` for a model.

    Args:
        given: What `read` returned: `Directions`, or `"stored"`.
        gan: The GAN.
        model: Its name on the command line, for the message.

    Raises:
        ValueError: If none are stored with the model.
    """
    if isinstance(given, Directions):
        return given
    if gan.stored_directions is None:
        raise ValueError(
            "No directions are stored with this model: `ganzoo directions --save=FILE.npz` finds "
            f"some, and --directions=FILE.npz takes them. Received: {model}"
        )
    return gan.stored_directions
