"""Jacobians and Hessians of compiled functions: only entries that can be other than 0 are computed.

Which entries these are is read off the recording. Rows that have no column in common are found by
one backward pass together, columns that have no row in common by one forward pass (Curtis, Powell
and Reid, 1974); which of them share a pass is decided greedily, and the way with fewer passes is
taken. Forward passes are lanes of one run.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError
from pluggrad.hints.packages import needed
from pluggrad.recording import computed_once

from .capture.arguments import ANSWER, LEAF, Shape, is_array, is_symbolic
from .capture.calls import numbers_of
from .capture.guests import has_a_door
from .capture.numbers import floats
from .capture.recorded import Hooked
from .recording import Recording
from .tape.data import Tape

if TYPE_CHECKING:
    from .function import Compiled  # which has this as a method


class Pattern:
    """Which entries a Jacobian has, and in which passes they are found.

    Parameters:
        recording: what computes the function.
        wanted: the numbers of the arguments that it is for: where they begin, and where they end.

    Attributes:
        rows, columns: of each entry, row after row.
        backward: for each backward pass its seeds, which gradients are entries, and which entries.
        forward: for each column its forward pass.
        passes: how many forward passes there are.
    """

    def __init__(self, recording: Recording, wanted: tuple[int, int]) -> None:
        import numpy as np

        tape = recording.tape
        reached = _reached(tape, len(recording.used))
        mask = sum(1 << k for k, i in enumerate(recording.used) if wanted[0] <= i < wanted[1])
        by_row = [reached[row] & mask for row in tape.outputs[:-1]]
        entries = [
            (r, recording.used[k]) for r, bits in enumerate(by_row) for k in _positions(bits)
        ]
        self.shape = len(by_row), recording.count
        self.rows = np.array([r for r, _ in entries], np.int64)
        self.columns = np.array([c for _, c in entries], np.int64)
        read = np.array([k for bits in by_row for k in _positions(bits)], np.int64)
        passes = _shared(by_row)
        self.backward = []
        for k in range(int(passes.max(initial=-1)) + 1):
            seeds = array("d", [*(passes == k).astype(float), 0.0])  # the last output is no result
            found = np.flatnonzero(passes[self.rows] == k)
            self.backward.append((seeds, read[found], found))
        self.result = recording.result
        by_column = [0] * recording.count
        for r, c in entries:
            by_column[c] |= 1 << r
        self.forward = _shared(by_column)
        self.passes = int(self.forward.max(initial=-1)) + 1

    @computed_once
    def lengths(self) -> tuple[int, ...]:
        """The lengths of the result, as an array."""
        return lengths_of(self.result, "its result")


def _reached(tape: Tape, count: int) -> list[int]:
    """Tell for each node, a bit for each input, which of the first inputs its slope depends on."""
    found = [0] * len(tape)
    for i, row in enumerate(tape.inputs[:count]):
        found[row] = 1 << i
    for row, kind in enumerate(tape.kinds):
        if kind >= 0:
            rules = tape.ops[kind].rules
            for operand, rule in zip(tape.operands_of(row), rules, strict=True):
                if rule is not None:
                    found[row] |= found[operand]
    return found


def _positions(bits: int) -> list[int]:
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def _shared(lines: Sequence[int]) -> Any:
    """Number the passes: lines that have no bit in common may share one; -1 for a line of none."""
    import numpy as np

    taken: list[int] = []
    passes = np.full(len(lines), -1)
    for i, bits in enumerate(lines):
        if bits:
            k = next((k for k, other in enumerate(taken) if not other & bits), len(taken))
            if k == len(taken):
                taken.append(0)
            taken[k] |= bits
            passes[i] = k
    return passes


# ----- Entries -----


def jacobian(
    compiled: Compiled, args: tuple[Any, ...], *, sparse: bool, argnums: int | None
) -> Any:
    """Compute the Jacobian of a compiled function; see `Compiled.jacobian`."""
    if not args:
        raise CompileError(f"{compiled!r} has no argument here to give the Jacobian of")
    needed("numpy", "a Jacobian or Hessian of a compiled function", "compile")
    shape, numbers, others = numbers_of(args, {}, compiled.arrays)
    if others:
        _refuse_others(numbers)
        numbers = floats(numbers)
    shapes = shape[2][0][2]
    ends = [0, *accumulate(map(count_of, shapes))]
    if argnums is None:
        wanted = 0, ends[-1]
    else:
        k = _checked_number(argnums, len(args))
        wanted, shapes = (ends[k], ends[k + 1]), shapes[k : k + 1]
    pattern, entries = _entries(compiled, args, shape, numbers, wanted)
    if sparse:
        if len(shapes) > 1:
            raise CompileError("sparse=True is for one argument; say which by argnums=")
        return _csr(pattern, entries, wanted)
    import numpy as np

    dense = np.zeros(pattern.shape)
    dense[pattern.rows, pattern.columns] = entries
    given = pattern.lengths
    found, start = [], wanted[0]
    for x in shapes:
        lengths = lengths_of(x, "an argument")
        count = int(np.prod(lengths, dtype=int))
        found.append(dense[:, start : start + count].reshape((*given, *lengths)))
        start += count
    return found[0] if len(found) == 1 else tuple(found)


def _checked_number(argnums: Any, count: int) -> int:
    """Return which argument is meant.

    Raises:
        CompileError: for what is no number of one.
    """
    if type(argnums) is not int or not -count <= argnums < count:
        raise CompileError(
            f"argnums={argnums!r} is not one of {count} arguments; they are counted from 0"
        )
    return argnums % count


def _refuse_others(numbers: list[Any]) -> None:
    """Refuse what is no plain number.

    Raises:
        CompileError: saying what to do.
    """
    if any(map(is_symbolic, numbers)):
        raise CompileError(
            "a Jacobian is of numbers; of Values, func.jacrev and func.jacfwd give it"
        )
    if any(map(has_a_door, numbers)) or any(map(is_array, numbers)):
        raise CompileError(
            "a Jacobian takes an array for its elements: compile(f, arrays='elements')"
        )


def _entries(
    compiled: Compiled,
    args: tuple[Any, ...],
    shape: Shape,
    numbers: list[float],
    wanted: tuple[int, int],
) -> tuple[Pattern, Any]:
    """Compute the entries, in the way that these numbers take."""
    for _, recording in compiled._matching(shape):
        with recording.running(numbers) as executor:
            if executor is not None:
                pattern = _pattern(recording, wanted)
                if len(pattern.backward) <= pattern.passes:
                    return pattern, _backward(executor, pattern)
                break
    else:
        recording, _ = compiled._single(shape, numbers, backward=False)
        pattern = _pattern(recording, wanted)
    if len(pattern.backward) > pattern.passes:
        try:
            return pattern, _forward(compiled, args, pattern, numbers)
        except (AttributeError, TypeError):  # it has hooks or gradients inside: no forward mode
            pass
    with recording.running(numbers, anyway=True) as executor:
        return pattern, _backward(executor, pattern)


def _check_hooks(recording: Recording) -> None:
    """Check that hooks are not called where no gradient comes by, as for other results.

    Raises:
        CompileError: saying what to call.
    """
    several = len(recording.tape.outputs) > 2  # the last counts guards that do not hold
    hooks = [op for op in recording.tape.ops if isinstance(op, Hooked)]
    if several and not all(op.keeps_zero() for op in hooks):
        raise CompileError(
            "a Jacobian of several results, and a hook of on_gradient() that makes something of a "
            "gradient of 0; use func.jacrev(f)"
        )


def _pattern(recording: Recording, wanted: tuple[int, int]) -> Pattern:
    _check_hooks(recording)
    if wanted not in recording.patterns:
        recording.patterns[wanted] = Pattern(recording, wanted)
    found: Pattern = recording.patterns[wanted]
    return found


def _backward(executor: Any, pattern: Pattern) -> Any:
    """Compute the entries by one backward pass for several rows."""
    import numpy as np

    found = np.empty(len(pattern.rows))
    for seeds, read, entries in pattern.backward:
        executor.seeds[:] = seeds
        executor.backward()
        found[entries] = np.asarray(executor.gradients)[read]
    return found


def _forward(
    compiled: Compiled, args: tuple[Any, ...], pattern: Pattern, numbers: list[float]
) -> Any:
    """Compute the entries by one forward pass for several columns, all at once as lanes."""
    import numpy as np

    derived = compiled._derivative("jvp")
    shape, _, _ = numbers_of((args, args), {}, compiled.arrays)
    directions = pattern.forward[:, None] == np.arange(pattern.passes)
    _, results, _ = derived._lanes(shape, [*numbers, *directions.astype(float)], backward=False)
    return results[pattern.shape[0] + pattern.rows, pattern.forward[pattern.columns]]


def _csr(pattern: Pattern, entries: Any, wanted: tuple[int, int]) -> Any:
    import numpy as np

    try:
        from scipy.sparse import csr_array  # type: ignore[import-untyped]
    except ImportError:
        raise CompileError("sparse=True gives arrays of SciPy's; pip install scipy") from None
    count = pattern.shape[0]
    starts = np.searchsorted(pattern.rows, np.arange(count + 1))
    columns = pattern.columns - wanted[0]
    return csr_array((entries, columns, starts), shape=(count, wanted[1] - wanted[0]))


def count_of(shape: Shape) -> int:
    """Count the numbers of a tree."""
    if shape in (LEAF, ANSWER):
        return 1
    if shape[0] == "elements":
        return prod(shape[1])
    return 0 if shape[0] == "static" else sum(map(count_of, shape[2]))


def lengths_of(shape: Shape, what: str) -> tuple[int, ...]:
    """Return the lengths of an array that has the numbers of a tree.

    Raises:
        CompileError: when the tree is no number, and no (nested) list of numbers.
    """
    if shape in (LEAF, ANSWER):
        return ()
    if shape[0] == "elements":
        return tuple(shape[1])
    parts = {lengths_of(x, what) for x in shape[2]} if shape[0] in (list, tuple) else set()
    if len(parts) != 1:
        raise CompileError(
            f"a Jacobian is an array: {what} is a number, or a (nested) list or array of numbers"
        )
    return (len(shape[2]), *parts.pop())
