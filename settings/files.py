"""The settings that stand in a file: `pluggrad.toml`, or a table in `pyproject.toml`."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pluggrad.errors import ConfigError, quoted

from .checks import checked


def from_file(start: Path | None = None) -> Mapping[str, Any]:
    """Read the nearest settings file at or above `start`, the working directory if not given.

    Raises:
        ConfigError: naming the file, and what is wrong in it.
    """
    path = find_file(start)
    return {} if path is None else _read(path) or {}


def find_file(start: Path | None = None) -> Path | None:
    """Find the settings file in effect at `start`.

    Raises:
        ConfigError: when a file that may be it cannot be read.
    """
    try:
        folder = (start or Path.cwd()).resolve()
    except OSError:  # the working directory was deleted
        return None
    for place in [folder, *folder.parents]:
        for name in ("pluggrad.toml", "pyproject.toml"):
            if _read(place / name) is not None:
                return place / name
    return None


# Each way that TOML has of writing the table tool.pluggrad; `tool` alone may hold it further down.
_MENTION = re.compile(
    rb"""tool["'\s]*\.["'\s]*pluggrad|^\s*\[?\s*["']?tool["']?\s*[\]=]""", re.MULTILINE
)
_MOST = 10_000_000  # bytes; no file of settings has more, and larger ones may not fit into memory
_files: dict[Path, tuple[bytes, dict[str, Any] | None]] = {}


def _read(path: Path) -> dict[str, Any] | None:
    """Return the settings in a file; None where it is not there or does not speak of pluggrad."""
    own = path.name == "pluggrad.toml"
    try:
        # Reading a pipe would wait for ever. A folder is told, or passed by, as it is read.
        if not stat.S_ISREG(mode := os.stat(path).st_mode) and not stat.S_ISDIR(mode):
            raise OSError(0, "it is no regular file")
        content = _content(path)
    except OSError as cause:
        # A pyproject.toml that is closed to this user, or a closed folder above, is passed by.
        if own and os.path.exists(path):
            raise ConfigError(f"{path}: cannot be read: {cause.strerror}") from cause
        return None
    if not own and not _MENTION.search(content):  # parsing costs more than importing pluggrad
        return None
    known = _files.get(path)
    if known is None or known[0] != content:
        settings = _settings(path, content)
        _files[path] = known = (content, settings)
    return known[1]


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        raise OSError(errno.EFBIG, f"it has more than {_MOST:,} bytes")
    return content


def _settings(path: Path, content: bytes) -> dict[str, Any] | None:
    try:
        table = _table(path, content)
        return None if table is None else checked(table, str(path))
    except ConfigError:
        raise
    except Exception as cause:  # too deep to read or to quote, or an integer of too many digits
        kind = type(cause).__name__
        raise ConfigError(f"{path}: cannot be read as settings: {kind}: {cause!s:.200}") from cause


def _table(path: Path, content: bytes) -> dict[str, Any] | None:
    import tomllib

    try:
        table: Any = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigError(f"{path}: not a TOML file: {cause}") from cause
    if path.name == "pyproject.toml":
        tools = table.get("tool")
        table = tools.get("pluggrad") if isinstance(tools, dict) else None
        if table is not None and not isinstance(table, dict):
            raise ConfigError(f"{path}: tool.pluggrad is a table of settings, not {quoted(table)}")
    return table  # type: ignore[no-any-return]  # of whatever TOML holds
