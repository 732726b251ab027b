"""Writes a data set of samples, shard by shard, with local processes or on a Ray cluster."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from ganzoo.data.generated import FORMAT, MANIFEST, VERSION, is_intact, read_manifest
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.data.shard_formats import FORMATS
from ganzoo.distribution import hardware
from ganzoo.file_names import check_output_folder
from ganzoo.files import new_file, remove_unfinished, user_path
from ganzoo.folder_lock import FolderLock
from ganzoo.presets import list_models, lookup
from ganzoo.runs import load_model
from ganzoo.synthesis import workers as pools
from ganzoo.synthesis.plan import Plan, dataset_of, make_plan
from ganzoo.validation import check_positive_integer
from ganzoo.version import __version__

# How long the manifest is not written, in multiples of the time that it took last.
_PAUSES = 9


def generate(
    model: str | Path,
    folder: str | Path,
    n: int,
    format: str = "packed",
    shard_size: int = 10_000,
    seed: int = 0,
    labels: Sequence[int | str] | int | str | None = None,
    truncation: float | None = None,
    latent_scale: float = 1.0,
    batch_size: int = 64,
    workers: int | None = None,
    threads: int | None = None,
    ray: bool = False,
    progress: Callable | None = None,
) -> dict:
    """Writes a labeled data set of samples as shards.

    Row i is the sample of the seed `seed + i`, with a class that follows from i: the bytes of all
    shards are the same however many workers make them, on processors of one kind. A call that was
    interrupted is repeated with the same arguments: shards that are complete and intact stay.
    `ganzoo.data.load("generated:FOLDER")` reads all formats. `tfds.builder_from_directory(FOLDER)`
    reads the format `"tfrecord"`.

    Args:
        model: A preset's name or address, or the path of a preset, of a run or of a `.keras` file.
        folder: The folder of the data set, which must be empty, not exist, or hold shards of the
            same plan.
        n: Number of samples.
        format: `"packed"`, `.npz` files that `ganzoo.data` reads everywhere; `"tfrecord"`, TFRecord
            files with metadata of TensorFlow Datasets; or `"webdataset"`, tars of PNG files with
            the class in `.cls`. Samples that PNG cannot hold are arrays as `sample` returns them;
            packed files hold floats of a `value_range` in [-1, 1].
        shard_size: Samples of a shard. A shard is held in memory.
        seed: Seed of the first sample.
        labels: For a conditional GAN, a class by number or name, or several that take turns. By
            default a sample of seed s has the class `s % num_classes`, so that classes are equally
            frequent.
        truncation: As for `gan.sample`.
        latent_scale: As for `gan.sample`.
        batch_size: Samples that the generator computes at once.
        workers: Number of processes; by default 1, and with `ray` one for each processor of the
            cluster, or for each GPU if it has any. Each loads the model.
        threads: Threads of each worker on a processor, for TensorFlow only; by default those of
            this process. They are part of the plan: other numbers can change the last bits.
        ray: Whether Ray starts the workers, on the cluster of `ray.init()` (extra `ray`). All
            machines need the model and the folder at the same paths.
        progress: Function of a stage, the number of samples that are done, and their number.

    Returns:
        The content of the manifest `generated.json`: the plan, and the shards with their hashes.

    Raises:
        ValueError: If an argument is out of its range or does not fit the model, or if the folder
            holds something else.
        ImportError: If the format or Ray needs a package that is not installed.
        BlockingIOError: If another process writes to the folder.
        OSError: If a shard cannot be written, or is not there after a worker has written it.

    Example:

    >>> manifest = ganzoo.synthesis.generate("dcgan_digits", "many_digits", n=100_000)
    >>> data = ganzoo.data.load("generated:many_digits")
    """
    check_output_folder("folder", folder)
    if workers is not None:
        check_positive_integer("workers", workers)
    if threads is None and keras.backend.backend() == "tensorflow":
        threads = hardware.threads()
    pools.set_threads(threads)
    gan = load_model(model)
    plan = make_plan(
        gan,
        n,
        shard_size,
        format,
        seed,
        labels,
        truncation,
        latent_scale,
        batch_size,
        threads,
    )
    folder = user_path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder):
        shards = _start(folder, plan)
        missing = [index for index in range(plan.shard_count) if index not in shards]
        pool = pools.open_pool(gan, _location(model), plan, folder, workers, len(missing), ray)
        with pool as results, _Manifest(folder, plan, shards) as manifest:
            for shard in results(missing):
                if ray and not is_intact(folder, shard):
                    raise OSError(
                        "A worker has written a shard that is not in the folder of this machine: "
                        "give a folder that all machines share. "
                        f"Received: {folder / shard['file']}"
                    )
                manifest.add(shard)
                if progress is not None:
                    progress("samples", manifest.rows, plan.n)
        return _finish(folder, plan, shards)


def _location(model):
    """Returns the name of a model, or its absolute path, for workers in another folder."""
    name = str(model)
    is_named = name in list_models() or lookup.is_address(name)
    return name if is_named else str(user_path(model).resolve())


def _start(folder, plan):
    """Returns the intact shards of a folder by index, or raises unless they are of this plan."""
    if all(FolderLock.is_lock(path) for path in folder.iterdir()):
        _write_manifest(folder, plan, {})
        return {}
    if not (folder / MANIFEST).is_file():
        raise ValueError(
            "The folder of a new data set must be empty or not exist: give another one. "
            f"Received: folder={str(folder)!r}"
        )
    manifest = read_manifest(folder)
    ours, theirs = plan.to_dict(), manifest["plan"]
    if differing := [name for name in ours if ours[name] != theirs.get(name)]:
        listed = ", ".join(f"{name}={theirs.get(name)!r:.60}" for name in differing)
        raise ValueError(
            f"The folder holds a data set with other settings, {listed}: continue it with these, "
            f"or give another folder. Received: "
            f"{', '.join(f'{name}={ours[name]!r:.60}' for name in differing)}"
        )
    remove_unfinished(folder)
    return {shard["index"]: shard for shard in manifest["shards"] if is_intact(folder, shard)}


class _Manifest:
    """The manifest of a data set, while shards are added.

    It has an entry for each shard: to write it after each one would take time that grows with the
    square of their number. So writing it takes at most a tenth of the time. It is also written at
    the end, after errors too.
    """

    def __init__(self, folder, plan, shards):
        self._folder, self._plan, self._shards = folder, plan, shards
        self.rows = sum(shard["rows"] for shard in shards.values())
        self._next = 0.0

    def add(self, shard):
        """Adds the entry of a shard that is done."""
        self._shards[shard["index"]] = shard
        self.rows += shard["rows"]
        if time.monotonic() >= self._next:
            self._write()

    def _write(self):
        start = time.monotonic()
        _write_manifest(self._folder, self._plan, self._shards)
        end = time.monotonic()
        self._next = end + _PAUSES * (end - start)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._write()


def _write_manifest(folder, plan, shards):
    content = _content(plan, shards)
    with new_file(folder / MANIFEST, replace=True) as partial:
        partial.write_text(json.dumps(content, indent=1) + "\n")


def _content(plan, shards):
    return {
        "format": FORMAT,
        "version": VERSION,
        "ganzoo": __version__,
        "plan": plan.to_dict(),
        "shards": [shards[index] for index in sorted(shards)],
    }


def _finish(folder, plan: Plan, shards):
    """Writes what readers of a format need, and returns the manifest."""
    file_format = FORMATS[plan.format]
    if file_format.finish is not None:
        # One sample with the classes of all.
        low = PixelFormat.get(plan.pixels).low
        example = np.full((1, *plan.example_shape), low, plan.dtype)
        label = None if plan.num_classes is None else np.zeros(1, "int32")
        sizes = [(shards[index]["rows"], shards[index]["size"]) for index in sorted(shards)]
        file_format.finish(folder, dataset_of(plan, example, label), sizes)
    return _content(plan, shards)
