"""The GAN at a checkpoint of a run: the best one, the newest one, or the one of a step."""

import json

import keras

from ganzoo import json_files
from ganzoo.callbacks import checkpoint_files, training_state
from ganzoo.files import new_file
from ganzoo.runs.model_files import load_file

_NAMES = ("best", "newest")


def write_config(folder, gan):
    """Writes the config of a GAN, from which `load_checkpoint` builds it.

    Args:
        folder: The `ganzoo.runs.RunFolder`.
        gan: The compiled GAN.
    """
    config = keras.saving.serialize_keras_object(gan)
    with new_file(folder.config, replace=True) as partial:
        partial.write_text(json.dumps(config))


def load_checkpoint(folder, name):
    """Returns the GAN at a checkpoint of a run.

    Args:
        folder: The `ganzoo.runs.RunFolder`.
        name: `"best"`, `"newest"`, or the number of a step, as an integer or a text.

    Raises:
        ValueError: If the run has no such checkpoint, or it is damaged.
        FileNotFoundError: If the run has no checkpoint, or nothing tells its networks.
    """
    path = _find(folder, str(name))
    arrays, state = checkpoint_files.read(path)
    if folder.config.is_file():
        way_out = f"`ganzoo train --resume --output={folder.path}` writes it again"
        config = json_files.read(folder.config, way_out)
        gan = keras.saving.deserialize_keras_object(config)
    elif folder.model.is_file():
        gan = load_file(folder.model)
    else:
        raise FileNotFoundError(
            "A run of an older version of ganzoo gives its checkpoints when it has ended: `ganzoo "
            f"train --resume --output={folder.path}` completes it. Received: {folder.path}, "
            f"without {folder.config.name} and {folder.model.name}"
        )
    training_state.restore(gan, arrays, state)
    return gan


def best_of(folder):
    """Returns the step and the value of the best checkpoint of a run, or `None`.

    Raises:
        ValueError: If there are checkpoints, and all of them are damaged.
    """
    newest = checkpoint_files.newest(folder.checkpoints)
    state = {} if newest is None else checkpoint_files.read_state(newest)
    return (state["best_step"], state["best"]) if state.get("best_step") is not None else None


def _find(folder, name):
    """Returns the path of a checkpoint."""
    newest = checkpoint_files.newest(folder.checkpoints)
    if newest is None:
        raise FileNotFoundError(
            "The run has no checkpoint yet: it writes one after each epoch. "
            f"Received: --checkpoint={name} for {folder.path}"
        )
    if name == "newest":
        return newest
    if name == "best":
        found = best_of(folder)
        if found is None:
            raise ValueError(
                "A run knows its best checkpoint only if it is trained with --keep_best, such as "
                "--metrics=fid --keep_best=fid: give --checkpoint=newest or the number of a step. "
                f"Received: --checkpoint=best for {folder.path}"
            )
        name = str(found[0])
    paths = {checkpoint_files.step_of(path): path for path in checkpoint_files.every(newest.parent)}
    if not name.isdecimal() or int(name) not in paths:
        raise ValueError(
            f"--checkpoint must be {' or '.join(_NAMES)}, or one of the steps "
            f"{', '.join(map(str, paths))}. Received: --checkpoint={name} for {folder.path}"
        )
    return paths[int(name)]
