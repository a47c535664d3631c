"""`pluggrad check`: do ops and renderers keep their contracts, and if not, where and how."""

from __future__ import annotations

import io
import os
import re
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from pluggrad import PluggradError, Plugin, PluginError, plugins
from pluggrad.errors import one_line
from pluggrad.progress import waiting, working

from .table import add_json, report, shown
from .target import load_function

FAILED = 1


class CheckError(PluggradError):
    """`pluggrad check` was asked for nothing, or lacks a package that it needs."""


def run(given: Namespace) -> int:
    """Check ops and renderers, one line each; exit code 1 if one fails."""
    if bool(given.names) == given.all:
        raise CheckError("check takes names of ops, renderers or plugins, or --all")
    with TemporaryDirectory() as folder:
        # Else hypothesis leaves a folder of its own wherever the command is run.
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)
        # Its own plugins are not needed; to look for them fails where any package is malformed.
        os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
        return _check(given)


def _check(given: Namespace) -> int:
    found: dict[Any, tuple[str, Callable[[], None]]] = {}
    _check_references(given)
    for name in given.names or [None]:
        checks = _checks(name, given)
        if not checks:
            raise CheckError(f"{name!r} provides nothing to check" if name else "nothing to check")
        found |= checks
    width = max(len(name) for name, _ in found.values())
    rows = []
    for name, ok, message in _results(list(found.values())):
        rows.append((name, ok, message))
        if not given.json:
            said = ("ok; " if message else "ok") if ok else "FAILED  "
            print(_line(f"{name:{width}}  {said}{message}"), flush=True)
    failed = sum(not ok for _, ok, _ in rows)
    if given.json:
        report(given, ("name", "ok", "message"), rows)
    elif failed:
        print(f"{failed} of {len(found)} failed")
    return FAILED if failed else 0


def _results(checks: list[tuple[str, Callable[[], None]]]) -> Iterator[tuple[str, bool, str]]:
    """Do one check after the other; whoever waits sees how many are done."""
    with waiting(elsewhere=False) as line:
        for number, (name, check) in enumerate(checks):
            with working(f"checking {name}", done=number, total=len(checks)):
                ok, message = _result(check)
            line.done()  # before its result is printed in the same place
            yield name, ok, message


def _result(check: Callable[[], None]) -> tuple[bool, str]:
    """Return whether a check passes, and what is wrong or else worth saying."""
    from pluggrad.testing import ConformanceError

    heard = _Heard()
    try:
        with (
            redirect_stdout(heard),
            _no_sudden_end(),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", UserWarning)
            check()
    except ConformanceError as error:
        return False, str(error)
    except (KeyboardInterrupt, PluggradError):
        raise
    except BaseException as cause:  # sys.exit(0) in a rule, too, has proved nothing
        return False, f"it ends the check: {type(cause).__name__}: {cause}"
    return True, "; ".join([*(str(x.message) for x in told), *heard.notes])


@contextmanager
def _no_sudden_end() -> Iterator[None]:
    """Turn `os._exit(0)` in what is checked into an error: it would end all with a success."""
    end, here = os._exit, os.getpid()

    def refused(status: int) -> NoReturn:
        if os.getpid() != here:  # a forked process ends so
            end(status)
        raise SystemExit(f"os._exit({status})")

    os._exit = refused
    try:
        yield
    finally:
        os._exit = end


class _Heard(io.TextIOBase):
    """Takes what is printed during a check, which would stand between its lines."""

    notes: tuple[str, ...] = ()

    def write(self, text: str) -> int:
        """Drop a text, and take note."""
        self.notes = ("it prints to standard output, each time that it is called",)
        return len(text)


def _checks(name: str | None, given: Namespace) -> dict[Any, tuple[str, Callable[[], None]]]:
    """Find the ops and renderers that a name stands for, and how to check each."""
    from pluggrad.testing import check_renderer, ops_of, renderers_of

    skipped = _skipped(name)
    ops, kinds, unknown = [], [], None
    try:
        ops = ops_of(name)
    except PluginError as cause:
        unknown = cause
    try:
        kinds = renderers_of(name)
    except PluginError:
        if unknown is not None and not skipped:
            raise unknown from None
    found: dict[Any, tuple[str, Callable[[], None]]] = {}
    for op in ops:
        found[op] = (
            op.name,
            partial(
                _check_op(),
                op,
                seed=given.seed,
                examples=given.examples,
                rtol=given.rtol,
                reference=_reference(op.name, given),
                note=lambda text: warnings.warn(text, UserWarning, stacklevel=2),
            ),
        )
    for kind in kinds:
        found[kind] = kind.name, partial(check_renderer, kind, depth=given.depth)
    for plugin in skipped:
        found[plugin] = plugin.name, partial(_fail, plugin.failure)
    for plugin in _empty(name):
        found[plugin] = plugin.name, partial(_fail, "it registers nothing; do its hooks return it?")
    return found


def _check_op() -> Callable[..., None]:
    try:
        from pluggrad.testing import check_op
    except ModuleNotFoundError as cause:
        raise CheckError(str(cause)) from cause
    except Exception as cause:  # of an installed package that is none of ours
        raise CheckError(f"what checks ops cannot be imported: {one_line(cause)}") from cause
    return check_op


def _reference(op: str, given: Namespace) -> Callable[..., Any] | None:
    """Find the reference that was given for an op, as OP=MODULE:FUNCTION, or as the only one."""
    for text in given.reference:
        name, equals, target = text.rpartition("=")
        if name == op or (not equals and given.names == [op]):
            return load_function(target)
    return None


def _check_references(given: Namespace) -> None:
    """Refuse a reference that belongs to no op."""
    from pluggrad.testing import ops_of

    for text in given.reference:
        name, equals, _ = text.rpartition("=")
        if equals:
            ops_of(name)
        elif len(given.names) != 1 or given.names[0] not in plugins.ops:
            raise CheckError(f"whose reference is {text!r}? Write OP=MODULE:FUNCTION")


def _skipped(name: str | None) -> list[Plugin]:
    """List the plugins that a name stands for and that were not loaded, so cannot be checked.

    With --all those that the settings disable are left out, as the person wishes.
    """
    skipped = [plugin for plugin in plugins if plugin.failure]
    if name is None:
        return [plugin for plugin in skipped if not plugin.failure.startswith("disabled by")]
    return [p for p in skipped if name in (p.name, p.distribution.rpartition(" ")[0])]


def _empty(name: str | None) -> list[Plugin]:
    """List the plugins of a package that have a hook for ops or renderers and gave none."""
    packages = [p for p in plugins if name == p.distribution.rpartition(" ")[0] and not p.failure]
    return [p for p in packages if not (p.ops or p.renderers) and _has_a_hook(p)]


def _has_a_hook(plugin: Plugin) -> bool:
    hook = plugins.manager.hook
    callers = (hook.pluggrad_register_ops, hook.pluggrad_register_renderers)
    return any(i.plugin_name == plugin.name for caller in callers for i in caller.get_hookimpls())


def _fail(why: str) -> None:
    from pluggrad.testing import ConformanceError

    raise ConformanceError(why)


def _line(text: str) -> str:
    """Write a line for a terminal: what it would obey, rather than show, is escaped."""
    return shown(re.sub(r"\s*\n\s*", " ", text))


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "check",
        help="prove ops and renderers right, or say what is wrong",
        description="Compare ops and their derivative rules with independent truth, and try "
        "renderers on graphs and labels of every kind.",
    )
    command.add_argument(
        "names",
        metavar="NAME|PLUGIN",
        nargs="*",
        help="an op, a renderer, a plugin, or a package of plugins",
    )
    command.add_argument("--all", action="store_true", help="all that is installed")
    command.add_argument("--seed", type=int, default=0, help="where chance starts (0)")
    command.add_argument(
        "--examples", type=int, default=50, help="drawn operands for each op, beside the fixed (50)"
    )
    command.add_argument(
        "--rtol",
        type=float,
        default=1e-9,
        help="how far a derivative may be off, relative to the truth, beyond rounding (1e-9)",
    )
    command.add_argument(
        "--reference",
        metavar="[OP=]MODULE:FUNCTION",
        action="append",
        default=[],
        help="the function of an op on mpmath numbers, such as erf=mpmath:erf, where its forward "
        "cannot be computed with more digits",
    )
    command.add_argument(
        "--depth", type=int, default=100_000, help="of the deepest chain to draw (100000)"
    )
    add_json(command)
    command.set_defaults(run=run)
