"""Workers that write shards: this process, processes of this machine, or actors of Ray."""

import concurrent.futures
import contextlib
import functools
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras

from ganzoo import distribution
from ganzoo.runs import load_model
from ganzoo.synthesis.plan import Plan, hash_of, write_shard

# After a machine is lost, its shard starts again on another one.
_RESTARTS = 3


def set_threads(threads: int | None) -> None:
    """Sets the number of threads of this process, unless it is `None`."""
    if threads is not None:
        distribution.set_threads(threads)


@contextlib.contextmanager
def open_pool(
    gan, model: str, plan: Plan, folder: Path, workers: int | None, shards: int, ray: bool
) -> Iterator[Callable[[Iterable[int]], Iterable[dict]]]:
    """Yields a function from indices of shards to their entries, in the order of completion.

    Args:
        gan: The model, loaded in this process.
        model: Its name or path, for other processes.
        plan: The `Plan`.
        folder: The folder of the data set.
        workers: Number of workers, or `None` for the default.
        shards: Number of shards that are to be made.
        ray: Whether the workers are actors of Ray.
    """
    if ray:
        yield functools.partial(_with_ray, model, plan, str(folder), workers)
    elif min(workers or 1, shards) <= 1:
        yield lambda indices: (write_shard(gan, plan, index, folder) for index in indices)
    else:
        with concurrent.futures.ProcessPoolExecutor(
            min(workers, shards),
            multiprocessing.get_context("spawn"),  # A fork of TensorFlow would hang.
            _load,
            (model, plan, folder),
        ) as pool:
            yield functools.partial(_with_processes, pool)


class Worker:
    """A model that writes shards in a process of its own."""

    def __init__(self, model, plan, folder):
        set_threads(plan.threads)
        self._gan, self._plan, self._folder = load_model(model), plan, folder
        found = hash_of(self._gan)
        if found != plan.model_sha256:
            raise ValueError(
                "A worker has loaded another model: all machines need the same one. Expected: "
                f"weights of hash {plan.model_sha256}. Received: {found} from {model}"
            )

    def write(self, index):
        """Writes a shard and returns its entry in the manifest."""
        return write_shard(self._gan, self._plan, index, self._folder)


# The worker of a process, or the error that kept it from starting.
_WORKER: list[Worker | Exception] = []


def _load(model, plan, folder):
    try:
        _WORKER[:] = [Worker(model, plan, folder)]
    except Exception as error:  # An error here would only break the pool, and nobody would see it.
        _WORKER[:] = [error]


def _write(index):
    (worker,) = _WORKER
    if isinstance(worker, Exception):
        raise worker
    return worker.write(index)


def _with_processes(pool, indices):
    try:
        # The pool may break while shards are submitted.
        futures = [pool.submit(_write, index) for index in indices]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
    except concurrent.futures.process.BrokenProcessPool as error:
        raise OSError(
            "A worker was killed or could not start: its machine may lack memory. Repeat the "
            f"command to continue, with fewer workers if it does. Received: {error}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _with_ray(model, plan, folder, workers, indices):
    ray = _ray()
    # Without RAY_ADDRESS and without a running cluster, Ray starts one on this machine.
    with contextlib.nullcontext() if ray.is_initialized() else ray.init(log_to_driver=False):
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        count = min(workers or gpus or int(resources["CPU"]), len(indices))
        actor = ray.remote(
            max_restarts=_RESTARTS,
            max_task_retries=_RESTARTS,
            runtime_env={"env_vars": {"KERAS_BACKEND": keras.backend.backend()}},
            **({"num_gpus": 1} if gpus >= count > 0 else {"num_cpus": 1}),
        )(Worker)
        pool = ray.util.ActorPool([actor.remote(model, plan, folder) for _ in range(count)])
        yield from pool.map_unordered(lambda worker, index: worker.write.remote(index), indices)


def _ray():
    try:
        import ray
        import ray.util
    except ImportError as error:
        raise ImportError(f'Ray needs an extra: pip install "ganzoo[ray]". {error}') from error
    return ray
