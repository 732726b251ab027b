"""Reading a preset: no file is parsed unverified, nothing built before its config."""

import contextlib
import math
from pathlib import Path

import keras

from ganzoo.presets import allowed_config, builtin, manifest, safetensors
from ganzoo.presets.archives import fetched
from ganzoo.presets.errors import PresetError
from ganzoo.presets.manifest import WEIGHT_FILES

# A discriminator whose weights are not stored is not bounded by the size of a file.
MAX_UNSTORED_PARAMETERS = 2**25


def load(name_or_path, sha256=None):
    """Returns the GAN of a preset; the arguments are those of `ganzoo.GAN.from_preset`."""
    name = str(name_or_path)
    if name.startswith(("http://", "https://")):
        with fetched(name, sha256) as folder:
            return load_folder(folder)
    if sha256 is not None:
        raise ValueError(
            "`sha256` is the hash of the archive at a URL. "
            f"Received: sha256={sha256!r} with name_or_path={name!r}"
        )
    folder = builtin.folder_of(name) or Path(name)
    if not (folder / manifest.METADATA).is_file():
        names = ", ".join(builtin.list_models()) or "none are installed"
        raise PresetError(
            "Expected the name of a published model, a preset's folder, or the URL of one's "
            f"archive with its `sha256`. Published: {names}. Received: {name!r}"
        )
    return load_folder(folder)


def load_folder(folder):
    """Returns the GAN of the preset in a folder.

    Raises:
        PresetError: If a file is missing or damaged, or holds what a preset must not.
    """
    with verified(folder) as (contents, config, expected, files):
        gan = _build(contents.class_name, config)
        for player, file in files.items():
            file.seek(0)
            size = contents.files[WEIGHT_FILES[player]][0]
            safetensors.read_into(file, size, expected[player], _networks(gan, player))
    _, sha256 = contents.files[manifest.GENERATOR]
    gan.preset = {"name": Path(folder).name, "sha256": sha256}
    return gan


@contextlib.contextmanager
def verified(folder):
    """Gives what is in the folder of a preset, after all was checked that can be without a GAN.

    It is the `Manifest`, the config, the weights that the config makes, and the open files of
    weights by player.

    Raises:
        PresetError: As for `load_folder`.
    """
    folder = Path(folder)
    contents = manifest.read(folder)
    config = manifest.read_json(folder, manifest.CONFIG, contents)
    allowed_config.check(config, contents.class_name)
    expected = allowed_config.expected_weights(config)
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
    """Returns the networks that begin with the stored weights of a player."""
    average = getattr(gan, f"ema_{player}", None)
    return [getattr(gan, player), *([] if average is None else [average])]


def _build(class_name, config):
    gan_class = keras.saving.get_registered_object(f"ganzoo>{class_name}")
    try:
        return gan_class.from_config(config)
    except Exception as error:  # Keras raises whatever its layers raise.
        raise PresetError(
            f"The config makes no {class_name}. Received: {type(error).__name__}: {error!s:.500}"
        ) from error


def _check_size(name, size, expected):
    """Raises if a file is larger than the weights, before all of it is read for its hash."""
    largest = 16 + safetensors.MAX_HEADER_BYTES + 8 * _parameters(expected)
    if size > largest:
        raise PresetError(
            f"{name} is larger than the weights of the config. Received: {size} bytes"
        )


def _check_absence(player, class_name, expected):
    """Raises where a player's weights must be stored."""
    if class_name == "SemiSupervisedGAN":
        raise PresetError(f"A preset of a {class_name} holds its {player}. Received: none")
    if _parameters(expected) > MAX_UNSTORED_PARAMETERS:
        raise PresetError(
            f"The preset holds no weights of its {player}, which must then have at most "
            f"{MAX_UNSTORED_PARAMETERS} parameters. Received: {_parameters(expected)}"
        )


def _parameters(expected):
    return sum(math.prod(shape) for _, shape, _ in expected)
