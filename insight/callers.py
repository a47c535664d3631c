"""Whose code a frame runs: pluggrad's, a library's or the user's."""

from __future__ import annotations

import linecache
import os
import site
import warnings
from functools import lru_cache
from types import FrameType
from typing import Any

ENGINE, LIBRARY, USER = "engine", "library", "user"


def whose(frame: FrameType) -> str:
    """Return whose code a frame runs: pluggrad's, an installed or standard library's, the user's.

    The user's is all that lies outside the folders of the standard library and of installed
    packages: scripts, notebooks, the prompt, packages that are developed in place.
    """
    name = frame.f_globals.get("__name__", "")
    file = frame.f_code.co_filename
    if file.startswith("<doctest"):  # whose globals are those of the module that is tested
        return USER
    if name == "pluggrad" or name.startswith("pluggrad.") or file.startswith("<pluggrad"):
        return ENGINE
    if file.startswith("<") and not file.startswith("<frozen"):
        file = frame.f_globals.get("__file__") or ""
    return LIBRARY if is_installed(file) else USER


@lru_cache(maxsize=4096)
def is_installed(file: str) -> bool:
    """Return whether a file belongs to the standard library or to an installed package."""
    parts = os.path.normcase(file).replace("\\", "/").split("/")
    if file.startswith("<frozen") or "site-packages" in parts or "dist-packages" in parts:
        return True
    return file.startswith(_folders())


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    # `sysconfig` would tell as much, and takes longer to load than all this file.
    found = {os.path.dirname(os.__file__), *site.getsitepackages(), site.getusersitepackages()}
    return tuple(folder + os.sep for folder in found if folder)  # Pyodide has no user site


def outside(frame: FrameType) -> FrameType:
    """Return the innermost frame that runs no code of pluggrad's own; else the outermost one."""
    while frame.f_back is not None and whose(frame) == ENGINE:
        frame = frame.f_back
    return frame


def user_frame(frame: FrameType | None) -> FrameType | None:
    """Find the innermost frame of the user's own code; None where all of it is libraries'."""
    while frame is not None and whose(frame) != USER:
        frame = frame.f_back
    return frame


def library_name(frame: FrameType) -> str:
    """Name the package that a frame runs code of."""
    return str(frame.f_globals.get("__name__", "a library")).partition(".")[0]


def warn_at(frame: FrameType, text: str, category: type[Warning], *, again: bool = False) -> None:
    """Warn about the line at which a frame stands; by default as often as the filters say."""
    warnings.warn_explicit(
        text,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        registry=None if again else frame.f_globals.setdefault("__warningregistry__", {}),
    )


def line_of(frame: FrameType) -> str:
    """Write where a frame stands: file and line."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def source_line(file: str, number: int, names: dict[str, Any] | None = None) -> str:
    """Return a line of a program as it is written, with its end; "" where that cannot be read.

    Parameters:
        file: what the code says of its file.
        number: the line, from 1.
        names: the globals of the code, which tell where a module in an archive comes from.
    """
    # Python 3.13 has the text of `python -c` under the name of all code that `exec` runs.
    return "" if file == "<string>" else linecache.getline(file, number, names)
