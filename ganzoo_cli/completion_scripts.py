"""Scripts with which shells complete the command `ganzoo`, written from its flags."""

from collections.abc import Sequence

from ganzoo_cli.command import Command, Flag

_BASH = """\
_ganzoo() {{
    # Bash may give --flag=value as three words.
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" flag=""
    if [[ $word == "=" ]]; then
        flag=$before word=""
    elif [[ $before == "=" ]]; then
        flag=${{COMP_WORDS[COMP_CWORD-2]}}
    elif [[ $before == --* ]]; then
        flag=$before
    fi
    if [[ $COMP_CWORD == 1 ]]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
        return
    fi
    local choices="" flags=""
    case "${{COMP_WORDS[1]}} $flag" in
{values}
    esac
    case "${{COMP_WORDS[1]}}" in
{flags}
    esac
    if [[ -n $choices ]]; then
        COMPREPLY=($(compgen -W "$choices" -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$flags" -- "$word"))
        if [[ ${{#COMPREPLY[@]}} == 1 && ${{COMPREPLY[0]}} == *= ]]; then
            compopt -o nospace 2>/dev/null
        fi
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}}
complete -F _ganzoo ganzoo"""

_ZSH = """\
#compdef ganzoo
_ganzoo() {{
    if (( CURRENT == 2 )); then
        local -a commands=(
{commands}
        )
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{flags}
    esac
}}
compdef _ganzoo ganzoo"""


def bash(commands: Sequence[Command]) -> str:
    """Returns the script for bash."""
    values, flags = [], []
    for command in commands:
        names = " ".join(f"--{flag.name}{'=' if flag.value else ''}" for flag in command.flags)
        flags.append(f'        {command.name}) flags="{names}" ;;')
        for flag in command.flags:
            if flag.choices:
                choices = " ".join(flag.choices)
                values.append(f'        "{command.name} --{flag.name}") choices="{choices}" ;;')
    return _BASH.format(
        commands=" ".join(command.name for command in commands),
        values="\n".join(values),
        flags="\n".join(flags),
    )


def zsh(commands: Sequence[Command]) -> str:
    """Returns the script for zsh."""
    lines = [
        f"            {_quoted(f'{command.name}:{_plain(command.summary)}')}"
        for command in commands
    ]
    flags = []
    for command in commands:
        arguments = " ".join(_quoted(_zsh_argument(flag)) for flag in command.flags)
        flags.append(f"        {command.name}) _arguments {arguments} '*:file:_files' ;;")
    return _ZSH.format(commands="\n".join(lines), flags="\n".join(flags))


def fish(commands: Sequence[Command]) -> str:
    """Returns the script for fish."""
    lines = []
    for command in commands:
        lines.append(
            f"complete -c ganzoo -n __fish_use_subcommand -f -a {command.name} "
            f"-d {_quoted(command.summary)}"
        )
        condition = _quoted(f"__fish_seen_subcommand_from {command.name}")
        for flag in command.flags:
            takes = " -r" if flag.value else ""
            choices = f" -f -a {_quoted(' '.join(flag.choices))}" if flag.choices else ""
            lines.append(
                f"complete -c ganzoo -n {condition} -l {flag.name}{takes}{choices} "
                f"-d {_quoted(_plain(flag.help))}"
            )
    return "\n".join(lines)


SCRIPTS = {"bash": bash, "zsh": zsh, "fish": fish}


def _zsh_argument(flag: Flag) -> str:
    if flag.value is None:
        return f"--{flag.name}[{_plain(flag.help)}]"
    values = f"({' '.join(flag.choices)})" if flag.choices else "_files"
    return f"--{flag.name}=[{_plain(flag.help)}]:{flag.name}:{values}"


def _plain(help_text):
    """Returns the first sentence of a help text, without what zsh gives a meaning."""
    sentence = " ".join(help_text.split()).partition(". ")[0].rstrip(".")
    return "".join(c for c in sentence if c not in "[]:`\\")


def _quoted(text):
    return "'" + text.replace("'", "") + "'"
