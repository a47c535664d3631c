"""Whether machine code means what Python says: checked where the two are known to part.

Machine code computes with IEEE 754 doubles and nothing else. Python can do more: integers of any
size, exceptions, types to ask for. A function that uses these is not translated, and what is
translated is compared with Python at zeros of both signs, infinities, nan, the smallest and the
largest numbers, ties, and whole numbers beyond 2**53.
"""

from __future__ import annotations

import dis
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice, pairwise, product
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from pluggrad import CompileError, Op

from ..capture.failing import catches
from ..capture.places import first_change, unchanged
from ..capture.reads import Reads, reads_of
from ..capture.writes import may_change, sets_outside
from ..tape.fingerprint import python_of

NULL_FIRST = sys.version_info < (3, 13)  # before what is called, in byte code; after it since
ORDINARY = [math.sqrt(0.3), -0.7, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.0, -0.0]
EXTREME = [
    math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e-310, 21.0, 30.0, 171.0, -171.0, 800.0,
    -800.0, 2.0**53 + 2.0, 2.0**63, 1e19, -1e19, 1e200, -1e200, 1.7e308, -1.7e308,
]  # fmt: skip
FEW = [math.sqrt(0.3), -2.5, 0.0, -0.0, math.inf, math.nan, 1e19, -1e200]
MOST = 2000
OWN = ("pluggrad.compiler", "pluggrad.func")  # whose functions are known

# Functions that give integers of any size, which machine code has not.
INTEGERS = frozenset({"factorial", "comb", "perm", "gcd", "lcm", "isqrt", "floor", "ceil", "trunc"})


def points(arity: int, *, loops: bool = False) -> Iterator[tuple[float, ...]]:
    """List operands to compare at.

    Parameters:
        arity: how many numbers.
        loops: whether large numbers could take for ever.
    """
    numbers = ORDINARY if loops else ORDINARY + EXTREME
    return islice(product(numbers if arity <= 2 else FEW, repeat=arity), MOST)


def check_python(op: Op, codes: Iterable[CodeType], what: str) -> None:
    """Check that code does nothing that machine code has not; see also `check_reads`.

    Raises:
        CompileError: naming what it does.
    """
    for code in codes:
        if catches(code):
            raise untranslatable(
                op, what, "it uses try or with, and machine code has no exceptions"
            )
        steps = list(dis.get_instructions(code))
        for step in steps:
            if step.opname == "IS_OP":
                raise untranslatable(op, what, "it asks which object something is")
            if sets_outside(step, code):
                raise untranslatable(op, what, f"it sets {step.argval}, a variable outside")
        if itself := _given_itself(code, steps):
            raise untranslatable(op, what, f"{itself} is called and handed on, maybe to itself")
        names = set(code.co_names)
        if integers := INTEGERS & names:
            raise untranslatable(
                op, what, f"{min(integers)}() gives an integer, and those of machine code overflow"
            )
        if "int" in names and has_loop(code):
            raise untranslatable(op, what, "it computes with integers, which may grow too large")
        if "print" in names:
            raise untranslatable(op, what, "it prints, which machine code would not")


def _given_itself(code: CodeType, steps: Sequence[dis.Instruction]) -> str | None:
    """Find a parameter that is called and handed on, as by `f(f, x)`: numba expands it for ever."""
    loaded = [step for step in steps if step.opname.startswith("LOAD_FAST")]
    names = Counter(name for step in loaded for name in _names(step))
    pairs = [pair if NULL_FIRST else pair[::-1] for pair in pairwise(steps)]
    called = Counter(step.argval for null, step in pairs if null.opname == "PUSH_NULL")
    parameters = code.co_varnames[: code.co_argcount]
    return next((x for x in parameters if 0 < called[x] < names[x]), None)


def _names(step: dis.Instruction) -> tuple[str, ...]:
    return step.argval if isinstance(step.argval, tuple) else (step.argval,)


def check_reads(op: Op, function: Callable[..., Any], what: str) -> Reads:
    """Check that a change of what a function reads from outside is seen; return what that is.

    Raises:
        CompileError: naming what may change unseen.
    """
    reads = reads_of([function])
    if reads.unseen or reads.values:
        unseen = reads.unseen or "a Value"
        raise untranslatable(op, what, f"it reads {unseen}, which may change unseen")
    if may_change(reads):
        raise untranslatable(op, what, "it may change what it reads from outside")
    return reads


def check_unchanged(op: Op, reads: Reads | None, what: str) -> None:
    """Check that what a function reads is as it was before the function ran.

    Raises:
        CompileError: naming what it changed.
    """
    if reads is not None and not unchanged(reads.places):
        raise untranslatable(op, what, f"it changes {first_change(reads.places)}")


def untranslatable(op: Op, what: str, why: str) -> CompileError:
    """Return the error for a function of an op that machine code cannot be made of."""
    return CompileError(f"op {op.name!r}: numba cannot translate its {what}: {why}")


def codes_of(function: Any) -> Iterator[CodeType]:
    """List the code of a function, and of plain functions that it calls by their names."""
    return _codes(function, set())


def _codes(function: Any, seen: set[int]) -> Iterator[CodeType]:
    function = python_of(function)
    if not isinstance(function, FunctionType) or id(function) in seen:
        return
    seen.add(id(function))
    is_own = str(function.__globals__.get("__name__")).startswith(OWN)
    pending = [] if is_own else [function.__code__]
    while pending:
        code = pending.pop()
        yield code
        pending += [x for x in code.co_consts if isinstance(x, CodeType)]
        for name in code.co_names:
            yield from _codes(function.__globals__.get(name), seen)
    for cell in function.__closure__ or ():
        try:
            yield from _codes(cell.cell_contents, seen)
        except ValueError:  # not assigned yet
            continue


@lru_cache(maxsize=1024)
def has_loop(code: CodeType) -> bool:
    """Return whether code goes back: a loop, whose length may depend on an operand."""
    return any("JUMP_BACKWARD" in step.opname for step in dis.get_instructions(code))


def loops_in(function: Callable[..., Any]) -> bool:
    """Return whether a function, or one that it calls, has a loop."""
    return any(has_loop(code) for code in codes_of(function))


def check_ends(ops: Iterable[Op]) -> None:
    """Check that no op has a loop that may go on for ever where the function would not go.

    Machine code computes all lanes and then looks which of them took another way.

    Raises:
        CompileError: naming the op.
    """
    for op in ops:
        for function in (op.forward, *op.rules):
            if any(map(_has_while, codes_of(function))):
                raise untranslatable(
                    op, "forward function or rule", "its while loop might not end for inputs of "
                    "another branch"
                )  # fmt: skip


@lru_cache(maxsize=1024)
def _has_while(code: CodeType) -> bool:
    steps = {step.offset: step for step in dis.get_instructions(code)}
    backward = [step for step in steps.values() if "JUMP_BACKWARD" in step.opname]
    return any(steps[step.argval].opname != "FOR_ITER" for step in backward)


def check_against_python(
    op: Op, expected: Callable[..., float], found: Callable[..., float], what: str, loops: bool
) -> None:
    """Compare machine code with what the engine computes.

    Parameters:
        op: whose function it is.
        expected: the engine's way, which raises where there is no result.
        found: the machine's way.
        what: which function it is, for the message.
        loops: whether large numbers could take for ever.

    Raises:
        CompileError: with the numbers at which they differ.
    """
    for numbers in points(op.arity, loops=loops):
        _check_at(op, expected, found, numbers, what, "Declare one with Op(..., ieee=...)")


def check_rule_against_python(op: Op, index: int, found: Callable[..., float], what: str) -> None:
    """Compare machine code of a rule with what the engine makes of the rule.

    Parameters:
        op: whose rule it is.
        index: of which operand.
        found: the machine's way.
        what: which function it is, for the message.

    Raises:
        CompileError: with the numbers at which they differ.
    """
    rule: Any = op.rules[index]
    loops = loops_in(op.forward) or loops_in(rule)
    for operands in points(op.arity, loops=loops):
        try:
            with np.errstate(all="ignore"):
                out = op.evaluate(*operands)
        except Exception:  # so that its rules are never called there
            continue
        for g in (1.0, -0.7):
            _check_at(
                op, partial(op.partial, index), found, (g, out, *operands), what,
                "Use ops in place of functions of math, or where() in place of branches",
            )  # fmt: skip


def _check_at(
    op: Op,
    expected: Callable[..., float],
    found: Callable[..., float],
    numbers: tuple[float, ...],
    what: str,
    remedy: str,
) -> None:
    listed = ", ".join(map(repr, numbers))
    try:
        with np.errstate(all="ignore"):
            right = expected(*numbers)
    except Exception as cause:  # a TypeError, say, of what was written for some numbers only
        raise CompileError(
            f"op {op.name!r}: numba cannot translate its {what}: it has no result for "
            f"{listed}, and compiled code cannot raise. {remedy}"
        ) from cause
    got = found(*numbers)
    if not same(got, right):
        raise CompileError(
            f"op {op.name!r}: numba cannot translate its {what}: it computes {got!r} "
            f"instead of {right!r} for {listed}"
        )


def same(a: float, b: float) -> bool:
    """Return whether two results are equal but for rounding: the sign of a zero counts."""
    if a != a or b != b:
        return a != a and b != b
    if a == b:
        return a != 0.0 or math.copysign(1.0, a) == math.copysign(1.0, b)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-300)


def raises_in_python(op: Op) -> bool:
    """Return whether an op's forward itself has no result somewhere, where IEEE 754 has."""
    try:
        with np.errstate(all="ignore"):  # for all points: to enter it takes longer than an op
            given = points(op.arity, loops=loops_in(op.forward))
            return any(isinstance(op.forward(*numbers), complex) for numbers in given)
    except Exception:
        return True
