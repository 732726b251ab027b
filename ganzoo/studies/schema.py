"""The parts of a study's TOML file, and their checks."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from ganzoo.extractors.classifier_network import SIDE
from ganzoo.file_names import is_plain_name
from ganzoo.metrics import check_metrics
from ganzoo.validation import (
    check_choice,
    check_count,
    check_number_between,
    check_positive_integer,
    check_seed,
    describe,
    did_you_mean,
)

STUDY = (
    *("title", "question", "protocol", "recipe", "seeds", "settings", "axes", "exclude"),
    *("evaluation", "columns", "claims", "remarks", "log_points", "steps_per_execution"),
)
_DIRECTIONS = ("higher", "lower", "none")


@dataclasses.dataclass(frozen=True)
class Classifier:
    """How classifiers are trained, with and without samples of a conditional GAN.

    `ganzoo.metrics.classification_accuracy` measures the accuracies.

    Args:
        samples: Number of samples, in equal parts for all classes.
        steps: Updates of each classifier.
        batch_size: Images in each update. Where images and samples are mixed, each are half of it.
        shift: Standard augmentation shifts images by up to this many of 32 pixels.
        flip: Whether standard augmentation also mirrors images left to right.
        widths: Channels of the three blocks of each classifier.
    """

    samples: int = 10_000
    steps: int = 1000
    batch_size: int = 64
    shift: int = 2
    flip: bool = False
    widths: tuple[int, ...] = (24, 48, 96)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """How the samples of a trained cell are measured.

    Args:
        metrics: List of names of `ganzoo.metrics`, or empty.
        n: Number of samples, by default as many as real examples.
        extractor: Name of an extractor, by default ganzoo's own for the data.
        split: Part of the source that samples are compared with.
        keep_samples: Number of samples to keep next to the record.
        classifier: A `Classifier`, to measure what samples are worth as training images; or `None`.
    """

    metrics: tuple[str, ...] = ()
    n: int | None = None
    extractor: str | None = None
    split: str = "test"
    keep_samples: int = 64
    classifier: Classifier | None = None


@dataclasses.dataclass(frozen=True)
class Column:
    """A value of the records that the table shows.

    Args:
        value: Name of the value.
        title: Head of the column.
        better: `"higher"`, `"lower"` or `"none"`.
        digits: Digits after the decimal point.
        scale: Columns with the same text have the same scale in the figure; by default each has its
            own.
    """

    value: str
    title: str
    better: str = "none"
    digits: int = 2
    scale: str | None = None


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that the records decide.

    It says that some cells are better than others in one value; or, with `than`, that one value is
    better than another one of the same runs.

    Args:
        text: The statement.
        value: Name of the column that decides.
        better: Pattern of the names of the cells that are said to be better.
        worse: Pattern of the names of the cells that they are compared with, without `than`.
        than: Name of the column that `value` is compared with, in each run of the cells `better`.
        source: Who says so.
    """

    text: str
    value: str
    better: str
    worse: str | None = None
    than: str | None = None
    source: str = ""


def check_keys(what: str, content: Any, known: Iterable[str], required: Sequence[str] = ()) -> None:
    """Raises `ValueError` unless a table has known keys alone, and the required ones."""
    if not isinstance(content, dict):
        raise ValueError(f"Expected {what} to be a table. Received: {describe(content)}")
    known = sorted(known)
    for key in content:
        if key not in known:
            raise ValueError(
                f"Unknown key in {what}.{did_you_mean(key, known)} Expected: {', '.join(known)}. "
                f"Received: {key!r}"
            )
    missing = [key for key in required if key not in content]
    if missing:
        raise ValueError(
            f"Keys are missing in {what}: {', '.join(missing)}. Received: {', '.join(content)}"
        )


def check_axes(axes: Any) -> dict[str, dict[str, dict]]:
    """Returns the options of each axis, all of which are tables with at least one option."""
    if not isinstance(axes, dict) or not axes or not all(axes.values()):
        raise ValueError(
            "`axes` must have at least one axis, and each axis one option, as in "
            f"`[axes.loss.hinge]`. Received: axes={describe(axes)}"
        )
    for axis, options in axes.items():
        for key, option in options.items():
            if not isinstance(option, dict):
                raise ValueError(
                    "An option must be a table of settings. Received: "
                    f"axes.{axis}.{key}={describe(option)}"
                )
            if not is_plain_name(key) or set("[]") & set(key):
                raise ValueError(
                    "The key of an option names the files of its records: it must have none of the "
                    'characters / \\ : * ? " < > | [ ], start with no dot, and have at most 100 '
                    f"bytes. Give another text as its `title`. Received: axes.{axis}.{key!r}"
                )
    return axes


def check_seeds(seeds: Any) -> list[int]:
    """Returns a list of seeds from a list or from their number."""
    if isinstance(seeds, list) and seeds:
        return [check_seed(seed) for seed in seeds]
    return list(range(check_positive_integer("seeds", seeds)))


def evaluation(content: Any) -> Evaluation:
    """Returns the `Evaluation` of a table."""
    check_keys("`evaluation`", content, _fields(Evaluation))
    settings = {**content, "metrics": tuple(content.get("metrics", ()))}
    if "classifier" in content:
        settings["classifier"] = _classifier(content["classifier"])
    made = Evaluation(**settings)
    if made.metrics:
        check_metrics(made.metrics)
    if made.n is not None:
        check_positive_integer("n", made.n)
    check_count("keep_samples", made.keep_samples)
    if not isinstance(made.split, str) or not made.split:
        raise ValueError(
            "`split` must be the name of a part of the data, such as 'test'. "
            f"Received: split={describe(made.split)}"
        )
    return made


def _classifier(content):
    check_keys("`evaluation.classifier`", content, _fields(Classifier))
    made = Classifier(**content | {"widths": tuple(content.get("widths", Classifier.widths))})
    for name in ("samples", "steps", "batch_size"):
        check_positive_integer(name, getattr(made, name))
    if not made.widths:
        raise ValueError("`widths` must have the channels of each block. Received: widths=[]")
    for width in made.widths:
        check_positive_integer("widths", width)
    check_number_between("shift", made.shift, 0, SIDE - 1)
    check_choice("flip", made.flip, (True, False))
    if made.batch_size % 2:
        raise ValueError(
            "`batch_size` of a classifier must be even: one half are samples. "
            f"Received: batch_size={made.batch_size}"
        )
    return made


def columns(content: Any) -> list[Column]:
    """Returns the list of `Column` of a table from values to their settings."""
    made = []
    for value, settings in content.items():
        check_keys(f"`columns.{value}`", settings, set(_fields(Column)) - {"value"})
        column = Column(value=value, **{"title": value, **settings})
        check_choice("better", column.better, _DIRECTIONS)
        check_count("digits", column.digits)
        made.append(column)
    return made


def claims(content: Any, known: list[Column]) -> list[Claim]:
    """Returns the list of `Claim` of a list of tables."""
    made = []
    for settings in content:
        check_keys("a claim", settings, _fields(Claim), ("text", "value", "better"))
        claim = Claim(**settings)
        decided = [column.value for column in known if column.better != "none"]
        check_choice("value", claim.value, decided)
        if (claim.worse is None) == (claim.than is None):
            raise ValueError(
                "A claim compares with other cells, `worse`, or with another value of the same "
                f"runs, `than`. Received: {', '.join(settings)}"
            )
        if claim.than is not None:
            check_choice("than", claim.than, decided)
        made.append(claim)
    return made


def _fields(kind):
    return [field.name for field in dataclasses.fields(kind)]
