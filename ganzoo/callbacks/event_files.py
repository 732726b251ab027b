"""TensorBoard's event files. TensorFlow is imported here only when one is asked for."""


def open_event_files(folder, what):
    """Returns `tensorflow.summary` and a writer of event files in a folder.

    Args:
        folder: Where TensorBoard looks for them.
        what: What is to be written, for the message, e.g. `"scalars"`.

    Raises:
        ImportError: If TensorBoard or TensorFlow is not installed.
    """
    try:
        import tensorboard  # noqa: F401 (`tf.summary` writes its own data through it.)
        from tensorflow import summary
    except ImportError as error:
        raise ImportError(
            f"TensorBoard's {what} need the packages tensorboard and tensorflow, also where "
            "Keras runs on another backend: `pip install 'ganzoo[tensorboard]' tensorflow`, "
            f"or leave `tensorboard` out. Received: tensorboard={str(folder)!r}"
        ) from error
    return summary, summary.create_file_writer(str(folder))
