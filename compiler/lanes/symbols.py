"""Symbols of vectors of lanes: `x * y + 1.0` writes a multiplication and an addition down.

They compute as numbers do, also where Python functions ask for powers, remainders and ops, and give
the symbol of the result. So the vector functions read like formulas.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pluggrad import Op
from pluggrad.errors import TraceError

if TYPE_CHECKING:
    from .writer import Writer

INTEGER, MASK, DOUBLE = "i64", "i1", "double"
Operand = Any  # a Lanes, or a number that is the same in all lanes


class Lanes:
    """The symbol of a vector: of doubles, of integers, or of answers (a mask).

    Parameters:
        writer: writes what is done to it.
        kind: `double`, `i64` or `i1`.
        name: its name in the text.
    """

    __slots__ = ("kind", "name", "writer")

    def __init__(self, writer: Writer, kind: str, name: str) -> None:
        self.writer = writer
        self.kind = kind
        self.name = name

    def _binary(self, doubles: str, integers: str, a: Operand, b: Operand) -> Any:
        instruction = doubles if self.kind == DOUBLE else integers
        return self.writer.binary(instruction, self.kind, a, b)

    def __add__(self, other: Operand) -> Any:
        return _total(self, other)

    def __radd__(self, other: Operand) -> Any:
        return _total(other, self)

    def __sub__(self, other: Operand) -> Any:
        return _difference(self, other)

    def __rsub__(self, other: Operand) -> Any:
        return _difference(other, self)

    def __mul__(self, other: Operand) -> Any:
        return _product(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> Any:
        if self.kind == DOUBLE and not isinstance(other, Lanes) and _is_power_of_two(other):
            return self * (1.0 / other)  # the same number
        return self.writer.quotient(self, other)

    def __rtruediv__(self, other: Operand) -> Any:
        return self.writer.quotient(other, self)

    def __neg__(self) -> Any:
        return self.writer.negative(self)

    def __abs__(self) -> Any:
        return self.writer.fabs(self)

    # ----- What Python functions do with numbers -----

    @classmethod
    def __pluggrad_op__(cls, op: Op, operands: tuple[Operand, ...]) -> Operand:
        writer: Writer = next(x.writer for x in operands if isinstance(x, Lanes))
        return writer.apply(op, op.complete(operands))

    def _served(self, symbol: str, *operands: Operand) -> Operand:
        op = Op.installed.serving(symbol, len(operands))
        return self.writer.apply(op, op.complete(operands))

    def __pow__(self, other: Operand) -> Any:
        return self._served("**", self, other)

    def __rpow__(self, other: Operand) -> Any:
        return self._served("**", other, self)

    def __floordiv__(self, other: Operand) -> Any:
        if isinstance(other, float) and other == 1.0:
            return self.writer.floor(self)
        return self._served("//", self, other)

    def __mod__(self, other: Operand) -> Any:
        if isinstance(other, float) and other in (1.0, 2.0):
            return self - self.writer.floor(self / other) * other
        return self._served("%", self, other)

    def __bool__(self) -> bool:
        if self.kind != MASK:
            return bool(self.writer.choose(self.writer.compare("une", self, 0.0)))
        return bool(self.writer.choose(self))

    def __float__(self) -> float:
        raise TraceError("it turns an operand into a float")

    def __eq__(self, other: object) -> Any:
        return self.equals(other)

    def __ne__(self, other: object) -> Any:
        return self.writer.compare("une", self, other)

    __hash__ = None  # type: ignore[assignment]

    def __pos__(self) -> Lanes:
        return self

    # ----- Masks and integers -----

    def __and__(self, other: Operand) -> Any:
        return self.writer.binary("and", self.kind, self, other)

    def __or__(self, other: Operand) -> Any:
        return self.writer.binary("or", self.kind, self, other)

    def __invert__(self) -> Any:
        return self.writer.binary("xor", self.kind, self, 1 if self.kind == MASK else -1)

    def __lt__(self, other: Operand) -> Any:
        return self.writer.compare("olt", self, other)

    def __le__(self, other: Operand) -> Any:
        return self.writer.compare("ole", self, other)

    def __gt__(self, other: Operand) -> Any:
        return self.writer.compare("ogt", self, other)

    def __ge__(self, other: Operand) -> Any:
        return self.writer.compare("oge", self, other)

    def equals(self, other: Operand) -> Any:
        """Say where two numbers are equal."""
        return self.writer.compare("oeq", self, other)


# Signs are passed on until an addition or a fused step takes them: the numbers stay the same.


def _positive(x: Operand) -> Lanes | None:
    """Give what x is the negative of, where it has been written as one."""
    return x.writer.negated(x) if isinstance(x, Lanes) else None


def _total(a: Operand, b: Operand) -> Any:
    if (positive := _positive(b)) is not None:
        return _difference(a, positive)
    if (positive := _positive(a)) is not None:
        return _difference(b, positive)
    return _written("fadd", "add", a, b)


def _difference(a: Operand, b: Operand) -> Any:
    if (positive := _positive(b)) is not None:
        return _total(a, positive)
    return _written("fsub", "sub", a, b)


def _product(a: Operand, b: Operand) -> Any:
    for x, other in ((a, b), (b, a)):
        if (positive := _positive(x)) is not None:
            return -_product(positive, other)
        if isinstance(x, Lanes) and x.kind == DOUBLE and not isinstance(other, Lanes):
            if other == 1.0:
                return x
            if other == -1.0:
                return -x
    return _written("fmul", "mul", a, b)


def _written(doubles: str, integers: str, a: Operand, b: Operand) -> Any:
    symbol: Lanes = a if isinstance(a, Lanes) else b
    return symbol._binary(doubles, integers, a, b)


def _is_power_of_two(x: float) -> bool:
    return 1e-300 < abs(x) < 1e300 and abs(math.frexp(x)[0]) == 0.5
