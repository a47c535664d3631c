"""Settings, and where they come from.

First that speaks: an argument of the call; `with configured(...)`; `configure(...)`; environment
variables (`PLUGGRAD_RENDERER`); `pluggrad.toml`, or `[tool.pluggrad]` in `pyproject.toml`, whichever
is nearest above the working directory; the default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import ConfigError


@dataclass(frozen=True)
class Config:
    """The settings. A Config is never changed; `configure` puts a new one in place.

    Attributes:
        renderer: the name of the renderer that `render()` uses.
        renderers: for each renderer's name its options, `{"text": {"max_nodes": 100}}`.
        disable_plugins: entry-point names (or patterns, such as `"*"`) not to load.
        strict_plugins: raise a `PluginError` for a broken plugin instead of skipping it.
    """

    renderer: str = "text"
    renderers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disable_plugins: tuple[str, ...] = ()
    strict_plugins: bool = False


KEYS = tuple(f.name for f in fields(Config))
ENVIRONMENT = {f"PLUGGRAD_{key.upper()}": key for key in KEYS if key != "renderers"}

_process: dict[str, Any] = {}
_context: ContextVar[Mapping[str, Any]] = ContextVar("pluggrad_config", default={})  # noqa: B039


def current_config() -> Config:
    """Give the settings that hold here and now.

    Raises:
        ConfigError: for an unknown name or a wrong type, naming the place it stands in.
    """
    layers = [from_file(), from_environment(), _process, _context.get()]
    merged: dict[str, Any] = {}
    for layer in layers:
        options = _merged_options(merged.get("renderers", {}), layer.get("renderers", {}))
        merged = {**merged, **layer, "renderers": options}
    return Config(**merged)


def configure(**settings: Any) -> None:
    """Change settings for the whole process; None takes one back. See `Config` for the names.

    Raises:
        ConfigError: for an unknown name or a wrong type. Nothing is changed then.

    >>> import pluggrad
    >>> pluggrad.configure(renderer="networkx")
    >>> pluggrad.configure(renderer=None)
    """
    given = {key: value for key, value in settings.items() if value is not None}
    _known(settings, "configure()")
    _process.update(checked(given, "configure()"))
    for key in settings.keys() - given.keys():
        _process.pop(key, None)


@contextmanager
def configured(**settings: Any) -> Iterator[Config]:
    """Change settings inside a `with` block, in this thread or task only.

    >>> import pluggrad
    >>> with pluggrad.configured(renderer="networkx") as config:
    ...     config.renderer
    'networkx'
    """
    here = checked(settings, "configured()")
    outer = _context.get()
    options = _merged_options(outer.get("renderers", {}), here.get("renderers", {}))
    token = _context.set({**outer, **here, "renderers": options})
    try:
        yield current_config()
    finally:
        _context.reset(token)


def from_environment() -> dict[str, Any]:
    """Read the settings that environment variables make; an empty variable says nothing."""
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
            found[key] = text
    return found


_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def from_file(start: Path | None = None) -> dict[str, Any]:
    """Read the nearest settings file at or above `start`, the working directory if not given."""
    path = find_file(start)
    if path is None:
        return {}
    modified = path.stat().st_mtime_ns
    known = _read.get(path)
    if known is None or known[0] != modified:
        _read[path] = known = (modified, checked(_table(path), str(path)))
    return known[1]


_read: dict[Path, tuple[int, dict[str, Any]]] = {}


def find_file(start: Path | None = None) -> Path | None:
    """Find the settings file that holds at `start`."""
    try:
        folder = (start or Path.cwd()).resolve()
    except OSError:  # the working directory was deleted
        return None
    for place in [folder, *folder.parents]:
        own = place / "pluggrad.toml"
        if own.is_file():
            return own
        project = place / "pyproject.toml"
        if project.is_file() and b"tool.pluggrad" in project.read_bytes():
            return project
    return None


def _table(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigError(f"{path}: not a TOML file: {cause}") from cause
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("pluggrad", {})
    return table


# ----- Checks -----


def checked(settings: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Give settings whose names and types are right.

    Raises:
        ConfigError: naming `place`, the setting, and what is possible.
    """
    _known(settings, place)
    found: dict[str, Any] = {}
    for key, value in settings.items():
        wanted, right = _TYPES[key]
        if not right(value):
            raise ConfigError(f"{place}: {key} is {wanted}, not {value!r:.60}")
        found[key] = tuple(value) if key == "disable_plugins" else value
    return found


def _known(settings: Mapping[str, Any], place: str) -> None:
    for key in settings:
        if key not in KEYS:
            raise ConfigError(f"{place}: unknown setting {key!r}; available: {', '.join(KEYS)}")


def _is_names(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _is_options(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and isinstance(options, Mapping) for name, options in value.items()
    )


_TYPES = {
    "renderer": ("a renderer's name (text)", lambda x: isinstance(x, str)),
    "renderers": ("a table of options for each renderer's name", _is_options),
    "disable_plugins": ("a list of plugin names (text)", _is_names),
    "strict_plugins": ("true or false", lambda x: isinstance(x, bool)),
}


def _merged_options(
    outer: Mapping[str, Mapping[str, Any]], inner: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    return {
        name: {**outer.get(name, {}), **inner.get(name, {})} for name in {**outer, **inner}
    }
