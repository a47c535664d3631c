"""Python functions that branch on their operands, as selects.

A forward function such as `0.0 if x <= 0.0 else x` is run on symbols once for each way through it.
At each branch the answers of this run are looked up, or begun with True; then the last True becomes
False, and so on, until all ways have been gone. What all ways compute is written down, each thing
once, and selects choose among their results as the function does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from types import BuiltinFunctionType, CellType, FunctionType
from typing import Any

from pluggrad import Op
from pluggrad.errors import TraceError, quoted

from ..capture.failing import catches
from .functions import vector_function
from .symbols import Lanes
from .writer import Writer

MOST = 64  # ways
LONGEST = 24  # branches on one way


@dataclass
class Walk:
    """One run: the answers that it was given, and the branches that it came by."""

    answers: list[bool]
    masks: list[Lanes] = field(default_factory=list)

    def choose(self, mask: Lanes) -> bool:
        """Answer a branch."""
        for known, answer in zip(self.masks, self.answers, strict=False):
            if known.name == mask.name:
                return answer
        if len(self.masks) == LONGEST:
            raise TraceError(f"it branches more than {LONGEST} times, in a loop perhaps")
        self.masks.append(mask)
        if len(self.masks) > len(self.answers):
            self.answers.append(True)
        return self.answers[len(self.masks) - 1]


def all_ways(w: Writer, function: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """Write a Python function down, all ways through it.

    Raises:
        TraceError: when it cannot be written down.
    """
    begin = w.state()
    copy = on_lanes(w, function, {})
    found: list[tuple[Walk, Any]] = []
    answers: list[bool] = []
    before = w.choose
    try:
        while True:
            walk = Walk(answers)
            w.choose = walk.choose
            found.append((walk, copy(*operands)))
            if len(found) > MOST:
                raise TraceError(f"there are more than {MOST} ways through it")
            answers = list(walk.answers)
            while answers and not answers[-1]:
                answers.pop()
            if not answers:
                break
            answers[-1] = False
    except Exception as cause:
        w.restore(begin)
        if isinstance(cause, TraceError):
            raise
        raise TraceError(f"{type(cause).__name__}: {cause}") from cause
    finally:
        w.choose = before
    return chosen(w, found, 0)


def chosen(w: Writer, found: list[tuple[Walk, Any]], depth: int) -> Any:
    """Choose among the results of ways that go together up to a depth."""
    walk, result = found[0]
    if len(walk.masks) == depth:
        return result
    then = [x for x in found if x[0].answers[depth]]
    other = [x for x in found if not x[0].answers[depth]]
    return w.select(walk.masks[depth], chosen(w, then, depth + 1), chosen(w, other, depth + 1))


# ----- The function, as it computes with symbols -----


class _Mathematics:
    """Stands for the module `math`."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer

    def __getattr__(self, name: str) -> Any:
        thing = getattr(math, name)
        return _called(self.writer, thing) if callable(thing) else thing


def _called(w: Writer, function: Any) -> Callable[..., Any]:
    vector = vector_function(function)

    def call(*operands: Any) -> Any:
        if not any(isinstance(x, Lanes) for x in operands):
            return function(*operands)
        if vector is None:
            raise TraceError(f"{function.__name__} has no vector function")
        return vector(w, *operands)

    return call


def on_lanes(w: Writer, function: Any, copies: dict[int, Any]) -> Callable[..., Any]:
    """Copy a function; where it calls `math` or helpers of its own, the copy takes symbols."""
    if vector_function(function) is not None or isinstance(function, BuiltinFunctionType):
        return _called(w, function)
    if not isinstance(function, FunctionType):
        raise TraceError(f"{quoted(function)} is no Python function")
    if catches(function.__code__):
        raise TraceError("it uses try or with")
    if id(function) in copies:
        return copies[id(function)]  # type: ignore[no-any-return]
    scope = dict(function.__globals__)
    cells = tuple([CellType() for _ in function.__closure__ or ()])
    copy = FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, cells or None
    )
    copies[id(function)] = copy
    for name in function.__code__.co_names:
        if name in scope:
            scope[name] = _replaced(w, scope[name], copies)
    for old, new in zip(function.__closure__ or (), cells, strict=True):
        new.cell_contents = _replaced(w, old.cell_contents, copies)
    return copy


def _replaced(w: Writer, thing: Any, copies: dict[int, Any]) -> Any:
    if thing is math:
        return _Mathematics(w)
    if isinstance(thing, Op):
        return thing
    if isinstance(thing, FunctionType) or getattr(thing, "__module__", None) == "math":
        return on_lanes(w, thing, copies)
    return thing
