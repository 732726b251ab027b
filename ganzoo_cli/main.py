"""Finds the command, runs it, and turns errors into a line and an exit code."""

import importlib
import io
import sys
from collections.abc import Callable

from ganzoo_cli import package
from ganzoo_cli.closed_output import discard_closed_output, discard_output
from ganzoo_cli.command import Command
from ganzoo_cli.config_file import read_config
from ganzoo_cli.errors import Failure
from ganzoo_cli.plain_warnings import plain_warnings
from ganzoo_cli.quiet import quiet_start
from ganzoo_cli.suggestions import did_you_mean

COMMANDS = (
    "train",
    "sample",
    "generate",
    "interpolate",
    "directions",
    "project",
    "explore",
    "evaluate",
    "ablate",
    "export",
    "publish",
    "create",
    "data",
    "list",
    "info",
    "completion",
)

_USAGE = """\
usage: ganzoo COMMAND [arguments]

GANs for Keras 3, from the command line.

Commands:
{commands}

`ganzoo COMMAND --help` explains a command, `ganzoo --version` prints the version. Names of flags
may have hyphens or underscores: --batch-size is --batch_size. If a flag is given twice, its last
value counts. The environment variable KERAS_BACKEND chooses between tensorflow (the default) and
jax."""
_LACK_OF_MEMORY = "There is not enough memory: give smaller numbers, sizes or widths."
_CORRECT, _INTERRUPTED, _CLOSED = 2, 130, 141


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line.

    Args:
        arguments: List of the words after `ganzoo`; by default the arguments of this process.

    Returns:
        The exit code: 0 for success; 1 if a training run or the work after the checks failed; 2 if
        the user must correct the command line or the data; 130 or 143 after an interruption; 141
        if the reader of the output has closed it, as `head` does.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files may hold what the terminal's encoding does not.
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = _answer(arguments)
        # What the reader has closed is noticed here, and not when Python ends.
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        if not discard_closed_output():
            raise
        return _CLOSED
    except OSError as error:  # All others have been answered: stdout cannot be written.
        if "--debug" in arguments:
            raise
        discard_output()
        return _fail("ganzoo", f"The output cannot be written. Received: {error}", 1)


def command(name: str) -> Command:
    """Returns the `Command` of a name in `COMMANDS`."""
    return importlib.import_module(f"ganzoo_cli.commands.{name}").COMMAND


def _answer(arguments: list[str]) -> int:
    name, *rest = arguments or [""]
    if name in ("", "help", "-h", "--help"):
        summaries = [f"  {name:<13}{command(name).summary}" for name in COMMANDS]
        print(_USAGE.format(commands="\n".join(summaries)))
        return 0 if name else _CORRECT
    if name == "--version":
        print(f"ganzoo {package.version()}")
        return 0
    if name not in COMMANDS:
        return _fail(
            "ganzoo",
            f"Unknown command.{did_you_mean(name, COMMANDS)} Expected: {' | '.join(COMMANDS)}. "
            f"Received: {name}",
        )
    if {"-h", "-help", "--help"} & set(rest):
        print(command(name).help())
        return 0
    return _run(command(name), rest)


def _run(command: Command, arguments: list[str]) -> int:
    try:
        with plain_warnings(is_off="--debug" in arguments):
            return _work(command, arguments)
    except Exception as error:
        if "--debug" in arguments or not _is_lack_of_memory(error):
            raise
        return _fail(f"ganzoo {command.name}", f"{_LACK_OF_MEMORY} Received: {error!r:.300}", 1)


def _work(command: Command, arguments: list[str]) -> int:
    program = f"ganzoo {command.name}"
    debug = "--debug" in arguments
    try:
        work = _start(command, arguments, debug)
    except BrokenPipeError:
        raise
    except (ValueError, TypeError, OSError, ImportError) as error:
        if debug:
            raise
        return _fail(program, str(error) or repr(error))
    except Failure as error:
        if debug:
            raise
        return _fail(program, str(error), code=1)
    except KeyboardInterrupt:
        return _fail(program, "Interrupted.", _INTERRUPTED)
    try:
        return 0 if work is None else work()
    except BrokenPipeError:
        raise
    except (Failure, OSError) as error:
        if debug:
            raise
        return _fail(program, str(error) or repr(error), code=1)
    except KeyboardInterrupt:
        return _fail(program, "Interrupted.", _INTERRUPTED)


def _is_lack_of_memory(error: Exception) -> bool:
    """Returns whether Python, NumPy, TensorFlow or JAX could not allocate memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return True
    return "RESOURCE_EXHAUSTED" in str(error)


def _start(command: Command, arguments: list[str], debug: bool) -> Callable[[], int] | None:
    """Checks a command line and starts the command.

    Returns:
        `None` if all is done, or a function without arguments that does the rest of the work and
        returns the exit code. The user must correct the errors that this function raises, but not
        the errors that the returned function raises.
    """
    options, others = command.parse(arguments)
    if hasattr(options, "config"):
        read_config(command, options)
    command.check(options, others)
    if command.answer is not None:
        print(command.answer(options, others))
        return None
    quiet_start(is_off=debug)
    return importlib.import_module(f"ganzoo.cli.{command.name}").run(options, others)


def _fail(program: str, message: str, code: int = _CORRECT) -> int:
    print(f"{program}: {' '.join(message.split())}", file=sys.stderr)
    return code
