"""Packages that pluggrad can do without, and what to install where one is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def needed(package: str, what: str, extra: str) -> Any:
    """Import a package.

    Parameters:
        package: its name.
        what: what cannot be done without it.
        extra: the extra of pluggrad that brings it.

    Raises:
        ModuleNotFoundError: when it is not installed, saying how to install it.

    >>> needed("math", "sqrt", "compile").sqrt(4.0)
    2.0
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as cause:
        if cause.name != package:
            raise
        text = f"{what} needs {package}, which is not installed: pip install 'pluggrad[{extra}]'"
        raise ModuleNotFoundError(text, name=package) from None
