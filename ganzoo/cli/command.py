"""What the commands have in common: flags in groups, and a help text made of them.

Neither this module nor the top of a command's own imports Keras, which takes seconds.
"""

import textwrap
from types import SimpleNamespace

from absl import flags

from ganzoo import validation

_WIDTH = 98
_INDENT = 28


class Command:
    """A command of `ganzoo`: its flags, its help text and what it runs.

    Args:
        name: The word after `ganzoo`.
        summary: One line that says what it does.
        usage: What follows the name, one line for each form.
        run: Function of the flags' values and the list of the other arguments. The errors that it
            raises are the user's to correct. Work whose errors are not, it returns as a function
            without arguments that returns the exit code.
        description: A paragraph on what else there is to know.
        examples: Command lines.
    """

    def __init__(self, name, summary, usage, run, description="", examples=()):
        self.name = name
        self.summary = summary
        self.run = run
        self._usage = usage
        self._description = description
        self._examples = examples
        self._flags = flags.FlagValues()
        self._flags.set_gnu_getopt(True)
        self._lines = []

    def group(self, title):
        """Begins a group of flags: those defined from here on belong to it."""
        self._lines += ["", f"{title}:"]

    def text(self, name, value, help, default=None):
        """Defines a flag that takes any text, which the help calls `value`."""
        self._define(name, value, help, default, str)

    def choice(self, name, choices, help, default=None):
        """Defines a flag that takes one of a few words, or of a few integers."""
        self._define(
            name,
            "|".join(map(str, choices)),
            help,
            default,
            type(choices[0]),
            lambda name, value: validation.check_choice(name, value, choices),
        )

    def integer(self, name, help, default=None):
        """Defines a flag that takes an integer of at least 0."""
        self._define(name, "N", help, default, int, _check_natural)

    def positive_integer(self, name, help, default=None):
        """Defines a flag that takes an integer of at least 1."""
        self._define(name, "N", help, default, int, validation.check_positive_integer)

    def positive(self, name, help, default=None):
        """Defines a flag that takes a number above 0."""
        self._define(name, "X", help, default, float, validation.check_positive)

    def fraction(self, name, help, default=None):
        """Defines a flag that takes a number in [0, 1)."""
        self._define(name, "X", help, default, float, validation.check_fraction)

    def switch(self, name, help):
        """Defines a flag that is on where it is given, and off where it is not."""
        flags.DEFINE_boolean(name, False, help, flag_values=self._flags)
        self._describe(f"--{name}", help)

    def parse(self, arguments):
        """Parses what follows the command's name.

        Returns:
            The values of the flags as attributes, with `given`, the names of those that the command
            line sets; and the list of the other arguments.

        Raises:
            ValueError: If a flag is unknown, or has a value that it cannot take.
        """
        for name in self._flags:
            self._flags[name].unparse()
        try:
            _, *others = self._flags([self.name, *arguments])
        except flags.IllegalFlagValueError as error:
            raise ValueError(str(error)) from error
        except flags.Error as error:
            raise ValueError(
                f"{str(error).strip('.')}. `ganzoo {self.name} --help` lists the flags. "
                f"Received: {' '.join(arguments)}"
            ) from error
        values = SimpleNamespace(**self._flags.flag_values_dict())
        values.given = {name for name in self._flags if self._flags[name].present}
        return values, others

    def help(self):
        """Returns the help text."""
        forms = "\n       ".join(f"ganzoo {self.name} {form}" for form in self._usage.splitlines())
        parts = [f"usage: {forms}", "", self.summary]
        if self._description:
            parts += ["", textwrap.fill(" ".join(self._description.split()), _WIDTH)]
        parts += self._lines
        if self._examples:
            parts += ["", "Examples:", *(f"  {line}" for line in self._examples)]
        return "\n".join(parts)

    def _define(self, name, value, help, default, type_, check=None):
        flags.DEFINE(_Parser(name, type_, check), name, default, help, flag_values=self._flags)
        if default is not None:
            help = f"{help} Default: {default}."
        self._describe(f"--{name}={value}", help)

    def _describe(self, flag, help):
        lines = textwrap.wrap(" ".join(help.split()), _WIDTH - _INDENT)
        left = f"  {flag}"
        if len(left) > _INDENT - 2:
            self._lines.append(left)
            left = ""
        for line in lines:
            self._lines.append(f"{left:<{_INDENT}}{line}")
            left = ""


class _Parser(flags.ArgumentParser):
    """Reads a value, and has it checked by a function of `ganzoo.validation`."""

    def __init__(self, name, type_, check):
        super().__init__()
        self._name = name
        self._type = type_
        self._check = check

    def parse(self, argument):
        try:
            value = self._type(argument)
        except ValueError:
            value = argument  # The check says what it should have been.
        return value if self._check is None else self._check(self._name, value)


def _check_natural(name, value):
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"`{name}` must be an integer of at least 0. Received: {name}={value!r}")
    return value
