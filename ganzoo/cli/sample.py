"""`ganzoo sample`: pictures from a trained model."""

from collections import Counter
from pathlib import Path

from ganzoo.cli.command import Command
from ganzoo.cli.parsing import parse_integers


def run(options, others):
    from ganzoo import drawing
    from ganzoo.cli.run_folder import load_model, only_model

    model = only_model(others)
    if options.folder and "output" in options.given:
        raise ValueError(
            "Expected --output for one picture or --folder for a file of each sample. "
            f"Received: --output={options.output} and --folder={options.folder}"
        )
    if options.folder and "columns" in options.given:
        raise ValueError(
            "--columns is for one picture, and not for a file of each sample. "
            f"Received: --columns={options.columns} and --folder={options.folder}"
        )
    if options.seeds and {"n", "seed"} & options.given:
        raise ValueError(
            "Expected --seeds for chosen samples, or --n and --seed for consecutive ones. "
            f"Received: --seeds={options.seeds} with --n or --seed"
        )
    chosen = parse_integers("seeds", options.seeds) if options.seeds else None
    labels = parse_integers("labels", options.labels) if options.labels else None
    gan = load_model(model)
    seeds, labels, columns = _lay_out(options, chosen, labels, gan.num_classes)
    samples = gan.sample(len(seeds), seeds, labels, options.truncation)
    if options.folder:
        _save_each(samples, Path(options.folder), seeds, labels)
        print(f"{len(samples)} samples in {options.folder}")
    else:
        columns = options.columns or columns
        drawing.save_png(options.output, drawing.picture(samples, columns))
        print(f"{len(samples)} samples in {options.output}")


def _lay_out(options, chosen, labels, num_classes):
    """Returns the seed and the class of each sample, and the columns of the grid.

    Where no classes are given, each row of the grid is one.
    """
    import numpy as np

    from ganzoo import drawing

    columns = None
    if num_classes is not None and labels is None:
        if chosen is not None:
            labels, columns = np.repeat(np.arange(num_classes), len(chosen)), len(chosen)
            return np.tile(np.array(chosen, object), num_classes), labels, columns
        labels, columns = drawing.class_rows(options.n, num_classes)
    elif labels is not None and len(labels) == 1:
        labels = labels[0]
    if chosen is None:
        n = options.n
        if columns is not None or (np.ndim(labels) and "n" not in options.given):
            n = len(labels)
        # Beyond the largest seed, they start again at 0.
        chosen = [(options.seed + offset) % 2**64 for offset in range(n)]
    return chosen, labels, columns


def _save_each(samples, folder, seeds, labels):
    """Writes a file of each sample, named after its seed and its class."""
    import numpy as np

    from ganzoo import drawing

    if samples.ndim != 4:
        raise ValueError(
            "Vectors are drawn in one picture: use --output. "
            f"Received: --folder={folder} and samples of shape {samples.shape[1:]}"
        )
    names = [f"seed_{seed:06d}" for seed in seeds]
    if labels is not None:
        labels = np.broadcast_to(labels, len(names))
        names = [f"{name}_class_{label}" for name, label in zip(names, labels, strict=True)]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ValueError(
            "Each sample has a file of its own, so none can be drawn twice. "
            f"Received: {', '.join(twice)} more than once"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in zip(names, samples, strict=True):
        drawing.save_png(folder / f"{name}.png", image)


COMMAND = Command(
    "sample",
    "Draw samples from a trained model.",
    "MODEL [flags]",
    run,
    description="""MODEL is a preset, a `.keras` file, or the folder of a run. Sample i has the seed
        SEED + i, and is the same in any number of samples.""",
    examples=(
        "ganzoo sample runs/sngan-digits",
        "ganzoo sample model.keras --n=16 --seed=100 --output=grid.png",
        "ganzoo sample model.keras --seeds=3,17,204 --truncation=0.7 --folder=chosen",
        "ganzoo sample model.keras --labels=0-9 --folder=one_of_each",
    ),
)
COMMAND.group("Samples")
COMMAND.positive_integer(
    "n", "Number of samples. With several --labels, as many as these.", default=64
)
COMMAND.integer("seed", "Seed of the first sample.", default=0)
COMMAND.text(
    "seeds",
    "SEEDS",
    """Instead: the seeds of chosen samples, between commas or as ranges, such as 3,17,204 or 0-7.
    By default, a conditional model draws each in each class, a class in each row.""",
)
COMMAND.text(
    "labels",
    "CLASSES",
    """Of a conditional model: one class, or one for each sample, between commas or as ranges. By
    default each row of the grid is one class, with at most N samples in all.""",
)
COMMAND.positive(
    "truncation",
    "Factor of the latents: below 1, samples are more typical and less varied.",
    default=1.0,
)
COMMAND.group("Files")
COMMAND.text("output", "FILE", "PNG file of all samples as a grid.", default="samples.png")
COMMAND.text("folder", "FOLDER", "Instead: a folder for one PNG file of each sample.")
COMMAND.positive_integer("columns", "Samples in a row of the grid.")
COMMAND.group("Other")
COMMAND.switch("debug", "Show where an error comes from.")
