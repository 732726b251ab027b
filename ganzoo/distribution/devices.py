"""The devices that one training run uses.

On TensorFlow these are the devices of this machine. On JAX they may also be the devices of several
processes, which may run on several machines.
"""

import contextlib
import functools

import keras

from ganzoo.distribution.processes import process_count

_EVERY = "all"


def available():
    """Returns the names of the devices that a training run can use.

    These are the accelerators, or the processors of a machine without accelerators. With several
    processes they are the devices of all processes.
    """
    if keras.backend.backend() == "jax":
        return keras.distribution.list_devices()
    import tensorflow as tf

    kinds = (tf.config.list_logical_devices(kind) for kind in ("GPU", "CPU"))
    return [device.name for device in next(filter(None, kinds))]


def check_devices(devices):
    """Returns the number of devices that a number or `"all"` stands for.

    Raises:
        ValueError: If it is not such a number, if there are fewer devices, or if several processes
            would leave some devices out.
    """
    names = available()
    if devices == _EVERY:
        return len(names)
    count = int(devices) if str(devices).isdecimal() else 0
    if not 1 <= count <= len(names):
        raise ValueError(
            f"`devices` must be 'all' or a number from 1 to {len(names)}, which is how many "
            f"{keras.backend.backend()} sees: {', '.join(names)}. Received: devices={devices!r}"
        )
    if process_count() > 1 and count != len(names):
        raise ValueError(
            f"Several processes train on all of their {len(names)} devices: leave `devices` at "
            "'all', and show each process fewer, e.g. by CUDA_VISIBLE_DEVICES. "
            f"Received: devices={devices!r} with {process_count()} processes"
        )
    return count


def scope(devices=_EVERY):
    """Returns a context in which GANs are built, compiled and trained on several devices.

    Each device takes an equal share of each batch. On TensorFlow the context is the scope of a
    `tf.distribute.MirroredStrategy`, on JAX that of a `keras.distribution.DataParallel`. With one
    device it does nothing. It can be entered again, e.g. to train what was built in it. Save a
    model that several processes trained outside of the context, in one process.

    Args:
        devices: Number of devices, the first ones of `available()`; or `"all"`.

    Raises:
        ValueError: If there are fewer devices.

    Example:

    >>> with ganzoo.distribution.scope("all"):
    ...     gan = ganzoo.GAN.from_recipe("sngan", (32, 32, 1))
    ...     history = gan.fit(ganzoo.data.load("digits"), batch_size=64, epochs=10)
    """
    return _Scope(_strategy(check_devices(devices)))


class _Scope:
    """The scope of a strategy, or a context that does nothing."""

    def __init__(self, strategy):
        self._strategy = strategy
        self._entered = contextlib.ExitStack()

    def __enter__(self):
        if self._strategy is not None:
            self._entered.enter_context(self._strategy.scope())

    def __exit__(self, *exception):
        return self._entered.__exit__(*exception)


def _strategy(count):
    """Returns the strategy for the first devices, or `None` for one device."""
    if count == 1:
        return None
    names = available()[:count]
    if keras.backend.backend() == "jax":
        # Each process reads its own rows of a batch: see `process_rows`.
        return keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    return _mirrored(tuple(names))


@functools.cache
def _mirrored(names):
    """Returns one strategy for these devices: several of them confuse each other's collectives."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(names)
