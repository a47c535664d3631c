"""How large the cache on disk is, and what goes when it is larger than it may be.

Only files that a cache has named are counted and deleted: the folder may hold other things. A file
that another process is about to read may go, too: that costs it a compilation.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pluggrad.errors import ConfigError

VARIABLE = "PLUGGRAD_CACHE_MB"
DEFAULT = 500  # megabytes
AT_ONCE = 5000  # files; more than are written between two looks, so that the bound is reached
ABANDONED = 3600  # seconds after which nobody is still writing a file

_FOLDER = re.compile("[0-9a-f]{12}")
_ENTRY = re.compile("[0-9a-f]{40}")
_BLOCK = 4096  # bytes; a file of one byte takes a block of the disk


@dataclass(frozen=True)
class Entry:
    """A file of the cache: where it is, the bytes that it takes on disk, when it was last used."""

    path: str
    size: int
    used: float


def most_bytes() -> int:
    """Return how many bytes the cache may take: `PLUGGRAD_CACHE_MB`, or 500 MB.

    Raises:
        ConfigError: where the variable holds no number of megabytes.
    """
    text = os.environ.get(VARIABLE, "").strip() or str(DEFAULT)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ConfigError(
            f"{VARIABLE}={text[:60]!r}: give a whole number of megabytes, such as {DEFAULT}; "
            "0 writes nothing"
        )
    return int(text) * 1_000_000


def entries(folder: Path) -> Iterator[Entry]:
    """Yield the files of the caches of all processors and versions below a folder."""
    for tag in _listed(folder):
        if _FOLDER.fullmatch(tag.name) and tag.is_dir(follow_symlinks=False):
            for file in _listed(tag.path):
                if _ENTRY.fullmatch(file.name) or _is_abandoned(file):
                    with suppress(OSError):  # another process has deleted it
                        found = file.stat(follow_symlinks=False)
                        blocks = -(-found.st_size // _BLOCK)
                        yield Entry(file.path, blocks * _BLOCK, found.st_mtime)


def prune(folder: Path, most: int) -> None:
    """Delete what was not used for longest, where there is more than `most` bytes.

    Not more than some thousand files, for a slow disk takes milliseconds for each; the next look
    goes on.
    """
    found = sorted(entries(folder), key=lambda entry: entry.used)
    too_much = sum(entry.size for entry in found) - most
    oldest = []
    for entry in found[:AT_ONCE]:
        if too_much <= 0:
            break
        oldest.append(entry)
        too_much -= entry.size
    delete(oldest)


def delete(found: Iterable[Entry]) -> None:
    """Delete entries, and folders that have none left."""
    folders = set()
    for entry in found:
        with suppress(OSError):
            os.unlink(entry.path)
            folders.add(os.path.dirname(entry.path))
    for folder in folders:
        with suppress(OSError):  # others are left in it
            os.rmdir(folder)


def _listed(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:  # not there, or closed to this user
        return []


def _is_abandoned(file: os.DirEntry[str]) -> bool:
    """Return whether a process died while it wrote this file."""
    if not file.name.startswith("new-"):
        return False
    with suppress(OSError):
        return time.time() - file.stat(follow_symlinks=False).st_mtime > ABANDONED
    return False
