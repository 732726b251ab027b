"""`ganzoo sample`: pictures from a trained model."""

from pathlib import Path

from ganzoo.cli.command import Command


def run(options, others):
    from ganzoo import drawing
    from ganzoo.cli.run_folder import load_model

    if len(others) != 1:
        raise ValueError(
            "Expected one model, a preset, a `.keras` file or the run folder that holds one. "
            f"Received: {' '.join(others) or 'none'}"
        )
    if options.folder and "output" in options.given:
        raise ValueError(
            "Expected --output for one picture or --folder for a file of each sample. "
            f"Received: --output={options.output} and --folder={options.folder}"
        )
    gan = load_model(others[0])
    n, labels, columns = options.n, _parse_labels(options.labels), options.columns
    if gan.num_classes is not None and labels is None:
        labels, class_columns = drawing.class_rows(n, gan.num_classes)
        n, columns = len(labels), columns or class_columns
    samples = gan.sample(n, options.seed, labels, options.truncation)
    if options.folder:
        _save_each(samples, Path(options.folder), options.seed)
        print(f"{len(samples)} samples in {options.folder}")
    else:
        drawing.save_png(options.output, drawing.picture(samples, columns))
        print(f"{len(samples)} samples in {options.output}")


def _parse_labels(text):
    """Returns the classes of `"3"` or `"0,1,2"` as one integer or a list."""
    if text is None:
        return None
    try:
        labels = [int(label) for label in text.split(",")]
    except ValueError:
        raise ValueError(
            "`labels` must be a class, or one class for each sample between commas. "
            f"Received: labels={text!r}"
        ) from None
    return labels if len(labels) > 1 else labels[0]


def _save_each(samples, folder, seed):
    from ganzoo import drawing

    if samples.ndim != 4:
        raise ValueError(
            "Vectors are drawn in one picture: use --output. "
            f"Received: --folder={folder} and samples of shape {samples.shape[1:]}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for offset, image in enumerate(samples):
        drawing.save_png(folder / f"seed_{seed + offset:06d}.png", image)


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
        "ganzoo sample model.keras --n=10 --labels=0,1,2,3,4,5,6,7,8,9 --folder=one_of_each",
    ),
)
COMMAND.group("Samples")
COMMAND.positive_integer("n", "Number of samples.", default=64)
COMMAND.integer("seed", "Seed of the first sample.", default=0)
COMMAND.text(
    "labels",
    "CLASSES",
    """Of a conditional model: one class, or one for each sample between commas. By default
    each row of the grid is one class, with at most N samples in all.""",
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
