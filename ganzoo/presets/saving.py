"""Writes a preset."""

import json
from pathlib import Path

import keras
import numpy as np

from ganzoo.file_names import check_folder_name
from ganzoo.files import describe_file, new_file, new_folder, user_path
from ganzoo.generation import Directions, direction_files
from ganzoo.generation.directions import current_directions, digest_of
from ganzoo.presets import allowed_config, manifest, safetensors, stored_directions
from ganzoo.presets.errors import PresetError
from ganzoo.presets.loading import load_folder, verified
from ganzoo.recipes import Recipe
from ganzoo.validation import check_choice
from ganzoo.version import __version__

_COMPARED_SAMPLES = 16


def save(
    gan,
    folder: Path | str,
    recipe: Recipe | None = None,
    metrics: dict | None = None,
    card: str | None = None,
    discriminator: bool = True,
    dtype: str = "float32",
    directions: Directions | None = None,
    extra_files: dict[str, bytes] | None = None,
    replace: bool = False,
) -> None:
    """Writes a GAN as a preset. Arguments that are not listed are those of `GAN.save_to_preset`.

    Args:
        extra_files: Dictionary from names to the contents of files for readers of the card, such as
            pictures. They are neither listed in the manifest nor loaded.
        replace: Whether a folder that is not empty is replaced.
    """
    check_choice("dtype", dtype, ("float32", "float16"))
    if taken := {*manifest.LIMITS, manifest.METADATA} & set(extra_files or ()):
        raise ValueError(
            "`extra_files` must have other names than the files of a preset. "
            f"Received: extra_files={sorted(taken)}"
        )
    folder = user_path(folder)
    check_folder_name("folder", folder)
    if folder.exists() and not replace and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            "The folder of a new preset must be empty or not exist. Give another one, or remove "
            f"what is in it. Received: folder={str(folder)!r}"
        )
    class_name = type(gan).__name__
    config = _plain(gan.get_config())
    # The caller made the GAN of these layers. A loader has to allow their packages.
    allow = allowed_config.own_packages(config)
    allowed_config.check(config, class_name, allow)
    if directions is None:
        directions = current_directions(gan)
    else:
        stored_directions.check(gan, directions)
    texts = {manifest.CONFIG: _encode(config), **_texts(recipe, metrics, card)}
    networks = gan.preset_networks(discriminator)
    with new_folder(folder, replace) as partial:
        for player, network in networks.items():
            with open(partial / manifest.WEIGHT_FILES[player], "xb") as file:
                safetensors.write(file, network.weights, dtype)
        for name, text in texts.items():
            (partial / name).write_bytes(text)
        metadata = _metadata(partial, class_name)
        for name, content in {manifest.METADATA: metadata, **(extra_files or {})}.items():
            (partial / name).write_bytes(content)
        # A preset that cannot be loaded is not written.
        if directions is None and dtype == "float32":
            with verified(partial, allow):
                pass
        else:
            stored = load_folder(partial, allow)
        if dtype == "float16":
            _check_rounding(gan, stored)
        if directions is not None:
            # The stored weights may be rounded.
            of_stored = directions.of_model(digest_of(stored.inference_generator))
            (partial / manifest.DIRECTIONS).write_bytes(direction_files.encode(of_stored))
            (partial / manifest.METADATA).write_bytes(
                _metadata(partial, class_name, {*(extra_files or ()), manifest.METADATA})
            )


def replace_texts(folder, recipe=None, metrics=None, card=None):
    """Replaces texts of a preset, and updates their hashes.

    It also repairs a preset in which an earlier call was interrupted.

    Args:
        folder: The preset's folder, which has these files.
        recipe: The new `ganzoo.recipes.Recipe`, or `None` to keep the old one.
        metrics: The new content of `metrics.json`, or `None`.
        card: The text of the new card, or `None`.

    Returns:
        List of the paths of the files that changed.
    """
    folder = user_path(folder)
    content = manifest.parse_json(manifest.METADATA, (folder / manifest.METADATA).read_bytes())
    changed = {
        folder / name: text
        for name, text in _texts(recipe, metrics, card).items()
        if describe_file(folder / name) != content["files"][name]
        or (folder / name).read_bytes() != text
    }
    if not changed:
        return []
    with new_file(folder / manifest.METADATA, replace=True) as metadata:
        for path, text in changed.items():
            with new_file(path, replace=True) as partial:
                partial.write_bytes(text)
                content["files"][path.name] = describe_file(partial)
        metadata.write_bytes(_encode(content))
    return list(changed)


def store_directions(
    folder: Path | str, directions: Directions | None, allow: list[str] | tuple = ()
) -> None:
    """Stores directions with a preset that exists, in place of the ones it has.

    `ganzoo.GAN.from_preset` then reads them, and so do all commands.

    Args:
        folder: Folder of the preset.
        directions: The `ganzoo.generation.Directions` of its generator, or `None` to remove them,
            also damaged ones.
        allow: As for `ganzoo.GAN.from_preset`.

    Raises:
        PresetError: If the folder holds no preset, or is damaged.
        ValueError: If the directions belong to another generator.

    Example:

    >>> gan = ganzoo.GAN.from_preset("my_model")
    >>> ganzoo.presets.store_directions("my_model", gan.directions("sefa", k=4))
    """
    folder = user_path(folder)
    manifest.read(folder)
    content = None
    if directions is not None:
        gan = load_folder(folder, allow)
        weights = digest_of(gan.inference_generator)
        stored_directions.check(gan, directions)
        content = direction_files.encode(directions.of_model(weights))
    metadata = manifest.parse_json(manifest.METADATA, (folder / manifest.METADATA).read_bytes())
    path = folder / manifest.DIRECTIONS
    metadata["files"].pop(manifest.DIRECTIONS, None)
    if content is not None:
        with new_file(path, replace=True) as partial:
            partial.write_bytes(content)
            metadata["files"][manifest.DIRECTIONS] = describe_file(partial)
    metadata["files"] = dict(sorted(metadata["files"].items()))
    with new_file(folder / manifest.METADATA, replace=True) as partial:
        partial.write_bytes(_encode(metadata))
    if content is None:
        path.unlink(missing_ok=True)


def _texts(recipe, metrics, card):
    """Returns the contents of the optional files."""
    texts = {}
    if recipe is not None:
        if not isinstance(recipe, Recipe):
            raise ValueError(
                "`recipe` must be a `ganzoo.recipes.Recipe`. "
                f"Received: recipe of type {type(recipe).__name__}"
            )
        texts[manifest.RECIPE] = (recipe.to_json() + "\n").encode()
    if metrics is not None:
        texts[manifest.METRICS] = _encode(metrics, "metrics")
    if card is not None:
        if not isinstance(card, str):
            raise ValueError(f"`card` must be a text. Received: card of type {type(card).__name__}")
        texts[manifest.CARD] = card.encode()
    return texts


def _plain(config):
    """Returns a GAN's config as plain data, without its own preset and compile configs."""
    config = json.loads(_encode(config))
    config.pop("preset")
    config.pop("unstored_players", None)
    return _without_compile_configs(config)


def _without_compile_configs(value):
    """Returns plain data without the keys `compile_config`, which nested networks have too."""
    if isinstance(value, dict):
        kept = {key: part for key, part in value.items() if key != "compile_config"}
        return {key: _without_compile_configs(part) for key, part in kept.items()}
    if isinstance(value, list):
        return [_without_compile_configs(part) for part in value]
    return value


def _encode(content, name="config"):
    """Returns JSON."""
    try:
        return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` cannot be written as JSON: {error}") from error


def _metadata(folder, class_name, unlisted=()):
    files = {
        path.name: describe_file(path)
        for path in sorted(folder.iterdir())
        if path.name not in unlisted
    }
    if large := [name for name, entry in files.items() if entry["size"] > manifest.LIMITS[name]]:
        raise PresetError(f"Too large for a preset: {', '.join(large)}.")
    content = {
        "format": manifest.FORMAT,
        "class_name": class_name,
        "ganzoo": __version__,
        "keras": keras.__version__,
        "files": files,
    }
    return _encode(content)


def _check_rounding(gan, stored):
    """Raises if the samples of a preset in float16 differ by more than one gray level."""
    gans = gan, stored
    conditions = None
    if gan.condition_dim is not None:
        shape = _COMPARED_SAMPLES, gan.condition_dim
        conditions = np.random.default_rng(0).standard_normal(shape)
    samples = [
        one.sample(_COMPARED_SAMPLES, conditions=conditions).astype("float32") for one in gans
    ]
    largest = float(np.abs(samples[0] - samples[1]).max())
    if gan.pixels.dtype == "float32":
        largest *= 65535.0 / (gan.pixels.high - gan.pixels.low)
    if len(gan.example_shape) == 3 and largest > 1:
        raise PresetError(
            "In float16, samples must stay within one gray level. Store the weights with "
            f"dtype='float32'. Received: a difference of {largest:.0f} gray levels"
        )
