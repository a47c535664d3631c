"""What settings there are, and what each can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from pluggrad.config import Config
from pluggrad.errors import ConfigError, quoted

KEYS = tuple(f.name for f in fields(Config))


def checked(settings: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return settings whose names and types are right.

    Raises:
        ConfigError: naming `place`, the setting, and what is possible.
    """
    check_names(settings, place)
    found: dict[str, Any] = {}
    for key, value in settings.items():
        wanted, right = _TYPES[key]
        if not right(value):
            raise ConfigError(f"{place}: {key} is {wanted}, not {quoted(value)}")
        found[key] = tuple(value) if key == "disable_plugins" else value
    return found


def check_names(settings: Mapping[str, Any], place: str) -> None:
    """Check that there are settings of these names.

    Raises:
        ConfigError: naming `place`, the unknown one and what is possible.
    """
    for key in settings:
        if key not in KEYS:
            raise ConfigError(f"{place}: unknown setting {key!r}; available: {', '.join(KEYS)}")


def _is_names(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _is_options(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(options, Mapping) for name, options in value.items()
    )


_TYPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "renderer": ("a renderer's name (text)", lambda x: isinstance(x, str)),
    "renderers": ("a table of options for each renderer's name", _is_options),
    "disable_plugins": ("a list of plugin names (text)", _is_names),
    "strict_plugins": ("true or false", lambda x: isinstance(x, bool)),
    "notebook": ("a renderer's name (text)", lambda x: isinstance(x, str)),
    "lost": ('"raise", "warn" or "ignore"', lambda x: x in ("raise", "warn", "ignore")),
}
