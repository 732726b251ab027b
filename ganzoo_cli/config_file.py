"""A TOML file that holds the flags of a command."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ganzoo_cli.command import Command
from ganzoo_cli.settings import add_setting


def read_config(command: Command, options: SimpleNamespace) -> None:
    """Adds the flags in the file of `--config` to the ones of the command line, which win.

    `options.overridden` lists the names of the flags that are in both.

    Args:
        command: The command.
        options: What `Command.parse` returned. Without `--config`, nothing changes.

    Raises:
        ValueError: If the file cannot be read, is no TOML, has an unknown key, or a value that a
            flag cannot take.
    """
    options.overridden = []
    if options.config is None:
        return
    path = Path(options.config)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # It cannot be read, is no UTF-8, or no TOML.
        raise ValueError(
            f"--config must be a TOML file, with lines such as batch_size = 64: {error}. "
            f"Received: --config={path}"
        ) from error
    on_command_line = set(options.given)
    for name, value in settings.items():
        if name in on_command_line and name != "config":
            options.overridden.append(name)
        else:
            add_setting(command, options, name, value, str(path))


def as_toml(settings: Mapping[str, Any], comment: str) -> str:
    """Returns the text of a file that `read_config` reads.

    Args:
        settings: Values by the names of flags: texts, numbers, Booleans, or lists of texts.
        comment: What the first line says.

    Raises:
        ValueError: If a text is no Unicode: the name of a file may have bytes that are no UTF-8.
    """
    lines = [f"{name} = {_toml_value(name, value)}" for name, value in settings.items()]
    return "\n".join([f"# {comment}", *lines, ""])


def _toml_value(name, value):
    # The texts of JSON are texts of TOML too, and so are its numbers, Booleans and lists. But TOML
    # knows no pairs of escapes for one character, and escapes DEL.
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            "A TOML file holds Unicode only: rename files whose names are no UTF-8. "
            f"Received: {name}={value!r}"
        ) from error
    return text
