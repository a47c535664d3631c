"""`pluggrad completion`: a script by which a shell completes commands, options and names."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from functools import partial
from typing import Any

SHELLS = ("bash", "zsh", "fish")
# Commands that take names of what is installed, and what lists these names, one a line.
NAMED = ("check",)
NAMES = "pluggrad completion names"


def run(given: Namespace, parsers: Mapping[str, ArgumentParser]) -> None:
    """Print the script for a shell: `eval "$(pluggrad completion bash)"` in ~/.bashrc."""
    if given.shell == "names":
        print("\n".join(installed()))
        return
    found = {name: options(one) for name, one in parsers.items()}
    print({"bash": bash, "zsh": zsh, "fish": fish}[given.shell](found), end="")


def options(one: ArgumentParser) -> list[str]:
    """Return the long options of a parser.

    >>> from argparse import ArgumentParser
    >>> options(ArgumentParser())
    ['--help']
    """
    return [text for a in one._actions for text in a.option_strings if text.startswith("--")]


def installed() -> list[str]:
    """Return the names that `pluggrad check` takes: ops, renderers and plugins."""
    from pluggrad import plugins

    return sorted({*plugins.ops, *plugins.renderers, *(plugin.name for plugin in plugins)})


def bash(found: dict[str, list[str]]) -> str:
    """Return the script for bash."""
    cases = "".join(f'        {name}) words="{_words(name, found)}" ;;\n' for name in found)
    return f"""_pluggrad() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" words
    case "${{COMP_WORDS[1]}}" in
{cases}    esac
    if [ "$COMP_CWORD" = 1 ]; then words="{" ".join(found)} --help --version"; fi
    if [ "${{COMP_WORDS[1]}}" = completion ]; then words="{" ".join(SHELLS)}"; fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [ ${{#COMPREPLY[@]}} = 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}}
complete -F _pluggrad pluggrad
"""


def _words(name: str, found: dict[str, list[str]]) -> str:
    names = f" $({NAMES} 2>/dev/null)" if name in NAMED else ""
    return " ".join(found[name]) + names


def zsh(found: dict[str, list[str]]) -> str:
    """Return the script for zsh, which runs that of bash."""
    return "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" + (
        bash(found)
    )


def fish(found: dict[str, list[str]]) -> str:
    """Return the script for fish."""
    first = "complete -c pluggrad -n __fish_use_subcommand -f -a"
    lines = [f"{first} '{' '.join(found)}'"]
    for name, words in found.items():
        inside = f"complete -c pluggrad -n '__fish_seen_subcommand_from {name}'"
        lines += [f"{inside} -l {word.removeprefix('--')}" for word in words]
        if name in NAMED:
            lines.append(f"{inside} -f -a '({NAMES} 2>/dev/null)'")
        if name == "completion":
            lines.append(f"{inside} -f -a '{' '.join(SHELLS)}'")
    return "\n".join(lines) + "\n"


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "completion",
        help="print the script by which a shell completes this command",
        description=run.__doc__,
    )
    command.add_argument("shell", choices=(*SHELLS, "names"), metavar="|".join(SHELLS))
    command.set_defaults(run=partial(run, parsers=commands.choices))
