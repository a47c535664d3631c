"""The settings that environment variables make."""

from __future__ import annotations

import os
from typing import Any

from pluggrad.errors import ConfigError

from .checks import KEYS, checked

ENVIRONMENT = {f"PLUGGRAD_{key.upper()}": key for key in KEYS if key != "renderers"}
_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def from_environment() -> dict[str, Any]:
    """Read the settings that environment variables make; an empty variable says nothing.

    Raises:
        ConfigError: naming the variable and what it can be.
    """
    found: dict[str, Any] = {}
    for variable, key in ENVIRONMENT.items():
        text = os.environ.get(variable, "").strip()
        if not text:
            continue
        if key == "disable_plugins":
            found[key] = tuple(name.strip() for name in text.split(",") if name.strip())
        elif key == "strict_plugins":
            if text.lower() not in _BOOLEANS:
                raise ConfigError(f"{variable}={text!r}: give one of {', '.join(_BOOLEANS)}")
            found[key] = _BOOLEANS[text.lower()]
        else:
            found |= checked({key: text}, variable)
    return found
