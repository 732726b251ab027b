"""The directions of a preset's generator, one of the files of the preset."""

import warnings
from pathlib import Path

from ganzoo.generation import Directions
from ganzoo.generation import direction_files as files
from ganzoo.generation.directions import check_directions, digest, digest_of
from ganzoo.generation.editing import offsets_of
from ganzoo.presets import manifest
from ganzoo.presets.errors import PresetError


def check(gan, directions: Directions) -> None:
    """Raises `ValueError` unless a GAN's samples can move along directions."""
    check_directions(directions)
    directions.check(gan)
    offsets_of(gan, directions, {}, 1)


def read(folder: Path, contents: manifest.Manifest, gan) -> Directions | None:
    """Returns the directions of a preset, or `None` if it has none.

    Args:
        folder: The folder of the preset.
        contents: Its manifest.
        gan: The GAN with the stored weights, as they were read.

    Raises:
        PresetError: If they are damaged, or belong to another generator.
    """
    if manifest.DIRECTIONS not in contents.files:
        if (folder / manifest.DIRECTIONS).is_file():
            warnings.warn(
                f"{manifest.METADATA} does not list {manifest.DIRECTIONS}, so it is not read. "
                "Store directions with `ganzoo.presets.store_directions(folder, directions)`. "
                f"Received: {folder}",
                stacklevel=2,
            )
        return None
    content = manifest.read_file(folder, manifest.DIRECTIONS, contents)
    try:
        found = Directions(**files.decode(content))
        if found.model is not None and found.model != digest_of(gan.inference_generator):
            raise ValueError("they belong to another generator")
        found = found.of_model(digest(gan))
        check(gan, found)
    except (ValueError, TypeError) as error:
        raise PresetError(
            f"{manifest.DIRECTIONS} does not hold directions of this preset. Received: {error!s}"
        ) from error
    return found
