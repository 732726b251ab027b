"""Checks of the model and of the order of callbacks."""

from collections.abc import Collection

import keras

from ganzoo.training.gan import GAN

_READ_ALL = (keras.callbacks.CSVLogger, keras.callbacks.TensorBoard)


def check_gan(callback: keras.callbacks.Callback) -> None:
    """Raises `ValueError` unless a callback is used with a `ganzoo.GAN`."""
    if not isinstance(callback.model, GAN):
        raise ValueError(
            f"`{type(callback).__name__}` works in the `fit` of a `ganzoo.GAN`. "
            f"Received: {callback.model!r}"
        )


def check_listed_before_readers(
    callback: keras.callbacks.Callback,
    callbacks: list[keras.callbacks.Callback],
    names: Collection[str],
) -> None:
    """Raises if a callback that reads the logs of an epoch comes before the one that fills them.

    Args:
        callback: The callback that puts values into the logs.
        callbacks: All callbacks, in the order in which they are called.
        names: The names of the values. One that ends in `/` stands for all that begin with it.

    Raises:
        ValueError: If a callback before it monitors one of the values, or writes all logs to files.
    """
    for other in callbacks:
        if other is callback:
            return
        monitored = getattr(other, "monitor", None)
        is_monitored = isinstance(monitored, str) and any(
            monitored == name or (name.endswith("/") and monitored.startswith(name))
            for name in names
        )
        if is_monitored or isinstance(other, _READ_ALL):
            reads = f"monitors {monitored!r}" if is_monitored else "writes the logs"
            raise ValueError(
                f"`{type(callback).__name__}` must be listed before the callbacks that read its "
                f"values from the logs. Received: `{type(other).__name__}`, which {reads}, "
                "listed before it"
            )
