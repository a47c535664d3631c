"""Pages of the documentation that are made from the code itself, so that they cannot be wrong.

`write_all(folder)` writes them; `docs/conf.py` does so before each build.
"""

from __future__ import annotations

from pathlib import Path

from . import (
    commands,
    directory,
    examples,
    hooks,
    live_pages,
    mistakes,
    names,
    notebooks,
    numpy_calls,
    operations,
    packages,
    pictures,
    settings,
)


def pages() -> dict[str, str]:
    """Return every generated file: its name, and its text."""
    return {
        "settings.md": settings.page(),
        "hooks.md": hooks.page(),
        "commands.md": commands.page(),
        "directory.md": directory.page(),
        "examples.md": examples.page(),
        "names.md": names.page(),
        "numpy.md": numpy_calls.page(),
        "nn.txt": packages.section("pluggrad.nn"),
        "more.txt": packages.more(),
        **operations.pages(),
        **pictures.files(),
        **live_pages.files(),
        **mistakes.files(),
        **notebooks.files(),
    }


def write_all(folder: Path) -> None:
    """Write the files that changed, and remove those that are no longer made."""
    made = pages()
    for old in folder.rglob("*"):
        if old.is_file() and old.relative_to(folder).as_posix() not in made:
            old.unlink()
    for name, text in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
