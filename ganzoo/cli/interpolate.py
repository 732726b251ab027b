"""`ganzoo interpolate`: paths between samples or along directions, as strips or animations."""

import numpy as np

from ganzoo import drawing
from ganzoo.cli import direction_flags
from ganzoo.cli.class_flags import numbers_of
from ganzoo.cli.condition_flags import conditions_of
from ganzoo.cli.direction_flags import STORED
from ganzoo.cli.drawable import check_pictures
from ganzoo.file_names import check_output_file
from ganzoo.runs.run_folder import load_model
from ganzoo_cli.commands.interpolate import STEPS

_SECONDS = {".gif": 0.07, ".mp4": 1 / 30}
_ANIMATION_SIDE = 256  # Of a single path, in pixels: the images alone are small on a screen.


def run(options, others):
    """Draws paths between samples or along directions into a picture or an animation."""
    model = others[0]
    suffix = check_output_file("--output", options.output, (*drawing.PICTURE_SETTINGS, *_SECONDS))
    # Without a file, --along names directions that are stored with the model.
    given = options.directions or (STORED if options.along else None)
    directions = direction_flags.read(given, STORED)
    gan = load_model(model, options.checkpoint)
    check_pictures(gan, model)
    along = []
    if directions is not None:
        directions = direction_flags.of_model(directions, gan, model)
        along = [directions.index(name) for name in options.along or directions.names]
    labels = _one_or_list(numbers_of(options.labels, gan))
    conditions = conditions_of(options.conditions, gan)
    if directions is None:
        rows = list(_rows_of_samples(gan, options, labels))
    else:
        rows = list(_rows_of_directions(options, labels, directions, along))
    settings = {
        "conditions": conditions,
        "steps": options.steps or STEPS.get(suffix, STEPS[".png"]),
        "loop": options.loop,
        "interpolation": options.interpolation,
        "truncation": options.truncation,
        "latent_scale": options.latent_scale,
        "easing": options.easing,
    }
    paths = [gan.pixels.in_eight_bits(gan.interpolate(**row, **settings)) for row in rows]
    _save(options.output, suffix, paths, options.loop)
    print(f"{len(paths)} x {len(paths[0])} images in {options.output}")


def _rows_of_samples(gan, options, labels):
    """Yields the keyframes of each row, as arguments of `GAN.interpolate`."""
    # Without --seeds, a row has a sample at both ends, or a single one that changes its class.
    seeds = options.seeds or range(options.rows * (1 if isinstance(labels, list) else 2))
    count = len(seeds) // options.rows
    for row in range(options.rows):
        of_row = _one_or_list(list(seeds[row * count : (row + 1) * count]))
        # Without --labels, the rows go through the classes in turn.
        in_turn = labels is None and gan.num_classes is not None
        yield {"seeds": of_row, "labels": row % gan.num_classes if in_turn else labels}


def _rows_of_directions(options, labels, directions, along):
    """Yields the keyframes of each direction, as arguments of `GAN.interpolate`."""
    seeds = options.seeds or [0]
    keyframes = max(2, len(seeds), len(labels) if isinstance(labels, list) else 1)
    amounts = np.linspace(-options.span, options.span, keyframes)
    for number in along:
        moves = {"directions": directions, "amounts": {number: amounts}}
        yield {"seeds": _one_or_list(seeds), "labels": labels, **moves}


def _one_or_list(values):
    """Returns the value of a list of one: on a command line, it is for all images of a path."""
    return values[0] if values is not None and len(values) == 1 else values


def _save(output, suffix, paths, loop):
    """Writes the paths as the rows of a sheet, or next to each other as an animation."""
    if suffix in drawing.PICTURE_SETTINGS:
        drawing.save_picture(
            output, drawing.image_grid(np.concatenate(paths), columns=len(paths[0]))
        )
        return
    scale = max(1, _ANIMATION_SIDE // max(paths[0].shape[1:3])) if len(paths) == 1 else None
    frames = [
        drawing.image_grid(np.stack(images), scale=scale) for images in zip(*paths, strict=True)
    ]
    seconds = _SECONDS[suffix]
    if suffix == ".mp4":
        drawing.save_mp4(output, frames, seconds)
    else:
        drawing.save_gif(output, frames, seconds, last_seconds=seconds if loop else 1.0)
