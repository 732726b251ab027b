"""The page of the commands, from their help: `python docs/figures/commands.py`."""

import pathlib
import re

from ganzoo_cli.main import COMMANDS, command

PAGE = pathlib.Path(__file__).parents[1] / "commands.md"
_HEAD = """\
# Commands

`ganzoo COMMAND --help` prints the same text in a terminal. Names of flags may have hyphens or
underscores: `--batch-size` is `--batch_size`. `python -m ganzoo_cli` is the same as `ganzoo`. In a
checkout, `python train.py` is the same as `ganzoo train`. If a flag is given twice, its last value
counts; a flag of several values is given once, with commas between them.
"""
_FLAG = re.compile(r"(?<![\w-])--\w+(=[\w.,:|/-]*\w)?")


def text():
    """Returns the page."""
    return "\n".join([_HEAD, *(_section(command(name)) for name in COMMANDS)])


def _section(command):
    parts = [f"## ganzoo {command.name}", command.summary, _block("text", command.usage)]
    if command.description:
        parts.append(_with_code(command.description))
    for title, flags in command.groups:
        parts.append(f"**{title}**")
        parts += [f"`{flag}`\n: {_with_code(help)}" for flag, help in flags]
    if command.examples:
        parts += ["**Examples**", _block("bash", command.examples)]
    return "\n\n".join(parts) + "\n"


def _block(language, lines):
    return "\n".join([f"```{language}", *lines, "```"])


def _with_code(text):
    """Returns a help text as Markdown: flags become code, and stars stay stars."""
    pieces = text.split("`")
    pieces[::2] = [_FLAG.sub(r"`\g<0>`", piece).replace("*", r"\*") for piece in pieces[::2]]
    return "`".join(pieces)


if __name__ == "__main__":
    PAGE.write_text(text())
