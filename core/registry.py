"""The registry: loads plugins, owns the tables of ops and renderers."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

import pluggy

from . import hookspecs
from .config import Config, current_config
from .errors import ConfigError, MissingOpError, PluginError, PluginWarning, RenderError
from .methods import named_method, operator_method
from .op import Op
from .recording import switch
from .value import EMPTY_SOCKETS, SOCKETS, Value

GROUP = "pluggrad"
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("pluggrad_"))


@dataclass(frozen=True)
class Plugin:
    """One plugin as `pluggrad plugins` lists it.

    Attributes:
        name: the entry point's name, or the one given to `register`.
        distribution: the package it came with, and its version; "" when registered by hand.
        ops: the ops it gave.
        renderers: the renderer classes it gave.
        failure: why it was skipped; "" when all is well.
    """

    name: str
    distribution: str = ""
    ops: tuple[Op, ...] = ()
    renderers: tuple[type[Any], ...] = ()
    failure: str = ""


@dataclass
class Registry:
    """What is installed: plugins, and the ops and renderers that they gave.

    There is one, `pluggrad.plugins`.
    """

    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(GROUP))
    _plugins: dict[str, Plugin] = field(default_factory=dict)
    _failed: list[Plugin] = field(default_factory=list)
    _ops: dict[str, Op] = field(default_factory=dict)
    _renderers: dict[str, type[Any]] = field(default_factory=dict)
    _waiting: list[EntryPoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manager.add_hookspecs(hookspecs)

    # ----- What is there -----

    @property
    def ops(self) -> MappingProxyType[str, Op]:
        """The installed ops by name."""
        return MappingProxyType(self._ops)

    @property
    def renderers(self) -> MappingProxyType[str, type[Any]]:
        """The installed renderer classes by name."""
        return MappingProxyType(self._renderers)

    def __iter__(self) -> Any:
        """List the plugins: those that are loaded, then those that were skipped."""
        return iter([*self._plugins.values(), *self._failed])

    def op(self, name: str) -> Op:
        """Find an op.

        Raises:
            MissingOpError: when no plugin provides it.
        """
        try:
            return self._ops[name]
        except KeyError:
            raise MissingOpError(
                f"no plugin provides op {name!r}{_similar(name, self._ops)}"
            ) from None

    def renderer(self, name: str) -> type[Any]:
        """Find a renderer class.

        Raises:
            RenderError: when no plugin provides it, naming those that are there.
        """
        try:
            return self._renderers[name]
        except KeyError:
            raise RenderError(
                f"unknown renderer {name!r}; available: {', '.join(sorted(self._renderers))}"
            ) from None

    # ----- Getting plugins in and out -----

    def load(self) -> None:
        """Load every plugin that an installed package offers and the settings do not disable."""
        try:
            config = current_config()
        except ConfigError as cause:
            warnings.warn(f"{cause}; the settings are ignored", PluginWarning, stacklevel=2)
            config = Config()
        for entry_point in _found_entry_points():
            if any(fnmatchcase(entry_point.name, pattern) for pattern in config.disable_plugins):
                continue
            try:
                self._load_one(entry_point)
            except PluginError as cause:
                if config.strict_plugins:
                    raise
                self._failed.append(
                    Plugin(entry_point.name, _distribution(entry_point), failure=str(cause))
                )
                warnings.warn(str(cause), PluginWarning, stacklevel=2)

    def _load_one(self, entry_point: EntryPoint) -> None:
        name = entry_point.name
        where = f"plugin {name!r} ({_distribution(entry_point)})"
        if name in self._plugins:
            other = self._plugins[name].distribution
            raise PluginError(
                f"{where} has the same entry-point name as one of {other}, which is kept. Rename "
                "one of them, or uninstall one of the packages"
            )
        try:
            plugin = entry_point.load()
        except (Exception, SystemExit) as cause:
            raise PluginError(
                f"{where} failed to load: {_told(cause)}. "
                f"Fix it, or disable it with PLUGGRAD_DISABLE_PLUGINS={name}"
            ) from cause
        if _half_imported(plugin):
            # The program imports the plugin's module, which imports pluggrad, which is here now.
            # Its hooks are not defined yet; they will be when the next Value is made.
            self._waiting.append(entry_point)
            switch.pending = self._load_waiting
            return
        try:
            self.register(plugin, name, distribution=_distribution(entry_point))
        except PluginError as cause:
            raise PluginError(
                f"{where} was skipped: {cause}. "
                f"Fix it, or disable it with PLUGGRAD_DISABLE_PLUGINS={name}"
            ) from cause

    def _load_waiting(self) -> None:
        switch.pending = None
        waiting, self._waiting = self._waiting, []
        for entry_point in waiting:
            self._load_one(entry_point)

    def register(self, plugin: object, name: str, *, distribution: str = "") -> Plugin:
        """Register a plugin by hand: a module or object with pluggrad's hooks.

        Parameters:
            plugin: what has the hooks.
            name: what to call it, in messages and in `unregister`.
            distribution: the package it came with, and its version.

        Raises:
            PluginError: naming the cause. Nothing of the plugin is kept then.
        """
        if name in self._plugins:
            raise PluginError(f"a plugin named {name!r} is registered already")
        _check_marked(plugin)
        try:
            self.manager.register(plugin, name)
        except Exception as cause:
            self.manager.unregister(plugin) if self.manager.is_registered(plugin) else None
            raise PluginError(str(cause)) from cause
        try:
            self._check_known_hooks(plugin)
            ops = tuple(self._given(plugin, "pluggrad_register_ops"))
            renderers = tuple(self._given(plugin, "pluggrad_register_renderers"))
            self._check_ops(ops)
            self._check_renderers(renderers)
        except BaseException:
            self.manager.unregister(plugin)
            raise
        return self._install(Plugin(name, distribution, ops, renderers))

    def register_op(self, *ops: Op) -> None:
        """Register ops at run time, in a program or notebook, without a plugin around them.

        Raises:
            PluginError: when a name or operator is taken, naming its owner.

        >>> from pluggrad import Op, Value, plugins
        >>> plugins.register_op(Op("double", lambda x: 2 * x, lambda g, out, x: 2 * g))
        >>> Value(4.0).double().data
        8.0
        >>> plugins.unregister("double")
        """
        self._check_ops(ops)
        for op in ops:
            self._install(Plugin(op.name, ops=(op,)))

    def unregister(self, name: str) -> None:
        """Take a plugin out again, with its ops, operators and renderers.

        Graphs that were recorded with its ops keep working.
        """
        try:
            plugin = self._plugins.pop(name)
        except KeyError:
            raise PluginError(
                f"no plugin is named {name!r}{_similar(name, self._plugins)}"
            ) from None
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)
        for op in plugin.ops:
            del self._ops[op.name]
            delattr(Value, op.name)
            for socket in SOCKETS.get((op.operator or "", op.arity), ()):
                setattr(Value, socket, EMPTY_SOCKETS[socket])
        for renderer in plugin.renderers:
            del self._renderers[renderer.name]

    def _install(self, plugin: Plugin) -> Plugin:
        self._plugins[plugin.name] = plugin
        for op in plugin.ops:
            self._ops[op.name] = op
            setattr(Value, op.name, named_method(op))
            names = SOCKETS.get((op.operator or "", op.arity), ())
            for socket in names:
                setattr(Value, socket, operator_method(op, reflected=socket.startswith("__r")
                                                       and len(names) == 2))
        for renderer in plugin.renderers:
            self._renderers[renderer.name] = renderer
        return plugin

    # ----- Checks -----

    def _given(self, plugin: object, hook: str) -> Iterable[Any]:
        """Call one plugin's own hook, so that a failure has a name."""
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            if impl.plugin is plugin:
                try:
                    given = impl.function()
                    listed = [] if given is None else list(given)
                except Exception as cause:
                    raise PluginError(f"its {hook}() failed: {_told(cause)}") from cause
                yield from listed

    def _check_known_hooks(self, plugin: object) -> None:
        for hook in vars(self.manager.hook).values():
            if isinstance(hook, pluggy.HookCaller) and not hook.has_spec():
                for impl in hook.get_hookimpls():
                    if impl.plugin is plugin and not impl.optionalhook:
                        raise PluginError(
                            f"it implements an unknown hook {hook.name!r}"
                            f"{_similar(hook.name, HOOKS)}"
                        )

    def _check_ops(self, ops: Iterable[Any]) -> None:
        names: set[str] = set()
        operators: dict[tuple[str, int], str] = {
            (op.operator, op.arity): op.name for op in self._ops.values() if op.operator
        }
        for op in ops:
            if not isinstance(op, Op):
                raise PluginError(f"pluggrad_register_ops() gave {op!r:.60}, which is not an Op")
            if op.name in names:
                raise PluginError(f"it gives two ops named {op.name!r}")
            if op.name in self._ops:
                raise PluginError(
                    f"op {op.name!r} is provided by {self._owner(op.name)} already, which is kept"
                )
            if hasattr(Value, op.name):
                raise PluginError(
                    f"op {op.name!r} would hide Value.{op.name}; give it another name"
                )
            if op.operator:
                key = (op.operator, op.arity)
                if key not in SOCKETS:
                    known = ", ".join(sorted({symbol for symbol, _ in SOCKETS}))
                    raise PluginError(
                        f"op {op.name!r} asks for operator {op.operator!r} with {op.arity} "
                        f"operands; Python has {known}"
                    )
                if key in operators:
                    holder = operators[key]
                    raise PluginError(
                        f"operator {op.operator!r} of op {op.name!r} belongs to op {holder!r} of "
                        f"{self._owner(holder)}, which is kept"
                    )
                operators[key] = op.name
            names.add(op.name)

    def _check_renderers(self, renderers: Iterable[Any]) -> None:
        names: set[str] = set()
        for renderer in renderers:
            name = getattr(renderer, "name", None)
            if not isinstance(renderer, type) or not callable(getattr(renderer, "__call__", None)):  # noqa: B004
                raise PluginError(
                    f"pluggrad_register_renderers() gave {renderer!r:.60}; a renderer is a class "
                    "with a name and __call__(graph)"
                )
            if not isinstance(name, str) or not name:
                raise PluginError(f"renderer {renderer.__name__} has no name (text)")
            if name in names or name in self._renderers:
                raise PluginError(
                    f"renderer {name!r} is provided by {self._owner(name)} already, which is kept"
                )
            if "__call__" not in dir(renderer):
                raise PluginError(f"renderer {name!r} has no __call__(graph)")
            names.add(name)

    def _owner(self, name: str) -> str:
        for plugin in self._plugins.values():
            if any(op.name == name for op in plugin.ops) or any(
                renderer.name == name for renderer in plugin.renderers
            ):
                return f"plugin {plugin.name!r} ({plugin.distribution or 'registered by hand'})"
        return "this plugin"


def _found_entry_points() -> list[EntryPoint]:
    """List the entry points in a fixed order, pluggrad's own first, each distribution's once."""
    unique = {
        (ep.name, ep.value, _distribution(ep)): ep for ep in entry_points(group=GROUP)
    }
    return sorted(
        unique.values(),
        key=lambda ep: (not ep.value.startswith("pluggrad."), ep.name, _distribution(ep)),
    )


def _distribution(entry_point: EntryPoint) -> str:
    dist = entry_point.dist
    return f"{dist.name} {dist.version}" if dist is not None else "unknown package"


def _half_imported(plugin: object) -> bool:
    spec = getattr(plugin, "__spec__", None)
    return bool(getattr(spec, "_initializing", False)) and sys.modules.get(spec.name) is plugin  # type: ignore[union-attr]


def _check_marked(plugin: object) -> None:
    """Find hook functions that lack the marker: pluggy passes over them in silence."""
    for name, member in list(getattr(plugin, "__dict__", {}).items()):
        if name in HOOKS and callable(member) and not hasattr(member, f"{GROUP}_impl"):
            raise PluginError(f"its {name}() is not marked; put @hookimpl above it")


def _similar(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint} (available: {', '.join(known) or 'none'})"


def _told(cause: BaseException) -> str:
    return f"{type(cause).__name__}: {cause}"


plugins = Registry()
