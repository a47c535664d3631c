"""Load what `MODULE:OBJECT` or `FILE.py:OBJECT` names."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from runpy import run_path
from traceback import extract_tb
from types import SimpleNamespace
from typing import Any, cast

from pluggrad import Graph, PluggradError, Value


class TargetError(PluggradError):
    """The target of `pluggrad render` could not be loaded, or is nothing to draw."""


def load(target: str) -> Any:
    """Return the Value, list of Values or Graph that `target` names.

    Raises:
        TargetError: saying what failed and where.
    """
    found = _object(target, lambda module: f"it has {_drawable_names(module)}")
    if callable(found):
        found = _attempt(f"{target} failed", found)
    if not _is_drawable(found):
        raise TargetError(
            f"{target} is {type(found).__name__}, which cannot be drawn; it may be a Value, a list "
            "of Values, a Graph, or a function without arguments that returns one"
        )
    return found


def load_function(target: str) -> Callable[..., Any]:
    """Return the function that `target` names, without calling it.

    Raises:
        TargetError: saying what failed and where.
    """
    found = _object(target, lambda module: "check its spelling")
    if not callable(found):
        raise TargetError(f"{target} is {type(found).__name__}, not a function")
    return cast("Callable[..., Any]", found)


def _object(target: str, hint: Callable[[Any], str]) -> Any:
    """Return what `target` names."""
    place, colon, name = target.rpartition(":")
    if not colon and target.endswith(".py"):
        module = _attempt(f"cannot load {target}", lambda: _module(target))
        raise TargetError(f"say what in {target}, as in {target}:NAME; {hint(module)}")
    if not colon or not place or not name:
        raise TargetError(f"{target!r} is not MODULE:OBJECT or FILE.py:OBJECT")
    module = _attempt(f"cannot load {place}", lambda: _module(place))
    try:
        return attrgetter(name)(module)
    except AttributeError:
        raise TargetError(f"{place} has no {name!r}; {hint(module)}") from None


def _module(place: str) -> Any:
    if place.endswith(".py") or os.sep in place:
        # As when Python runs a script: its neighbours can be imported, `__main__` blocks rest.
        sys.path.insert(0, os.path.dirname(os.path.abspath(place)))
        return SimpleNamespace(**run_path(place))
    sys.path.insert(0, os.getcwd())
    return import_module(place)


def _attempt(doing: str, step: Callable[[], Any]) -> Any:
    """Run the person's own code; its failure is theirs to read, in one line."""
    try:
        return step()
    except (Exception, SystemExit) as cause:
        own = [frame for frame in extract_tb(cause.__traceback__) if _is_theirs(frame.filename)]
        where = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
        raise TargetError(f"{doing}: {type(cause).__name__}: {cause}{where}") from cause


def _is_theirs(filename: str) -> bool:
    # "<frozen importlib...>", and what it is called by
    return filename not in (__file__, importlib.__file__) and not filename.startswith("<")


def _is_drawable(found: object) -> bool:
    if isinstance(found, list | tuple):
        return bool(found) and all(isinstance(one, Value) for one in found)
    return isinstance(found, Value | Graph)


def _drawable_names(module: Any) -> str:
    names = [name for name, held in vars(module).items() if _is_drawable(held)]
    return f"these Values: {', '.join(sorted(names))}" if names else "no Value of its own"
