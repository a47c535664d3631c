"""The parts of the API reference that follow from what a package's `__all__` names."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

BY_HAND = Path(__file__).parents[1] / "api.rst"
PUBLIC = ("pluggrad", "pluggrad.func", "pluggrad.compiler", "pluggrad.testing")


def section(package: str) -> str:
    """Return the section of a whole package, in reStructuredText; nothing where it is not there."""
    if find_spec(package) is None:
        return ""
    parts = [f"{package}\n{'-' * len(package)}\n\n.. automodule:: {package}\n"]
    return "\n".join([*parts, *(entry(package, name) for name in import_module(package).__all__)])


def more() -> str:
    """Return a section of the public names that `api.rst` has not put in their place yet."""
    told = set(re.findall(r"^\.\. \w+:: ([\w.]+)", BY_HAND.read_text(encoding="utf-8"), re.M))
    told |= {f"pluggrad.{name}" for name in import_module("pluggrad.func").__all__}
    left = [
        entry(package, name)
        for package in PUBLIC
        for name in import_module(package).__all__
        if f"{package}.{name}" not in told
    ]
    return "\n".join(["More\n----\n", *left]) if left else ""


def entry(package: str, name: str) -> str:
    """Return the directive for one name."""
    thing = getattr(import_module(package), name)
    if inspect.ismodule(thing):
        return f".. automodule:: {package}.{name}\n   :members:\n"
    if inspect.isclass(thing):
        return f".. autoclass:: {package}.{name}\n   :members:\n"
    return f".. auto{'function' if callable(thing) else 'data'}:: {package}.{name}\n"
