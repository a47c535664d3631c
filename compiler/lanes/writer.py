"""Writes LLVM instructions on vectors of lanes, from ordinary arithmetic on symbols.

To those of symbols this adds what arithmetic needs besides: fused steps, exact sums and products,
powers of two, comparisons, and the bits of numbers.

Only generic vector instructions and intrinsics are used, which LLVM turns into code for any
processor. Nothing is contracted or reordered: each operator rounds once, as IEEE 754 says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from pluggrad import Op
from pluggrad.errors import TraceError

from .instructions import Instructions
from .symbols import DOUBLE, INTEGER, MASK, Lanes, Operand

SPLITTER = 2.0**27 + 1.0  # Dekker's: it halves a float's bits


def _unknown(op: Op, operands: tuple[Operand, ...]) -> Operand:
    raise TraceError(f"no op can be called here: {op.name}")


def _undecided(mask: Lanes) -> bool:
    raise TraceError("it branches on an operand")


class Writer(Instructions):
    """Writes the instructions of one function for one kind of processor.

    Parameters:
        width: how many lanes a vector has; 1 writes scalar instructions.
        has_fma: whether the processor multiplies and adds with one rounding.
        has_ldexp: whether it multiplies by powers of two in one instruction.

    Attributes:
        apart: whether vector functions are functions of their own, or written where they are used.
        apply: writes an op down; called where ops and operators meet symbols.
        choose: decides which way a Python function goes that branches on a symbol, see paths.py.
        in_rule: whether what is written is the rule of an op, and no function of ours in it.
        quotients: those that rules wrote, by name: numerator and divisor, see divisions.py.
        reciprocals: those of numbers between 1e-75 and 1e75, by name.
    """

    def __init__(self, width: int, *, has_fma: bool, has_ldexp: bool = False) -> None:
        super().__init__(width)
        self.has_fma = has_fma
        self.has_ldexp = has_ldexp
        self.apart = False
        self.apply: Callable[[Op, tuple[Operand, ...]], Operand] = _unknown
        self.choose: Callable[[Lanes], bool] = _undecided
        self.in_rule = False
        self.quotients: dict[str, tuple[str, str]] = {}
        self.reciprocals: dict[str, str] = {}

    def like(self, times: int = 1) -> Writer:
        """Make a new writer for the same processor, for so many times the lanes."""
        return Writer(self.width * times, has_fma=self.has_fma, has_ldexp=self.has_ldexp)

    # ----- Arithmetic -----

    def quotient(self, a: Operand, b: Operand) -> Any:
        """Give a / b, rounded once."""
        count = self._count
        found = self.binary("fdiv", DOUBLE, a, b)
        if self.in_rule and isinstance(b, Lanes) and self._count != count:
            self.quotients[found.name] = self.text(DOUBLE, a), b.name
        return found

    def reciprocal(self, x: Lanes) -> Any:
        """Give 1 / x to a few units in the last place, for x between 1e-75 and 1e75."""
        found = self.binary("fdiv", DOUBLE, 1.0, x)
        self.reciprocals[found.name] = x.name
        return found

    def fabs(self, x: Operand) -> Any:
        """Give |x|."""
        return self.intrinsic("fabs", x) if isinstance(x, Lanes) else math.fabs(x)

    def copysign(self, x: Operand, sign: Operand) -> Any:
        """Give |x| with the sign of another number."""
        return self.intrinsic("copysign", x, sign)

    def sqrt(self, x: Operand) -> Any:
        """Give the square root, rounded once."""
        return self.intrinsic("sqrt", x)

    def floor(self, x: Operand) -> Any:
        """Give the largest whole number that is not above x."""
        return self.intrinsic("floor", x)

    def fma(self, a: Operand, b: Operand, c: Operand) -> Any:
        """Give a b + c: with one rounding where the processor can, else with two."""
        if not self.has_fma:
            return a * b + c
        return self.intrinsic("fma", a, b, c)

    def times_power(self, x: Operand, n: Lanes) -> Any:
        """Give x 2**n, rounded once, for an integer n between -1100 and 1030.

        Without an instruction for it, it is two factors, which neither overflow nor get subnormal
        where the result does not.
        """
        if self.has_ldexp:
            kind, integer = self.type(DOUBLE), self.type(INTEGER)
            name = f"@llvm.ldexp.{self.suffix}.{self.suffix[:-3]}i64"
            self.declared[f"declare {kind} {name}({kind}, {integer})"] = None
            x = self.text(DOUBLE, x)
            return self.new(DOUBLE, f"call {kind} {name}({kind} {x}, {integer} {n.name})")
        whole = n + 2048
        half = self.shifted(whole, -1)
        return x * self._power_of_two(half) * self._power_of_two(whole - half)

    def _power_of_two(self, whole: Lanes) -> Any:
        """Give 2**(whole - 1024)."""
        return self.double(self.shifted(whole - 1, 52))

    def power_of_two(self, n: Lanes) -> Any:
        """Give 2**n, for an integer n between -1022 and 1023."""
        return self.double(self.shifted(n + 1023, 52))

    def product(self, a: Lanes, b: Operand) -> tuple[Any, Any]:
        """Give a product and its rounding error, which is exact; see `times` for what is not."""
        high = a * b
        if self.has_fma:
            return high, self.fma(a, b, -high)
        a1, a2 = self._halves(a)
        b1, b2 = self._halves(b)
        return high, a2 * b2 - (((high - a1 * b1) - a2 * b1) - a1 * b2)

    def _halves(self, x: Operand) -> tuple[Any, Any]:
        shifted = SPLITTER * x
        high = shifted - (shifted - x)
        return high, x - high

    def total(self, a: Operand, b: Operand) -> tuple[Any, Any]:
        """Give a sum and its rounding error, exactly (D. Knuth's two-sum)."""
        high = a + b
        part = high - a
        return high, (a - (high - part)) + (b - part)

    def ordered_total(self, a: Operand, b: Operand) -> tuple[Any, Any]:
        """Give a sum and its rounding error where |a| >= |b| (T. Dekker's fast two-sum)."""
        high = a + b
        return high, (a - high) + b

    def polynomial(self, x: Lanes, coefficients: Sequence[float], levels: int = 64) -> Any:
        """Evaluate a polynomial by G. Estrin's scheme: short chains.

        Parameters:
            x: where.
            coefficients: the constant first.
            levels: of so many levels; the rest is W. Horner's, with longer chains and less to do.
        """
        terms: list[Any] = list(coefficients)
        while len(terms) > 1 and levels:
            pairs = [self.fma(x, b, a) for a, b in zip(terms[::2], terms[1::2], strict=False)]
            terms = pairs + terms[len(terms) // 2 * 2 :]
            x, levels = x * x, levels - 1
        total = terms.pop()
        while terms:
            total = self.fma(x, total, terms.pop())
        return total

    def cubics(self, x: Lanes, coefficients: Sequence[float]) -> Any:
        """Evaluate a polynomial in groups of four coefficients, each with a step less.

        a + b x + c x**2 + d x**3 = (x + c / d) (d x**2 + b) + a - b c / d. What is a step less is
        an addition more, for which many processors have units beside. Where b c / d is much larger
        than a, digits are lost.

        Parameters:
            x: where.
            coefficients: the constant first.
        """
        square = x * x
        groups = [coefficients[i : i + 4] for i in range(0, len(coefficients), 4)]
        total = None
        for group in reversed(groups):
            part = self._cubic(x, square, group)
            total = part if total is None else self.fma(square * square, total, part)
        return total

    def _cubic(self, x: Lanes, square: Lanes, coefficients: Sequence[float]) -> Any:
        if len(coefficients) < 4:
            return self.polynomial(x, coefficients)
        a, b, c, d = map(Fraction, coefficients)
        return self.fma(
            x + float(c / d), self.fma(square, float(d), float(b)), float(a - b * c / d)
        )

    # ----- Comparisons -----

    def compare(self, how: str, a: Operand, b: Operand) -> Any:
        """Compare doubles: `olt`, `ole`, `ogt`, `oge`, `oeq`, `une`, `uno`, as LLVM calls them."""
        kind = self.type(DOUBLE)
        return self.new(MASK, f"fcmp {how} {kind} {self.text(DOUBLE, a)}, {self.text(DOUBLE, b)}")

    def compare_integers(self, how: str, a: Operand, b: Operand) -> Any:
        """Compare integers: `eq`, `ne`."""
        kind = self.type(INTEGER)
        return self.new(MASK, f"icmp {how} {kind} {self.text(INTEGER, a)}, {self.text(INTEGER, b)}")

    def is_nan(self, x: Operand) -> Any:
        """Say where a number is nan."""
        return self.compare("uno", x, x)

    def smaller(self, a: Operand, b: Operand) -> Any:
        """Give a where a < b, else b: b where a is nan."""
        return self.select(a < b, a, b)

    def larger(self, a: Operand, b: Operand) -> Any:
        """Give a where a > b, else b: b where a is nan."""
        return self.select(a > b, a, b)

    # ----- Bits -----

    def bits(self, x: Lanes) -> Any:
        """Give the bits of doubles as integers."""
        return self.new(INTEGER, f"bitcast {self.type(DOUBLE)} {x.name} to {self.type(INTEGER)}")

    def double(self, x: Lanes) -> Any:
        """Give the doubles that have these bits."""
        return self.new(DOUBLE, f"bitcast {self.type(INTEGER)} {x.name} to {self.type(DOUBLE)}")

    def integers(self, x: int) -> Lanes:
        """Give the symbol of an integer that is the same in all lanes."""
        return Lanes(self, INTEGER, self.constant(INTEGER, x))

    def shifted(self, x: Lanes, places: int) -> Any:
        """Shift bits to the left, or to the right where `places` is negative; zeros come in."""
        how = "shl" if places > 0 else "lshr"
        return self.binary(how, INTEGER, x, abs(places))
