"""The devices and the processes that one training is spread over.

On TensorFlow: the devices of this machine. On JAX: those too, or all devices of several processes,
which may run on several machines.
"""

import contextlib

import keras
import numpy as np

_EVERY = "all"


def available():
    """Returns the names of the devices that a training can be spread over.

    They are the accelerators, or the processors where there are none; with several processes those
    of all processes.
    """
    if _on_jax():
        return keras.distribution.list_devices()
    import tensorflow as tf

    kinds = (tf.config.list_logical_devices(kind) for kind in ("GPU", "CPU"))
    return [device.name for device in next(filter(None, kinds))]


def check_devices(devices):
    """Returns the number of devices, from one or from `"all"`.

    Raises:
        ValueError: If it is no such number, if there are not as many, or if several processes are
            not to use all of them.
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
    device it does nothing. It can be entered again, e.g. to train what was built in it. A model
    that several processes trained is saved outside of it: by one of them.

    Args:
        devices: Number of devices, the first ones of `available()`; or `"all"`.

    Raises:
        ValueError: If there are not as many.

    Example:

    >>> with ganzoo.devices.scope("all"):
    ...     gan = ganzoo.gan_from_recipe("sngan", (32, 32, 1))
    ...     history = gan.fit(ganzoo.data.load("digits"), batch_size=64, epochs=10)
    """
    return _Scope(_strategy(check_devices(devices)))


class _Scope:
    """The scope of a strategy, or of none."""

    def __init__(self, strategy):
        self._strategy = strategy
        self._entered = contextlib.ExitStack()

    def __enter__(self):
        if self._strategy is not None:
            self._entered.enter_context(self._strategy.scope())

    def __exit__(self, *exception):
        return self._entered.__exit__(*exception)


def _strategy(count):
    """Returns what spreads a training over the first devices; `None` for one."""
    if count == 1:
        return None
    names = available()[:count]
    if _on_jax():
        # Each process reads its own rows of a batch: see `process_rows`.
        return keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(names)


# Several processes.


def join(coordinator, process_id=None, num_processes=None):
    """Makes this process one of several that train one model; JAX only, before it computes.

    All processes then have the same random seed; build and train the same GAN in each of them, on
    the same data, in `scope("all")`.

    Args:
        coordinator: `"HOST:PORT"` of process 0, where the port is any free one; or `"auto"`: then
            JAX finds everything by itself, as it can under Slurm, Open MPI, and on Kubernetes and
            cloud TPUs.
        process_id: The number of this process, from 0; not with `"auto"`.
        num_processes: How many there are; not with `"auto"`.

    Raises:
        ValueError: If the arguments do not fit each other, on another backend, or if the other
            processes are not there.
    """
    given = {"process_id": process_id, "num_processes": num_processes}
    received = f"Received: coordinator={coordinator!r}, " + ", ".join(
        f"{name}={value}" for name, value in given.items()
    )
    if not _on_jax():
        raise ValueError(
            "Several processes train together on JAX only: set the environment variable "
            "KERAS_BACKEND=jax. Keras does not support TensorFlow's strategies for several "
            f"machines. Received: the backend {keras.backend.backend()!r}"
        )
    if coordinator == "auto":
        if process_id is not None or num_processes is not None:
            raise ValueError(f"With 'auto' the processes number themselves. {received}")
        address = None
    else:
        host, _, port = coordinator.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"`coordinator` must be 'HOST:PORT' or 'auto'. {received}")
        if None in given.values() or not 0 <= process_id < num_processes:
            raise ValueError(
                "With the address of a coordinator each process needs `num_processes`, and a "
                f"`process_id` of its own from 0 to num_processes - 1. {received}"
            )
        address = coordinator
    import jax

    try:
        jax.distributed.initialize(address, num_processes, process_id)
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"The processes did not find each other: {error} {received}") from error
    # Their initial weights must be the same.
    keras.utils.set_random_seed(gather(np.random.default_rng().integers(2**31))[0])


def process_index():
    """Returns the number of this process, from 0; process 0 is the one that writes files."""
    return _jax().process_index() if _on_jax() else 0


def process_count():
    """Returns how many processes train together."""
    return _jax().process_count() if _on_jax() else 1


def gather(number):
    """Returns the numbers that all processes give, in their order; all must call it.

    Args:
        number: Integer in [0, 2**31).
    """
    if process_count() == 1:
        return [number]
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(np.int32(number)).tolist()


def process_rows(batch):
    """Returns the part of a batch that this process feeds: its block of the rows.

    The blocks of all processes, in their order, are the batch.
    """
    count = process_count()

    def own(rows):
        size = len(rows) // count
        return rows[process_index() * size :][:size]

    return batch if count == 1 else keras.tree.map_structure(own, batch)


def _on_jax():
    return keras.backend.backend() == "jax"


def _jax():
    import jax

    return jax
