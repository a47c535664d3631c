"""tanh by polynomials around the points of a grid, for loops where each call waits for another.

There it takes a third of the time of the C library's function, which divides twice: here nothing
does, and what is independent runs side by side. |x| = a + d, where `a` is the nearest point of the
grid, and tanh(a + d) = high + d + a polynomial in d, by numbers from a table.
The first sum is exact, and is there before the polynomial is. So it is off by less than 0.6 units
in the last place, the C library's by two. The derivative has a table of its own, by which its
digits do not cancel as those of 1 - tanh(x)**2 do.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from copy import copy
from functools import cache as once

from ..lower.kinds import Kinds
from ..lower.llvm_text import literal
from ..lower.translation import Function
from ..native.library import has_fma, library
from ..tape.fingerprint import is_built_in

STEP = 1.0 / 32.0
ROWS = 617
END = STEP * (ROWS - 1)  # 19.25; tanh(19.0616) rounds to 1
DEGREE = 7  # of the polynomials; what they leave out is below 2**-56 of the result
MAGIC = 1.5 * 2.0**52 * STEP  # adding it rounds to a point of the grid, whose number ends the bits
COEFFICIENTS = [f"c{k}" for k in range(DEGREE + 1)]
ROW = 64  # bytes of the coefficients for one point
VERSION = "tanh 3"  # of the tables that are kept on disk: raise it when they change

TEXT = f"""
define internal double @NAME(PARAMETERS) alwaysinline nounwind {{
  %size = call double @llvm.fabs.f64(double %a0)
  %is_near = fcmp olt double %size, {literal(END)}
  br i1 %is_near, label %near, label %far
far:
FAR
  br label %done
near:
  %shifted = fadd double %size, {literal(MAGIC)}
  %a = fsub double %shifted, {literal(MAGIC)}
  %d = fsub double %size, %a
  %bits = bitcast double %shifted to i64
  %number = trunc i64 %bits to i32
  %row = shl i32 %number, {ROW.bit_length() - 1}
  %at = zext i32 %row to i64
NEAR
  br label %done
done:
  %result = phi double [ %from.far, %far ], [ %from.near, %near ]
  ret double %result
}}
"""
TANH_NEAR = """
  %index = zext i32 %number to i64
  %high.at = getelementptr double, ptr @NAME.high, i64 %index
  %high = load double, ptr %high.at
  %begin = fadd double %high, %d
  %sum = fadd double %begin, %polynomial
  %from.near = call double @llvm.copysign.f64(double %sum, double %a0)"""
TANH_FAR = f"""
  %is_nan = fcmp uno double %a0, %a0
  %one = call double @llvm.copysign.f64(double {literal(1.0)}, double %a0)
  %from.far = select i1 %is_nan, double %a0, double %one"""
RULE_NEAR = """
  %from.near = fmul double %g, %polynomial"""
RULE_FAR = """
  %from.far = call double @RULE(double %g, double %out, double %a0)"""


def with_tanh(kinds: Kinds) -> Kinds:
    """Return the functions of ops with those here in place of the C library's tanh."""
    found = copy(kinds)
    found.forwards, found.rules = list(kinds.forwards), list(kinds.rules)
    for kind, op in enumerate(kinds.ops):
        if op.forward is math.tanh:
            found.forwards[kind] = tanh()
            (rule,) = kinds.rules[kind]
            if is_built_in(op) and rule is not None:
                found.rules[kind] = [tanh_rule(rule)]
    return found


@once
def tanh() -> Function:
    """Write the forward function down, for this processor."""
    table = _kept("tanh")
    return _function("f_tanh", ["a0"], table, TANH_NEAR, TANH_FAR)


@once
def tanh_rule(usual: Function) -> Function:
    """Write the rule down.

    Parameters:
        usual: the rule that serves where the table ends.
    """
    table = _kept("slope")
    far = RULE_FAR.replace("RULE", usual.name)
    return _function("r0_tanh", ["g", "out", "a0"], table, RULE_NEAR, far, usual)


def _function(
    stem: str,
    parameters: list[str],
    table: str,
    near: str,
    far: str,
    *calls: Function,
) -> Function:
    listed = ", ".join(f"double %{x}" for x in parameters)
    lines = [*_loads(), *_polynomial(COEFFICIENTS)]
    text = TEXT.replace("PARAMETERS", listed).replace("NEAR", "\n".join(lines) + near)
    text = table + text.replace("FAR", far)
    name = f"{stem}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    used = frozenset(parameters) - {"out"}
    return Function(name, text.replace("NAME", name), used, calls)


# ----- Text -----


def _kept(name: str) -> str:
    """Read from disk what a table says, or write it."""
    kept = library().cache.read(f"{VERSION} {name}")
    if kept is None:
        from . import tables  # it imports what is not needed where they are on disk

        kept = _constants(getattr(tables, name)(STEP, ROWS, DEGREE)).encode()
        library().cache.write(f"{VERSION} {name}", kept)
    return kept.decode()


def _constants(rows: list[list[float]]) -> str:
    """Write a table down: coefficients row by row, as they are read, and what stands before."""
    text = _constant("table", [x for row in rows for x in row[-len(COEFFICIENTS) :]])
    begins = [x for row in rows for x in row[: -len(COEFFICIENTS)]]
    return text + _constant("high", begins) if begins else text


def _constant(name: str, numbers: list[float]) -> str:
    listed = ", ".join(f"double {literal(x)}" for x in numbers)
    kind = f"[{len(numbers)} x double]"
    return f"@NAME.{name} = internal constant {kind} [{listed}], align {ROW}\n"


def _loads() -> Iterator[str]:
    yield "  %row.at = getelementptr i8, ptr @NAME.table, i64 %at"
    for i, name in enumerate(COEFFICIENTS):
        yield f"  %{name}.at = getelementptr double, ptr %row.at, i64 {i}"
        yield f"  %{name} = load double, ptr %{name}.at"


def _polynomial(names: list[str]) -> Iterator[str]:
    """Evaluate a polynomial in d by G. Estrin's scheme: short chains."""
    power = "d"
    while len(names) > 1:
        pairs = list(zip(names[::2], names[1::2], strict=False))
        last = len(names) == 2
        for low, high in pairs:
            yield from _fma("polynomial" if last else f"{low}.{power}", power, high, low)
        names = [f"{low}.{power}" for low, _ in pairs] + names[2 * len(pairs) :]
        if not last:
            yield f"  %{power}{power} = fmul double %{power}, %{power}"
            power = 2 * power


def _fma(name: str, a: str, b: str, c: str) -> Iterator[str]:
    if has_fma():
        yield f"  %{name} = call double @llvm.fma.f64(double %{a}, double %{b}, double %{c})"
    else:
        yield f"  %{name}.p = fmul double %{a}, %{b}"
        yield f"  %{name} = fadd double %{name}.p, %{c}"
