"""The hooks: how operations and renderers enter pluggrad. There is no other way in.

A plugin is a module (or any object) with functions of these names, marked with `hookimpl`. A
package offers its plugin modules to pluggrad by entry points of the group `pluggrad`:

    [project.entry-points.pluggrad]
    "my-ops" = "my_package.ops"

    [project.entry-points."pluggrad.renderers"]
    "my-picture" = "my_package.picture"

Plugins of the first group are loaded when `pluggrad` is imported. Those of the second, which only
draw, are loaded when the first renderer is needed, so that `import pluggrad` stays quick. All
built-in operations and renderers come through these hooks and entry points too. pluggrad's own
plugins are loaded first, then the others in the order of their entry points' names. A plugin that
fails is skipped as a whole, with a `PluginWarning`.

How hooks change is a promise, told in `docs/publish.md`: they may offer more arguments, which a
plugin takes or leaves out; what is to go is marked with pluggy's `warn_on_impl` or
`warn_on_impl_args` and a `DeprecationWarning` first, and works until the next major version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from ..op import Op

hookspec = pluggy.HookspecMarker("pluggrad")
hookimpl = pluggy.HookimplMarker("pluggrad")


@hookspec
def pluggrad_register_ops() -> Iterable[Op] | None:
    """Return the operations of this plugin.

    Called once, when the plugin is registered.

    Each op becomes a function of its module, a method of `Value` under its name, and where it
    declares an `operator`, what that operator does on Values.

    Returns:
        The ops. The whole plugin is skipped when a name belongs to another plugin or to `Value`
        itself, or when an operator is taken.

    Example:
        @hookimpl
        def pluggrad_register_ops():
            return [Op("square", lambda x: x * x, lambda g, out, x: g * 2 * x)]
    """


@hookspec
def pluggrad_register_renderers() -> Iterable[type[Any]] | None:
    """Return the renderers of this plugin.

    Called once, when the plugin is registered.

    A renderer is a class with a `name` and optionally `suffixes`, a tuple of the file suffixes it
    writes, `(".csv",)`: the last dot of a name and what follows, in lower case. Where two renderers
    name the same one, the first registered has it, and a `PluginWarning` says so. Its
    `__init__` takes the options, as keywords with defaults; its `__call__(graph)` takes a `Graph`
    and returns whatever is native to its format. For `save()` it has `write(graph, path)`, unless
    it returns str or bytes. For notebooks it may have `notebook(graph)`, which gives texts by MIME
    type; without it, notebooks show the SVG it writes, or what its result shows of itself. Heavy
    imports belong inside `__call__`.

    Returns:
        The renderer classes. The whole plugin is skipped when a name belongs to another plugin.

    Example:
        class CountRenderer:
            name = "count"

            def __call__(self, graph):
                return f"{len(graph)} nodes"

        @hookimpl
        def pluggrad_register_renderers():
            return [CountRenderer]
    """


@hookspec
def pluggrad_register_words(language: str) -> Mapping[str, Mapping[str, str]] | None:
    r"""Return words for ops in other languages, where their Python cannot be written in these.

    Called each time that a program is printed, by the renderers `c` and `js` and others like them.
    They need it for ops only whose forward function or rule is more than arithmetic, branches,
    loops, functions of `math` and other ops.

    Parameters:
        language: which one is printed, by the name of its renderer. A plugin whose words cost
            nothing leaves it out, `def pluggrad_register_words():`.

    Returns:
        For each language, the name of its renderer, a dict from the name of an op to its text. The
        last line of the text is an expression, in which `{0}`, `{1}` and so on stand for the
        operands; the lines before it are put once at the top of the file. A rule is called by the
        op's name and the operand's number, `"airy/0"`; its operands are the gradient, the result,
        and the operands of the op.

    Example:
        @hookimpl
        def pluggrad_register_words():
            return {"c": {"airy": "#include <gsl/gsl_sf.h>\ngsl_sf_airy_Ai({0}, GSL_PREC_DOUBLE)"}}
    """


@dataclass(frozen=True)
class Plugin:
    """One plugin as `pluggrad plugins` lists it.

    Attributes:
        name: the entry point's name, or the one passed to `register`.
        distribution: the package it comes with, and its version; "" when registered by hand.
        ops: its ops, in its own order.
        renderers: its renderer classes.
        failure: why it was skipped; "" when all is well.
        value: the module or object that the entry point names; "" when registered by hand.

    >>> from pluggrad import plugins
    >>> found = next(plugin for plugin in plugins if plugin.name == "pluggrad.ieee")
    >>> [op.name for op in found.ops]
    ['copysign', 'fmod', 'remainder', 'fma']
    """

    name: str
    distribution: str = ""
    ops: tuple[Op, ...] = ()
    renderers: tuple[type[Any], ...] = ()
    failure: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.distribution or 'registered by hand'})"
