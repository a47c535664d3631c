"""The ops and renderers that a name stands for: one, those of a plugin, or of a package."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pluggrad import Op, Plugin, PluginError, plugins


def ops_of(name: str | None = None) -> list[Op]:
    """Return the ops that a name stands for.

    Parameters:
        name: an op, a plugin (its entry point's name), or a distribution; None for all ops.

    Raises:
        PluginError: when nothing has that name, naming what is close.
    """
    if name is None:
        return list(plugins.ops.values())
    if name in plugins.ops:
        return [plugins.ops[name]]
    return [op for plugin in plugins_named(name) for op in plugin.ops]


def renderers_of(name: str | None = None) -> list[type[Any]]:
    """Return the renderers that a name stands for.

    Parameters:
        name: a renderer, a plugin (its entry point's name), or a distribution; None for all.

    Raises:
        PluginError: when nothing has that name, naming what is close.
    """
    if name is None:
        return list(plugins.renderers.values())
    if name in plugins.renderers:
        return [plugins.renderers[name]]
    return [kind for plugin in plugins_named(name) for kind in plugin.renderers]


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
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "`pluggrad plugins` lists what is installed"
    raise PluginError(f"no op, renderer, plugin or package is named {name!r}; {hint}")
