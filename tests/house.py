"""The packages in numbers: lines of code, files, circles of imports, functions.

    python tests/house.py

A line of code is one that is neither empty nor comment nor docstring. A circle is a set of files
that import each other, also inside functions; imports for type checkers do not count. A crowd is a
function of more than 8 parameters, without `self`.
"""

from __future__ import annotations

import ast
import functools
import io
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
WINGS = "arrays codegen copying drawing func hints insight progress settings summary trace".split()
PACKAGES = ["core", *WINGS, *"ops printers renderers compiler nn testing cli".split()]
SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
MANY = 8  # parameters
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(path: Path) -> int:
    """Count the lines of code of a file."""
    text = path.read_text(encoding="utf-8")
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in SILENT:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and ast.get_docstring(node):
            docstring = node.body[0]
            lines.difference_update(range(docstring.lineno, docstring.end_lineno + 1))
    return len(lines)


def modules() -> dict[str, Path]:
    """Return the file of each module, by the module's name."""
    found = {}
    for package in PACKAGES:
        for path in files_of(package):
            inside = path.relative_to(ROOT).with_suffix("").parts
            parts = ["pluggrad", *(inside[1:] if package == "core" else inside)]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_by(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Return the modules that a module imports, also inside functions."""
    found = set()
    for node in _at_run_time(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
            start = base[: len(base) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.add(inner if inner in known else module)
    return {x for x in found if x in known and x not in (name, "pluggrad")}


def _at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, but for what stands under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield child
            yield from _at_run_time(child)


@functools.cache
def arrows() -> dict[str, set[str]]:
    """Return what each module imports; what `core/index.py` loads later is no import."""
    known = modules()
    return {name: imported_by(name, path, known) for name, path in known.items()}


def circles() -> list[set[str]]:
    """Find the sets of modules that import each other."""
    graph = arrows()
    reach = {name: _reached(name, graph) for name in graph}
    found: list[set[str]] = []
    for name in graph:
        if name in reach[name] and not any(name in circle for circle in found):
            found.append({x for x in reach[name] if name in reach[x]})
    return found


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(graph[name])
    return reached


def functions(paths: list[Path]) -> Iterator[tuple[Path, Function]]:
    """Find all functions, those inside of others too."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, FUNCTIONS):
                yield path, node


def function_lengths(paths: list[Path]) -> list[int]:
    """Return the number of statements' lines of each function, without its docstring."""
    return [
        node.end_lineno - node.body[bool(ast.get_docstring(node)) :][0].lineno + 1
        for _, node in functions(paths)
        if len(node.body) > bool(ast.get_docstring(node))
    ]


def crowds(paths: list[Path]) -> list[str]:
    """Find the functions with many parameters; return file, name and number of each."""
    found = []
    for path, node in functions(paths):
        listed = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = sum(x.arg not in ("self", "cls") for x in listed)
        if count > MANY:
            found.append(f"{path.relative_to(ROOT)}: {node.name}, {count} parameters")
    return found


def main() -> None:
    """Print the table; `median` is of the lengths of functions."""
    print("folder     files lines of code median crowds  longest file")
    for package in PACKAGES:
        paths = files_of(package)
        counts = {path: code_lines(path) for path in paths}
        longest = max(paths, key=counts.__getitem__)
        median = statistics.median(function_lengths(paths))
        print(
            f"{package:10} {len(paths):5} {sum(counts.values()):13} {median:6.0f} "
            f"{len(crowds(paths)):6}  {longest.relative_to(ROOT)} ({counts[longest]})"
        )
    for crowd in [x for package in PACKAGES for x in crowds(files_of(package))]:
        print("crowd:", crowd)
    for circle in circles():
        print("circle:", ", ".join(sorted(circle)))
    print(f"{len(circles())} circles of imports")


def files_of(package: str) -> list[Path]:
    """List the Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


if __name__ == "__main__":
    main()
