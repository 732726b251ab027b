"""`ganzoo completion`: the script with which a shell completes command lines."""

from ganzoo_cli.command import Command
from ganzoo_cli.completion_scripts import SCRIPTS


def _check(options, others):
    if len(others) != 1 or others[0] not in SCRIPTS:
        raise ValueError(
            f"Expected one shell: {', '.join(SCRIPTS)}. Received: {' '.join(others) or 'none'}"
        )


def _answer(options, others):
    # `main` imports this module.
    from ganzoo_cli.main import COMMANDS, command

    return SCRIPTS[others[0]]([command(name) for name in COMMANDS])


COMMAND = Command(
    "completion",
    "Print the script with which a shell completes commands, flags and values.",
    "bash|zsh|fish",
    description="""For bash, add the first example to ~/.bashrc; for zsh, the second one to
        ~/.zshrc, after compinit. The third one is for fish.""",
    examples=(
        "source <(ganzoo completion bash)",
        "source <(ganzoo completion zsh)",
        "ganzoo completion fish > ~/.config/fish/completions/ganzoo.fish",
    ),
    check=_check,
    answer=_answer,
)
COMMAND.group("Other")
COMMAND.switch("debug", "Show the traceback of an error.")
