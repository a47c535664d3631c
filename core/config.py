"""Settings, and where they come from.

First that speaks: an argument of the call; `with configured(...)`; `configure(...)`; environment
variables (`PLUGGRAD_RENDERER`); the nearest file at or above the working directory, which is
`pluggrad.toml` or a `pyproject.toml` with a table `[tool.pluggrad]`; the default.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import RLock
from typing import Any

from .errors import ConfigError
from .recording import Context, Setting


@dataclass(frozen=True)
class Config:
    """The settings. A Config never changes; `configure` replaces it.

    Attributes:
        renderer: the name of the renderer that `render()` uses.
        renderers: the options of each renderer by its name: `{"text": {"max_nodes": 100}}`.
        disable_plugins: entry-point names, or patterns such as `"*"`, that are not loaded.
        strict_plugins: raise a `PluginError` for a broken plugin instead of skipping it.
        notebook: the name of the renderer that shows Values and Graphs in notebooks.
        lost: what happens where a Value becomes a plain number unasked. "raise" raises an error in
            your own code and warns in a library's; "warn" warns in both; "ignore" does nothing.
    """

    renderer: str = "text"
    renderers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disable_plugins: tuple[str, ...] = ()
    strict_plugins: bool = False
    notebook: str = "svg"
    lost: str = "raise"


KEYS = tuple(f.name for f in fields(Config))
ENVIRONMENT = {f"PLUGGRAD_{key.upper()}": key for key in KEYS if key != "renderers"}

_process: dict[str, Any] = {}
_changing = RLock()  # whoever puts a new _process in place; readers need no lock
_context: Setting[Mapping[str, Any]] = Setting("pluggrad_config", default={})


def current_config() -> Config:
    """Return the settings in effect here and now.

    Raises:
        ConfigError: for an unknown name or a wrong type, naming the place it stands in.
    """
    config, unreadable = readable_config()
    if unreadable:
        raise unreadable[0]
    return config


def readable_config() -> tuple[Config, list[ConfigError]]:
    """Return the settings of every place that is in order, and what is wrong with the others."""
    merged: dict[str, Any] = {}
    unreadable: list[ConfigError] = []
    for place in (from_file, from_environment, lambda: _process, _context.get):
        try:
            layer = place()
        except ConfigError as cause:
            unreadable.append(cause)
        else:
            merged = _merged(merged, layer)
    return Config(**merged), unreadable


def configure(**settings: Any) -> None:
    """Change settings for the whole process; None resets one. See `Config` for the names.

    Renderer options are added to those configured before.

    Raises:
        ConfigError: for an unknown name or a wrong type. Nothing is changed then.

    >>> import pluggrad
    >>> pluggrad.configure(renderer="networkx")
    >>> pluggrad.configure(renderer=None)
    """
    global _process
    _known(settings, "configure()")
    given = checked({k: v for k, v in settings.items() if v is not None}, "configure()")
    with _changing:
        kept = {k: v for k, v in _process.items() if settings.get(k, v) is not None}
        _process = _merged(kept, given)


class configured(Context[Mapping[str, Any]]):  # noqa: N801 - a context manager
    """Change settings inside a `with` block, for this thread or task and those started inside.

    Raises:
        ConfigError: for an unknown name or a wrong type.

    >>> import pluggrad
    >>> with pluggrad.configured(renderer="networkx") as config:
    ...     config.renderer
    'networkx'
    """

    def __init__(self, **settings: Any) -> None:
        given = checked(settings, "configured()")
        super().__init__("configured", _context, lambda around: _merged(around, given))

    def __enter__(self) -> Config:
        super().__enter__()
        try:
            return current_config()
        except BaseException:  # an unreadable file
            self.__exit__()
            raise


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
            found[key] = text
    return found


_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


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
_files: dict[Path, tuple[bytes, dict[str, Any] | None]] = {}


def _read(path: Path) -> dict[str, Any] | None:
    """Return the settings in a file; None where it is not there or does not speak of pluggrad."""
    own = path.name == "pluggrad.toml"
    try:
        # Reading a pipe would wait for ever. A folder is told, or passed by, as it is read.
        if not stat.S_ISREG(mode := os.stat(path).st_mode) and not stat.S_ISDIR(mode):
            raise OSError(0, "it is no regular file")
        content = path.read_bytes()
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
        table: Any = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigError(f"{path}: not a TOML file: {cause}") from cause
    if path.name == "pyproject.toml":
        tools = table.get("tool")
        table = tools.get("pluggrad") if isinstance(tools, dict) else None
        if table is not None and not isinstance(table, dict):
            raise ConfigError(f"{path}: tool.pluggrad is a table of settings, not {table!r:.60}")
    return table  # type: ignore[no-any-return]  # of whatever TOML holds


# ----- Checks -----


def checked(settings: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return settings whose names and types are right.

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


_TYPES: dict[str, tuple[str, Callable[[object], bool]]] = {
    "renderer": ("a renderer's name (text)", lambda x: isinstance(x, str)),
    "renderers": ("a table of options for each renderer's name", _is_options),
    "disable_plugins": ("a list of plugin names (text)", _is_names),
    "strict_plugins": ("true or false", lambda x: isinstance(x, bool)),
    "notebook": ("a renderer's name (text)", lambda x: isinstance(x, str)),
    "lost": ('"raise", "warn" or "ignore"', lambda x: x in ("raise", "warn", "ignore")),
}


def _merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Put settings over others; options of renderers one by one."""
    below, above = outer.get("renderers", {}), inner.get("renderers", {})
    options = {name: {**below.get(name, {}), **above.get(name, {})} for name in {**below, **above}}
    return {**outer, **inner, "renderers": options}
