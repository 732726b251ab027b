"""The order of callbacks: what one puts into the logs is read by those that are listed after it."""

import inspect

import keras

_READ_ALL = (keras.callbacks.CSVLogger, keras.callbacks.TensorBoard)


def check_listed_before_readers(callback, names):
    """Raises if a callback that reads an epoch's logs is listed before the one that fills them.

    To be called by `callback.on_train_begin` itself.

    Args:
        callback: The callback that puts values into the logs.
        names: The names of the values.

    Raises:
        ValueError: If a callback before it monitors one of them, or writes all logs to files.
    """
    # Keras tells a callback nothing of the others: the list is that of its caller.
    caller = inspect.currentframe().f_back.f_back.f_locals.get("self")
    for other in getattr(caller, "callbacks", ()):
        if other is callback:
            return
        monitored = getattr(other, "monitor", None)
        if monitored in names or isinstance(other, _READ_ALL):
            read = f"monitors {monitored!r}" if monitored in names else "writes the logs"
            raise ValueError(
                f"`{type(callback).__name__}` must come before the callbacks that read what it "
                f"puts into the logs. Received: `{type(other).__name__}`, which {read}, before it"
            )
