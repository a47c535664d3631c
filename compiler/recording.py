"""Recording: one way through a function, as a tape with guards, ready to run."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pluggrad import CompileError, Value
from pluggrad.recording import always_recording, watched_by
from pluggrad.topology import topological_order

from .capture.arguments import LEAF, Shape, put_together, taken_apart
from .capture.classes import check_classes
from .capture.guards import fixed
from .capture.guests import advice, is_stranger, named
from .capture.looks import RAN, Looks, failed
from .capture.outside import Place, places_of, read_by, unchanged
from .capture.slots import seen_from_outside
from .progress import waiting
from .run.executor import Executor, executor_for, missing_packages
from .tape.data import Tape, recorded_tape
from .tape.fingerprint import is_built_in
from .tape.interpreter import Interpreter

KEPT = 16  # idle machines for many lanes
FUSED = 256  # lanes: for fewer it does not pay to compile a function of their own
Answer = tuple[list[float], list[float]]


class DirectCall:
    """Calls of one recording that machine code answers, in memory of their own.

    Parameters:
        recording: what it computes.
        machine: owns the code and the memory.
        function: takes numbers; gives None where it cannot answer.
        fields: what the function is told, and what it counts.
    """

    __slots__ = ("call", "fields", "machine", "recording")

    def __init__(self, recording: Recording, machine: Any, function: Any, fields: Any) -> None:
        self.recording = recording
        self.machine = machine
        self.fields = fields
        self.call: Callable[..., Any] = function
        if recording.places:  # it holds as long as what was taken from outside stands there
            self.call = lambda *args: function(*args) if recording.is_current() else None

    def was_busy(self) -> bool:
        """Tell whether a call found it busy since this was last asked."""
        missed, self.fields.missed = self.fields.missed, 0
        return bool(missed)


class Recording:
    """One way through a function.

    Parameters:
        tape: the function's results and the count of failed guards as outputs; its numbers that
            matter as inputs.
        result: the shape of what the function gave.
        used: the positions, among all numbers of the arguments, of those that matter.
        read: Values from outside that the function used; read anew for each call.
        executor: `auto`, `numba` or `interpreter`.
        guards: how many looks at numbers are checked.
        count: how many numbers the arguments have.
        places: where it took something from outside; it holds as long as that stands there.

    Attributes:
        fuses: whether many lanes may be computed by one fused function, with functions of its own.
    """

    def __init__(
        self,
        tape: Tape,
        result: Shape,
        used: Sequence[int],
        read: Sequence[Value],
        executor: str,
        guards: int,
        count: int,
        places: Sequence[Place] = (),
    ) -> None:
        self.tape = tape
        self.result = result
        self.used = list(used)
        self.read = list(read)
        self.choice = executor
        self.guards = guards
        self.count = count
        self.places = list(places)
        self.all_used = self.used == list(range(count))
        self._executor: Executor | None = None
        self._free: list[Executor] = []
        self._wide: list[Any] = []  # machines for many lanes that nobody uses
        self.fuses = True
        self._fused: dict[bool, Any] = {}  # programs for lanes, without and with gradients
        self._calls = 0
        self._answered: list[Any] = []  # the fields of direct calls

    def __repr__(self) -> str:
        return (
            f"<Recording of {len(self.tape)} nodes, {len(self.used)} numbers and "
            f"{self.guards} guards, {self.calls} calls>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_calls": 0,  # equal recordings have equal pickles
            "_answered": [],
            "read": [x.detach() for x in self.read],  # what they are at this moment
            "places": [],
            "_executor": None,
            "_free": [],
            "_wide": [],
            "_fused": {},
        }

    @property
    def calls(self) -> int:
        """How often it has answered."""
        return self._calls + sum([int(fields.calls) for fields in self._answered])

    def is_current(self) -> bool:
        """Say whether what it took from outside stands where it stood."""
        return not self.places or unchanged(self.places)

    @property
    def executor(self) -> Executor:
        """The first executor, made when first asked for; those for calls are made like it."""
        if self._executor is None:
            self._executor = executor_for(self.tape, self.choice, guarded=self.guards > 0)
        return self._executor

    # Calls may run side by side, in threads or one inside the other. Each takes an executor, which
    # is memory to compute in, and gives it back; taking from a list is one step under the GIL.

    def _take(self) -> Executor:
        try:
            return self._free.pop()
        except IndexError:
            return self._another()

    def _another(self) -> Executor:
        first = self.executor
        if isinstance(first, Interpreter):
            return Interpreter(self.tape)
        from .run.machine import Machine

        machine: Machine = first  # type: ignore[assignment]  # it is one
        return Machine(self.tape, machine.plan, straight=machine.straight)

    # ----- One set of numbers -----

    def answer(self, numbers: Sequence[Any], *, backward: bool = False) -> Answer | None:
        """Compute for one set of numbers.

        Returns:
            The results, and the gradient, one number for each of the arguments (none without
            `backward`). None where a guard does not hold.

        Raises:
            CompileError: for what is no number, naming its type.
        """
        executor = self._take()
        executor.inputs[:] = self._given(numbers)
        try:
            if backward:
                executor.step()
            else:
                executor.forward()
        except Exception:  # on this way; the function itself may take another one
            return None
        answer = self._read_off(executor, backward) if executor.outputs[-1] == 0.0 else None
        self._free.append(executor)
        return answer

    def answer_exactly(self, numbers: Sequence[Any]) -> Answer | None:
        """Do the same as the engine does it, rounding for rounding, forward and backward.

        Machine code may round the last bit of an op's result another way than Python's library
        does, and so see a comparison of two very close numbers fall out otherwise.
        """
        slow = Interpreter(self.tape)
        slow.inputs[:] = self._given(numbers)
        slow.step()
        return self._read_off(slow, backward=True) if slow.outputs[-1] == 0.0 else None

    def _read_off(self, executor: Any, backward: bool) -> Answer:
        self._calls += 1
        results = [float(x) for x in executor.outputs[:-1]]
        gradient = executor.gradients.tolist() if backward else []
        if backward and not self.all_used:
            gradient = _spread(gradient, self.used, self.count)
        return results, gradient

    def _given(self, numbers: Sequence[Any]) -> array[float]:
        """List what the tape reads: the numbers that matter, and Values from outside."""
        chosen = numbers if self.all_used else [numbers[i] for i in self.used]
        try:
            given = array("d", chosen)
        except TypeError:
            check_numbers(numbers)
            raise
        except OverflowError:
            raise too_large(numbers) from None
        given.extend([x._number for x in self.read])
        return given

    def direct(self, *, backward: bool) -> DirectCall | None:
        """Make a call on plain numbers that machine code answers, where there can be one."""
        if self.result != LEAF or not self.all_used or self.read or self.executor.name != "numba":
            return None
        machine = self._another()
        found = machine.direct(backward)  # type: ignore[attr-defined]
        if found is None:
            return None
        function, fields = found
        self._answered.append(fields)
        return DirectCall(self, machine, function, fields)

    # ----- Lanes -----

    def lanes(
        self,
        rows: Sequence[Any],
        results: Any,
        gradients: Any | None,
        threads: int,
        *,
        careful: bool = False,
    ) -> Any:
        """Compute for many sets of numbers at once.

        Parameters:
            rows: the numbers, an array for each number of the arguments: an element for each lane,
                or one for all.
            results: is filled with a row for each result.
            gradients: is filled with a row for each number; None computes forward only.
            threads: how many threads share the lanes.
            careful: whether functions are those of the C library, and so the answers of guards
                those of the engine but for its last bits.

        Returns:
            For each lane whether all guards hold.
        """
        program = (
            None if careful else self._program(results.shape[1], backward=gradients is not None)
        )
        if program is None:
            return self._lanes_apart(rows, results, gradients, threads)
        import numpy as np

        given = [rows[i] for i in self.used] + [np.array([x._number]) for x in self.read]
        wanted = [] if gradients is None else [gradients[i] for i in self.used]
        flags = program.run(given, [*results, *wanted], threads)
        self._calls += 1
        if flags is None:
            return np.ones(results.shape[1], bool)
        holds = flags & 1 == 0
        again = np.flatnonzero(flags & 3 == 2)
        if len(again):
            self._mend(rows, again, gradients, threads)
        return holds

    def _mend(self, rows: Sequence[Any], lanes: Any, gradients: Any, threads: int) -> None:
        """Compute gradients again where there is a nan among them; see `pluggrad.strong_zero`."""
        import numpy as np

        part = np.empty((len(self.tape.outputs) - 1, len(lanes)))
        part_gradients = np.zeros((len(rows), len(lanes)))
        self._lanes_apart([_picked(x, lanes) for x in rows], part, part_gradients, threads)
        gradients[:, lanes] = part_gradients

    def _program(self, count: int, *, backward: bool) -> Any | None:
        """Give the fused function where it pays and there can be one."""
        if not self.fuses or count < FUSED or self.choice == "interpreter":
            return None
        if backward not in self._fused:
            self._fused[backward] = self._made(backward)
        return self._fused[backward]

    def _made(self, backward: bool) -> Any | None:
        if missing_packages():
            return None
        from .lanes.program import Program
        from .lower.probing import check_ends

        try:
            if self.guards > 0:
                check_ends(self.tape.ops)
            return Program(self.tape, backward=backward)
        except CompileError:  # the other way says why, if it cannot either
            return None

    def _lanes_apart(
        self, rows: Sequence[Any], results: Any, gradients: Any | None, threads: int
    ) -> Any:
        """Do the same op by op."""
        import numpy as np

        count = results.shape[1]
        rows = [np.broadcast_to(x, count) for x in rows]
        holds = np.empty(count, bool)
        if self.executor.name != "numba":
            self._lanes_slowly(rows, results, gradients, holds)
            return holds
        from .run.machine import Machine, best_lanes

        plan = self.executor.plan  # type: ignore[attr-defined]
        width = min(best_lanes(plan), max(8, -(-count // 8) * 8))
        threads = max(1, min(threads, -(-count // width)))
        machines = [self._take_wide(width) or Machine(self.tape, plan, width)]
        width = machines[0].lanes
        while len(machines) < threads:
            machines.append(self._take_wide(width, width) or Machine(self.tape, plan, width))
        used = [rows[i] for i in self.used]
        outside = np.array([x._number for x in self.read])[:, None]

        def work(machine: Any, blocks: range) -> None:
            for block in blocks:
                start = block * width
                end = min(start + width, count)
                size = end - start
                inputs = machine.inputs
                for i, numbers in enumerate(used):
                    inputs[i, :size] = numbers[start:end]
                    inputs[i, size:] = numbers[end - 1]  # so that nothing odd happens there
                if len(outside):
                    inputs[len(used) :] = outside
                if gradients is None:
                    machine.forward()
                else:
                    machine.step()
                    if self.all_used:
                        gradients[:, start:end] = machine.gradients[:, :size]
                    else:
                        gradients[self.used, start:end] = machine.gradients[:, :size]
                results[:, start:end] = machine.outputs[:-1, :size]
                np.equal(machine.outputs[-1, :size], 0.0, out=holds[start:end])

        blocks = -(-count // width)
        if threads == 1:
            work(machines[0], range(blocks))
        else:
            with ThreadPoolExecutor(threads) as pool:
                for done in [
                    pool.submit(work, machines[t], range(t, blocks, threads))
                    for t in range(threads)
                ]:
                    done.result()
        self._wide = [*self._wide, *machines][-KEPT:]
        self._calls += 1
        return holds

    def _take_wide(self, least: int, most: int | None = None) -> Any | None:
        for _ in range(len(self._wide)):
            try:
                machine = self._wide.pop()
            except IndexError:  # another thread was faster
                return None
            if machine.lanes >= least and (most is None or machine.lanes == most):
                return machine
        return None

    def _lanes_slowly(self, rows: Any, results: Any, gradients: Any, holds: Any) -> None:
        for lane in range(len(holds)):
            numbers = [float(x[lane]) for x in rows]
            answer = self.answer(numbers, backward=gradients is not None)
            holds[lane] = answer is not None
            if answer is not None:
                results[:, lane] = answer[0]
                if gradients is not None:
                    gradients[:, lane] = answer[1]


def _picked(row: Any, lanes: Any) -> Any:
    """Give the numbers of some lanes, or the one of all."""
    return row if len(row) == 1 else row[lanes]


def _spread(found: list[float], used: Sequence[int], count: int) -> list[float]:
    spread = [0.0] * count
    for i, g in zip(used, found, strict=True):
        spread[i] = g
    return spread


def record(
    function: Callable[..., Any],
    shape: Shape,
    numbers: Sequence[float],
    executor: str,
    *,
    fuses: bool = True,
) -> tuple[Recording, bool]:
    """Run a function once on Values, and keep what it did.

    Parameters:
        function: what to run.
        shape: the shape of its positional and keyword arguments, a pair.
        numbers: the numbers in them.
        executor: `auto`, `numba` or `interpreter`.
        fuses: whether many lanes may be computed by one fused function.

    Returns:
        The recording, and whether it holds for these very numbers only, because the function
        turned one of them into a plain float or int.

    Raises:
        CompileError: when the function gives something else than numbers.
    """
    check_classes(function)
    leaves = [Value(x) for x in numbers]
    looks = Looks()
    for leaf in leaves:
        looks.created(leaf)
    args, kwargs = put_together(shape, iter(leaves), None)
    with waiting(), always_recording():
        try:
            with watched_by(looks), seen_from_outside():
                returned = function(*args, **kwargs)
        finally:
            looks.kind.recording.clear()
        leaves = [looks.replaced.get(id(leaf), leaf) for leaf in leaves]
        result, outputs = _outputs(function, returned)
        # A result that is an input itself, or given twice, is fine; one that is a constant too.
        outputs.append(failed(looks))
    inside = set(topological_order(outputs))
    used = [i for i, x in enumerate(leaves) if x in inside]
    chosen = [leaves[i] for i in used]
    del args, kwargs, returned, inside  # what they refer to is not "held by somebody"
    tape, _, read = recorded_tape(outputs, chosen, None, first=outputs[-1:])
    others = read[len(chosen) :]
    places = places_of(function, {*others, *looks.outside})
    places += read_by(op for op in looks.ops if not is_built_in(op))
    guards = sum(key[0] != RAN for key in looks.seen)
    recording = Recording(tape, result, used, others, executor, guards, len(leaves), places)
    recording.fuses = fuses
    return recording, looks.exact > 0


def _outputs(function: Callable[..., Any], returned: Any) -> tuple[Shape, list[Value]]:
    """Take apart what a function gave, every number a Value."""
    found: list[Any] = []
    result = taken_apart(returned, found, elements=False, answers=True)
    if result[0] == "static":
        found.append(returned)
    outputs = []
    for x in found:
        if not isinstance(x, Value):
            try:
                x = fixed(float(x) if isinstance(x, bool) else x)
            except TypeError:
                raise CompileError(
                    f"a compiled function gives numbers, or nested lists, tuples and dicts of "
                    f"numbers; {_name(function)} gave a {type(x).__name__}"
                ) from None
        outputs.append(x)
    return result, outputs


def too_large(numbers: Sequence[Any]) -> CompileError:
    """Make the error for an integer that no float can hold."""
    for position, x in enumerate(numbers):
        try:
            float(x)
        except OverflowError:
            return CompileError(f"number {position} of the arguments is too large for a float")
    return CompileError("a number of the arguments is too large for a float")


def check_numbers(numbers: Sequence[Any]) -> None:
    """Check that all of them are real numbers.

    Raises:
        CompileError: naming the type of the first that is not.
    """
    for x in numbers:
        if is_stranger(x):
            raise CompileError(
                f"{named(x)}: a compiled function takes NumPy's arrays, and arrays with their own "
                f"__array_ufunc__, which this has not. {advice(x)}"
            )
        kind = getattr(getattr(x, "dtype", None), "kind", None)
        real = hasattr(x, "__float__") if kind is None else kind in "biuf"
        # numpy.ma hides elements, which would come to light here.
        if not real or isinstance(x, str | bytes) or hasattr(x, "mask"):
            what = type(x).__name__ if kind is None else f"{type(x).__name__} of {x.dtype}"
            raise CompileError(
                f"a compiled function takes real numbers and arrays of them, not a {what}: "
                f"{' '.join(repr(x).split()):.60}"
            )


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", function))
