"""The registry: owns the tables of plugins, ops and renderers, and loads what is installed."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

import pluggy

from . import hookspecs
from .config import readable_config
from .entry_points import EntryPoint
from .errors import MissingOpError, PluginError, PluginWarning, RenderError
from .found import (
    BROKEN,
    GROUP,
    RENDERERS,
    found_entry_points,
    is_being_imported,
    similar,
    told,
)
from .methods import named_method, operator_method
from .op import Op
from .plugin_checks import check_hooks, check_marked, check_ops, check_renderers, quoted
from .recording import switch
from .value import EMPTY_SOCKETS, SOCKETS, Value


@dataclass(frozen=True)
class Plugin:
    """One plugin as `pluggrad plugins` lists it.

    Attributes:
        name: the entry point's name, or the one given to `register`.
        distribution: the package it came with, and its version; "" when registered by hand.
        ops: the ops it gave, in its own order.
        renderers: the renderer classes it gave.
        failure: why it was skipped; "" when all is well.
        value: the module or object that it is, as the entry point says; "" when by hand.
    """

    name: str
    distribution: str = ""
    ops: tuple[Op, ...] = ()
    renderers: tuple[type[Any], ...] = ()
    failure: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"plugin {self.name!r} ({self.distribution or 'registered by hand'})"


@dataclass(eq=False)
class Registry:
    """What is installed: plugins, and the ops and renderers that they gave.

    There is one, `pluggrad.plugins`. Iterating gives every `Plugin`: those that are loaded, then
    those that were skipped.

    Attributes:
        manager: pluggy's own, for whoever wants to look.
        changes: how often ops came or went, for whoever remembers something about them.
    """

    changes: int = field(default=0, init=False)
    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(GROUP))
    _plugins: dict[str, Plugin] = field(default_factory=dict)
    _skipped: list[Plugin] = field(default_factory=list)
    _ops: dict[str, Op] = field(default_factory=dict)
    _renderers: dict[str, type[Any]] = field(default_factory=dict)
    _waiting: list[EntryPoint] = field(default_factory=list)
    _drawing: list[EntryPoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manager.add_hookspecs(hookspecs)

    # ----- What is there -----

    @property
    def ops(self) -> Mapping[str, Op]:
        """The installed ops by name, in the order of registration."""
        self._load_waiting()
        return MappingProxyType(self._ops)

    @property
    def renderers(self) -> Mapping[str, type[Any]]:
        """The installed renderer classes by name, in the order of registration."""
        self._load_renderers()
        return MappingProxyType(self._renderers)

    def __iter__(self) -> Iterator[Plugin]:
        self._load_renderers()
        return iter([*self._plugins.values(), *self._skipped])

    def op(self, name: str) -> Op:
        """Find an op.

        Raises:
            MissingOpError: when no plugin provides it.
        """
        try:
            return self.ops[name]
        except KeyError:
            raise MissingOpError(
                f"no plugin provides op {name!r}{similar(name, self._ops)}"
            ) from None

    def renderer(self, name: str) -> type[Any]:
        """Find a renderer class.

        Raises:
            RenderError: when no plugin provides it, naming those that are there.
        """
        try:
            return self.renderers[name]
        except KeyError:
            raise RenderError(
                f"unknown renderer {name!r}; available: {', '.join(sorted(self._renderers))}"
            ) from None

    # ----- Loading what is installed -----

    def load(self) -> None:
        """Load every plugin that an installed package offers and the settings do not disable.

        `import pluggrad` does this; what the group `pluggrad.renderers` has waits until somebody
        asks for a renderer. Called again, it loads what was installed since, and tries again what
        failed.

        Raises:
            PluginError: for a broken plugin in strict mode, once all others are loaded. Else it
                is skipped with a `PluginWarning`.
        """
        config, unreadable = readable_config()
        self._skipped.clear()
        self._waiting.clear()
        enabled: dict[str, list[EntryPoint]] = {GROUP: [], RENDERERS: []}
        for group, entry_points in enabled.items():
            for entry_point in found_entry_points(group):
                if any(fnmatchcase(entry_point.name, name) for name in config.disable_plugins):
                    self._skip(entry_point, "disabled by the settings (disable_plugins)")
                else:
                    entry_points.append(entry_point)
        self._drawing = enabled[RENDERERS]
        broken = self._load_each(enabled[GROUP], config.strict_plugins)
        ignored = [f"{cause}. This part of the settings is ignored" for cause in unreadable]
        _warn([*ignored, *broken], stacklevel=4)

    def _load_waiting(self) -> None:
        if self._waiting:
            config, _ = readable_config()
            switch.pending = None
            waiting, self._waiting = self._waiting, []
            _warn(self._load_each(waiting, config.strict_plugins), stacklevel=4)

    def _load_renderers(self) -> None:
        self._load_waiting()
        if self._drawing:
            drawing, self._drawing = self._drawing, []
            config, _ = readable_config()
            _warn(self._load_each(drawing, config.strict_plugins), stacklevel=4)

    def _load_each(self, entry_points: Iterable[EntryPoint], strict: bool) -> list[str]:
        """Load plugins, whatever becomes of the others; give the warnings to be issued."""
        broken = []
        for entry_point in entry_points:
            try:
                self._load_one(entry_point)
            except PluginError as cause:
                self._skip(entry_point, str(cause))
                broken.append(cause)
        if strict and broken:
            raise broken[0]
        return [str(cause) for cause in broken]

    def _skip(self, entry_point: EntryPoint, why: str) -> None:
        self._skipped.append(Plugin(entry_point.name, entry_point.distribution, failure=why))

    def _load_one(self, entry_point: EntryPoint) -> None:
        name, distribution = entry_point.name, entry_point.distribution
        where = f"plugin {name!r} ({distribution})"
        if name in self._plugins:
            known = self._plugins[name]
            if (known.distribution, known.value) == (distribution, entry_point.value):
                return
            raise PluginError(
                f"{where} was skipped: {self._plugins[name]} has the same entry-point name and is "
                "kept. Rename one of them, or uninstall one of the packages"
            )
        if is_being_imported(entry_point):
            # The program imports the plugin, which imports pluggrad, which is here now. The
            # plugin's hooks are not defined yet; they will be when someone looks for an op.
            self._waiting.append(entry_point)
            switch.pending = self._load_waiting
            return
        doing = "failed to load"
        try:
            plugin = entry_point.load()
            doing = "was skipped"
            registered = self.register(plugin, name, distribution=distribution)
            self._plugins[name] = replace(registered, value=entry_point.value)
        except BROKEN as cause:
            reason = str(cause) if isinstance(cause, PluginError) else told(cause)
            raise PluginError(
                f"{where} {doing}: {reason}. "
                f"Fix it, or disable it with PLUGGRAD_DISABLE_PLUGINS={name}"
            ) from cause

    # ----- Getting plugins in and out -----

    def register(self, plugin: object, name: str, *, distribution: str = "") -> Plugin:
        """Register a plugin by hand: a module or object with pluggrad's hooks.

        Parameters:
            plugin: what has the hooks.
            name: what to call it, in messages and in `unregister`.
            distribution: the package it came with, and its version.

        Raises:
            PluginError: naming the cause. Nothing of the plugin is kept then.
        """
        self._check_name(name)
        for other, registered in self.manager.list_name_plugin():
            if registered is plugin:
                raise PluginError(f"it is registered already, as {other!r}")
        check_marked(plugin)
        try:
            self.manager.register(plugin, name)
            check_hooks(self.manager, plugin)
            ops = self._given(plugin, "pluggrad_register_ops", "Ops")
            renderers = self._given(plugin, "pluggrad_register_renderers", "renderer classes")
            if renderers:
                self._load_renderers()  # who came first keeps the name
            check_ops(ops, self._ops, self._owner)
            check_renderers(renderers, self._renderers, self._owner)
        except BaseException as cause:
            self.manager.unregister(name=name)
            if isinstance(cause, pluggy.PluginValidationError):
                raise PluginError(" ".join(str(cause).split())) from cause
            raise
        return self._install(Plugin(name, distribution, ops, renderers))

    def register_op(self, *ops: Op) -> None:
        """Register ops at run time, in a program or notebook, without a plugin around them.

        Raises:
            PluginError: when a name or operator is taken, naming its owner. Nothing is kept then.

        >>> from pluggrad import Op, Value, plugins
        >>> plugins.register_op(Op("double", lambda x: 2 * x, lambda g, out, x: 2 * g))
        >>> Value(4.0).double().data
        8.0
        >>> plugins.unregister("double")
        """
        check_ops(ops, self._ops, self._owner)
        for op in ops:
            self._check_name(op.name)
        for op in ops:
            self._install(Plugin(op.name, ops=(op,)))

    def unregister(self, name: str) -> None:
        """Take a plugin out again, with its ops, operators and renderers.

        Graphs that were recorded with its ops keep working.

        Raises:
            PluginError: when there is no such plugin, naming those that are there.
        """
        self._load_renderers()
        if name not in self._plugins:
            raise PluginError(f"no plugin is named {name!r}{similar(name, self._plugins)}")
        plugin = self._plugins.pop(name)
        if self.manager.has_plugin(name):
            self.manager.unregister(name=name)
        for op in plugin.ops:
            del self._ops[op.name]
            delattr(Value, op.name)
            for socket in _sockets(op):
                setattr(Value, socket, EMPTY_SOCKETS[socket])
        self.changes += 1
        for renderer in plugin.renderers:
            del self._renderers[renderer.name]

    def _install(self, plugin: Plugin) -> Plugin:
        # All that can fail comes first: nothing is half registered.
        methods = {op.name: named_method(op) for op in plugin.ops}
        for op in plugin.ops:
            for place, socket in enumerate(_sockets(op)):
                methods[socket] = operator_method(op, reflected=place == 1)
        for name, method in methods.items():
            setattr(Value, name, method)
        self._plugins[plugin.name] = plugin
        self._ops |= {op.name: op for op in plugin.ops}
        self.changes += 1
        self._renderers |= {renderer.name: renderer for renderer in plugin.renderers}
        return plugin

    # ----- Checks -----

    def _given(self, plugin: object, hook: str, wanted: str) -> tuple[Any, ...]:
        """Call one plugin's own hook, so that a failure has a name."""
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            if impl.plugin is plugin:
                try:
                    given = impl.function()
                    if given is None:
                        return ()
                    if isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping):
                        return tuple(given)
                except BROKEN as cause:
                    raise PluginError(f"its {hook}() failed: {told(cause)}") from cause
                raise PluginError(f"its {hook}() gave {quoted(given)}, not a list of {wanted}")
        return ()

    def _check_name(self, name: str) -> None:
        if name in self._plugins:
            raise PluginError(f"there is already a {self._plugins[name]}; choose another name")

    def _owner(self, given: object) -> Plugin:
        """Find the plugin that an installed op or renderer class came from."""
        return next(
            plugin
            for plugin in self._plugins.values()
            if any(given is one for one in (*plugin.ops, *plugin.renderers))
        )


def _sockets(op: Op) -> tuple[str, ...]:
    return SOCKETS.get((op.operator or "", op.arity), ())


def _warn(texts: list[str], stacklevel: int) -> None:
    """Warn when all work is done: where warnings are errors, the first one ends the import."""
    for text in texts:
        warnings.warn(text, PluginWarning, stacklevel=stacklevel)


plugins = Registry()
