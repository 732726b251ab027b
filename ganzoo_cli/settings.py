"""The values of flags that Python or a TOML file gives, and not a command line."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ganzoo_cli import values
from ganzoo_cli.command import Command
from ganzoo_cli.part_texts import format_parts
from ganzoo_cli.suggestions import did_you_mean


def options_of(command: Command, settings: Mapping[str, Any], source: str) -> SimpleNamespace:
    """Returns the values of a command's flags, as `Command.parse` does.

    A value may be a text as on the command line, a number, a Boolean, a list, or for parts with
    arguments a dictionary such as `{"r1": {"gamma": 0.1}}`. The readers of the flags check it.

    Args:
        command: The command.
        settings: Values by the names of flags. `None` leaves a flag at its default.
        source: Where they are from, for the error message.

    Raises:
        ValueError: If there is no such flag, or it cannot take the value.
    """
    options = command.defaults()
    for name, value in settings.items():
        add_setting(command, options, name, value, source)
    return options


def add_setting(
    command: Command, options: SimpleNamespace, name: str, value: Any, source: str
) -> None:
    """Reads one value into the values of a command's flags; the arguments are as above.

    Raises:
        ValueError: If there is no such flag, or it cannot take the value.
    """
    known = [one for one in command.flag_names if one != "config"]
    # `ganzoo.train(config=...)` names a file, which must not name another one.
    if name not in known and (name != "config" or "config" in options.given):
        raise ValueError(
            f"Unknown setting in {source}.{did_you_mean(name, known)} "
            f"`ganzoo {command.name} --help` lists all settings. Received: {name}"
        )
    if value is None:
        return
    if isinstance(value, (list, tuple)) and not value and command.flag(name).default == []:
        setattr(options, name, [])  # A command line has no text for it.
        options.given.add(name)
    else:
        command.set_flag(options, name, text_of(command, name, value))


def text_of(command: Command, name: str, value: Any) -> str:
    """Returns the text of a value, from which the flag of a command reads the same value.

    Example:

    >>> from ganzoo_cli.commands.train import COMMAND
    >>> text_of(COMMAND, "metrics", ["fid", "kid"])
    'fid,kid'

    Raises:
        ValueError: If a flag has no such values.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        if not all(isinstance(arguments, Mapping) for arguments in value.values()):
            raise ValueError(
                "A dictionary has the arguments of each part by its name, such as "
                f'{{"r1": {{"gamma": 0.1}}}}. Received: {name}={value!r:.100}'
            )
        return format_parts(value) or "none"
    if isinstance(value, (list, tuple, range)):
        texts = [text_of(command, name, one) for one in value]
        is_list = command.flag(name).read in (values.names, values.classes)
        return values.joined(texts) if is_list else ",".join(texts)
    return str(value)
