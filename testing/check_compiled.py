"""Checks that an op means the same to the engine, to the interpreter, and as machine code.

The points are those at which the three are known to part: zeros of both signs, infinities, nan, the
smallest and the largest numbers, whole numbers that integers of 64 bits do not hold, and ties.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import islice, product
from typing import cast

from pluggrad import CompileError, CompileWarning, Value, compile
from pluggrad.registry.entry_points import COMPILERS, entry_points

from .many_digits import Point
from .subject import Subject

NUMBERS = (
    0.7, -1.3, 0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1e19, -1e19,
    2.0**53 + 2.0, 0.5, 1.5, 2.5, -2.5, 1.7e308, -1e200,
)  # fmt: skip
FEWER = (0.7, 0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e19, 2.5)
FEWEST = (0.7, -0.0, math.inf, math.nan, 1e19)
MOST = 150
FEW_SUBNORMALS = 4 * 5e-324  # by which maths libraries may differ


def compiled_code_gives_the_same(subject: Subject) -> None:
    """Compare results and gradients of the engine, the interpreter and machine code."""
    if not entry_points(COMPILERS):
        return
    points = _points(subject)
    expected = [_by_the_engine(subject, at) for at in points]
    for name, way in WAYS.items():
        found = _attempt(subject, way, points)
        for at, got, right in zip(points, found, expected, strict=True):
            _compare(subject, name, at, got, right)


# A result, and the gradient of each operand; fewer where a way gives no gradients.
Numbers = Sequence[float]


def _points(subject: Subject) -> list[Point]:
    """List the ordinary points, and combine the odd numbers."""
    arity = subject.op.arity
    numbers = {1: NUMBERS, 2: FEWER}.get(arity, FEWEST)
    ordinary = [at for at in subject.points if math.isfinite(subject.forward(at))][:24]
    return [*ordinary, *islice(product(numbers, repeat=arity), MOST)]


def _by_the_engine(subject: Subject, at: Point) -> Numbers:
    values = [Value(x) for x in at]
    out = subject.op(*values)
    out.backward()
    return [out.data, *(x.grad for x in values)]


def _as_program(executor: str) -> Callable[[Subject, Sequence[Point]], list[Numbers]]:
    def run(subject: Subject, points: Sequence[Point]) -> list[Numbers]:
        leaves = [[Value(x) for x in at] for at in points]
        program = compile([subject.op(*row) for row in leaves], executor=executor)
        results = cast("tuple[float, ...]", program())
        return [
            [result, *(leaf.grad for leaf in row)]
            for result, row in zip(results, leaves, strict=True)
        ]

    return run


def _as_lanes(subject: Subject, points: Sequence[Point]) -> list[Numbers]:
    import numpy as np

    op = subject.op
    function = compile(lambda *operands: op(*operands))
    columns = [np.array(column) for column in zip(*points, strict=True)]
    return [[float(x)] for x in function(*columns)]


WAYS: dict[str, Callable[[Subject, Sequence[Point]], list[Numbers]]] = {
    "the interpreter": _as_program("interpreter"),
    "compiled code": _as_program("auto"),
    **({"compiled code for arrays": _as_lanes} if find_spec("numpy") else {}),
}


def _attempt(
    subject: Subject,
    way: Callable[[Subject, Sequence[Point]], list[Numbers]],
    points: Sequence[Point],
) -> list[Numbers]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CompileWarning)  # it says that it falls back
            return way(subject, points)
    except CompileError as cause:
        raise subject.failure(f"the compiler refuses a program of it: {cause}") from cause


def _compare(subject: Subject, name: str, at: Point, got: Numbers, right: Numbers) -> None:
    if not _same(got[0], right[0], 1e-12 * abs(right[0]) + FEW_SUBNORMALS):
        raise subject.failure(f"{name} gives {got[0]!r}, the op {right[0]!r}", at=at)
    for index, (found, expected) in enumerate(zip(got[1:], right[1:], strict=False)):
        slack = 1e-12 * abs(expected) + 1e-300
        if not _same(found, expected, slack) and not _same(
            found, expected, slack + subject.rounding(index, at, right[0])
        ):
            raise subject.failure(
                f"{name} says {found:.10g}, backward() {expected:.10g}", index, at
            )


def _same(a: float, b: float, slack: float) -> bool:
    """Return whether two numbers are equal but for rounding; the sign of a zero result counts."""
    if a != a or b != b:
        return a != a and b != b
    if a == b == 0.0:
        return math.copysign(1.0, a) == math.copysign(1.0, b)
    if math.isinf(a) or math.isinf(b):
        return a == b
    return abs(a - b) <= slack
