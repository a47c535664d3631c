"""The registry: owns the tables of plugins, ops and renderers, and loads what is installed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from threading import RLock
from types import MappingProxyType
from typing import Any

import pluggy

from ..config import readable_config
from ..errors import PluginError, PluginWarning, one_line
from ..index import name_hints, op_methods, plugin_hints
from ..op import Op
from ..recording import in_forked_child, switch
from ..value import Value
from . import hookspecs
from .entry_points import GROUP, RENDERERS, EntryPoint, found_entry_points, is_being_imported
from .hookspecs import Plugin

# What Value has before any plugin; among it empty sockets, and the names that others have.
BARE = dict(vars(Value))


@dataclass(eq=False)
class Registry:
    """The installed plugins, and the ops and renderers that they provide.

    There is one, `pluggrad.plugins`. Iterating yields every `Plugin`: the loaded ones, then the
    skipped ones.

    Threads: whoever changes something holds the lock, and puts a new table in the place of the old
    one, so that readers need none. A plugin counts as loaded when it is: a thread that needs it
    meanwhile waits, and what was interrupted is done again by whoever comes next.

    Attributes:
        manager: pluggy's plugin manager.
        changes: how often ops were added or removed; caches of what depends on ops compare it.
        successions: how often an op replaced another; caches of what rules and forwards do compare
            it.
    """

    changes: int = field(default=0, init=False)
    successions: int = field(default=0, init=False)
    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager(GROUP))
    _plugins: dict[str, Plugin] = field(default_factory=dict)
    _skipped: list[Plugin] = field(default_factory=list)
    _ops: dict[str, Op] = field(default_factory=dict)
    _originals: dict[str, Op] = field(default_factory=dict)  # of packages, the last by each name
    _renderers: dict[str, type[Any]] = field(default_factory=dict)
    _waiting: list[EntryPoint] = field(default_factory=list)
    _drawing: list[EntryPoint] = field(default_factory=list)
    _lock: Any = field(default_factory=RLock, repr=False)
    _busy: list[Any] = field(default_factory=list)  # the queues that are being loaded
    _notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.manager.add_hookspecs(hookspecs)
        in_forked_child(self._unlock)

    def _unlock(self) -> None:
        self._lock, self._busy = RLock(), []

    # ----- What is there -----

    @property
    def ops(self) -> Mapping[str, Op]:
        """The installed ops by name, in the order of registration."""
        self._load_waiting()
        return MappingProxyType(self._ops)

    def serving(self, operator: str, arity: int) -> Op:
        """Return the op that serves a Python operator with this number of operands.

        Raises:
            MissingOpError: when no plugin provides it.
        """
        for op in self.ops.values():
            if (op.operator, op.arity) == (operator, arity):
                return op
        raise name_hints.no_operator(operator)

    @property
    def renderers(self) -> Mapping[str, type[Any]]:
        """The installed renderer classes by name, in the order of registration."""
        self._load_renderers()
        return MappingProxyType(self._renderers)

    def __iter__(self) -> Iterator[Plugin]:
        self._load_renderers()
        return iter([*self._plugins.values(), *self._skipped])

    def op(self, name: str) -> Op:
        """Return the op of this name.

        Raises:
            MissingOpError: when no plugin provides it.
        """
        try:
            return self.ops[name]
        except (KeyError, TypeError):
            raise name_hints.no_op(name, self._ops) from None

    def renderer(self, name: str) -> type[Any]:
        """Return the renderer class of this name.

        Raises:
            RenderError: when no plugin provides it, naming the available ones.
        """
        try:
            return self.renderers[name]
        except (KeyError, TypeError):
            raise name_hints.no_renderer(name, self._renderers) from None

    # ----- Loading what is installed -----

    def load(self) -> None:
        """Load every plugin that installed packages offer, except those disabled in the settings.

        `import pluggrad` does this. Plugins of the group `pluggrad.renderers` wait until the first
        renderer is needed. A second call loads what has been installed since, and retries what
        failed. Within a plugin that is being loaded it does nothing: the others come next.

        Raises:
            PluginError: for a broken plugin in strict mode, once all others are loaded. Otherwise
                it is skipped with a `PluginWarning`.
        """
        config, unreadable = readable_config()
        with self._lock:
            if self._busy:  # a plugin asks for the others, which come after it
                return
            self._skipped = []
            self._waiting = []
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
        _warn([*ignored, *broken, *self._take_notes()], stacklevel=4)

    def _load_waiting(self) -> None:
        if self._waiting:
            self._load_rest(self._waiting)
            if not self._waiting:
                switch.pending = None

    def _load_renderers(self) -> None:
        self._load_waiting()
        if self._drawing:
            self._load_rest(self._drawing)

    def _load_rest(self, queue: list[EntryPoint]) -> None:
        """Load what is in a queue; where another thread is at it, wait until it is done."""
        with self._lock:
            if any(queue is one for one in self._busy):  # a plugin of it asks for the others
                return
            config, _ = readable_config()
            broken = self._load_each(queue, config.strict_plugins)
        _warn([*broken, *self._take_notes()], stacklevel=5)

    def _load_each(self, queue: list[EntryPoint], strict: bool) -> list[str]:
        """Load plugins, whatever becomes of the others; return the warnings to be issued.

        Each leaves the queue when it is loaded or skipped, not before.
        """
        busy = self._busy
        try:
            self._busy = [*busy, queue]
            broken = list(filter(None, [self._load_or_skip(x, queue) for x in tuple(queue)]))
        finally:
            self._busy = busy
        if strict and broken:
            raise broken[0]
        return [str(cause) for cause in broken]

    def _load_or_skip(self, entry_point: EntryPoint, queue: list[EntryPoint]) -> Exception | None:
        broken = None
        try:
            if not self._load_one(entry_point):
                return None
        except PluginError as cause:
            self._skip(entry_point, str(cause))
            broken = cause
        queue.remove(entry_point)
        return broken

    def _skip(self, entry_point: EntryPoint, why: str) -> None:
        skipped = Plugin(entry_point.name, entry_point.distribution, failure=why)
        self._skipped = [*self._skipped, skipped]

    def _load_one(self, entry_point: EntryPoint) -> bool:
        """Load a plugin; False where it has to stay in the queue."""
        name, distribution = entry_point.name, entry_point.distribution
        where = f"plugin {name!r} ({distribution})"
        if name in self._plugins:
            known = self._plugins[name]
            if (known.distribution, known.value) == (distribution, entry_point.value):
                return True
            raise PluginError(
                f"{where} was skipped: {self._plugins[name]} has the same entry-point name and is "
                "kept. Rename one of them, or uninstall one of the packages"
            )
        if is_being_imported(entry_point):
            # The program imports the plugin, which imports pluggrad, which is here now. The
            # plugin's hooks are not defined yet; they will be when someone looks for an op.
            if entry_point in self._waiting:
                return False
            self._waiting.append(entry_point)
            switch.pending = self._load_waiting
            return True
        doing = "failed to load"
        try:
            with plugin_hints.program_left_alone(where, lambda note: self._notes.append(note)):
                plugin = entry_point.load()
                doing = "was skipped"
                self._register(plugin, Plugin(name, distribution, value=entry_point.value))
            return True
        except KeyboardInterrupt:  # belongs to the person at the keyboard
            raise
        except BaseException as cause:  # sys.exit(), pytest's skip: none may end the program
            reason = str(cause) if issubclass(type(cause), PluginError) else one_line(cause)
            raise PluginError(
                f"{where} {doing}: {reason}{plugin_hints.while_loading(cause)}. "
                f"Fix it, or disable it with PLUGGRAD_DISABLE_PLUGINS={name}"
            ) from cause

    # ----- Getting plugins in and out -----

    def register(self, plugin: object, name: str, *, distribution: str = "") -> Plugin:
        """Register a plugin by hand: a module or object that implements pluggrad's hooks.

        Parameters:
            plugin: the module or object.
            name: its name in messages and in `unregister`.
            distribution: the package it comes with, and its version.

        Raises:
            PluginError: when it cannot be registered, naming the cause. Nothing of it is kept then.
        """
        registered = self._register(plugin, Plugin(name, distribution))
        try:
            _warn(self._take_notes(), stacklevel=3)
        except PluginWarning:  # warnings are errors here
            self._remove(registered)
            raise
        return registered

    def _take_notes(self) -> list[str]:
        """Return what is to be warned of, once."""
        notes, self._notes = self._notes, []
        return notes

    def _register(self, plugin: object, described: Plugin) -> Plugin:
        name, distribution = described.name, described.distribution
        with self._lock:
            self._check_name(name)
            plugin_hints.check_new(self.manager, plugin)
            plugin_hints.check_marked(plugin)
            try:
                self.manager.register(plugin, name)
                plugin_hints.check_hooks(self.manager, plugin)
                ops, renderers = plugin_hints.gifts(self.manager, plugin)
                if renderers:
                    self._load_renderers()  # who came first keeps the name
                plugin_hints.check_ops(ops, self._ops, self._owner)
                plugin_hints.check_renderers(renderers, self._renderers, self._owner)
                notes = plugin_hints.doubled_suffixes(
                    renderers, self._renderers, self._owner, distribution
                )
                installed = self._install(replace(described, ops=ops, renderers=renderers))
                self._notes += [f"{described}: {note}" for note in notes]
                return installed
            except BaseException as cause:
                if self.manager.has_plugin(name):
                    self.manager.unregister(name=name)
                if issubclass(type(cause), pluggy.PluginValidationError):
                    raise PluginError(" ".join(str(cause).split())) from cause
                raise

    def register_op(self, *ops: Op, replace: bool = False) -> None:
        """Register ops at run time, in a program or notebook, without writing a plugin.

        Parameters:
            ops: the ops.
            replace: whether each op replaces the installed op of its name, which must have as many
                operands and the same operator. Methods, operators, `pluggrad.ops`, the rules and
                forwards of other ops, compiled functions and pickles then use the new op. What was
                recorded before keeps its op. `unregister(name)` restores the op that came with a
                package.

        Raises:
            PluginError: when a name or operator is taken, naming its owner; with `replace`, when
                there is no such op, or its operands differ. Nothing is changed then.

        >>> from pluggrad import Op, Value, plugins
        >>> plugins.register_op(Op("double", lambda x: 2 * x, lambda g, out, x: 2 * g))
        >>> Value(4.0).double().data
        8.0
        >>> plugins.unregister("double")
        """
        self._load_waiting()
        with self._lock:
            others = plugin_hints.without_replaced(ops, self._ops) if replace else self._ops
            plugin_hints.check_ops(ops, others, self._owner, self._ops if replace else ())
            old = self._plugins.keys() if replace else set()
            for name in sorted({op.name for op in ops} - old):
                self._check_name(name)
            done: list[Plugin] = []
            try:
                for op in ops:
                    if replace and op.name in self._plugins:  # by hand, as this one is
                        self._remove(self._plugins[op.name])
                    done.append(Plugin(op.name, ops=(op,)))
                    self._install(done[-1])
            except BaseException:
                for plugin in done:
                    self._remove(plugin)
                raise

    def unregister(self, name: str) -> None:
        """Remove a plugin with its ops, operators and renderers.

        Graphs that were recorded with its ops keep working.

        Raises:
            PluginError: when there is no such plugin, naming the registered ones.
        """
        self._load_renderers()
        with self._lock:
            if str(name) not in self._plugins:
                hint = name_hints.similar(name, self._plugins)
                raise PluginError(f"no plugin is named {name!r}{hint}")
            self._remove(self._plugins[str(name)])

    def _install(self, plugin: Plugin) -> Plugin:
        # All that can fail comes first, and an interrupt takes back what was done.
        methods = {}
        for op in plugin.ops:
            original = self._originals.get(op.name)
            if original is not None and not plugin.value:
                plugin_hints.check_place(op, original, operator=False)
            methods.update(op_methods.methods_of(op))
        try:
            self._ops = {**self._ops, **{op.name: op for op in plugin.ops}}
            for name, method in methods.items():
                setattr(Value, name, method)
            self._put_in_place(plugin)
            kinds = {renderer.name: renderer for renderer in plugin.renderers}
            self._renderers = {**self._renderers, **kinds}
            self._plugins = {**self._plugins, plugin.name: plugin}
            self.changes += 1
        except BaseException:
            self._remove(plugin)
            raise
        return plugin

    def _remove(self, plugin: Plugin) -> None:
        """Take out all there is of a plugin; done again, it finishes what was interrupted."""
        if self.manager.has_plugin(plugin.name):
            self.manager.unregister(name=plugin.name)
        kinds = {kind.name for kind in plugin.renderers}
        for op in plugin.ops:
            if self._ops.get(op.name, op) is op:  # no other op is in its place
                self._take_out(op)
        self._renderers = {n: kind for n, kind in self._renderers.items() if n not in kinds}
        self.changes += 1
        self._plugins = {n: p for n, p in self._plugins.items() if n != plugin.name}

    def _put_in_place(self, plugin: Plugin) -> None:
        """Send calls of the ops that other modules know by a name to those that have it now."""
        for op in plugin.ops:
            if plugin.value:
                self._originals = {**self._originals, op.name: op}
            self._succeed(self._originals.get(op.name, op), op)

    def _succeed(self, original: Op, op: Op) -> None:
        successor = None if original is op else op
        if original.successor is not successor:
            original.hand_over(successor)
            self.successions += 1
            Op.forget_code()

    def _take_out(self, op: Op) -> None:
        """Take an op out, and put back the one of a package whose place it had."""
        Op.forget_code()
        for name in (op.name, *op_methods.sockets_of(op)):
            if name in BARE:
                setattr(Value, name, BARE[name])
            elif name in vars(Value):
                delattr(Value, name)
        ops = dict(self._ops)
        original = self._originals.get(op.name, op)
        self._succeed(original, original)
        if original is not op and self._owner(original) is not None:
            for name, method in op_methods.methods_of(original).items():
                setattr(Value, name, method)
            ops[op.name] = original
        else:
            ops.pop(op.name, None)
        self._ops = ops

    # ----- Checks -----

    def _check_name(self, name: str) -> None:
        plugin_hints.check_name(name)
        if name in self._plugins:
            raise PluginError(f"there is already a {self._plugins[name]}; choose another name")

    def _owner(self, given: object) -> Plugin | None:
        """Return the plugin that an op or renderer class came from; None if it is not installed."""
        for plugin in self._plugins.values():
            if any(given is one for one in (*plugin.ops, *plugin.renderers)):
                return plugin
        return None


def _warn(texts: list[str], stacklevel: int) -> None:
    """Warn when all work is done: where warnings are errors, the first one ends the import."""
    for text in texts:
        warnings.warn(text, PluginWarning, stacklevel=stacklevel)


plugins = Registry()
Op.installed = plugins
