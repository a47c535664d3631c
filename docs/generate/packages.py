"""The part of the API reference for a whole package: all that its `__all__` names."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec


def section(package: str) -> str:
    """Give the section, in reStructuredText; nothing where the package is not there."""
    if find_spec(package) is None:
        return ""
    module = import_module(package)
    parts = [f"{package}\n{'-' * len(package)}\n\n.. automodule:: {package}\n"]
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.ismodule(thing):
            parts.append(f".. automodule:: {package}.{name}\n   :members:\n")
        elif inspect.isclass(thing):
            parts.append(f".. autoclass:: {package}.{name}\n   :members:\n")
        elif callable(thing):
            parts.append(f".. autofunction:: {package}.{name}\n")
        else:
            parts.append(f".. autodata:: {package}.{name}\n")
    return "\n".join(parts)
