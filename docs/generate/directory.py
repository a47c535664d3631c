"""The directory of plugins: what the packages that are installed here offer."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from itertools import groupby

from pluggrad import Plugin, plugins

from .docstrings import table

TOP = """\
# Directory of plugins

The packages with ops or renderers that are installed where this page was made, found by their
entry points. `pluggrad plugins` lists the same for your own installation. [Publishing a
plugin](../publish.md) says how yours gets here.

"""


def page() -> str:
    """Return the page: pluggrad's own plugins, then the other packages, each with a section."""
    by_package = sorted(filter(works, plugins), key=package)
    groups = {name: [*some] for name, some in groupby(by_package, key=package)}
    own = groups.pop("pluggrad", [])
    parts = [section(name, some) for name, some in groups.items()]
    nothing = "" if parts else "No other package is installed here.\n\n"
    return TOP + "".join(parts) + nothing + section("pluggrad", own)


def works(plugin: Plugin) -> bool:
    """Return whether a plugin comes with a package and could be loaded."""
    return bool(plugin.distribution) and not plugin.failure


def package(plugin: Plugin) -> str:
    """Return the name of the package that a plugin comes with."""
    return plugin.distribution.partition(" ")[0]


def section(name: str, some: list[Plugin]) -> str:
    """Tell one package: what it says of itself, and its plugins."""
    rows = ((f"`{p.name}`", named(p.ops), named(p.renderers)) for p in some)
    return f"## {name}\n\n{about(name)}\n\n{table(('plugin', 'ops', 'renderers'), rows)}\n\n"


def named(things: tuple[object, ...]) -> str:
    """List ops or renderers by name."""
    return ", ".join(f"`{thing.name}`" for thing in things)  # type: ignore[attr-defined]


def about(name: str) -> str:
    """Return what a package's metadata say: its version, its summary, and its first address."""
    try:
        found = metadata(name)
    except PackageNotFoundError:
        return "Registered without a package."
    address = (found.get_all("Project-URL") or ["", ""])[0].rpartition(", ")[2]
    link = f" [{address}]({address})" if address else ""
    return f"Version {found['Version']}. {found['Summary'] or ''}.{link}".replace("..", ".")
