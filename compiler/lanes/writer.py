"""Writes LLVM instructions on vectors of lanes, from ordinary arithmetic on symbols.

A symbol is the name of a vector: `x * y + 1.0` writes a multiplication and an addition down and
gives the symbol of the sum. So the vector functions in functions.py read like formulas. What was
written once is not written again: the same instruction on the same operands gives the same symbol.

Only generic vector instructions and intrinsics are used, which LLVM turns into code for any
processor. Nothing is contracted or reordered: each operator rounds once, as IEEE 754 says.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import Op
from pluggrad.errors import TraceError

INTEGER, MASK, DOUBLE = "i64", "i1", "double"
SPLITTER = 2.0**27 + 1.0  # Dekker's: it halves a float's bits
LONGEST = 600  # lines of a block
Operand = Any  # a Lanes, or a number that is the same in all lanes


def literal(x: float) -> str:
    """Write a float as LLVM reads it: the bits, in hexadecimal."""
    return f"0x{struct.unpack('>Q', struct.pack('>d', x))[0]:016X}"


def _unknown(op: Op, operands: tuple[Operand, ...]) -> Operand:
    raise TraceError(f"no op can be called here: {op.name}")


def _undecided(mask: Lanes) -> bool:
    raise TraceError("it branches on an operand")


class Writer:
    """The instructions of one function, while they are written.

    Parameters:
        width: how many lanes a vector has; 1 writes scalar instructions.
        has_fma: whether the processor multiplies and adds with one rounding.
        has_ldexp: whether it multiplies by powers of two in one instruction.

    Attributes:
        lines: the instructions.
        declared: what they call, as `declare` lines; a dict keeps the order.
        block: the name of the block that is written now.
        apart: whether vector functions are functions of their own, or written where they are used.
        functions: those of their own, by name.
        apply: writes an op down; called where ops and operators meet symbols.
        choose: decides which way a Python function goes that branches on a symbol, see paths.py.
        in_rule: whether what is written is the rule of an op, and no function of ours in it.
        quotients: those that rules wrote, by name: numerator and divisor, see divisions.py.
        reciprocals: those of numbers between 1e-75 and 1e75, by name.
    """

    def __init__(self, width: int, *, has_fma: bool, has_ldexp: bool = False) -> None:
        self.width = width
        self.has_fma = has_fma
        self.has_ldexp = has_ldexp
        self.lines: list[str] = []
        self.declared: dict[str, None] = {}
        self.block = "entry"
        self.apart = False
        self.functions: dict[str, tuple[Callable[..., Any], int]] = {}
        self.apply: Callable[[Op, tuple[Operand, ...]], Operand] = _unknown
        self.choose: Callable[[Lanes], bool] = _undecided
        self.in_rule = False
        self.quotients: dict[str, tuple[str, str]] = {}
        self.reciprocals: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._count = 0
        self._begun = 0  # at which line the block begins

    # ----- Types and constants -----

    def type(self, kind: str) -> str:
        """Name the type of vectors of `double`, `i64` or `i1`."""
        return kind if self.width == 1 else f"<{self.width} x {kind}>"

    @property
    def suffix(self) -> str:
        """What ends the name of an intrinsic on vectors of doubles."""
        return "f64" if self.width == 1 else f"v{self.width}f64"

    def constant(self, kind: str, x: float | int) -> str:
        """Write a number that is the same in all lanes."""
        one = literal(float(x)) if kind == DOUBLE else str(int(x))
        if self.width == 1:
            return one
        return f"<{', '.join([f'{kind} {one}'] * self.width)}>"

    def text(self, kind: str, x: Operand) -> str:
        """Write an operand."""
        if isinstance(x, Lanes):
            return x.name
        if not isinstance(x, int | float):
            raise TraceError(f"it computes with a {type(x).__name__}: {x!r:.40}")
        return self.constant(kind, x)

    def everywhere(self, x: Operand) -> Lanes:
        """Give the symbol of a number that is the same in all lanes."""
        return x if isinstance(x, Lanes) else Lanes(self, DOUBLE, self.constant(DOUBLE, x))

    # ----- Instructions -----

    def name(self) -> str:
        """Make a name for a new value."""
        self._count += 1
        return f"%v{self._count}"

    def say(self, line: str) -> None:
        """Write a line."""
        self.lines.append(f"  {line}")

    def state(self) -> tuple[Any, ...]:
        """Remember what has been written so far."""
        return len(self.lines), self.block, len(self._known)

    def restore(self, state: tuple[Any, ...]) -> None:
        """Take back what has been written since."""
        count, self.block, known = state
        del self.lines[count:]
        self._forget(known)

    def _forget(self, known: int) -> None:
        """Keep only what was known first."""
        while len(self._known) > known:
            self._known.popitem()

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name
        self._begun = len(self.lines)

    def new(self, kind: str, expression: str) -> Lanes:
        """Write an instruction, unless it has been written; give its result."""
        name = self._known.get(expression)
        if name is None:
            name = self._known[expression] = self.name()
            self.say(f"{name} = {expression}")
        return Lanes(self, kind, name)

    def binary(self, instruction: str, kind: str, a: Operand, b: Operand) -> Lanes:
        """Write an instruction of two operands of one kind."""
        return self.new(
            kind, f"{instruction} {self.type(kind)} {self.text(kind, a)}, {self.text(kind, b)}"
        )

    def intrinsic(self, name: str, *operands: Operand) -> Lanes:
        """Call one of LLVM's functions on vectors of doubles."""
        kind = self.type(DOUBLE)
        called = f"{kind} @llvm.{name}.{self.suffix}"
        self.declared[f"declare {called}({', '.join([kind] * len(operands))})"] = None
        listed = ", ".join(f"{kind} {self.text(DOUBLE, x)}" for x in operands)
        return self.new(DOUBLE, f"call {called}({listed})")

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

    def select(self, mask: Any, a: Operand, b: Operand) -> Any:
        """Choose a where the mask holds, else b."""
        if mask is True or mask is False:
            return a if mask else b
        kind = next((x.kind for x in (a, b) if isinstance(x, Lanes)), DOUBLE)
        full = self.type(kind)
        if self.text(kind, a) == self.text(kind, b):
            return a
        return self.new(
            kind,
            f"select {self.type(MASK)} {mask.name}, {full} {self.text(kind, a)}, "
            f"{full} {self.text(kind, b)}",
        )

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

    # ----- Functions of their own -----

    def like(self) -> Writer:
        """Make a new writer for the same processor."""
        return Writer(self.width, has_fma=self.has_fma, has_ldexp=self.has_ldexp)

    def call(self, name: str, function: Callable[..., Any], operands: Sequence[Operand]) -> Any:
        """Call a vector function, which is written down once."""
        self.functions[name] = function, len(operands)
        full = self.type(DOUBLE)
        listed = ", ".join(f"{full} {self.text(DOUBLE, x)}" for x in operands)
        return self.new(DOUBLE, f"call {full} @{name}({listed})")

    # ----- Long code -----

    def divide(self) -> None:
        """Begin a new block where one gets long: time to compile a block grows faster than it."""
        if len(self.lines) - self._begun < LONGEST:
            return
        number = self._count = self._count + 1
        # Nobody but us knows that this is never so.
        self.say(f"br i1 %never, label %nowhere, label %part{number}")
        self.label(f"part{number}")

    # ----- Lanes apart -----

    def one_by_one(self, function: str, operands: Sequence[Operand]) -> Any:
        """Call a function of doubles for each lane."""
        listed = ", ".join(["double"] * len(operands))
        self.declared[f"declare double @{function}({listed})"] = None
        if self.width == 1:
            listed = ", ".join(f"double {self.text(DOUBLE, x)}" for x in operands)
            return self.new(DOUBLE, f"call double @{function}({listed})")
        full = self.type(DOUBLE)
        result = "poison"
        for lane in range(self.width):
            given = []
            for x in operands:
                if isinstance(x, Lanes):
                    given.append(f"double {self._extracted(x, lane)}")
                else:
                    given.append(f"double {literal(float(x))}")
            one = self.new(DOUBLE, f"call double @{function}({', '.join(given)})").name
            result = self.new(
                DOUBLE, f"insertelement {full} {result}, double {one}, i64 {lane}"
            ).name
        return Lanes(self, DOUBLE, result)

    def _extracted(self, x: Lanes, lane: int) -> str:
        return self.new(DOUBLE, f"extractelement {self.type(DOUBLE)} {x.name}, i64 {lane}").name

    def any(self, mask: Lanes) -> str:
        """Say whether a mask holds in any lane: the name of an `i1`."""
        if self.width == 1:
            return mask.name
        whole = f"i{self.width}"
        bits = self.new(MASK, f"bitcast {self.type(MASK)} {mask.name} to {whole}")
        return self.new(MASK, f"icmp ne {whole} {bits.name}, 0").name

    def rarely(self, mask: Lanes, usual: Lanes, other: Callable[[], Any]) -> Any:
        """Give `usual`, or in a block of its own what `other` gives, where a mask holds anywhere.

        Parameters:
            mask: where the usual result is not the right one.
            usual: the result elsewhere.
            other: writes what computes the right result there.
        """
        key = f"rarely {mask.name} {usual.name}"
        if key in self._known:
            return Lanes(self, DOUBLE, self._known[key])
        answer = self.any(mask)
        number = self._count = self._count + 1
        start = self.block
        self.say(f"br i1 {answer}, label %rare{number}, label %usual{number}")
        known = len(self._known)
        self.label(f"rare{number}")
        found = self.select(mask, other(), usual)
        last = self.block
        self.say(f"br label %usual{number}")
        self._forget(known)  # what was written in there is known in there only
        self.label(f"usual{number}")
        name = self._known[key] = self.name()
        kind = self.type(DOUBLE)
        self.say(f"{name} = phi {kind} [ {usual.name}, %{start} ], [ {found.name}, %{last} ]")
        return Lanes(self, DOUBLE, name)


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
        return self._binary("fadd", "add", self, other)

    def __radd__(self, other: Operand) -> Any:
        return self._binary("fadd", "add", other, self)

    def __sub__(self, other: Operand) -> Any:
        return self._binary("fsub", "sub", self, other)

    def __rsub__(self, other: Operand) -> Any:
        return self._binary("fsub", "sub", other, self)

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
        return self.writer.new(DOUBLE, f"fneg {self.writer.type(DOUBLE)} {self.name}")

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


def _product(a: Lanes, b: Operand) -> Any:
    if a.kind == DOUBLE and not isinstance(b, Lanes):
        if b == 1.0:
            return a
        if b == -1.0:
            return -a
    return a._binary("fmul", "mul", a, b)


def _is_power_of_two(x: float) -> bool:
    return 1e-300 < abs(x) < 1e300 and abs(math.frexp(x)[0]) == 0.5
