"""The model that a command line names."""

import os
from pathlib import Path

from ganzoo_cli import package
from ganzoo_cli.suggestions import did_you_mean

_KINDS = "a preset, a `.keras` file or the folder of a run"
# On the Hugging Face Hub. Only a download shows whether there is such a model.
_ADDRESS = "hf://"


def only_model(others: list[str]) -> str:
    """Returns the one model that a command line names: a preset's name or an existing path.

    Args:
        others: List of the arguments that are not flags.

    Raises:
        ValueError: If there is not exactly one.
        FileNotFoundError: If there is no such model.
    """
    if len(others) != 1:
        raise ValueError(f"Expected one model: {_KINDS}. Received: {' '.join(others) or 'none'}")
    check_exists(others[0])
    return others[0]


def check_exists(model: str | Path) -> None:
    """Raises `FileNotFoundError` if a model is no preset's name, address or existing path."""
    names = package.preset_names()
    if (
        str(model) in names
        or str(model).startswith(_ADDRESS)
        or Path(os.path.expanduser(model)).exists()
    ):
        return
    presets = f"The presets are {', '.join(names)}." if names else "No presets are installed."
    raise FileNotFoundError(
        f"There is no such model.{did_you_mean(str(model), names)} Expected {_KINDS}. {presets} "
        f"Received: {model}"
    )
