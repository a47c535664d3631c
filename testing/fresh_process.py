"""Drawing in a process of its own: with another hash seed, or where it may crash or never end."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any

from pluggrad import Graph
from pluggrad.errors import one_line

from .errors import ConformanceError
from .picture import Picture
from .sample_graphs import SAMPLES, chain, tower

DOUBLINGS = 60


class UnreachableError(Exception):
    """Another process cannot find the renderer; the message says why."""


def refusal(picture: Picture) -> str:
    """Say why a renderer cannot be drawn with in another process; "" where it can."""
    kind = picture.kind
    if not _place(kind) or _file(kind) is None:
        return f"class {kind.__qualname__} is not at the top of a file"
    try:
        json.dumps(dict(picture.options))
    except TypeError:
        return "its options are not plain data"
    return ""


def start(picture: Picture, task: str, seed: str) -> subprocess.Popen[str]:
    """Start a process that draws; `answer` waits for it."""
    given = {
        "path": [str(Path(place).absolute()) for place in sys.path],
        "library": _library(),
        "module": picture.kind.__module__,
        "file": _file(picture.kind),
        "class": _place(picture.kind),
        "options": dict(picture.options),
        "depth": picture.depth,
        "task": task,
    }
    # -P keeps the working folder out of the way of Python's own library, which comes first; then
    # all is found in the order of this process. -I would ignore the hash seed.
    program = (
        "import json, sys; given = json.loads(sys.argv[1]); "
        "own = [place for place in sys.path if place in given['library']]; "
        "sys.path[:] = own + [place for place in given['path'] if place not in own]; "
        "from pluggrad.testing.fresh_process import main; main(given)"
    )
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, json.dumps(given)],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def _library() -> list[str]:
    """List where Python's own library is."""
    import sysconfig

    paths = sysconfig.get_paths()
    home = paths["stdlib"]
    archive = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
    inside = [home, paths["platstdlib"], os.path.join(home, "lib-dynload")]
    return [*inside, os.path.join(os.path.dirname(home), archive)]


def answer(
    picture: Picture, process: subprocess.Popen[str], what: str, timeout: float
) -> dict[str, str]:
    """Wait for what a process found.

    Raises:
        ConformanceError: with what the process found wrong, or when it crashed or took too long.
        UnreachableError: when the class is not to be had there.
    """
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        stop(process)
        raise picture.failure(f"{what}: it took more than {timeout:g} s") from None
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        raise picture.failure(f"{what}: it took the process down ({name})")
    lines = [line for line in out.splitlines() if line.startswith(MARK)]
    if process.returncode or not lines:
        told = err.strip().splitlines() or ["it left the process"]
        raise picture.failure(f"{what}: {told[-1]:.300}")
    found: dict[str, str] = json.loads(lines[-1].removeprefix(MARK))
    if "lacking" in found:
        raise UnreachableError(found["lacking"])
    if "failed" in found:
        raise ConformanceError(found["failed"], renderer=picture.name)
    return found


def stop(process: subprocess.Popen[str]) -> None:
    """End a process, whatever it does, and close what is open to it."""
    process.kill()
    process.communicate()


# ----- In the other process -----

MARK = "pluggrad found: "


def main(given: Mapping[str, Any]) -> None:
    """Draw what was asked for, and print what came of it."""
    gc.set_threshold(100_000, 50, 100)  # a deep graph is a million objects, and all of them stay
    try:
        kind = _class(given)
    except (Exception, SystemExit) as cause:  # of the module, which is imported alone here
        found = {"lacking": f"{given['class']} is not found in {given['file']}: {one_line(cause)}"}
    else:
        found = _drawn(Picture(kind, given["options"], given["depth"]), given["task"])
    print(f"\n{MARK}{json.dumps(found)}")


def _drawn(picture: Picture, task: str) -> dict[str, str]:
    try:
        return _TASKS[task](picture)
    except ConformanceError as error:
        return {"failed": str(error)}


def digests(picture: Picture) -> dict[str, str]:
    """Return a digest of each small picture."""
    found = {}
    for what, make in SAMPLES.items():
        form = picture.form(make(), what)
        found[what] = sha256(form.encode("utf-8", "replace") if isinstance(form, str) else form)
    return {what: digest.hexdigest() for what, digest in found.items()}


def deep(picture: Picture) -> dict[str, str]:
    """Draw a chain that is deeper than any recursion."""
    picture.draw(Graph(chain(picture.depth)), deep_name(picture))
    return {}


def high(picture: Picture) -> dict[str, str]:
    """Draw a tower whose paths nobody can follow one by one."""
    picture.draw(Graph(tower(DOUBLINGS)), "a tower of doublings")
    return {}


def deep_name(picture: Picture) -> str:
    """Call the deepest graph by a name."""
    return f"a chain {picture.depth:,} deep"


_TASKS = {"digests": digests, "deep": deep, "high": high}


def _file(kind: type[Any]) -> str | None:
    try:
        return inspect.getsourcefile(kind)
    except (TypeError, OSError):
        return None


def _place(kind: type[Any]) -> str:
    """Return the name by which a class is found in its module; "" where it is not.

    A class that `type()` made is often known by another name than its own.
    """
    module = sys.modules.get(str(kind.__module__))
    try:
        if attrgetter(kind.__qualname__)(module) is kind:
            return str(kind.__qualname__)
    except AttributeError:
        pass
    names: dict[str, Any] = getattr(module, "__dict__", {})
    return next((name for name, held in names.items() if held is kind), "")


def _class(given: Mapping[str, Any]) -> type[Any]:
    """Find a class by its module, or where that cannot be imported, in its file."""
    try:
        if given["module"] == "__main__":
            raise ImportError("the other process has a main module of its own")
        found: Any = importlib.import_module(given["module"])
    except ImportError:
        spec = importlib.util.spec_from_file_location("renderer_under_examination", given["file"])
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(found)
    for part in given["class"].split("."):
        found = getattr(found, part)
    kind: type[Any] = found
    return kind
