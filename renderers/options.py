"""Checks of renderer options: each gives the option back, or raises a RenderError that teaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pluggrad import RenderError
from pluggrad.errors import quoted

T = TypeVar("T")


def whole(renderer: str, name: str, value: object, least: int, most: int) -> int:
    """Check an option that is a whole number from `least` to `most`."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise _wrong(renderer, name, f"a whole number from {least} to {most:,}", value)


def limit(renderer: str, name: str, value: object) -> int | None:
    """Check an option that limits a count. None, and 0 in a settings file, say: no limit."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value or None
    raise _wrong(renderer, name, "a whole number, or None (or 0) for no limit", value)


def flag(renderer: str, name: str, value: object) -> bool:
    """Check an option that is True or False."""
    if isinstance(value, bool):
        return value
    raise _wrong(renderer, name, "True or False", value)


def one_of(renderer: str, name: str, value: object, choices: Sequence[str]) -> str:
    """Check an option that is one of a few words."""
    if isinstance(value, str) and value in choices:
        return value
    raise _wrong(renderer, name, f"one of {', '.join(map(repr, choices))}", value)


def text(renderer: str, name: str, value: object) -> str:
    """Check an option that is text; a number is, as a command line reads `title=2026`."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise _wrong(renderer, name, "text", value)


def seconds(renderer: str, name: str, value: object) -> float:
    """Check an option that is a time span."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6:
        return float(value)
    raise _wrong(renderer, name, "a number of seconds above 0", value)


def unless_none(
    check: Callable[..., T], renderer: str, name: str, value: object, *more: Any
) -> T | None:
    """Check an option that may also be None."""
    return None if value is None else check(renderer, name, value, *more)


def _wrong(renderer: str, name: str, wanted: str, value: object) -> RenderError:
    return RenderError(f"renderer {renderer!r}: option {name} is {wanted}, not {quoted(value)}")
