"""What pluggrad adds to pytest: fixtures, and tests of a plugin without a test file.

    [tool.pytest.ini_options]
    pluggrad_check = ["my-ops"]

makes each check of each op and renderer of that plugin or package a test. pytest loads this file in
every run, wherever pluggrad is installed: it imports nothing until something of it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

if TYPE_CHECKING:
    from pluggrad import Op

T = TypeVar("T")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting."""
    parser.addini(
        "pluggrad_check",
        "pluggrad: ops, renderers, plugins and packages to check, each as `pluggrad check` does",
        type="args",
        default=[],
    )


@pytest.hookimpl(tryfirst=True)  # so that -k and --lf choose among these tests, too
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the tests of what the setting names, unless single tests are asked for."""
    names = config.getini("pluggrad_check")
    if names and not any("::" in argument for argument in config.args):
        items += [item for name in names for item in _tests(session, name)]


def _tests(session: pytest.Session, name: str) -> Iterator[pytest.Item]:
    """Make a test of each check of each thing that a name stands for."""
    from pluggrad.testing import RENDERER_CHECKS, check_renderer, ops_of, renderers_of

    _refuse_skipped(name)
    found, why = _named(name, ops_of, renderers_of)
    if not any(found):
        raise pytest.UsageError(f"pluggrad_check: {why or f'{name!r} provides nothing to check'}")
    ops, renderers = found
    if ops:  # what needs hypothesis and mpmath is loaded for ops only
        from pluggrad.testing import CHECKS, check_op

        yield from _checks(session, ops, CHECKS, check_op)
    yield from _checks(session, renderers, RENDERER_CHECKS, check_renderer)


def _refuse_skipped(name: str) -> None:
    """End the run when a plugin that is to be tested was not loaded."""
    from pluggrad import plugins

    for plugin in plugins:
        if plugin.failure and name in (plugin.name, plugin.distribution.rpartition(" ")[0]):
            raise pytest.UsageError(f"pluggrad_check: {plugin.failure}")


def _named(name: str, *kinds: Callable[[str], list[Any]]) -> tuple[list[list[Any]], str]:
    """Look a name up in each way; return what was found, and why nothing was."""
    from pluggrad import PluginError

    found, why = [], ""
    for kind in kinds:
        try:
            found.append(kind(name))
        except PluginError as cause:
            found.append([])
            why = str(cause)
    return found, why


def _checks(
    session: pytest.Session, things: Iterable[Any], checks: Iterable[Any], prove: Any
) -> Iterator[pytest.Item]:
    for thing in things:
        for check in checks:
            title = f"{thing.name}-{check.__name__}"
            item = _Check.from_parent(session, name=title, nodeid=f"pluggrad::{title}")
            item.prove = prove, thing, check
            yield item


class _Check(pytest.Item):
    """One check of one op or renderer."""

    prove: tuple[Any, Any, Any]

    def runtest(self) -> None:
        """Run the check; a failure is the one line that it says."""
        from pluggrad.testing import ConformanceError

        prove, thing, check = self.prove
        try:
            prove(thing, checks=[check])
        except ConformanceError as error:
            pytest.fail(str(error), pytrace=False)

    def reportinfo(self) -> tuple[str, None, str]:
        """Say what is tested."""
        return "pluggrad", None, self.name


# ----- Fixtures -----


@pytest.fixture
def register_op() -> Iterator[Callable[..., None]]:
    """Register ops for one test: `register_op(op)`, as `plugins.register_op` does."""
    from pluggrad import plugins

    registered: list[str] = []

    def register(*ops: Op, replace: bool = False) -> None:
        plugins.register_op(*ops, replace=replace)
        registered.extend(op.name for op in ops)

    yield register
    for name in registered:
        plugins.unregister(name)


@pytest.fixture
def register_plugin() -> Iterator[Callable[[T, str], T]]:
    """Register a plugin for one test: `register_plugin(plugin, "name")` returns the plugin."""
    from pluggrad import plugins

    registered: list[str] = []

    def register(plugin: T, name: str) -> T:
        registered.append(plugins.register(plugin, name).name)
        return plugin

    yield register
    for name in registered:
        plugins.unregister(name)
