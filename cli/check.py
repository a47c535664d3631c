"""`pluggrad check`: does an op keep the contract, and if not, where and how."""

from __future__ import annotations

import os
from argparse import Namespace
from tempfile import TemporaryDirectory
from typing import Any

from pluggrad import Op, PluggradError

FAILED = 1


class CheckError(PluggradError):
    """`pluggrad check` was asked for nothing, or lacks a package that it needs."""


def run(given: Namespace) -> int:
    """Check ops against the truth, one line each; exit code 1 if one fails."""
    if bool(given.names) == given.all:
        raise CheckError("check takes names of ops or plugins, or --all; `pluggrad plugins` lists")
    with TemporaryDirectory() as folder:
        # Else hypothesis leaves a folder of its own wherever the command is run.
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)
        return _check(given)


def _check(given: Namespace) -> int:
    try:
        from pluggrad.testing import ConformanceError, check_op, ops_of
    except ModuleNotFoundError as cause:
        raise CheckError(f"{cause}; pip install 'pluggrad[testing]'") from cause
    ops: dict[str, Op] = {}
    for name in given.names or [None]:
        found = {op.name: op for op in ops_of(name)}
        if not found:
            raise CheckError(f"{name!r} provides no ops" if name else "no op is installed")
        ops |= found
    width = max(map(len, ops))
    failed = 0
    for name, op in ops.items():
        try:
            check_op(op, seed=given.seed, examples=given.examples)
        except ConformanceError as error:
            failed += 1
            print(f"{name:{width}}  FAILED  {' '.join(str(error).split())}", flush=True)
        else:
            print(f"{name:{width}}  ok", flush=True)
    if failed:
        print(f"{failed} of {len(ops)} failed")
    return FAILED if failed else 0


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "check",
        help="prove the derivative rules of ops, or say which is wrong",
        description="Compare ops and their derivative rules with independent truth.",
    )
    command.add_argument(
        "names", metavar="NAME|PLUGIN", nargs="*", help="an op, a plugin, or a package of plugins"
    )
    command.add_argument("--all", action="store_true", help="all installed ops")
    command.add_argument("--seed", type=int, default=0, help="where chance starts (0)")
    command.add_argument(
        "--examples", type=int, default=50, help="drawn operands for each op, beside the fixed (50)"
    )
    command.set_defaults(run=run)
