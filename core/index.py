"""What a package shows, and what stands above the engine and is loaded when it is first needed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.machinery import PathFinder
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any


class Index(ModuleType):
    """A package that offers what its `__init__` lists.

    Python makes each file of a package a name of it, so that `pluggrad.graph` would stand beside
    `pluggrad.Graph` as if somebody had promised it. Here it does not. `import pluggrad.graph` and
    `from pluggrad.graph import Graph` find the file as ever, for whoever looks inside.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not _is_file_of(self, name, value):
            super().__setattr__(name, value)
        elif name in vars(self)["_offered"]:
            show_only(value, getattr(value, "__all__", ()))
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and (hint := engines.instead_of(self.__name__, name)):
            if _in_from_import(sys._getframe(1)) and not _has_file(self, name):
                text = f"cannot import name {name!r} from {self.__name__!r}: {hint}"
                raise ImportError(text, name=self.__name__)
            text = f"module {self.__name__!r} has no attribute {name!r}: {hint}"
            raise AttributeError(text, name=name, obj=self)
        return super().__getattribute__(name)  # raises what Python says

    def __dir__(self) -> Iterable[str]:
        names = vars(self)
        if "__all__" not in names:
            return super().__dir__()
        return [*names["__all__"], *(name for name in names if name.startswith("__"))]


def show_only(package: ModuleType, offered: Iterable[str]) -> None:
    """Take the names of its files from a package, but for those that it offers."""
    names = vars(package)
    names["_offered"] = frozenset(offered)
    package.__class__ = Index
    for name, value in [*names.items()]:
        if _is_file_of(package, name, value):
            del names[name]
            setattr(package, name, value)


def _in_from_import(asks: FrameType) -> bool:
    """Tell whether `from package import name` asks: it would drop the text of an AttributeError."""
    return asks.f_globals.get("__name__") == "importlib._bootstrap"


def _has_file(package: ModuleType, name: str) -> bool:
    return PathFinder.find_spec(f"{package.__name__}.{name}", package.__path__) is not None


def _is_file_of(package: ModuleType, name: str, value: object) -> bool:
    return isinstance(value, ModuleType) and value.__name__ == f"{package.__name__}.{name}"


def _is_imported(asks: FrameType) -> bool:
    """Tell whether `import` asks for a module, which is to be loaded."""
    return asks.f_code.co_name == "_find_and_load_unlocked"


class Elsewhere:
    """The last that Python asks for a module: it says what a package of another engine is here."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Refuse a module of pluggrad that there is not, with what to import instead.

        Who only asks whether there is one, as `importlib.util.find_spec` does, is told that there
        is none.
        """
        if name.startswith(f"{__package__}.") and _is_imported(sys._getframe(2)):
            engines.refuse_module(name)


sys.meta_path.append(Elsewhere)


class Wing:
    """A module above the engine that the engine calls; loaded when it is first asked for something.

    Parameters:
        name: the module, without `pluggrad.` in front.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # who copies a Wing asks before it has a name
            raise AttributeError(name)
        thing = getattr(import_module(f"{__package__}.{self._name}"), name)
        setattr(self, name, thing)
        return thing


# All that the engine calls in wings.
if TYPE_CHECKING:
    from . import copying, settings, summary
    from .codegen import methods as op_methods
    from .codegen import pullbacks
    from .drawing import labels, notebook
    from .hints import calls as call_hints
    from .hints import declaration, engines
    from .hints import names as name_hints
    from .hints import plugins as plugin_hints
    from .hints import samples as op_samples
    from .hints import values as value_hints
    from .insight import lost_gradients
    from .insight import record as checking
else:
    call_hints = Wing("hints.calls")
    checking = Wing("insight.record")
    copying = Wing("copying")
    declaration = Wing("hints.declaration")
    engines = Wing("hints.engines")
    labels = Wing("drawing.labels")
    lost_gradients = Wing("insight.lost_gradients")
    op_methods = Wing("codegen.methods")
    op_samples = Wing("hints.samples")
    name_hints = Wing("hints.names")
    notebook = Wing("drawing.notebook")
    plugin_hints = Wing("hints.plugins")
    pullbacks = Wing("codegen.pullbacks")
    settings = Wing("settings")
    summary = Wing("summary")
    value_hints = Wing("hints.values")
