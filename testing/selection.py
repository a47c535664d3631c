"""The ops and renderers that a name stands for: one, those of a plugin, or of a package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pluggrad import Op, Plugin, PluginError, plugins
from pluggrad.hints.names import closest

T = TypeVar("T")


def ops_of(name: str | None = None) -> list[Op]:
    """Return the ops that a name stands for.

    Parameters:
        name: an op, a plugin (its entry point's name), or a distribution; None for all ops.

    Raises:
        PluginError: when nothing has that name, naming what is close.

    >>> [op.name for op in ops_of("pluggrad.ieee")]
    ['copysign', 'fmod', 'remainder', 'fma']
    """
    return _provided(name, plugins.ops, lambda plugin: plugin.ops)


def renderers_of(name: str | None = None) -> list[type[Any]]:
    """Return the renderers that a name stands for.

    Parameters:
        name: a renderer, a plugin (its entry point's name), or a distribution; None for all.

    Raises:
        PluginError: when nothing has that name, naming what is close.

    >>> [kind.name for kind in renderers_of("pluggrad.xml")]
    ['graphml', 'gexf', 'gml']
    """
    return _provided(name, plugins.renderers, lambda plugin: plugin.renderers)


def chosen(which: Any, kind: type[T], named: Callable[[str | None], list[T]], what: str) -> list[T]:
    """Return what a suite tests: what a name stands for (None is all), one thing, or several.

    Raises:
        PluginError: when there is none.
    """
    if isinstance(which, str) or which is None:
        found = named(which)
    else:
        found = [which] if isinstance(which, kind) else list(which)
    if not found:
        raise PluginError(f"{which!r} provides no {what}, so there would be nothing to test")
    return found


def _provided(
    name: str | None, installed: Mapping[str, T], parts: Callable[[Plugin], Sequence[T]]
) -> list[T]:
    if name is None:
        return list(installed.values())
    if name in installed:
        return [installed[name]]
    return [part for plugin in plugins_named(name) for part in parts(plugin)]


def plugins_named(name: str) -> list[Plugin]:
    """Find the plugins that a name stands for: one, or all of a distribution.

    Raises:
        PluginError: when it could not be loaded, or nothing has that name, naming what is close.
    """
    listed = list(plugins)
    failed = [plugin for plugin in listed if plugin.name == name and plugin.failure]
    if failed:
        raise PluginError(failed[0].failure)
    chosen = [p for p in listed if name in (p.name, p.distribution.partition(" ")[0])]
    if chosen:
        return chosen
    known = {*plugins.ops, *plugins.renderers, *(p.name for p in listed)}
    close = closest(name, known)
    hint = f"did you mean {close!r}?" if close else "`pluggrad plugins` lists what is installed"
    if (Path(name) / "pyproject.toml").is_file():
        hint = f"install the folder first: pip install -e {name}"
    raise PluginError(f"no op, renderer, plugin or package is named {name!r}; {hint}")
