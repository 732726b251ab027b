"""`ganzoo evaluate`: metrics of a model's samples, or of a folder of them, on real images."""

from pathlib import Path

from ganzoo_cli.command import Command
from ganzoo_cli.models import check_exists
from ganzoo_cli.shared_flags import (
    MODEL,
    add_checkpoint_flag,
    add_content_flags,
    add_data_flags,
    add_debug_flag,
    check_whole_images,
)

METRICS = (
    *("fid", "kid", "is", "precision_recall", "pairwise_distance", "ms_ssim"),
    *("mode_coverage", "mixture_coverage"),
)
EXTRACTORS = ("digits", "mnist", "fashion_mnist", "cifar10", "inception")


def _check(options, others):
    if len(others) + bool(options.samples) != 1:
        given = [*others, *([f"--samples={options.samples}"] if options.samples else [])]
        raise ValueError(
            "Expected one model, which is a preset, a `.keras` file or the folder of a run; or "
            f"--samples=SOURCE. Received: {' '.join(given) or 'none'}"
        )
    if options.output and Path(options.output).is_dir():
        raise ValueError(f"--output is a file. Received: {options.output}, which is a folder")
    if options.samples and options.data is None:
        raise ValueError(
            "--samples needs --data=SOURCE; `ganzoo list` lists the sources. Received: none"
        )
    if options.samples and options.checkpoint:
        raise ValueError(
            "--checkpoint is for the folder of a run, and not for --samples. "
            f"Received: --checkpoint={options.checkpoint} with --samples={options.samples}"
        )
    check_whole_images(
        options,
        "A model is measured on the windows in the middle of the images it was trained on, without "
        "this flag; other images are cut or padded: --crop=center or --crop=pad.",
    )
    if others:
        check_exists(others[0])


COMMAND = Command(
    "evaluate",
    "Measure a model's samples against real images.",
    "MODEL [--data=SOURCE] [flags]\n--samples=SOURCE --data=SOURCE [flags]",
    description=f"""{MODEL} In place of a model, --samples takes a folder of images. By default a
        preset or a run is measured on the test images of its training data. With --samples, images
        of other or of different sizes are resized by the extractor one by one; --size makes them
        equal before. A semi-supervised model
        is measured by its error rate too. Two values can be compared only if extractor, number of
        samples, real images and settings are the same; the file of --output holds all of these.""",
    examples=(
        "ganzoo evaluate dcgan_digits",
        "ganzoo evaluate runs/sngan-digits --metrics=fid,kid,precision_recall --n=10000",
        "ganzoo evaluate model.keras --data=tfds:cifar10 --extractor=inception --metrics=fid,is "
        "--n=50000",
        "ganzoo evaluate --samples=folder:generated --data=folder:photos --size=64 "
        "--extractor=inception",
        "ganzoo evaluate runs/mlp-toy_ring --data=toy:ring --metrics=mixture_coverage --n=2500",
    ),
    check=_check,
)
COMMAND.group("What to measure")
COMMAND.text(
    "metrics",
    "NAMES",
    f"""Metrics between commas: {", ".join(METRICS[:-2])}; for stacked digits {METRICS[-2]}, for toy
    data {METRICS[-1]}.""",
    default="fid",
)
COMMAND.text(
    "extractor",
    "NAME",
    f"""Network whose features of images are compared: {", ".join(EXTRACTORS[:-1])} or
    {EXTRACTORS[-1]}. By default ganzoo's own network for the data, if there is one. Values of
    different extractors cannot be compared.""",
)
COMMAND.positive_integer(
    "n", "Number of samples. By default as many as real images; with --samples, all of them."
)
COMMAND.integer(
    "seed",
    """Seed of the first sample; with --samples, of the order in which samples are drawn from the
    source.""",
    default=0,
)
COMMAND.text("samples", "SOURCE", "Samples in place of a model's, e.g. folder:PATH.")
COMMAND.group("Real images, by default of the model's size and channels")
COMMAND.text(
    "data",
    "SOURCE",
    """The data; `ganzoo list` lists the kinds of sources. By default the test split of the data
    that the model was trained on, or, if there is no test split, its training data.""",
)
add_data_flags(COMMAND)
add_content_flags(COMMAND)
COMMAND.group("Files")
COMMAND.path("output", "FILE", "JSON file of the values with their protocols. By default none.")
COMMAND.group("Other")
add_checkpoint_flag(COMMAND)
add_debug_flag(COMMAND)
