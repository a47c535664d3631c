"""Writing a file whole or not at all, wherever the path leads.

What stands at the path stays what it is, as with `cp`: a link leads to its target, a device, pipe
or `/proc/self/fd/1` is written to, a file keeps its mode, its owner and its other names. A regular
file with one name is replaced in one step, so that nobody ever sees half of it. Until then the new
file has no name, where the system can do that (Linux: `O_TMPFILE`), so that a process that is
killed leaves nothing behind. The umask is heeded by creating files; asking for it would change it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress

from pluggrad.errors import RenderError

PREFIX = ".pluggrad-"
_OPEN_FILES = re.compile(r"/proc/.*/fd|/dev/fd")
_BINARY = getattr(os, "O_BINARY", 0)  # of Windows, which else writes other line ends
_NO_NAMELESS = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT, errno.EPERM)


class Destination:
    """Where a file will be written. Made before the work, it tells at once what cannot be.

    Parameters:
        path: where to.

    Raises:
        OSError: for a folder that is not there, a folder in the file's place, or a file that this
            user may not write.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.real = os.path.realpath(path)
        try:
            self.there: os.stat_result | None = os.stat(path)
        except FileNotFoundError:
            self.there = None
            if path.endswith(os.sep):
                raise
            os.stat(os.path.dirname(path) or os.curdir)  # `..` leads out of a folder that is there
            folder = os.path.dirname(self.real)
            if not stat.S_ISDIR(os.stat(folder).st_mode):
                raise _error(errno.ENOTDIR, path) from None
            return
        if stat.S_ISDIR(self.there.st_mode):
            raise _error(errno.EISDIR, path)
        if stat.S_ISREG(self.there.st_mode):
            os.close(os.open(path, os.O_WRONLY))  # as cp does, respect a file that is closed to us

    def write(self, content: bytes) -> None:
        """Write a file's whole content.

        Raises:
            OSError: when that fails; a regular file with one name is as it was before then.
        """
        there = self.there
        keeps = there is not None and (
            not stat.S_ISREG(there.st_mode) or there.st_nlink != 1 or _is_open_file(self.path)
        )
        if keeps or not self._replace(content):
            self._write_into(content)

    def _write_into(self, content: bytes) -> None:
        with open(self.path, "wb", buffering=0) as file:
            _write_all(file.fileno(), content)

    def _replace(self, content: bytes) -> bool:
        """Put a new file in the place; False where it could not have the owner of the old one."""
        folder = os.path.dirname(self.real)
        unfinished = os.path.join(folder, f"{PREFIX}{os.urandom(8).hex()}")
        try:
            try:
                return self._moved(content, folder, unfinished)
            finally:
                with suppress(OSError):
                    os.unlink(unfinished)
        except BaseException:  # an interrupt may come while the other is heeded
            with suppress(OSError):
                os.unlink(unfinished)
            raise

    def _moved(self, content: bytes, folder: str, unfinished: str, named: bool = False) -> bool:
        place = -1 if named else _nameless(folder)
        named = place < 0
        if named:
            place = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        try:
            _write_all(place, content)
            if self.there is not None and not _take_over(place, self.real, self.there):
                return False
            if not named and not _has_got_name(place, unfinished):
                return self._moved(content, folder, unfinished, named=True)
        finally:
            os.close(place)
        os.replace(unfinished, self.real)
        return True


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)  # of the class that the number has


def _nameless(folder: str) -> int:
    """Open a file without a name; -1 where the system has none."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return -1
    try:
        return os.open(folder, os.O_WRONLY | os.O_TMPFILE, 0o666)
    except OSError as cause:
        if cause.errno in _NO_NAMELESS:
            return -1
        raise


def _has_got_name(place: int, path: str) -> bool:
    try:
        # A folder descriptor makes Python follow the link that stands for the open file.
        os.link(f"/proc/self/fd/{place}", path, src_dir_fd=place)
    except OSError:  # a sandbox, or a file system that promises more than it does
        return False
    return True


def _take_over(place: int, real: str, there: os.stat_result) -> bool:
    """Give a new file the owner, mode and attributes of the old one; False where it may not."""
    made = os.fstat(place)
    if (made.st_uid, made.st_gid) != (there.st_uid, there.st_gid):
        try:
            os.fchown(place, there.st_uid, there.st_gid)
        except PermissionError:
            return False
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(real):
                with suppress(OSError):
                    os.setxattr(place, name, os.getxattr(real, name))
    if hasattr(os, "fchmod"):
        os.fchmod(place, stat.S_IMODE(there.st_mode))
    return True


def _write_all(place: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(place, left) :]


def _is_open_file(path: str) -> bool:
    """Return whether a path leads through a process's open files, as `/dev/stdout` does."""
    for _ in range(40):  # as many links as Linux follows
        folder, name = os.path.split(os.path.abspath(path))
        folder = os.path.realpath(folder)
        if _OPEN_FILES.fullmatch(folder):
            return True
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            return False
        path = os.path.join(folder, os.readlink(path))
    return False


def content_of(write: Callable[[str], None], name: str) -> bytes | None:
    """Let something write a file in a private folder, away from the file's own.

    Parameters:
        write: is called with the path.
        name: what the file is called there.

    Returns:
        What was written; None where nothing was.
    """
    import shutil  # slow to import, as the next one is
    import tempfile

    # The name comes first, so that an interrupt at any moment finds what to clear away; the second
    # clearing is for one that comes during the first.
    folder = os.path.join(tempfile.gettempdir(), f"pluggrad-{os.urandom(8).hex()}")
    path = os.path.join(folder, name)
    try:
        try:
            _make(folder)
            write(path)
            if not os.path.isfile(path):
                return None
            with open(path, "rb") as file:
                return file.read()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _make(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except OSError as cause:
        raise RenderError(
            f"cannot make a folder for unfinished files in {os.path.dirname(folder)}: "
            f"{cause.strerror}; the environment variable TMPDIR names another place"
        ) from cause
