"""`ganzoo project`: the samples that are nearest to a user's images."""

import numpy as np

from ganzoo import drawing, extractors
from ganzoo.cli.class_flags import numbers_of
from ganzoo.cli.condition_flags import conditions_of
from ganzoo.cli.drawable import check_pictures
from ganzoo.data.deep_images import read_deep_image
from ganzoo.data.image_files import printable, read_image, size_of
from ganzoo.data.image_options import ImageOptions
from ganzoo.file_names import check_output_file
from ganzoo.files import new_file
from ganzoo.runs.progress import Progress
from ganzoo.runs.run_folder import load_model

_STEPS, _STYLE_STEPS = 300, 1000


def run(options, others):
    """Finds the latents of images, draws both next to each other, and prints the errors."""
    model, *paths = others
    check_output_file("--output", options.output, drawing.PICTURE_SETTINGS)
    if options.save:
        check_output_file("--save", options.save, (".npz",))
    extractor = None if options.features is None else extractors.get(options.features)
    gan = load_model(model, options.checkpoint)
    check_pictures(gan, model)
    images = np.stack([_read(path, gan) for path in paths])
    labels = _labels(numbers_of(options.labels, gan), len(paths))
    conditions = _conditions(conditions_of(options.conditions, gan), len(paths))
    found = []
    with Progress() as progress:
        for index, image in enumerate(images):
            of_class = labels[index] if isinstance(labels, list) else labels
            vector = None if conditions is None else conditions[index % len(conditions)]
            found.append(_project(gan, image, of_class, vector, options, extractor))
            if progress is not None:
                progress("images", index + 1, len(images))
    nearest = np.concatenate([projection.images for projection in found])
    pairs = np.stack([images, nearest], axis=1).reshape(-1, *images.shape[1:])
    drawing.save_picture(
        options.output, drawing.image_grid(gan.pixels.in_eight_bits(pairs), columns=2)
    )
    if options.save:
        _save(options.save, found)
    for path, projection in zip(paths, found, strict=True):
        has_class = gan.num_classes is not None and hasattr(projection, "labels")
        of_class = f", class {_class(gan, projection)}" if has_class else ""
        print(f"{printable(path)}: {projection.errors[0]:.1f} gray levels{of_class}")
    print(f"{len(images)} images and the nearest samples in {options.output}")


def _project(gan, image, label, conditions, options, extractor):
    """Returns the `Projection` of one image, or its `StyleProjection`."""
    if options.space == "latents":
        steps = options.steps or _STEPS
        return gan.project(
            image,
            label,
            steps,
            options.restarts,
            options.seed,
            conditions=conditions,
            extractor=extractor,
        )
    return gan.project_styles(
        image,
        label,
        options.space,
        options.noise,
        extractor,
        options.steps or _STYLE_STEPS,
        seed=options.seed,
        conditions=conditions,
    )


def _read(path, gan):
    """Returns an image in the shape and with the pixels of the model's."""
    height, width, channels = gan.example_shape
    if channels == 4:
        raise ValueError(
            "Images for a model of 4 channels are given in Python: `gan.project(images)`. "
            f"Received: {printable(path)}"
        )
    try:
        if gan.pixels.is_eight_bits:
            image = read_image(path, (height, width), channels).pixels
            found = size_of(path)
            if found[0] < width or found[1] < height:
                sizes = f"{found[0]} x {found[1]} pixels, enlarged to {width} x {height}"
                print(f"{printable(path)} has {sizes}")
            return image
        deep = ImageOptions((height, width), channels, pixels=gan.pixels)
        return read_deep_image(path, deep).pixels
    except Exception as error:  # Decoders raise any error for a damaged file.
        raise ValueError(f"{printable(path)} cannot be read. Received: {error}") from error


def _labels(labels, count):
    """Returns the class of each image as a list, or the one of all, or `None`."""
    if labels is None or len(labels) == 1:
        return None if labels is None else labels[0]
    if len(labels) != count:
        raise ValueError(
            f"--labels must be one class or one for each of the {count} images. "
            f"Received: {len(labels)} classes"
        )
    return labels


def _conditions(given, count):
    """Returns one vector of conditions for all images or one for each, as rows; or `None`."""
    if given is None:
        return None
    rows = np.atleast_2d(given)
    if len(rows) not in (1, count):
        raise ValueError(
            f"--conditions must be one vector or one for each of the {count} images. "
            f"Received: {len(rows)} vectors"
        )
    return rows


def _class(gan, projection):
    number = int(projection.labels[0])
    return number if gan.class_names is None else gan.class_names[number]


def _save(path, found):
    arrays = {
        name: np.concatenate([getattr(projection, name) for projection in found])
        for name in found[0]._fields
        if name != "noise" and getattr(found[0], name) is not None
    }
    maps = [getattr(projection, "noise", None) or [] for projection in found]
    for number, of_layer in enumerate(zip(*maps, strict=True)):
        arrays[f"noise_{number}"] = np.concatenate(of_layer)
    with new_file(path, replace=True) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays)
