"""Places in a program: what the call says in which a frame stands.

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
import textwrap
from collections.abc import Sequence
from types import CodeType, FrameType, ModuleType
from typing import Any

from .callers import source_line

UNKNOWN = object()  # what a name or expression stands for, where that cannot be told

Position = tuple[int | None, int | None, int | None, int | None]


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
    lines = [source_line(file, n, frame.f_globals) for n in range(first, last + 1)]
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
        if name == "CALL_KW" and stack:  # of Python 3.13, where the names lie on the stack
            stack.pop()
            name = "CALL"
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
