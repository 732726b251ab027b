"""A command: its flags in groups, its help text, and the parsing of its arguments."""

import dataclasses
import os
import re
import textwrap
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from ganzoo_cli import values
from ganzoo_cli.suggestions import did_you_mean

_WIDTH = 98
_INDENT = 28
# The readers of values with commas between them.
_OF_SEVERAL = (values.names, values.classes, values.integers)
_FLAG = re.compile(r"--?([A-Za-z][\w-]*)(?:=(.*))?", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Flag:
    """A flag of a command.

    Attributes:
        name: Its name, without the hyphens.
        read: The reader of its value, a function of the flag's name and the given text.
        default: Its value where it is not given.
        value: What the help calls its value, or `None` for a switch.
        help: What it is for.
        choices: The values that it takes, or nothing if there are many.
    """

    name: str
    read: Callable[..., Any]
    default: Any
    value: str | None
    help: str
    choices: tuple[str, ...] = ()


class Command:
    """A command of `ganzoo`.

    Args:
        name: The word after `ganzoo`.
        summary: One line that says what the command does.
        usage: What follows the name, one line for each form.
        description: A paragraph on what else a user should know.
        examples: Command lines.
        check: Function of the flags' values and the list of the other arguments. It raises
            `ValueError` or `OSError` where they do not fit each other.
        answer: Function of the same that returns the text to print, for a command that needs
            neither ganzoo nor Keras. All others have their work in `ganzoo.cli`.

    Attributes:
        groups: For each group of flags its title, and pairs of a flag and what it does.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        usage: str,
        description: str = "",
        examples: tuple[str, ...] = (),
        check: Callable[[SimpleNamespace, list[str]], None] | None = None,
        answer: Callable[[SimpleNamespace, list[str]], str] | None = None,
    ):
        self.name = name
        self.summary = summary
        self.usage = [f"ganzoo {name} {form}" for form in usage.splitlines()]
        self.description = " ".join(description.split())
        self.examples = examples
        self.groups: list[tuple[str, list[tuple[str, str]]]] = []
        self._check = check
        self.answer = answer
        self._flags: dict[str, Flag] = {}

    def group(self, title: str) -> None:
        """Starts a group: the flags defined after it belong to it."""
        self.groups.append((title, []))

    def text(self, name: str, value: str, help: str, default: str | None = None) -> None:
        """Defines a flag that takes any text, which the help calls `value`."""
        self._define(name, value, help, default, values.text)

    def path(self, name: str, value: str, help: str, default: str | None = None) -> None:
        """Defines a flag that takes a path, or a name in place of it, which the help calls `value`.

        The home folder replaces a leading `~`.
        """
        self._define(name, value, help, default, values.path)

    def choice(self, name: str, choices: Sequence[Any], help: str, default: Any = None) -> None:
        """Defines a flag that takes one of a few words, or one of a few integers."""
        words = tuple(map(str, choices))
        self._define(name, "|".join(words), help, default, values.choice(choices), words)

    def seed(self, name: str, help: str, default: int | None = None) -> None:
        """Defines a flag that takes an integer in [0, 2**64)."""
        self._define(name, "N", help, default, values.seed)

    def integer(self, name: str, help: str, default: int | None = None) -> None:
        """Defines a flag that takes an integer of at least 0."""
        self._define(name, "N", help, default, values.natural)

    def positive_integer(self, name: str, help: str, default: int | None = None) -> None:
        """Defines a flag that takes an integer of at least 1."""
        self._define(name, "N", help, default, values.positive_integer)

    def positive(self, name: str, help: str, default: float | None = None) -> None:
        """Defines a flag that takes a number above 0."""
        self._define(name, "X", help, default, values.positive)

    def positive_or_schedule(self, name: str, help: str) -> None:
        """Defines a flag that takes a number above 0, or the text of a schedule."""
        self._define(name, "X", help, None, values.positive_or_schedule)

    def positive_or_auto(self, name: str, help: str) -> None:
        """Defines a flag that takes an integer of at least 1, or auto, the default."""
        self._define(name, "N|auto", help, values.AUTO, values.positive_or_auto)

    def strength(self, name: str, help: str) -> None:
        """Defines a flag that takes a number of at least 0, the text of a schedule, or auto."""
        self._define(name, "X", help, None, values.strength)

    def size(self, name: str, help: str) -> None:
        """Defines a flag that takes the side of a square, or HEIGHTxWIDTH."""
        self._define(name, "N|HxW", help, None, values.size)

    def fraction(self, name: str, help: str, default: float | None = None) -> None:
        """Defines a flag that takes a number in [0, 1)."""
        self._define(name, "X", help, default, values.fraction)

    def pair(self, name: str, value: str, help: str) -> None:
        """Defines a flag that takes two numbers with a comma between them, as a list."""
        self._define(name, value, help, None, values.pair)

    def integers(self, name: str, value: str, help: str) -> None:
        """Defines a flag that takes integers and ranges between commas, as a list."""
        self._define(name, value, help, None, values.integers)

    def classes(self, name: str, value: str, help: str) -> None:
        """Defines a flag that takes classes by number or name between commas, as texts.

        A name with commas is in double quotes.
        """
        self._define(name, value, help, None, values.classes)

    def names(self, name: str, help: str) -> None:
        """Defines a flag that takes names between commas, as a list, which is empty by default.

        A name with commas is in double quotes.
        """
        self._flags[name] = Flag(name, values.names, [], "NAMES", help)
        self._describe(f"--{name}=NAMES", help)

    def switch(self, name: str, help: str) -> None:
        """Defines a flag that is on if it is given, and off otherwise."""
        self._flags[name] = Flag(name, values.switch, False, None, help)
        self._describe(f"--{name}", help)

    def parse(self, arguments: list[str]) -> tuple[SimpleNamespace, list[str]]:
        """Parses what follows the command's name.

        Args:
            arguments: List of words. The name of a flag may have hyphens for its underscores.

        Returns:
            The values of the flags as attributes, with `given`, the set of the names of the flags
            on the command line; and the list of the other arguments, in which the home folder
            replaces a leading `~`.

        Raises:
            ValueError: If a flag is unknown, has a value that it cannot take, or takes several
                values and is given twice. Of any other flag, the last value counts.
        """
        options = self.defaults()
        others: list[str] = []
        words = iter(arguments)
        for word in words:
            if word == "--":
                others += map(os.path.expanduser, words)
            elif match := _FLAG.fullmatch(word):
                flag = self._find(match[1], word)
                given = match[2]
                if given is None and flag.read is not values.switch:
                    given = self._next_value(flag, words)
                self._check_first(flag, word, options)
                self.set_flag(options, flag.name, given)
            else:
                # They are paths, or names, which start with no such sign.
                others.append(os.path.expanduser(word))
        return options, others

    @property
    def flags(self) -> list[Flag]:
        """All flags, in the order of the help text."""
        return list(self._flags.values())

    @property
    def flag_names(self) -> list[str]:
        """The names of all flags, in the order of the help text."""
        return list(self._flags)

    def flag(self, name: str) -> Flag:
        """Returns the flag of a name."""
        return self._flags[name]

    def defaults(self) -> SimpleNamespace:
        """Returns the values of all flags of a command line without flags."""
        options = SimpleNamespace(**{name: flag.default for name, flag in self._flags.items()})
        options.given = set()
        return options

    def set_flag(self, options: SimpleNamespace, name: str, given: str | None) -> None:
        """Reads the text of a flag into the options.

        Raises:
            ValueError: If the flag cannot take this value.
        """
        setattr(options, name, self._flags[name].read(name, given))
        options.given.add(name)

    def check(self, options: SimpleNamespace, others: list[str]) -> None:
        """Raises `ValueError` or `OSError` if what `parse` returned does not fit together."""
        if self._check is not None:
            self._check(options, others)

    def help(self) -> str:
        """Returns the help text."""
        forms = "\n       ".join(self.usage)
        parts = [f"usage: {forms}", "", self.summary]
        if self.description:
            parts += ["", textwrap.fill(self.description, _WIDTH)]
        for title, flags in self.groups:
            parts += ["", f"{title}:"]
            for flag, help in flags:
                parts += _lines_of(flag, help)
        if self.examples:
            parts += ["", "Examples:", *(f"  {line}" for line in self.examples)]
        return "\n".join(parts)

    def _find(self, name, word):
        flag = self._flags.get(name.replace("-", "_"))
        if flag is None:
            raise ValueError(
                f"Unknown flag.{did_you_mean(name.replace('-', '_'), self._flags, '--')} "
                f"`ganzoo {self.name} --help` lists the flags. Received: {word}"
            )
        return flag

    def _check_first(self, flag, word, options):
        """Raises `ValueError` if a flag of several values is given twice: some would be lost."""
        if flag.read in _OF_SEVERAL and flag.name in options.given:
            raise ValueError(
                f"--{flag.name} must be given once, with commas between its values. "
                f"Received: {word} after another --{flag.name}"
            )

    def _next_value(self, flag, words):
        """Returns the word after a flag that was given without `=`."""
        given = next(words, None)
        if given is None or _FLAG.fullmatch(given):
            raise ValueError(
                f"--{flag.name} needs a value: --{flag.name}=VALUE. Received: --{flag.name}"
                f"{'' if given is None else f' {given}'}"
            )
        return given

    def _define(self, name, value, help, default, read, choices=()):
        self._flags[name] = Flag(name, read, default, value, help, choices)
        if default is not None:
            help = f"{help} Default: {default}."
        self._describe(f"--{name}={value}", help)

    def _describe(self, flag, help):
        self.groups[-1][1].append((flag, " ".join(help.split())))


def _lines_of(flag, help):
    """Returns the lines of the help text: the flag on the left, its text next to it."""
    left, lines = f"  {flag}", []
    if len(left) > _INDENT - 2:
        lines.append(left)
        left = ""
    for line in textwrap.wrap(help, _WIDTH - _INDENT):
        lines.append(f"{left:<{_INDENT}}{line}")
        left = ""
    return lines
