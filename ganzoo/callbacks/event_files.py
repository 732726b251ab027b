"""TensorBoard's event files. TensorFlow is imported here, and only when one is requested."""

from pathlib import Path
from typing import Any


def open_event_files(folder: str | Path, what: str) -> tuple[Any, Any]:
    """Returns `tensorflow.summary` and a writer of event files in a folder.

    Args:
        folder: Folder that TensorBoard reads.
        what: What will be written, for the error message, e.g. `"scalars"`.

    Raises:
        ImportError: If TensorBoard or TensorFlow is not installed.
    """
    try:
        import tensorboard  # noqa: F401 (`tf.summary` writes its own data through it.)
        from tensorflow import summary
    except ImportError as error:
        raise ImportError(
            f"TensorBoard's {what} need the packages tensorboard and tensorflow, also when "
            "Keras runs on another backend: `pip install 'ganzoo[tensorboard]' tensorflow`, "
            f"or leave `tensorboard` out. Received: tensorboard={str(folder)!r}"
        ) from error
    return summary, summary.create_file_writer(str(folder))
