"""Several processes that train one model together, on JAX."""

from numbers import Integral

import keras
import numpy as np

from ganzoo.validation import describe

_LARGEST_PORT = 65_535


def join(coordinator, process_id=None, num_processes=None):
    """Makes this process one of several that train one model; for JAX, before any computation.

    All processes then have the same random seed; build and train the same GAN in each of them, on
    the same data, in `scope("all")`.

    Args:
        coordinator: `"HOST:PORT"` of process 0, with any free port; or `"auto"`: then JAX finds
            everything by itself, as it can with Slurm, Open MPI, Kubernetes and cloud TPUs.
        process_id: The number of this process, from 0; not with `"auto"`.
        num_processes: Number of processes; not with `"auto"`.

    Raises:
        ValueError: If the arguments do not fit each other, on another backend, or if the other
            processes do not answer.
    """
    received = (
        f"Received: coordinator={describe(coordinator)}, process_id={describe(process_id)}, "
        f"num_processes={describe(num_processes)}"
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
        if not _is_address(coordinator):
            raise ValueError(
                f"`coordinator` must be 'HOST:PORT', with a port from 1 to {_LARGEST_PORT}, or "
                f"'auto'. {received}"
            )
        if not _is_index(process_id, num_processes):
            raise ValueError(
                "With the address of a coordinator each process needs two integers: "
                "`num_processes`, and a `process_id` of its own from 0 to num_processes - 1. "
                f"{received}"
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
    """Returns the number of processes that train together."""
    return _jax().process_count() if _on_jax() else 1


def gather(number):
    """Returns the numbers that all processes give, in order; every process must call it.

    Args:
        number: Integer in [0, 2**31).
    """
    if process_count() == 1:
        return [number]
    from jax.experimental import multihost_utils

    return multihost_utils.process_allgather(np.int32(number)).tolist()


def process_rows(batch):
    """Returns this process's part of a batch: its block of the rows.

    The blocks of all processes, in order, make up the batch.
    """
    count = process_count()

    def own(rows):
        size = len(rows) // count
        return rows[process_index() * size :][:size]

    return batch if count == 1 else keras.tree.map_structure(own, batch)


def _is_address(coordinator):
    host, _, port = coordinator.rpartition(":") if isinstance(coordinator, str) else ("", "", "")
    return bool(host) and port.isdecimal() and 1 <= int(port) <= _LARGEST_PORT


def _is_index(process_id, num_processes):
    numbers = process_id, num_processes
    are_integers = all(isinstance(n, Integral) and not isinstance(n, bool) for n in numbers)
    return are_integers and 0 <= process_id < num_processes


def _on_jax():
    return keras.backend.backend() == "jax"


def _jax():
    import jax

    return jax
