"""Places in a program: whose code a frame runs, and what the call says in which it stands.

Python tells where a frame stands to the column. The text there is parsed, and its names are looked
up in the frame, so that `from math import exp as e` and `f = math.exp` are seen for what they are.
Nothing is called and no property is read on the way. Without the text (`python -c`, `exec`) the
names that the instruction's bytecode loads take its place.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import linecache
import os
import site
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import CodeType, FrameType, ModuleType
from typing import Any

ENGINE, LIBRARY, USER = "engine", "library", "user"
UNKNOWN = object()  # what a name or expression stands for, where that cannot be told

Position = tuple[int | None, int | None, int | None, int | None]


# ----- Whose code -----


def whose(frame: FrameType) -> str:
    """Return whose code a frame runs: pluggrad's, an installed or standard library's, the user's.

    The user's is all that lies outside the folders of the standard library and of installed
    packages: scripts, notebooks, the prompt, packages that are developed in place.
    """
    name = frame.f_globals.get("__name__", "")
    file = frame.f_code.co_filename
    if file.startswith("<doctest"):  # whose globals are those of the module that is tested
        return USER
    if name == "pluggrad" or name.startswith("pluggrad.") or file.startswith("<pluggrad"):
        return ENGINE
    if file.startswith("<") and not file.startswith("<frozen"):
        file = frame.f_globals.get("__file__") or ""
    return LIBRARY if is_installed(file) else USER


@lru_cache(maxsize=4096)
def is_installed(file: str) -> bool:
    """Return whether a file belongs to the standard library or to an installed package."""
    parts = os.path.normcase(file).replace("\\", "/").split("/")
    if file.startswith("<frozen") or "site-packages" in parts or "dist-packages" in parts:
        return True
    return file.startswith(_folders())


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    # `sysconfig` would tell as much, and takes longer to load than all this file.
    found = {os.path.dirname(os.__file__), *site.getsitepackages(), site.getusersitepackages()}
    return tuple(folder + os.sep for folder in found if folder)  # Pyodide has no user site


def outside(frame: FrameType) -> FrameType:
    """Return the innermost frame that runs no code of pluggrad's own; else the outermost one."""
    while frame.f_back is not None and whose(frame) == ENGINE:
        frame = frame.f_back
    return frame


def user_frame(frame: FrameType | None) -> FrameType | None:
    """Find the innermost frame of the user's own code; None where all of it is libraries'."""
    while frame is not None and whose(frame) != USER:
        frame = frame.f_back
    return frame


def library_name(frame: FrameType) -> str:
    """Name the package that a frame runs code of."""
    return str(frame.f_globals.get("__name__", "a library")).partition(".")[0]


def warn_at(frame: FrameType, text: str, category: type[Warning], *, again: bool = False) -> None:
    """Warn about the line at which a frame stands; by default as often as the filters say."""
    warnings.warn_explicit(
        text,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        registry=None if again else frame.f_globals.setdefault("__warningregistry__", {}),
    )


def line_of(frame: FrameType) -> str:
    """Write where a frame stands: file and line."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


# ----- What stands there -----


class Place:
    """What a frame is doing now: the expression of the instruction that runs.

    Attributes:
        frame: the frame; a Place is for a moment, since a frame keeps its variables alive.
        opname: the name of the instruction.
        operator: the operator that it computes, such as "%"; "" for others.
        text: the expression, as the program has it; "" where there is no source.
        tree: it, parsed; None where there is no source.
    """

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        instruction = _instruction_at(frame.f_code, frame.f_lasti)
        self.opname = instruction.opname
        self.operator = instruction.argrepr if self.opname == "BINARY_OP" else ""
        self.position = _position_at(frame.f_code, frame.f_lasti)
        self.text = _text(frame, self.position)
        self.tree = _parsed(self.text)
        if self.tree is None or None in self.position or not _belongs(self.tree, frame.f_code):
            rebuilt = _rebuilt(frame.f_code, instruction.offset)
            if rebuilt is not None:
                self.text, self.tree = ast.unparse(rebuilt), rebuilt

    def resolve(self, node: ast.AST) -> Any:
        """Find what an expression stands for, without running any code; or UNKNOWN."""
        return _resolve(node, self.frame)

    def line(self) -> str:
        """Return the line of the program."""
        return _lines(self.frame, self.frame.f_lineno, self.frame.f_lineno).strip()

    def statement(self) -> ast.AST | None:
        """Return the lines in which the expression lies, if they make a statement."""
        first = self.position[0] or self.frame.f_lineno
        last = self.position[1] or first
        return _parsed(textwrap.dedent(_lines(self.frame, first, last)))


def _instruction_at(code: CodeType, lasti: int) -> dis.Instruction:
    """Find the instruction at an offset; for the PRECALL of Python 3.11 the CALL it belongs to."""
    for instruction in dis.get_instructions(code):
        if instruction.offset >= lasti and instruction.opname != "PRECALL":
            return instruction
    raise ValueError(f"{code} has no instruction at {lasti}")


def _position_at(code: CodeType, lasti: int) -> Position:
    """Return the lines and columns (in bytes) of the expression of an instruction."""
    for index, position in enumerate(code.co_positions()):
        if index == lasti // 2:
            return position
    return (None, None, None, None)


def _lines(frame: FrameType, first: int, last: int) -> str:
    file = frame.f_code.co_filename
    lines = [linecache.getline(file, n, frame.f_globals) for n in range(first, last + 1)]
    return "".join(lines)


def _text(frame: FrameType, position: Position) -> str:
    first, last, start, end = position
    linecache.checkcache(frame.f_code.co_filename)
    if first is None or last is None or start is None or end is None:
        return _lines(frame, frame.f_lineno, frame.f_lineno).strip()
    lines = _lines(frame, first, last).encode().splitlines(keepends=True)
    if len(lines) != last - first + 1:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = b" " * start + lines[0][start:]
    return textwrap.dedent(b"".join(lines).decode("utf-8", "replace"))


def _parsed(text: str) -> ast.AST | None:
    """Parse an expression, a statement, or the first line of one that goes on."""
    text = text.strip()
    for attempt in (f"({text})", text, f"{text}\n    pass") if text else ():
        try:
            (tree,) = ast.parse(attempt).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return tree.value if isinstance(tree, ast.Expr) else tree
    return None


def _belongs(tree: ast.AST, code: CodeType) -> bool:
    """Check that a text is that of the code: the file may have been changed meanwhile."""
    known = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    while inner:
        other = inner.pop()
        known.update(other.co_names, other.co_varnames, other.co_freevars)
        inner += [c for c in other.co_consts if isinstance(c, CodeType)]
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return not names or bool(names & known)


_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF")


def _rebuilt(code: CodeType, lasti: int) -> ast.AST | None:
    """Write the call at an instruction from the names that its bytecode loads."""
    stack: list[ast.expr | None] = []
    for instruction in dis.get_instructions(code):
        name, argument = instruction.opname, instruction.argval
        if name.startswith(_LOADS):
            names = argument if isinstance(argument, tuple) else (argument,)
            stack.extend(ast.Name(str(x), ast.Load()) for x in names)
        elif name in ("LOAD_ATTR", "LOAD_METHOD") and stack and stack[-1] is not None:
            stack[-1] = ast.Attribute(stack[-1], str(argument), ast.Load())
        elif name == "LOAD_CONST":
            stack.append(ast.Constant(argument))
        elif name == "PUSH_NULL" or name == "PRECALL" or name == "KW_NAMES":
            continue
        elif name == "CALL" and isinstance(argument, int) and len(stack) > argument:
            arguments = [x or ast.Name("_", ast.Load()) for x in stack[len(stack) - argument :]]
            del stack[len(stack) - argument :]
            function = stack.pop() or ast.Name("_", ast.Load())
            stack.append(ast.Call(function, arguments, []))
            # Where code ran often, CPython 3.11 calls from the PRECALL before.
            if instruction.offset >= lasti:
                return stack[-1]
        else:
            _skip(stack, instruction)
        if instruction.offset == lasti:
            break
    return None


def _skip(stack: list[ast.expr | None], instruction: dis.Instruction) -> None:
    """Do to the stack what an instruction does, without knowing what comes of it."""
    try:
        effect = dis.stack_effect(instruction.opcode, instruction.arg, jump=False)
    except ValueError:
        effect = 0
    if effect <= 0:
        del stack[len(stack) + effect :]
        if instruction.opname.startswith(("BINARY", "COMPARE", "CALL", "BUILD", "UNARY")) and stack:
            stack[-1] = None
    else:
        stack.extend([None] * effect)


# ----- What a name stands for -----


def _resolve(node: ast.AST, frame: FrameType) -> Any:
    match node:
        case ast.Name():
            return _variable(node.id, frame)
        case ast.Constant():
            return node.value
        case ast.JoinedStr():
            return ""  # some text
        case ast.Attribute():
            return _attribute(_resolve(node.value, frame), node.attr)
        case ast.Call():
            return _made(_resolve(node.func, frame), node.args, frame)
        case ast.Subscript():
            return _item(_resolve(node.value, frame), _resolve(node.slice, frame))
    return UNKNOWN


def _made(kind: Any, arguments: Sequence[ast.expr], frame: FrameType) -> Any:
    """Give, for a call that makes an object, what can be told of it: its class, or its function."""
    if arguments and (kind is functools.partial or getattr(kind, "__name__", "") == "vectorize"):
        return _resolve(arguments[0], frame)
    return kind if isinstance(kind, type) else UNKNOWN


def _variable(name: str, frame: FrameType) -> Any:
    for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
        if name in names:
            return names[name]
    return UNKNOWN


def _attribute(owner: Any, name: str) -> Any:
    if owner is UNKNOWN:
        return UNKNOWN
    if isinstance(owner, ModuleType):
        return vars(owner).get(name, UNKNOWN)
    found = inspect.getattr_static(owner, name, UNKNOWN)
    return found.__func__ if isinstance(found, staticmethod | classmethod) else found


def _item(owner: Any, key: Any) -> Any:
    if type(owner) in (list, tuple, dict) and type(key) in (int, str):
        try:
            return owner[key]
        except LookupError:
            return UNKNOWN
    return UNKNOWN


# ----- Functions that are handed on -----

# They call at once what they are given: sorted(values, key=float).
APPLYING = (sorted, min, max, list.sort, functools.reduce)
APPLYING_METHODS = {"agg", "apply", "applymap", "imap", "map", "starmap", "submit", "transform"}


def is_one_of(thing: Any, things: Iterable[Any]) -> bool:
    """Return whether a thing is one of these very things; it is not asked itself."""
    return any(thing is one for one in things)


def handed_to(call: ast.Call, place: Place) -> Iterator[tuple[ast.AST, Any]]:
    """Find the functions that a call may run on numbers: `float` in `sum(map(float, values))`."""
    function = place.resolve(call.func)
    direct = _is_lazy(function) or is_one_of(function, APPLYING) or _applies(call.func)
    for node in (*call.args, *[keyword.value for keyword in call.keywords]):
        if isinstance(node, ast.Starred):
            node = node.value
        passed_on = list(iterated_by(node, place))
        if direct and not passed_on and callable(thing := place.resolve(node)):
            passed_on = [(node, thing)]
        yield from passed_on


def _applies(function: ast.expr) -> bool:
    """Return whether a method is called as those are that call what they are given."""
    return isinstance(function, ast.Attribute) and function.attr in APPLYING_METHODS


def iterated_by(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Any]]:
    """Find the functions that run when an expression is iterated over, such as `map(float, x)`."""
    if isinstance(node, ast.Call):
        if _is_lazy(place.resolve(node.func)):
            yield from handed_to(node, place)
    else:
        yield from ((node, function) for function in _inside(place.resolve(node)))


def iterated_in(place: Place) -> list[tuple[ast.AST, Any]]:
    """Find the functions that run when a loop or an unpacking takes its next number."""
    if ".0" in place.frame.f_locals:  # what a comprehension goes through
        return list(iterated_by(ast.Name(".0", ast.Load()), place))
    found: list[tuple[ast.AST, Any]] = []
    for tree in (place.tree, place.statement()):
        for node in _iterated(tree) if not found else ():
            found.extend(iterated_by(node, place))
    return found


def _iterated(tree: ast.AST | None) -> Iterator[ast.AST]:
    """Walk the part of a statement that may be iterated over: of a loop what it goes through."""
    if isinstance(tree, ast.For):
        tree = tree.iter
    return iter(()) if tree is None else ast.walk(tree)


def _is_lazy(kind: Any) -> bool:
    """Return whether calling it makes an iterator that computes later, when it is consumed."""
    return isinstance(kind, type) and (
        kind in (map, filter, zip, enumerate, reversed) or kind.__module__ == "itertools"
    )


def _inside(iterator: Any) -> Iterator[Any]:
    """Find the functions in an iterator of `map` and its kind, without taking from it."""
    if isinstance(iterator, map | filter | zip | enumerate):
        for part in iterator.__reduce__()[1]:
            if callable(part):
                yield part
            yield from _inside(part)
