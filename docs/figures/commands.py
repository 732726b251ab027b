"""The page of the commands, from their help: `python docs/figures/commands.py`."""

import pathlib

from ganzoo_cli.main import COMMANDS, command

PAGE = pathlib.Path(__file__).parents[1] / "commands.md"
_HEAD = """\
# Commands

This page is the output of `ganzoo COMMAND --help`. Names of flags may have hyphens or underscores:
`--batch-size` is `--batch_size`. `python -m ganzoo_cli` is the same as `ganzoo`. In a checkout,
`python train.py` is the same as `ganzoo train`.
"""


def text():
    """Returns the page."""
    sections = [f"## ganzoo {name}\n\n```\n{command(name).help()}\n```\n" for name in COMMANDS]
    return "\n".join([_HEAD, *sections])


if __name__ == "__main__":
    PAGE.write_text(text())
