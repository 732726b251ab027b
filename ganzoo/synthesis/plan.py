"""What a data set of samples consists of: rows, seeds, classes and shards."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.data.dataset import Dataset
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.data.shard_formats import FORMATS
from ganzoo.files import describe_file, new_file
from ganzoo.generation.conditioning import check_labels, numbers_of
from ganzoo.validation import (
    check_choice,
    check_non_negative,
    check_positive_integer,
    check_seed,
    describe,
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The settings that determine the bytes of a data set of samples.

    Row i of the data set is the sample of the seed `seed + i`, as `gan.sample` draws it. It has the
    class `labels[i % len(labels)]`; without labels the class that `sample` gives to its seed, so
    that all classes are equally frequent.

    Attributes:
        n: Number of rows.
        shard_size: Rows of a shard; the last one may have fewer.
        format: `"packed"`, `"tfrecord"` or `"webdataset"`.
        seed: Seed of the first row.
        labels: Numbers of classes that take turns, or `None`.
        truncation: As for `gan.sample`.
        latent_scale: As for `gan.sample`.
        batch_size: Rows that the generator computes at once. Other sizes may change last bits.
        threads: Threads of each worker on a processor with TensorFlow, or `None`. Other numbers
            may change last bits.
        model_sha256: Hash of the weights of the generator.
        example_shape: Shape of a sample.
        dtype: Type of a sample.
        num_classes: Number of classes, or `None`.
        class_names: Names of the classes, or `None`.
        pixels: What pixels of samples are, as `ganzoo.data.PixelFormat.to_dict` says it.
    """

    n: int
    shard_size: int
    format: str
    seed: int
    labels: tuple[int, ...] | None
    truncation: float | None
    latent_scale: float
    batch_size: int
    threads: int | None
    model_sha256: str
    example_shape: tuple[int, ...]
    dtype: str
    num_classes: int | None
    class_names: tuple[str, ...] | None
    pixels: dict[str, Any]

    @property
    def shard_count(self) -> int:
        """The number of shards."""
        return -(-self.n // self.shard_size)

    def rows(self, index: int) -> range:
        """Returns the rows of a shard."""
        start = index * self.shard_size
        return range(start, min(start + self.shard_size, self.n))

    def to_dict(self) -> dict:
        """Returns the plan as plain data."""
        content = dataclasses.asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in content.items()}


def make_plan(
    gan,
    n: int,
    shard_size: int,
    format: str,
    seed: int,
    labels: Sequence[int | str] | int | str | None,
    truncation: float | None,
    latent_scale: float,
    batch_size: int,
    threads: int | None,
) -> Plan:
    """Returns the checked plan of a data set of samples of a GAN.

    Raises:
        ValueError: If a setting is out of its range, or does not fit the GAN.
    """
    if gan.condition_dim is not None:
        raise ValueError(
            "Data sets are generated with classes, or without. Received: a GAN of vectors of "
            f"conditions, condition_dim={gan.condition_dim}"
        )
    if labels is not None:
        numbers = np.atleast_1d(numbers_of(gan, labels))
        labels = check_labels(numbers, len(numbers), gan.num_classes)
    first = gan.sample(1, truncation=truncation, latent_scale=latent_scale)
    plan = Plan(
        n=check_positive_integer("n", n),
        shard_size=check_positive_integer("shard_size", shard_size),
        format=check_choice("format", format, tuple(FORMATS)),
        seed=check_seed(seed),
        labels=None if labels is None else tuple(map(int, labels)),
        truncation=truncation,
        latent_scale=check_non_negative("latent_scale", latent_scale),
        batch_size=check_positive_integer("batch_size", batch_size),
        threads=threads,
        model_sha256=hash_of(gan),
        example_shape=tuple(first.shape[1:]),
        dtype=first.dtype.name,
        num_classes=gan.num_classes,
        class_names=None if gan.class_names is None else tuple(gan.class_names),
        pixels=gan.pixels.to_dict(),
    )
    if format == "packed" and first.ndim != 4:
        raise ValueError(
            "Packed files hold images: take the format tfrecord or webdataset. "
            f"Received: format='packed' for samples of shape {describe(plan.example_shape)}"
        )
    return plan


def hash_of(gan) -> str:
    """Returns the SHA-256 of the dtypes, the shapes and the weights of the generator that samples.

    Unlike a digest of `ganzoo.generation`, it differs for weights in another precision, which give
    other bytes of samples.
    """
    digest = hashlib.sha256()
    for weight in gan.preset_networks(False)["generator"].weights:
        value = np.ascontiguousarray(weight)
        digest.update(f"{value.dtype} {value.shape} ".encode() + value.tobytes())
    return digest.hexdigest()


def write_shard(gan, plan: Plan, index: int, folder: Path | str) -> dict:
    """Draws the samples of a shard and writes its file, which appears complete or not at all.

    Returns:
        Its entry in the manifest: `index`, `file`, `rows`, `size` and `sha256`.
    """
    rows = plan.rows(index)
    labels = None
    if plan.labels is not None:
        labels = np.array(plan.labels)[np.arange(rows.start, rows.stop) % len(plan.labels)]
    seeds = np.uint64(plan.seed) + np.arange(rows.start, rows.stop, dtype="uint64")
    samples = gan.sample(
        len(rows), seeds, labels, plan.truncation, plan.batch_size, plan.latent_scale
    )
    if labels is None and plan.num_classes is not None:
        labels = (seeds % np.uint64(plan.num_classes)).astype("int32")
    file_format = FORMATS[plan.format]
    path = Path(folder) / file_format.file_name(index, plan.shard_count)
    dataset = dataset_of(plan, samples, labels)
    with new_file(path, replace=True) as partial:
        file_format.write(partial, rows.start, dataset, samples)
    return {"index": index, "file": path.name, "rows": len(rows), **describe_file(path)}


def dataset_of(plan: Plan, samples: np.ndarray, labels: np.ndarray | None) -> Dataset:
    """Returns samples as a data set with the classes and the pixels of a plan."""
    pixels = PixelFormat.get(plan.pixels)
    return Dataset(
        pixels.to_signed(samples),
        labels,
        plan.num_classes,
        plan.class_names,
        name=f"samples of {plan.model_sha256[:12]}",
        split="train",
        pixels=pixels,
    )
