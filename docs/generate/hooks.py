"""The hook reference, from `core/registry/hookspecs.py`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pluggrad.registry import hookspecs

from .docstrings import code, sections


def specifications() -> list[Callable[..., Any]]:
    """Return the functions that are marked as hook specifications, in their order."""
    return [
        function
        for function in vars(hookspecs).values()
        if inspect.isfunction(function) and hasattr(function, "pluggrad_spec")
    ]


def page() -> str:
    """Return the page."""
    about = inspect.getdoc(hookspecs) or ""
    _, _, told = about.partition("\n\n")
    return "# Hooks\n\n" + told + "\n\n" + "\n".join(map(hook, specifications()))


def hook(function: Callable[..., Any]) -> str:
    """Tell one hook."""
    told = sections(function)
    parts = [f"## `{function.__name__}`\n", told[""], ""]
    if "Parameters" in told:
        parts += ["**Parameters.** " + told["Parameters"], ""]
    if "Returns" in told:
        parts += ["**Returns.** " + told["Returns"], ""]
    if "Example" in told:
        parts += [code("from pluggrad import Op, hookimpl\n\n\n" + told["Example"]), ""]
    return "\n".join(parts)
