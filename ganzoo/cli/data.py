"""`ganzoo data`: what a data source holds, and packing it into one file."""

import re
from types import SimpleNamespace

from ganzoo.cli.command import Command

# The whole training split, or a slice of it: of no other are the test images surely unseen.
_OF_TRAINING = re.compile(r"train(\[[^\]+]*\])?")


def run(options, others):
    from ganzoo import data

    action, source = _parse(others)
    if action == "pack" and "output" not in options.given:
        raise ValueError(
            "`ganzoo data pack` needs a file to write: --output=FILE.npz. Received: none"
        )
    if action == "pack" and "n" in options.given:
        raise ValueError(
            f"--n is for the picture; all examples are packed. Received: --n={options.n}"
        )
    dataset = load_source(source, options)
    _describe(dataset)
    if action == "pack":
        data.pack(dataset, options.output)
        print(f"packed      {options.output}")
    else:
        _draw(dataset, options.output, options.n)
        print(f"picture     {options.output}")


def load_source(source, options):
    """Loads a data source as the flags of `add_flags` say."""
    from ganzoo import data

    # Only folders have it, and only a given one is passed on: others refuse it.
    on_bad = {} if options.on_bad is None else {"on_bad": options.on_bad}
    return data.load(
        source, split=options.split, size=options.size, channels=options.channels, **on_bad
    )


def load_test_split(source, trained_on, options):
    """Returns the images of the source's test split, or `None` where there is none to trust.

    Args:
        source: The source of the data.
        trained_on: The split that the model was trained on.
        options: The values of the flags of `add_flags`.
    """
    if not _OF_TRAINING.fullmatch(trained_on or ""):
        return None
    try:
        return load_source(source, SimpleNamespace(**{**vars(options), "split": "test"}))
    except ValueError as error:
        # So every source refuses a split that it does not have; a broken one is an error.
        if not str(error).endswith("Received: split='test'"):
            raise
        return None


def add_flags(command):
    """Gives a command the flags that say how a data source is read."""
    command.text("split", "NAME", "Part of the source.", default="train")
    command.positive_integer(
        "size",
        """Side of the images in pixels: they are cropped about their center to a square, and
        resized with antialiasing. By default their own size.""",
    )
    command.choice("channels", (1, 3), "Gray or color. By default what the images have.")
    command.choice(
        "on_bad",
        ("error", "skip"),
        """What a file that is no image does in a folder: end the command, or be skipped and
        listed. By default an error.""",
    )


def _parse(others):
    if len(others) == 1 and others[0] != "pack":
        return "describe", others[0]
    if len(others) == 2 and others[0] == "pack":
        return others
    raise ValueError(
        "Expected `ganzoo data SOURCE` or `ganzoo data pack SOURCE --output=FILE.npz`; "
        f"`ganzoo list` lists the sources. Received: {' '.join(others) or 'no source'}"
    )


def _describe(dataset):
    import numpy as np

    examples = dataset.examples
    print(f"source      {dataset.name}, {dataset.split}" if dataset.split else dataset.name)
    print(f"examples    {len(dataset):,}")
    print(f"shape       {' x '.join(map(str, dataset.example_shape))} ({examples.dtype})")
    print(f"range       {examples.min():g} to {examples.max():g}, mean {examples.mean():.4g}")
    if dataset.labels is None:
        print("classes     none")
        return
    counts = np.bincount(dataset.labels, minlength=dataset.num_classes)
    print(f"classes     {dataset.num_classes}, of {counts.min():,} to {counts.max():,} examples")
    if dataset.class_names:
        print(f"            {', '.join(dataset.class_names)}")


def _draw(dataset, path, n):
    """Draws examples from the whole of the data; with classes, each row is one."""
    import numpy as np

    from ganzoo import drawing

    order = np.random.default_rng(0).permutation(len(dataset))
    if dataset.labels is None:
        drawing.save_png(path, drawing.picture(dataset.examples[order[:n]]))
        return
    labels, columns = drawing.class_rows(n, dataset.num_classes)
    by_class = {label: iter(order[dataset.labels[order] == label]) for label in set(labels)}
    rows = [next(by_class[label], None) for label in labels]
    if dataset.has_images:
        # Classes with fewer examples than there are columns end in white.
        white = np.full_like(dataset.examples[0], 255)
        examples = np.stack([white if row is None else dataset.examples[row] for row in rows])
    else:
        examples = dataset.examples[[row for row in rows if row is not None]]
    drawing.save_png(path, drawing.picture(examples, columns))


COMMAND = Command(
    "data",
    "Describe a data source and draw its examples, or pack it into one file.",
    "SOURCE [flags]\npack SOURCE --output=FILE.npz [flags]",
    run,
    description="""SOURCE is one of those that `ganzoo list` lists, or a packed file. A packed file
        holds the images as uint8, and is read without TensorFlow.""",
    examples=(
        "ganzoo data digits --size=32 --output=digits.png",
        "ganzoo data folder:photos --size=64 --on_bad=skip",
        "ganzoo data pack tfds:fashion_mnist --size=32 --output=fashion_32.npz",
    ),
)
COMMAND.group("Data")
add_flags(COMMAND)
COMMAND.group("Files")
COMMAND.text(
    "output", "FILE", "PNG file of the picture; of `pack`, the file to write.", default="data.png"
)
COMMAND.positive_integer("n", "Examples in the picture.", default=64)
COMMAND.group("Other")
COMMAND.switch("debug", "Show where an error comes from.")
