"""Loading what was saved: programs, compiled functions, and functions over rows."""

from __future__ import annotations

import os

from pluggrad import CompileError

from .function import Compiled
from .portable import files
from .portable.fields import DocumentError
from .program import Program
from .rows.over import OverRows

Loaded = Program | Compiled | OverRows


def load(path: str | os.PathLike[str], *, executor: str = "auto") -> Loaded:
    """Load what `save` of a program, a compiled function or a function over rows wrote.

    The file is data: no code in it is run, nothing is imported for it, and all of it is looked at
    before it is used. Ops are found by name among those that are installed here.

    Parameters:
        path: the file.
        executor: `auto`, `numba` (or an error), or `interpreter`.

    Raises:
        CompileError: for another file, one of a later version, and one that needs an op which is
            not installed, or is another one here; it says what does not fit, and where.
        OSError: when the file cannot be read.

    >>> import pathlib, tempfile
    >>> import pluggrad
    >>> square = pluggrad.compile(lambda x: x * x, executor="interpreter")
    >>> square(3.0)
    9.0
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "square.json"
    >>> square.save(file)
    >>> pluggrad.load(file, executor="interpreter").value_and_grad(4.0)
    (16.0, 8.0)
    """
    try:
        return _made(path, executor)
    except DocumentError as cause:
        raise CompileError(f"{os.fspath(path)} cannot be loaded: {cause}") from cause


def _made(path: str | os.PathLike[str], executor: str) -> Loaded:
    kind, document = files.read(path)
    if kind == "program":
        return Program._read_from(document, executor)
    if kind == "function":
        found = Compiled._read_from(document, executor, os.fspath(path))
        document.end()
        return found
    if kind == "function over rows":
        return OverRows._read_from(document, executor, os.fspath(path))
    raise DocumentError(f"it is a {kind[:60]!r}, which this version does not know")
