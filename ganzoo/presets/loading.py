"""Loads a preset. Files are verified before they are parsed, and the config before it is built."""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from ganzoo.files import user_path
from ganzoo.presets import allowed_config, builtin, lookup, manifest, safetensors
from ganzoo.presets import stored_directions as directions
from ganzoo.presets.archives import fetched
from ganzoo.presets.dry_build import expected_weights
from ganzoo.presets.errors import PresetError
from ganzoo.presets.manifest import WEIGHT_FILES
from ganzoo.validation import did_you_mean

# The size of no file limits a discriminator whose weights are not stored.
MAX_UNSTORED_PARAMETERS = 2**25


def load(name_or_path: str | Path, sha256: str | None = None, allow: list[str] | tuple = ()):
    """Returns the GAN of a preset. `ganzoo.GAN.from_preset` describes the arguments."""
    name = str(name_or_path)
    if lookup.is_url(name):
        with fetched(name, sha256) as folder:
            return _named(load_folder(folder, allow), lookup.name_of(name, folder))
    if sha256 is not None and not lookup.is_address(name):
        raise ValueError(
            "`sha256` is the hash of the archive at a URL, or of the metadata.json at an address "
            f"hf://user/name. Received: sha256={sha256!r} with name_or_path={name!r}"
        )
    folder = lookup.folder_of(name, sha256) or user_path(name)
    if not (folder / manifest.METADATA).is_file():
        published = builtin.list_models()
        names = ", ".join(published) or "none are installed"
        raise PresetError(
            f"There is no preset of this name or in this folder.{did_you_mean(name, published)} "
            "Expected the name of a published model, the folder of a preset, an address "
            "hf://user/name, or the URL of an archive of one with its `sha256`. "
            f"Published: {names}. Received: {name!r}"
        )
    return _named(load_folder(folder, allow), lookup.name_of(name, folder))


def _named(gan, name):
    gan.preset["name"] = name
    return gan


def load_folder(folder: Path | str, allow: list[str] | tuple = ()):
    """Returns the GAN of the preset in a folder.

    Args:
        folder: The folder.
        allow: As for `ganzoo.GAN.from_preset`.

    Raises:
        PresetError: If a file is missing or damaged, or has content that a preset must not have.
    """
    folder = user_path(folder)
    with verified(folder, allow) as (contents, config, expected, files):
        gan = _build(contents.class_name, config)
        for player, file in files.items():
            name, reader = WEIGHT_FILES[player], manifest.HashedReader(file)
            size = contents.files[name][0]
            safetensors.read_into(reader, size, expected[player], _networks(gan, player))
            reader.check(name, contents)
    _, sha256 = contents.files[manifest.GENERATOR]
    gan.preset = {"name": folder.name, "sha256": sha256}
    gan.unstored_players = tuple(WEIGHT_FILES.keys() - files.keys())
    gan.stored_directions = directions.read(folder, contents, gan)
    return gan


@contextlib.contextmanager
def verified(folder: Path | str, allow: list[str] | tuple = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the content of a preset's folder, after every check that needs no GAN.

    Args:
        folder: The folder.
        allow: As for `ganzoo.GAN.from_preset`.

    Yields:
        The `Manifest`, the config, the expected weights by player, and the open files of weights
        by player.

    Raises:
        PresetError: As for `load_folder`.
    """
    folder, allow = user_path(folder), allowed_config.check_packages(allow)
    contents = manifest.read(folder)
    config = manifest.read_json(folder, manifest.CONFIG, contents)
    allowed_config.check(config, contents.class_name, allow)
    expected = expected_weights(config)
    with contextlib.ExitStack() as stack:
        files = {}
        for player, name in WEIGHT_FILES.items():
            if name in contents.files:
                size = contents.files[name][0]
                _check_size(name, size, expected[player])
                files[player] = stack.enter_context(manifest.open_verified(folder, name, contents))
                safetensors.check(files[player], size, expected[player])
            else:
                _check_absence(player, contents.class_name, expected[player])
        for name in contents.files.keys() - {manifest.CONFIG, *WEIGHT_FILES.values()}:
            manifest.open_verified(folder, name, contents).close()
        yield contents, config, expected, files


def _networks(gan, player):
    """Returns the networks that start with the stored weights of a player."""
    average = getattr(gan, f"ema_{player}", None)
    return [getattr(gan, player), *([] if average is None else [average])]


def _build(class_name, config):
    gan_class = keras.saving.get_registered_object(f"ganzoo>{class_name}")
    try:
        return gan_class.from_config(config)
    except Exception as error:  # Layers may raise any error.
        raise PresetError(
            f"The config does not describe a {class_name}. Received: {type(error).__name__}: "
            f"{error!s:.500}"
        ) from error


def _check_size(name, size, expected):
    """Raises if a file is larger than the weights, before the whole file is hashed."""
    largest = 16 + safetensors.MAX_HEADER_BYTES + 8 * _parameters(expected)
    if size > largest:
        raise PresetError(
            f"{name} is larger than the weights of the config. Received: {size} bytes"
        )


def _check_absence(player, class_name, expected):
    """Raises if the weights of a player must be stored."""
    if class_name == "SemiSupervisedGAN":
        raise PresetError(
            f"A preset of a {class_name} must hold the weights of its {player}. Received: none"
        )
    if _parameters(expected) > MAX_UNSTORED_PARAMETERS:
        raise PresetError(
            f"The preset holds no weights of its {player}, which must then have at most "
            f"{MAX_UNSTORED_PARAMETERS} parameters. Received: {_parameters(expected)}"
        )


def _parameters(expected):
    return sum(math.prod(shape) for _, shape, _ in expected)
