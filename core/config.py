"""Settings, and where they come from.

First that speaks: an argument of the call; `with configured(...)`; `configure(...)`; environment
variables (`PLUGGRAD_RENDERER`); the nearest file at or above the working directory, which is
`pluggrad.toml` or a `pyproject.toml` with a table `[tool.pluggrad]`; the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from .errors import ConfigError
from .index import settings
from .recording import Context, Setting, in_forked_child


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

    >>> import pluggrad
    >>> pluggrad.Config(renderer="svg").renderer
    'svg'
    """

    renderer: str = "text"
    renderers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    disable_plugins: tuple[str, ...] = ()
    strict_plugins: bool = False
    notebook: str = "svg"
    lost: str = "raise"


_process: dict[str, Any] = {}
_changing = RLock()  # whoever puts a new _process in place; readers need no lock
_context: Setting[Mapping[str, Any]] = Setting("pluggrad_config", default={})


def _unlock() -> None:
    global _changing
    _changing = RLock()


in_forked_child(_unlock)


def current_config() -> Config:
    """Return the settings in effect here and now.

    Raises:
        ConfigError: for an unknown name or a wrong type, naming the place it stands in.

    >>> import pluggrad
    >>> with pluggrad.configured(renderer="svg"):
    ...     pluggrad.current_config().renderer
    'svg'
    """
    config, unreadable = readable_config()
    if unreadable:
        raise unreadable[0]
    return config


def readable_config() -> tuple[Config, list[ConfigError]]:
    """Return the settings of every place that is in order, and what is wrong with the others."""
    merged: dict[str, Any] = {}
    unreadable: list[ConfigError] = []
    for place in (settings.from_file, settings.from_environment, lambda: _process, _context.get):
        try:
            layer = place()
        except ConfigError as cause:
            unreadable.append(cause)
        else:
            merged = _merged(merged, layer)
    return Config(**merged), unreadable


def configure(**changes: Any) -> None:
    """Change settings for the whole process; None resets one. See `Config` for the names.

    Renderer options are added to those configured before.

    Parameters:
        changes: settings by name.

    Raises:
        ConfigError: for an unknown name or a wrong type. Nothing is changed then.

    >>> import pluggrad
    >>> pluggrad.configure(renderer="networkx")
    >>> pluggrad.configure(renderer=None)
    """
    global _process
    settings.check_names(changes, "configure()")
    given = settings.checked({k: v for k, v in changes.items() if v is not None}, "configure()")
    with _changing:
        kept = {k: v for k, v in _process.items() if changes.get(k, v) is not None}
        _process = _merged(kept, given)


class configured(Context[Mapping[str, Any]]):  # noqa: N801 - a context manager
    """Change settings inside a `with` block, for this thread or task and those started inside.

    Parameters:
        changes: settings by name.

    Raises:
        ConfigError: for an unknown name or a wrong type.

    >>> import pluggrad
    >>> with pluggrad.configured(renderer="networkx") as config:
    ...     config.renderer
    'networkx'
    """

    def __init__(self, **changes: Any) -> None:
        given = settings.checked(changes, "configured()")
        super().__init__("configured", _context, lambda around: _merged(around, given))

    def __enter__(self) -> Config:
        super().__enter__()
        try:
            return current_config()
        except BaseException:  # an unreadable file
            self.__exit__()
            raise


def _merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Put settings over others; options of renderers one by one."""
    below, above = outer.get("renderers", {}), inner.get("renderers", {})
    options = {name: {**below.get(name, {}), **above.get(name, {})} for name in {**below, **above}}
    return {**outer, **inner, "renderers": options}
