"""`ganzoo interpolate`: the way from sample to sample, as a strip or as an animation."""

from pathlib import Path

from ganzoo.cli.command import Command
from ganzoo.cli.parsing import parse_integers

_STEPS = {".png": 8, ".gif": 30, ".mp4": 60}
_SECONDS = {".gif": 0.07, ".mp4": 1 / 30}


def run(options, others):
    from ganzoo.cli.run_folder import load_model, only_model

    model = only_model(others)
    ending = Path(options.output).suffix.lower()
    if ending not in _STEPS:
        raise ValueError(
            f"Expected an --output that ends in {' or '.join(_STEPS)}. "
            f"Received: --output={options.output}"
        )
    rows, labels = options.rows, None
    if options.labels:
        labels = parse_integers("labels", options.labels)
    seeds = range(rows * (2 if labels is None or len(labels) == 1 else 1))
    if options.seeds:
        seeds = parse_integers("seeds", options.seeds)
    if len(seeds) % rows:
        raise ValueError(
            "Expected as many --seeds in each of the --rows. "
            f"Received: {len(seeds)} seeds for {rows} rows"
        )
    gan = load_model(model)
    if len(gan.example_shape) != 3:
        raise ValueError(
            "Only images are interpolated. "
            f"Received: {model}, which makes examples of shape {gan.example_shape}"
        )
    count = len(seeds) // rows
    ways = [
        gan.interpolate(
            list(seeds[row * count : (row + 1) * count]),
            # Without classes of their own, the rows are of one class after the other.
            row % gan.num_classes if labels is None and gan.num_classes is not None else labels,
            options.steps or _STEPS[ending],
            options.loop,
            options.interpolation,
            options.truncation,
        )
        for row in range(rows)
    ]
    _save(options.output, ending, ways, options.loop)
    print(f"{rows} x {len(ways[0])} images in {options.output}")


def _save(path, ending, ways, loop):
    """Writes the ways as the rows of a sheet, or side by side as an animation."""
    import numpy as np

    from ganzoo import drawing

    if ending == ".png":
        drawing.save_png(path, drawing.image_grid(np.concatenate(ways), columns=len(ways[0])))
        return
    scale = None
    if len(ways) == 1:
        # A single image would be small on a screen.
        scale = max(1, 256 // max(ways[0].shape[1:3]))
    frames = [
        drawing.image_grid(np.stack(images), scale=scale) for images in zip(*ways, strict=True)
    ]
    seconds = _SECONDS[ending]
    if ending == ".mp4":
        drawing.save_mp4(path, frames, seconds)
    else:
        drawing.save_gif(path, frames, seconds, last_seconds=seconds if loop else 1.0)


COMMAND = Command(
    "interpolate",
    "Draw the way from sample to sample, as a strip or an animation.",
    "MODEL [flags]",
    run,
    description="""MODEL is a preset, a `.keras` file, or the folder of a run. Between two samples,
        their latents turn into each other along a great circle where they are normal, and along
        a straight line where they are uniform.""",
    examples=(
        "ganzoo interpolate runs/sngan-digits --rows=8",
        "ganzoo interpolate model.keras --seeds=3,17,204 --loop --output=loop.gif",
        "ganzoo interpolate model.keras --seeds=0-15 --rows=4 --loop --output=loop.mp4",
        "ganzoo interpolate model.keras --seeds=5 --labels=3,8 --steps=12",
    ),
)
COMMAND.group("Ways")
COMMAND.text(
    "seeds",
    "SEEDS",
    """Seeds of the samples that the way goes through, between commas or as ranges, such as 3,17,204
    or 0-7. With several rows, each takes its share in turn. By default 0, 1, ..., two in each row,
    or one where there are several classes.""",
)
COMMAND.text(
    "labels",
    "CLASSES",
    """Of a conditional model: one class, or those that a row goes through, one for each of its
    samples or for its only one. By default row i is of class i.""",
)
COMMAND.positive_integer("rows", "Number of ways, in rows below each other.", default=1)
COMMAND.positive_integer(
    "steps",
    f"""Steps from each sample to the next. By default {_STEPS[".png"]} for a PNG, {_STEPS[".gif"]}
    for a GIF and {_STEPS[".mp4"]} for an MP4, two seconds.""",
)
COMMAND.switch("loop", "Go back to the first sample, for an animation without a halt.")
COMMAND.choice(
    "interpolation", ("spherical", "linear"), "By default that which fits the model's latents."
)
COMMAND.positive(
    "truncation",
    "Factor of the latents: below 1, samples are more typical and less varied.",
    default=1.0,
)
COMMAND.group("Files")
COMMAND.text(
    "output",
    "FILE",
    "PNG file of a strip for each row; or a GIF, or an MP4, which needs `ganzoo[video]`.",
    default="interpolation.png",
)
COMMAND.group("Other")
COMMAND.switch("debug", "Show where an error comes from.")
