"""Entry points: what the installed packages of this Python offer.

They stand in a text file beside each package's metadata, in a specified format (Python Packaging
User Guide, "Entry points specification"), and are read from there. `importlib.metadata` gives the
same, but importing it takes as long as all the rest of `import pluggrad`; it is asked where
packages lie elsewhere than in folders on `sys.path`, in a zip file for instance.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from typing import Any, NamedTuple

from ..errors import CompileError, one_line


class EntryPoint(NamedTuple):
    """One thing that an installed package offers.

    Attributes:
        name: what it is called.
        value: where it is: `module` or `module:attribute`.
        distribution: the package that offers it, and its version, such as `pluggrad 0.1.0`.
    """

    name: str
    value: str
    distribution: str

    @property
    def module(self) -> str:
        """The module that it is, or is in."""
        return self.value.partition(":")[0].strip()

    def load(self) -> Any:
        """Import it.

        Raises:
            Exception: whatever the import raises.
            AttributeError: when the module has no such thing.
        """
        thing: Any = import_module(self.module)
        for attribute in filter(None, self.value.partition(":")[2].strip().split(".")):
            thing = getattr(thing, attribute)
        return thing


def entry_points(group: str) -> list[EntryPoint]:
    """List the entry points of a group, each package's own in the order of its file."""
    if _packages_lie_elsewhere():
        from importlib import metadata

        return [
            EntryPoint(found.name, _without_extras(found.value), _told(found.dist))
            for found in metadata.entry_points(group=group)
        ]
    return [
        EntryPoint(name, value, package)
        for folder in _metadata_folders()
        if (offered := [*_in_file(os.path.join(folder, "entry_points.txt"), group)])
        for package in [_name_and_version(folder)]  # read once, for all of them
        for name, value in offered
    ]


def _packages_lie_elsewhere() -> bool:
    return any(map(os.path.isfile, _places())) or any(
        hasattr(finder, "find_distributions") and finder is not PathFinder
        for finder in sys.meta_path
    )


def _places() -> list[str]:
    return [path for path in sys.path if isinstance(path, str)]  # as imports pass over others


def _metadata_folders() -> Iterator[str]:
    """Return the metadata folder of each package; of equal names the first on `sys.path` counts.

    What pip installed (.dist-info) counts more than what building left in a source folder, which is
    first on the path for whoever works there, and may be out of date (.egg-info).
    """
    installed: dict[str, str] = {}
    built: dict[str, str] = {}
    for path in _places():
        try:
            names = sorted(os.listdir(path or "."))
        except OSError:
            continue
        for name in names:
            stem, suffix = os.path.splitext(name)
            if suffix in (".dist-info", ".egg-info"):
                package = stem.partition("-")[0].replace(".", "_").lower()
                kind = installed if suffix == ".dist-info" else built
                kind.setdefault(package, os.path.join(path, name))
    return iter({**built, **installed}.values())


def _in_file(path: str, group: str) -> Iterator[tuple[str, str]]:
    """Read the names and values of one group from a package's `entry_points.txt`."""
    section = ""
    for line in _lines(path):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == group and line and line[0] not in "#;":
            name, _, value = line.partition("=")
            yield name.strip(), _without_extras(value)


def _name_and_version(folder: str) -> str:
    """Read a package's name and version from the head of its metadata."""
    for file in ("METADATA", "PKG-INFO"):
        head: dict[str, str] = {}
        for line in _lines(os.path.join(folder, file)):
            if not line:
                break
            key, _, value = line.partition(":")
            head.setdefault(key.lower(), value.strip())
        if "name" in head:
            return f"{head['name']} {head.get('version', 'without a version')}"
    return f"unknown package in {folder}"


def _lines(path: str) -> list[str]:
    if not os.path.isfile(path):  # most packages have no entry points; nobody waits for a pipe
        return []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [line.strip() for line in file]
    except OSError:
        return []


def _without_extras(value: str) -> str:
    return value.partition("[")[0].strip()


def _told(distribution: Any) -> str:
    try:
        return f"{distribution.metadata['Name']} {distribution.metadata['Version']}"
    except Exception:  # half removed; what is raised depends on the finder
        return "unknown package"


# ----- What pluggrad looks for -----

GROUP = "pluggrad"  # loaded by `import pluggrad`
RENDERERS = "pluggrad.renderers"  # loaded when the first renderer is asked for
COMPILERS = "pluggrad.compilers"  # each loaded when it is first asked for


def found_entry_points(group: str) -> list[EntryPoint]:
    """List a group's entry points in a fixed order: pluggrad's own, then by name and package."""
    return sorted(
        set(entry_points(group)),
        key=lambda ep: (not ep.value.startswith(f"{GROUP}."), ep.name, ep.distribution),
    )


def is_being_imported(entry_point: EntryPoint) -> bool:
    """Return whether a plugin's module, or a package around it, is being imported right now.

    So it is when a program imports the plugin first and the plugin imports pluggrad. Python's
    import system tells by a flag on the module's spec; it has no public name.
    """
    parts = entry_point.module.split(".")
    names = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    specs = [getattr(sys.modules.get(name), "__spec__", None) for name in names if name != GROUP]
    return any(getattr(spec, "_initializing", False) for spec in specs)


def compile(*args: Any, compiler: str = "default", **options: Any) -> Any:
    """Compile a graph or a function: record once, replay fast.

    Parameters:
        args: a Value or a list of them, for a `Program` that computes its graph again, forward and
            backward; or a function of numbers, for a compiled function. With nothing but options,
            the result is a decorator.
        compiler: the name of an installed compiler; pluggrad's own is "default".
        options: the compiler's options; for pluggrad's own see `pluggrad.compiler.Program` and
            `pluggrad.compiler.Compiled`.

    Raises:
        CompileError: for an unknown compiler, naming the installed ones; and when the target cannot
            be compiled.

    >>> from pluggrad import Value, compile
    >>> x = Value(3.0)
    >>> program = compile(x * x, executor="interpreter")
    >>> x.data = 4.0
    >>> program(), x.grad
    (16.0, 8.0)
    """
    return _compiler(compiler)(*args, **options)


@cache
def _compiler(name: str) -> Callable[..., Any]:
    found = {entry_point.name: entry_point for entry_point in entry_points(COMPILERS)}
    if name not in found:
        available = ", ".join(sorted(found)) or "none"
        raise CompileError(f"unknown compiler {name!r}; available: {available}")
    try:
        compiler: Callable[..., Any] = found[name].load()
    except Exception as cause:
        where = f"compiler {name!r} ({found[name].distribution})"
        raise CompileError(f"{where} failed to load: {one_line(cause)}") from cause
    return compiler
