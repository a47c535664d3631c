"""What was compiled once, kept on disk for the next process.

An entry is one file, named by what it was made from and for; what reads it checks a digest first.
A cache is a convenience: a directory that is missing, read-only, full, or holds damaged or foreign
files costs a compilation, never a result.

Its size has a bound. What was used last shows in a file's time, which is set at most once a day.
All files are looked at once in some thousand entries written: see `cache_size.py`.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from pluggrad import __version__

MAGIC = b"pluggrad code 1\n"
DAY = 86_400.0  # seconds
SELDOM = "000"  # one name in 4,096 begins with it


def directory() -> Path:
    """Find where compiled code is kept: `PLUGGRAD_CACHE_DIR`, or the user's cache directory.

    Raises:
        RuntimeError: where the user has no home directory.
    """
    chosen = os.environ.get("PLUGGRAD_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "pluggrad"


class Cache:
    """Bytes under names, for one processor and one set of versions.

    Parameters:
        processor: names the processor that code is made for.
        folder: where files are; `directory()` when left out.
    """

    def __init__(self, processor: str, folder: Path | None = None) -> None:
        made_by = [processor, sys.implementation.cache_tag, f"pluggrad {__version__}"]
        made_by += [_version(package) for package in ("numba", "llvmlite")]
        self.tag = hashlib.sha256("\n".join(made_by).encode()).hexdigest()[:12]
        try:
            self.folder: Path | None = (folder or directory()) / self.tag
        except RuntimeError:  # no home directory
            self.folder = None

    def read(self, key: str) -> bytes | None:
        """Return what is kept under `key`; None where nothing is, or nothing to be trusted."""
        if self.folder is None:
            return None
        try:
            path = self._path(key)
            about = path.stat()
            # Code that another user could have put there is not run.
            if hasattr(os, "getuid") and about.st_uid not in (os.getuid(), 0):
                return None
            kept = path.read_bytes()
        except OSError:
            return None
        head, digest, payload = kept[: len(MAGIC)], kept[len(MAGIC) : len(MAGIC) + 32], kept[48:]
        if head != MAGIC or digest != _digest(key, payload):
            return None
        if time.time() - about.st_mtime > DAY:
            with suppress(OSError):  # a folder that this user may only read
                os.utime(path)
        return payload

    def write(self, key: str, payload: bytes) -> None:
        """Keep `payload` under `key`, or, where that is not possible, do nothing.

        Raises:
            ConfigError: where `PLUGGRAD_CACHE_MB` is no number.
        """
        if self.folder is None:
            return
        import tempfile  # not needed by those who only read

        from .cache_size import most_bytes, prune

        if not (most := most_bytes()):
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Another process sees the whole file or none.
            handle, name = tempfile.mkstemp(dir=self.folder, prefix="new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(MAGIC + _digest(key, payload) + payload)
                os.replace(name, self._path(key))
            except BaseException:  # Ctrl-C too
                with suppress(OSError):
                    os.unlink(name)
                raise
        if self._path(key).name.startswith(SELDOM):
            prune(self.folder.parent, most)

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / hashlib.sha256(key.encode()).hexdigest()[:40]


def _version(package: str) -> str:
    """Return what tells one version of a package from another, without importing it.

    `importlib.metadata` would tell it, too, but importing that takes longer than most of this.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return f"no {package}"
    try:
        return Path(spec.origin).with_name("_version.py").read_text()
    except OSError:
        return f"{package} in {spec.origin}"


def _digest(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + payload).digest()


assert len(MAGIC) == 16
