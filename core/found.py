"""What the packages of this Python offer: the entry points, and whether they can be loaded now."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .entry_points import EntryPoint, entry_points

GROUP = "pluggrad"  # loaded by `import pluggrad`
RENDERERS = "pluggrad.renderers"  # loaded when the first renderer is asked for


def found_entry_points(group: str) -> list[EntryPoint]:
    """List a group's entry points in a fixed order: pluggrad's own, then by name and package."""
    return sorted(
        set(entry_points(group)),
        key=lambda ep: (not ep.value.startswith(f"{GROUP}."), ep.name, ep.distribution),
    )


def is_being_imported(entry_point: EntryPoint) -> bool:
    """Tell whether a plugin's module, or a package around it, is just being imported.

    So it is when a program imports the plugin first and the plugin imports pluggrad. Python's
    import system tells by a flag on the module's spec; it has no public name.
    """
    parts = entry_point.module.split(".")
    names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    specs = [getattr(sys.modules.get(name), "__spec__", None) for name in names if name != GROUP]
    return any(getattr(spec, "_initializing", False) for spec in specs)


def told(cause: BaseException) -> str:
    """Tell an exception in one line, whatever its own text does."""
    try:
        text = " ".join(str(cause).split())
    except KeyboardInterrupt:
        raise
    except BaseException as worse:
        text = f"its text cannot be had ({type(worse).__name__})"
    text = text if len(text) <= 500 else f"{text[:499]}…"
    return f"{type(cause).__name__}: {text}" if text else type(cause).__name__


def similar(name: str, known: Iterable[str]) -> str:
    """Say which known name is like an unknown one, and which there are."""
    from difflib import get_close_matches  # needed for errors only

    known = sorted(known)
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint} (available: {', '.join(known) or 'none'})"
