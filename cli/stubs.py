"""`pluggrad stubs`: type checkers are told of the ops that are installed here."""

from __future__ import annotations

import inspect
import json
import sysconfig
from argparse import Namespace
from importlib.resources import files
from pathlib import Path
from typing import Any

from pluggrad import Op, PluggradError, Value, plugins

from .table import add_json, shown

NAME = "pluggrad-stubs"
BEGIN = "class OpMethods:\n"
OPERATORS = "    # Operators,"


class StubsError(PluggradError):
    """The stubs cannot be written."""


def run(given: Namespace) -> None:
    """Write a stub package that lists the methods of all installed ops.

    mypy and pyright read it beside pluggrad's own types: they know `x.your_op()` then, with its
    operands. Write it again when plugins come or go.
    """
    folder = write(Path(given.output or sysconfig.get_path("purelib")))
    names = list(plugins.ops)
    if given.json:
        print(json.dumps({"folder": str(folder), "ops": names}, indent=2))
    else:
        print(f"{shown(str(folder))}: {len(names)} ops")


def write(place: Path) -> Path:
    """Write the stub package into a folder, and return its own.

    Raises:
        StubsError: when that is impossible.
    """
    folder = place / NAME
    try:
        (folder / "ops").mkdir(parents=True, exist_ok=True)
        (folder / "py.typed").write_text("partial\n", encoding="utf-8")
        (folder / "ops" / "methods.pyi").write_text(text(), encoding="utf-8")
    except OSError as cause:
        raise StubsError(f"{folder} cannot be written: {cause.strerror}") from cause
    return folder


def text() -> str:
    """Return the stub: the methods of all ops, and the operators as they are."""
    own = files("pluggrad.ops").joinpath("methods.pyi").read_text(encoding="utf-8")
    head, _, rest = own.partition(BEGIN)
    operators = rest[rest.index(OPERATORS) :]
    methods = sorted(declaration(op) for op in plugins.ops.values())
    lines = "".join(f"    {line}\n" for line in methods)
    return f"{head}{BEGIN}{lines}\n{operators}"


def declaration(op: Op) -> str:
    """Return the declaration of an op's method.

    >>> from pluggrad.ops import atan2
    >>> declaration(atan2)
    'def atan2(self, x: Operand) -> Value: ...'
    """
    method = inspect.signature(getattr(Value, op.name))
    operands = [
        f"{name}: Operand" + (" = ..." if operand.default is not operand.empty else "")
        for name, operand in list(method.parameters.items())[1:]
    ]
    return f"def {op.name}({', '.join(['self', *operands])}) -> Value: ..."


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "stubs",
        help="tell mypy and pyright of the methods of all installed ops",
        description=inspect.cleandoc(run.__doc__ or ""),
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        help=f"where to write {NAME}; beside the installed packages if not given",
    )
    add_json(command)
    command.set_defaults(run=run)
