"""`pluggrad new-plugin`: a complete package to start from, whose tests pass at once."""

from __future__ import annotations

import json
import keyword
import os
import re
import shutil
import sys
from argparse import Namespace
from importlib.metadata import distributions
from pathlib import Path
from pkgutil import iter_modules
from string import Template
from typing import Any

from pluggrad import PluggradError, Value, plugins

from .table import add_json, shown


class NewPluginError(PluggradError):
    """The name cannot be that of a package, or something has it already."""


def run(given: Namespace) -> None:
    """Write the package."""
    folder = write(given.name, Path(given.path), given.build)
    if given.json:
        files = sorted(str(x.relative_to(folder)) for x in folder.rglob("*") if x.is_file())
        print(json.dumps({"folder": str(folder), "files": files}, indent=2))
        return
    place = shown(str(folder))
    print(f"{place} is written. Now: pip install -e '{place}[test]' && pytest {place}")


def write(name: str, path: Path, build: str = "setuptools") -> Path:
    """Write the files of a new plugin package.

    Parameters:
        name: what the package is called: lower-case letters and digits, with single hyphens.
        path: the folder in which to make the package's own.
        build: what builds the package, one of `BUILDS`.

    Raises:
        NewPluginError: when the name is not usable, or the folder cannot be made or exists. Nothing
            is overwritten.
    """
    package = checked(name)
    folder = path / name
    try:
        taken = folder.exists()
    except OSError as cause:
        raise NewPluginError(f"cannot write {folder}: {cause.strerror}") from cause
    if taken:
        raise NewPluginError(f"{folder} exists already; nothing was written")
    names = {"name": name, "package": package, "op": f"{package}_cube"}
    names |= {part: Template(text).substitute(names) for part, text in BUILDS[build].items()}
    # Beside it first: an interrupt leaves nothing that looks like a package.
    unfinished = path / f".{name}-{os.getpid()}"
    try:
        try:
            for place, text in FILES.items():
                target = unfinished / place.replace("PACKAGE", package)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(Template(text).substitute(names), encoding="utf-8")
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as cause:
        raise NewPluginError(f"cannot write {folder}: {cause.strerror}") from cause
    return folder


def checked(name: str) -> str:
    """Return the importable name of a package.

    Raises:
        NewPluginError: saying why the name will not do.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise NewPluginError(
            f"{name!r} cannot be a package's name: lower-case letters and digits, parts joined by "
            "single hyphens, as in 'my-ops'"
        )
    package = name.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package == "tests":
        raise NewPluginError(f"{name!r} is a word of Python or a module of its library")
    owners = {plugin.name for plugin in plugins} | {
        plugin.distribution.partition(" ")[0] for plugin in plugins
    }
    taken = {*owners, *plugins.renderers}
    if name in taken or f"{name}.ops" in taken or hasattr(Value, f"{package}_cube"):
        raise NewPluginError(f"{name!r} is installed already: a package, plugin or renderer")
    if package in _modules() or name in _distributions():
        raise NewPluginError(
            f"{name!r} is a package that is installed here; yours would take its place. Choose "
            "another name"
        )
    return package


def _modules() -> set[str]:
    """List what can be imported here, the working folder apart, in which the package may stand."""
    here = {"", os.getcwd()}
    return {module.name for module in iter_modules([p for p in sys.path if p not in here])}


def _distributions() -> set[str]:
    """List the installed packages by the names that pip knows."""
    names = (found.metadata["Name"] or "" for found in distributions())
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "new-plugin",
        help="write a package with an op, a renderer and their tests, to start from",
        description="Write a complete, installable plugin package whose tests pass at once.",
    )
    command.add_argument("name", metavar="NAME", help="of the package, such as my-ops")
    command.add_argument(
        "--build",
        choices=BUILDS,
        default="setuptools",
        help="what builds the package: setuptools (the default), hatchling or uv",
    )
    command.add_argument("--path", metavar="DIR", default=".", help="where to put its folder")
    add_json(command)
    command.set_defaults(run=run)


# ----- The files -----

# By what it is built: the system, and where that finds the package.
BUILDS = {
    "setuptools": {
        "system": 'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"',
        "place": """\
[tool.setuptools]
packages = ["$package"]
package-dir = { "" = "." }  # so that type checkers follow `pip install -e`
package-data = { $package = ["py.typed"] }""",
    },
    "hatchling": {
        "system": 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"',
        "place": """\
[tool.hatch.build.targets.wheel]
packages = ["$package"]""",
    },
    "uv": {
        "system": 'requires = ["uv_build>=0.9,<1"]\nbuild-backend = "uv_build"',
        "place": '[tool.uv.build-backend]\nmodule-root = ""',
    },
}

PYPROJECT = """\
[build-system]
$system

[project]
name = "$name"
version = "0.1.0"
description = "An operation and a renderer for pluggrad"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["pluggrad"]

[project.optional-dependencies]
test = ["pluggrad[testing]"]

# This is all that makes them plugins: names of your choice, and the modules with the hooks.
[project.entry-points.pluggrad]
"$name.ops" = "$package.ops"

[project.entry-points."pluggrad.renderers"]
"$name.renderer" = "$package.renderer"

$place

[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "--import-mode=importlib"
pluggrad_check = ["$name"]  # each check of each op and renderer of this package is a test

[tool.mypy]
strict = true
packages = ["$package"]
"""

README = """\
# $name

Adds to pluggrad an operation, `$op`, and a renderer,
`$name`.

```python
from pluggrad import Value, render
from $package.ops import $op

x = Value(2.0, label="x")
y = $op(x)  # or x.$op(), a method that type checkers do not know
y.backward()
print(y.data, x.grad)  # 8.0 12.0
print(render(y, "$name"))
```

```
pip install -e '.[test]'
pytest
pluggrad check $name
```

`pytest` runs each check of pluggrad's conformance kit as a test, beside those in `tests/`.

An op is a forward function on floats, and for each operand a rule that turns the gradient `g` of
the result into that of the operand. Rules are written in operators and other ops (`from
pluggrad.ops import cos`): no `math.*`, no `if`. `pluggrad check $name` tells if they are right,
and if the renderer can draw any graph.
"""

INIT = '''\
"""An operation and a renderer for pluggrad."""
'''

OPS = '''\
"""Operations: a forward function, and one derivative rule for each operand."""

from pluggrad import Op, hookimpl

$op = Op(
    "$op",
    lambda x: x * x * x,
    lambda g, out, x: g * 3 * x * x,
    doc="x**3. Derivative: 3 x**2.",
)


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Register the op: it becomes a method of every Value."""
    return [$op]
'''

RENDERER = '''\
"""A renderer: a class with a name, called with the graph to draw."""

from pluggrad import Graph, hookimpl
from pluggrad.renderers.labels import one_line


class Renderer:
    """Write a line for each node, operands before users.

    Parameters:
        indent: what each line begins with.
    """

    name = "$name"

    def __init__(self, indent: str = "") -> None:
        self.indent = indent

    def __call__(self, graph: Graph) -> str:
        """Return the text."""
        lines = []
        for node in graph.nodes:
            name = one_line(node.label, 40) or node.op or "number"  # a label can hold any text
            lines.append(f"{self.indent}{name}: {node.data:g}")
        return "\\n".join(lines)


@hookimpl
def pluggrad_register_renderers() -> list[type[Renderer]]:
    """Register the renderer."""
    return [Renderer]
'''

TEST_OPS = '''\
"""What the op gives; `pluggrad_check` in pyproject.toml compares it with independent truth."""

from pluggrad import Value


def test_it_is_a_method_of_values():
    x = Value(2.0)
    y = x.$op()
    y.backward()
    assert (y.data, x.grad) == (8.0, 12.0)
'''

TEST_RENDERER = '''\
"""What the renderer writes; `pluggrad_check` in pyproject.toml tries it on any graph."""

from pluggrad import Value, render


def test_it_writes_a_line_for_each_node():
    y = Value(2.0, label="x").relu()
    assert render(y, "$name") == "x: 2\\nrelu: 2"


def test_it_takes_an_option():
    assert render(Value(2.0, label="x"), "$name", indent="> ") == "> x: 2"
'''

FILES = {
    "pyproject.toml": PYPROJECT,
    "README.md": README,
    "PACKAGE/__init__.py": INIT,
    "PACKAGE/py.typed": "",
    "PACKAGE/ops.py": OPS,
    "PACKAGE/renderer.py": RENDERER,
    "tests/test_ops.py": TEST_OPS,
    "tests/test_renderer.py": TEST_RENDERER,
}
