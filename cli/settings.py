"""`pluggrad config`: which settings hold, and where each comes from."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pluggrad.config import Config, current_config
from pluggrad.settings import ENVIRONMENT, find_file, from_environment, from_file

from .table import add_json, report

VARIABLES = {key: variable for variable, key in ENVIRONMENT.items()}


def run(given: Namespace) -> None:
    """Print each setting, its value and where it comes from: a file, a variable or the default."""
    current_config()  # what is wrong in any place is told now
    rows = [(name, value, place) for name, value, place in settings()]
    if not given.json:
        rows = [(name, _written(value), place) for name, value, place in rows]
    report(given, ("setting", "value", "from"), rows)


def settings() -> Iterator[tuple[str, Any, str]]:
    """Yield each setting with its value and where it comes from; options of renderers one by one.

    >>> [name for name, _, _ in settings()][0]
    'renderer'
    """
    path, file, environment = find_file(), from_file(), from_environment()
    default = Config()
    for field in fields(Config):
        name = field.name
        if name == "renderers":
            for kind, options in file.get(name, {}).items():
                for option, value in options.items():
                    yield f"renderers.{kind}.{option}", value, str(path)
        else:
            yield name, *_origin(name, environment, file, str(path), getattr(default, name))


def _origin(
    name: str, environment: Mapping[str, Any], file: Mapping[str, Any], path: str, default: Any
) -> tuple[Any, str]:
    if name in environment:
        return environment[name], f"the environment: {VARIABLES[name]}"
    if name in file:
        return file[name], path
    return default, "the default"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "config",
        help="print the settings that hold here, and where each comes from",
        description=run.__doc__,
    )
    add_json(command)
    command.set_defaults(run=run)
