"""Files of documents: strict JSON, written whole or not at all."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pluggrad
from pluggrad import CompileError

from .fields import DocumentError, Fields

FORMAT = "pluggrad recording"
VERSION = 1
MOST_BYTES = 1 << 30


def write(path: str | os.PathLike[str], kind: str, content: dict[str, Any]) -> None:
    """Write a document; what stands at the path stays what it is, see `pluggrad.save`.

    Raises:
        OSError: when it cannot be written; a regular file is as it was before then.
    """
    import json

    from pluggrad.drawing.writing import Destination

    destination = Destination(os.fsdecode(path))
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "written_by": f"pluggrad {pluggrad.__version__}",
        "kind": kind,
        **content,
    }
    text = json.dumps(whole, allow_nan=False, separators=(",", ":"))
    destination.write(f"{text}\n".encode("ascii"))


def read(path: str | os.PathLike[str]) -> tuple[str, Fields]:
    """Read a document; return its kind, and what else is in it.

    Raises:
        CompileError: for what is no file, or too large a one.
        OSError: when it cannot be read.
        DocumentError: for other content.
    """
    file = Path(os.fsdecode(path))
    if file.exists() and not file.is_file():
        raise CompileError(f"{file} is not a file")
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise CompileError(f"{file} has {size:,} bytes; a program has at most {MOST_BYTES:,}")
    document = Fields(_parsed(file.read_bytes()), "the document")
    if not document.has("format") or document.take("format") != FORMAT:
        raise DocumentError(f"it is not marked as a {FORMAT!r}")
    version, writer = document.take("version", int), document.text("written_by")
    if version != VERSION:
        raise DocumentError(
            f"it was written by {writer}, in a later version of the format; this is pluggrad "
            f"{pluggrad.__version__}, which reads version {VERSION}"
        )
    return document.text("kind"), document


def _parsed(content: bytes) -> Any:
    import json

    try:
        return json.loads(
            content.decode("utf-8"),
            parse_constant=_refuse,
            parse_float=_finite,
            object_pairs_hook=_without_doubles,
        )
    except DocumentError:
        raise
    except RecursionError:
        raise DocumentError("it is nested too deeply") from None
    except ValueError as cause:
        raise DocumentError(f"it is not JSON: {cause}") from cause


def _refuse(name: str) -> float:
    raise DocumentError(f"it is not JSON: {name} is no number there")


def _finite(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise DocumentError(f"{text:.40} is too large for a float")
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DocumentError(f"an object has {twice[:60]!r} twice")
    return found
