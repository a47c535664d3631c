"""What a plugin must be and give: each check raises a `PluginError` that names what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import PurePath
from typing import Any

from pluggrad.errors import MissingOpError, PluginError, one_line, quoted
from pluggrad.op import Op
from pluggrad.registry import Plugin, hookspecs
from pluggrad.registry.entry_points import GROUP
from pluggrad.value import Value
from pluggy import HookImpl, PluginManager

from .names import NameOfOthers, similar

HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("pluggrad_"))
Owner = Callable[[object], object]
MOST = 100_000  # of what a hook gives; more comes of a generator without end


def check_new(manager: PluginManager, plugin: object) -> None:
    """Check that a plugin is not registered yet, under whatever name."""
    for other, registered in manager.list_name_plugin():
        if registered is plugin:
            raise PluginError(f"it is registered already, as {other!r}")


def check_marked(plugin: object) -> None:
    """Find hook functions that lack the marker: pluggy passes over them in silence."""
    for name in HOOKS:
        hook = getattr(plugin, name, None)
        if callable(hook) and not hasattr(hook, f"{GROUP}_impl"):
            raise PluginError(f"its {name}() is not marked; put @hookimpl above it")


def check_hooks(manager: PluginManager, plugin: object) -> None:
    """Check that a registered plugin has hooks, and none that pluggrad does not know."""
    callers = manager.get_hookcallers(plugin)
    if not callers:
        raise PluginError(f"it has no hook; there are {', '.join(HOOKS)}")
    for caller in callers:
        optional = all(i.optionalhook for i in caller.get_hookimpls() if i.plugin is plugin)
        if not caller.has_spec() and not optional:
            raise PluginError(
                f"it implements an unknown hook {caller.name!r}{similar(caller.name, HOOKS)}"
            )


def check_ops(
    ops: Iterable[Any],
    installed: Mapping[str, Op],
    owner: Owner,
    replaced: Container[str] = (),
) -> None:
    """Check that each of a plugin's ops can be installed beside those that are.

    Parameters:
        ops: what the plugin gave.
        installed: the ops that are there.
        owner: tells which plugin an installed op came from.
        replaced: the names of ops that are not among them, because others take their places.
    """
    own: set[str] = set()
    operators = {(op.operator or "", op.arity): op.name for op in installed.values() if op.operator}
    for op in ops:
        if not isinstance(op, Op):
            raise PluginError(
                f"its pluggrad_register_ops() gave {quoted_with_type(op)}, which is not an Op"
            )
        if op.name in own:
            raise PluginError(f"it gives two ops named {op.name!r}")
        if op.name in installed:
            raise PluginError(
                f"op {op.name!r} is provided by {owner(installed[op.name])} already, which is "
                "kept; plugins.register_op(op, replace=True) puts another in its place"
            )
        known = vars(Value).get(op.name)
        if known and not isinstance(known, NameOfOthers) and op.name not in replaced:
            raise PluginError(f"op {op.name!r} would hide Value.{op.name}; give it another name")
        if op.name.startswith("_"):
            raise PluginError(f"op {op.name!r} has a private name; give it a public one")
        own.add(op.name)
        if op.operator:
            _check_operator(op, operators, installed, owner)


def _check_operator(
    op: Op,
    holders: dict[tuple[str, int], str],
    installed: Mapping[str, Op],
    owner: Owner,
) -> None:
    key = (op.operator or "", op.arity)
    holder = holders.setdefault(key, op.name)
    if holder == op.name:
        return
    if holder not in installed:
        raise PluginError(f"both {holder!r} and {op.name!r} want the operator {op.operator!r}")
    raise PluginError(
        f"operator {op.operator!r} of op {op.name!r} belongs to op {holder!r} of "
        f"{owner(installed[holder])}, which is kept. Leave out operator=, or disable "
        "the other plugin"
    )


def check_renderers(
    renderers: Iterable[Any], installed: Mapping[str, type[Any]], owner: Owner
) -> None:
    """Check that each of a plugin's renderer classes can be installed beside those that are.

    Parameters:
        renderers: what the plugin gave.
        installed: the renderer classes that are there.
        owner: tells which plugin an installed class came from.
    """
    own: set[str] = set()
    for renderer in renderers:
        if not isinstance(renderer, type) or "__call__" not in dir(renderer):
            raise PluginError(
                f"its pluggrad_register_renderers() gave {quoted_with_type(renderer)}; a renderer "
                "is a class with a name and __call__(graph)"
            )
        name = getattr(renderer, "name", None)
        if not isinstance(name, str) or not name:
            raise PluginError(
                f"renderer class {renderer.__name__} has no name; give it one: "
                f'name = "{renderer.__name__.removesuffix("Renderer").lower()}"'
            )
        if not name.isprintable() or name.startswith("-") or len(name.split()) != 1:
            raise PluginError(
                f"renderer class {renderer.__name__} has the name {name!r}, which cannot be "
                "written after --renderer: letters, digits, . and _ will do"
            )
        if name in own:
            raise PluginError(f"it gives two renderers named {name!r}")
        if name in installed:
            raise PluginError(
                f"renderer {name!r} is provided by {owner(installed[name])} already, which is kept"
            )
        _check_suffixes(name, getattr(renderer, "suffixes", ()))
        own.add(name)


def _check_suffixes(name: str, suffixes: object) -> None:
    """Check that each suffix is one that the path of a file can have."""
    if not isinstance(suffixes, tuple | list) or not all(
        isinstance(suffix, str) and suffix.startswith(".") for suffix in suffixes
    ):
        raise PluginError(
            f"renderer {name!r} has suffixes {quoted_with_type(suffixes)}; they are a tuple of "
            'texts such as (".svg",)'
        )
    for suffix in suffixes:
        last = PurePath(f"graph{suffix}").suffix.lower()
        if last != suffix or suffix == ".":
            hint = f"; write {last!r}" if len(last) > 1 else ""
            raise PluginError(
                f"renderer {name!r} has the suffix {suffix!r}, which save() finds for no file: "
                f"a suffix is the last dot of a name and what follows, in lower case{hint}"
            )


def doubled_suffixes(
    renderers: Iterable[type[Any]],
    installed: Mapping[str, type[Any]],
    owner: Callable[[object], Plugin | None],
    distribution: str,
) -> list[str]:
    """Return a note on each suffix of new renderers that another package has already, and keeps.

    What a subclass only inherits is not meant to take anything away.
    """
    notes = []
    holders: dict[str, type[Any]] = {}
    for kind in installed.values():
        maker = owner(kind)
        if distribution and maker is not None and maker.distribution == distribution:
            continue
        for suffix in getattr(kind, "suffixes", ()):
            holders.setdefault(suffix, kind)
    for kind in renderers:
        for suffix in dict.fromkeys(getattr(kind, "suffixes", ())):
            holder = holders.setdefault(suffix, kind)
            if not issubclass(kind, holder):
                notes.append(
                    f"renderer {kind.name!r} names the suffix {suffix!r}, which renderer "
                    f"{holder.name!r} has already, and keeps: to write such a file with it, say "
                    f"save(..., renderer={kind.name!r})"
                )
    return notes


def quoted_with_type(given: object) -> str:
    """Quote what a plugin gave, briefly, and with its type."""
    if isinstance(given, type):
        return f"class {given.__name__}"
    text = quoted(given, 61)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(given).__name__})"


def gifts(manager: PluginManager, plugin: object) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the ops and the renderers that a registered plugin gives."""
    return (
        _given(manager, plugin, "pluggrad_register_ops", "Ops"),
        _given(manager, plugin, "pluggrad_register_renderers", "renderer classes"),
    )


def _given(manager: PluginManager, plugin: object, hook: str, wanted: str) -> tuple[Any, ...]:
    """Call one plugin's own hook, so that a failure has a name."""
    for impl in getattr(manager.hook, hook).get_hookimpls():
        if impl.plugin is plugin:
            if impl.hookwrapper or impl.wrapper:
                raise PluginError(
                    f"its {hook}() is a wrapper, but each plugin is asked alone, so there is "
                    f"nothing to wrap; return the {wanted}"
                )
            try:
                given = ask(impl)
                if given is None:
                    return ()
                if isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping):
                    return _at_most(MOST, given)
            except KeyboardInterrupt:
                raise
            except BaseException as cause:
                is_class = isinstance(plugin, type) and issubclass(type(cause), TypeError)
                hint = "; it is a class: register an object of it, Plugin()" if is_class else ""
                raise PluginError(f"its {hook}() failed: {one_line(cause)}{hint}") from cause
            raise PluginError(
                f"its {hook}() gave {quoted_with_type(given)}, not a list of {wanted}"
            )
    return ()


def _at_most(number: int, given: Iterable[Any]) -> tuple[Any, ...]:
    found = tuple(islice(given, number + 1))
    if len(found) > number:
        raise PluginError(f"it goes on after {number:,} of them, as if it had no end")
    return found


@contextmanager
def program_left_alone(who: str, note: Callable[[str], None]) -> Iterator[None]:
    """Put back what a plugin takes from the whole program while it is loaded.

    Parameters:
        who: the plugin, for the notes.
        note: is called with a sentence on each thing that was put back.
    """
    limit, places = sys.getrecursionlimit(), [*sys.path]
    try:
        yield
    finally:
        if sys.getrecursionlimit() < limit:
            note(f"{who} lowered the recursion limit to {sys.getrecursionlimit()}, now put back")
            sys.setrecursionlimit(limit)
        left = sys.path if isinstance(sys.path, list) else []
        if not set(places) <= set(left):
            note(f"{who} took places out of sys.path, now put back")
            sys.path = [*places, *(place for place in left if place not in places)]


def ask(impl: HookImpl, **offered: Any) -> Any:
    """Call one plugin's hook with what it asks for, of all that is offered.

    So a hook can offer more in a later version, and plugins that were written before go on working.
    """
    return impl.function(*(offered[name] for name in impl.argnames))


def check_name(name: object) -> None:
    """Check that a plugin's name is one that messages and settings can tell.

    Raises:
        PluginError: for what is no text, or empty.
    """
    if not isinstance(name, str) or not name:
        raise PluginError(f"a plugin's name is text, not {quoted_with_type(name)}")


def while_loading(cause: BaseException) -> str:
    """Return what to do about a plugin that uses an op while others are not registered yet."""
    kind: type = type(cause)  # as its author wrote it: `isinstance` would ask the cause itself
    lacks_op = issubclass(kind, MissingOpError)
    if kind is AttributeError:
        lacks_op |= issubclass(type(cause.obj), Value)  # type: ignore[attr-defined]
    if kind is ImportError or kind is ModuleNotFoundError:
        lacks_op |= cause.name == f"{GROUP}.ops"  # type: ignore[attr-defined]
    return (
        ". Plugins are loaded one after the other, and ops of those behind it are not registered "
        "yet: compute with Values inside its functions, not while it is imported"
        if lacks_op
        else ""
    )


def without_replaced(ops: Iterable[Any], installed: Mapping[str, Op]) -> dict[str, Op]:
    """Check that ops can take the places of those of their names; return all others."""
    others = dict(installed)
    for op in ops:
        if not isinstance(op, Op):
            continue  # check_ops says so
        known = others.pop(op.name, None)
        if known is None:
            raise PluginError(f"no op {op.name!r} to replace{similar(op.name, installed)}")
        check_place(op, known)
    return others


def check_place(op: Op, known: Op, *, operator: bool = True) -> None:
    """Check that an op can take the place of one that rules of others call."""
    if (op.arity, op.defaults) != (known.arity, known.defaults):
        raise PluginError(
            f"op {op.name!r} has {op.arity} operands and the defaults {op.defaults}, but other ops "
            f"call one of this name with {known.arity} operands and the defaults {known.defaults}; "
            "give it another name"
        )
    if operator and op.operator != known.operator:
        raise PluginError(
            f"op {op.name!r} serves the operator {op.operator!r}, but what it would replace serves "
            f"{known.operator!r}; give it operator={known.operator!r}"
        )
