"""Finds the command, and turns what goes wrong into a line and an exit code."""

import importlib
import sys

from ganzoo.cli.errors import Failure

COMMANDS = (
    "train",
    "sample",
    "interpolate",
    "evaluate",
    "export",
    "publish",
    "create",
    "data",
    "list",
)

_USAGE = """\
usage: ganzoo COMMAND [arguments]

GANs for Keras 3, from the command line.

Commands:
{commands}

`ganzoo COMMAND --help` explains a command. The environment variable KERAS_BACKEND chooses between
tensorflow (the default) and jax."""


def main(arguments=None):
    """Runs a command line.

    Args:
        arguments: List of what follows `ganzoo`; by default that of this process.

    Returns:
        The exit code: 0; 1 where a training, or what follows the checks, broke down; 2 where the
        command line or the data must be corrected; 130 or 143 after an interruption.
    """
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    if name in ("", "help", "-h", "--help"):
        summaries = [f"  {name:<13}{command(name).summary}" for name in COMMANDS]
        print(_USAGE.format(commands="\n".join(summaries)))
        return 0 if name else 2
    if name == "--version":
        from ganzoo import __version__

        print(f"ganzoo {__version__}")
        return 0
    if name not in COMMANDS:
        return _fail(
            "ganzoo", f"Unknown command. Expected: {' | '.join(COMMANDS)}. Received: {name}"
        )
    if {"-h", "-help", "--help"} & set(rest):
        print(command(name).help())
        return 0
    return _run(command(name), rest)


def _run(command, arguments):
    program = f"ganzoo {command.name}"
    debug = "--debug" in arguments
    try:
        work = command.run(*command.parse(arguments))
    except (ValueError, TypeError, OSError, ImportError) as error:
        if debug:
            raise
        return _fail(program, str(error) or repr(error))
    except KeyboardInterrupt:
        return _fail(program, "Interrupted.", code=130)
    try:
        return 0 if work is None else work()
    except (Failure, OSError) as error:
        if debug:
            raise
        return _fail(program, str(error) or repr(error), code=1)
    except KeyboardInterrupt:
        return _fail(program, "Interrupted.", code=130)


def command(name):
    """Returns the `Command` of a name of `COMMANDS`."""
    return importlib.import_module(f"ganzoo.cli.{name}").COMMAND


def _fail(program, message, code=2):
    print(f"{program}: {' '.join(message.split())}", file=sys.stderr)
    return code
