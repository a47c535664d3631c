"""`pluggrad ops`, `pluggrad renderers`, `pluggrad plugins`: what is installed, as tables."""

from __future__ import annotations

import inspect
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pluggrad import Op, PluginError, plugins
from pluggrad.errors import TraceError
from pluggrad.insight.formulas import derivative
from pluggrad.op import NAMES
from pluggrad.renderers.latex.derivatives import derivative as latex_derivative

from .table import add_json, report


def list_ops(given: Namespace) -> None:
    """Print the installed ops, or those that are named."""
    ops = [plugins.op(name) for name in given.names] or list(plugins.ops.values())
    if given.formula or given.latex:
        found = _derivatives(ops, latex_derivative if given.latex else derivative)
        report(given, ("name", "operand", "derivative, from the rule"), list(found))
        return
    rows = [
        (op.name, op.operator or "", op.arity, plugin.name, op.__doc__ or "")
        for plugin in plugins
        for op in plugin.ops
        if op in ops
    ]
    report(given, ("name", "operator", "operands", "plugin", "formula"), rows)


def list_renderers(given: Namespace) -> None:
    """Print the installed renderers, with the options that they take."""
    rows = [
        (kind.name, list(getattr(kind, "suffixes", ())), plugin.name, _options(kind))
        for plugin in plugins
        for kind in plugin.renderers
    ]
    report(given, ("name", "suffixes", "plugin", "options"), rows)


def list_plugins(given: Namespace) -> None:
    """Print the plugins with what each gave, then those that were skipped and why."""
    if given.hook and given.hook not in _hooks():
        raise PluginError(f"there is no hook {given.hook!r}; available: {', '.join(_hooks())}")
    loaded = [plugin for plugin in plugins if not plugin.failure]
    skipped = [plugin for plugin in plugins if plugin.failure]
    if given.hook:
        loaded = [plugin for plugin in loaded if plugin.name in _implementing(given.hook)]
        skipped = []
    rows = [
        (
            plugin.name,
            plugin.distribution,
            [kind.name for kind in plugin.renderers],
            [op.name for op in plugin.ops],
        )
        for plugin in loaded
    ]
    why = [(plugin.name, plugin.distribution, plugin.failure) for plugin in skipped]
    if given.json:
        header = ("name", "package", "renderers", "ops", "hooks", "skipped")
        full = [(*row, _hooks_of(row[0]), "") for row in rows]
        report(given, header, full + [(name, package, [], [], [], x) for name, package, x in why])
        return
    report(given, ("name", "package", "renderers", "ops"), rows)
    if why:
        print()
        report(given, ("skipped", "package", "why"), why)


def _hooks() -> list[str]:
    """List the hooks that there are; those that only a refused plugin asked for are none."""
    return sorted(name for name, caller in vars(plugins.manager.hook).items() if caller.has_spec())


def _implementing(hook: str) -> set[str]:
    caller = getattr(plugins.manager.hook, hook)
    return {implementation.plugin_name for implementation in caller.get_hookimpls()}


def _hooks_of(name: str) -> list[str]:
    return [hook for hook in _hooks() if name in _implementing(hook)]


def _derivatives(
    ops: Iterable[Op], write: Callable[[Op, int], str]
) -> Iterator[tuple[str, str, str]]:
    for op in ops:
        for index in range(op.arity):
            try:
                formula = write(op, index)
            except TraceError as cause:
                formula = f"(called as it stands: {cause})"
            yield op.name, "x" if op.arity == 1 else NAMES[index], formula


def _options(kind: type[Any]) -> str:
    """Write a renderer's options with their defaults, as in its signature."""
    shown = []
    for option in inspect.signature(kind).parameters.values():
        has_default = option.default is not option.empty
        shown.append(f"{option.name}={option.default!r}" if has_default else option.name)
    return ", ".join(shown)


def add_to(commands: Any) -> None:
    """Add these subcommands to the parser."""
    for name, run, help in (
        ("ops", list_ops, "list the installed operations"),
        ("renderers", list_renderers, "list the installed renderers and their options"),
        ("plugins", list_plugins, "list the installed plugins, and why one was skipped"),
    ):
        command = commands.add_parser(name, help=help, description=run.__doc__)
        command.set_defaults(run=run)
        add_json(command)
        if name == "plugins":
            command.add_argument(
                "--hook", metavar="NAME", help="those only that implement this hook"
            )
        if name == "ops":
            command.add_argument("names", metavar="NAME", nargs="*", help="these ops only")
            command.add_argument(
                "--formula",
                action="store_true",
                help="print the derivative by each operand, made from the op's rule",
            )
            command.add_argument("--latex", action="store_true", help="the same in LaTeX")
