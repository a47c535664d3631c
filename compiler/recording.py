"""Recording: one way through a function, as a tape with guards, ready to run."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .capture.arguments import LEAF
from .capture.capturing import Captured
from .capture.numbers import check_numbers, no_float
from .capture.places import check_of
from .direct import DirectCall
from .fused import Fused
from .nested import can_be_nested, nested_call
from .run.executor import Executor, executor_for, missing_packages, wide_for
from .tape.interpreter import Interpreter
from .warning import counted

FUSED = 256  # lanes: for fewer it does not pay to compile a function of their own
Answer = tuple[list[float], list[float]]


class Recording:
    """One way through a function.

    Parameters:
        done: what the function did.
        executor: `auto`, `numba` or `interpreter`.
        math: whether functions may be our own, `vector`, or are those of the C library, `libm`.

    Attributes:
        tape: the function's results and the count of failed guards as outputs; its numbers that
            matter as inputs.
        result: the shape of what the function gave.
        used: the positions, among all numbers of the arguments, of those that matter.
        read: Values from outside that the function used; read anew for each call.
        guards: how many looks at numbers are checked.
        count: how many numbers the arguments have.
        places: where Values and what ops read stand outside; it holds as long as they do.
        world: what else its function reaches outside; the same holds for that.
        changing: what it used that changes unseen, in words; then it is for one call.
        reads: whether its ops read anything outside.
    """

    def __init__(self, done: Captured, executor: str, *, math: str = "vector") -> None:
        self.tape = done.tape
        self.result = done.result
        self.used = done.used
        self.read = done.read
        self.choice = executor
        self.guards = done.guards
        self.count = done.count
        self.places = done.places
        self.world = done.world
        self.changing = done.changing
        self.reads = done.reads
        self.math = math
        self.all_used = self.used == list(range(self.count))
        self._check: Callable[[], bool] | None = None
        self._executor: Executor | None = None
        self._free: list[Executor] = []
        self._wide: Any = None  # computes many lanes op by op
        self._fused: Fused | None = None  # computes them at once, or adds them up
        self.patterns: dict[Any, Any] = {}  # of Jacobians that were asked for, by columns
        self._calls = 0
        self._is_new = False  # whether the call that was recorded is the only one so far
        self._answered: list[Any] = []  # the fields of direct calls

    def __repr__(self) -> str:
        return (
            f"<Recording of {counted(len(self.tape), 'node')}, {counted(len(self.used), 'number')} "
            f"and {counted(self.guards, 'guard')}, {counted(self.calls, 'call')}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_calls": 0,  # equal recordings have equal pickles
            "_answered": [],
            "read": [x.detach() for x in self.read],  # what they are at this moment
            "places": [],
            "world": (),
            "_check": None,
            "_executor": None,
            "_free": [],
            "_wide": None,
            "_fused": None,
            "patterns": {},
        }

    @property
    def calls(self) -> int:
        """How often it has answered."""
        return self._calls + sum([int(fields.calls) for fields in self._answered])

    def is_current(self) -> bool:
        """Return whether what it took from outside stands where it stood."""
        if not (self.places or self.world):
            return True
        if self._check is None:
            self._check = check_of([*self.places, *self.world])
        return self._check()

    @property
    def executor(self) -> Executor:
        """The first executor, made when first asked for; those for calls are made like it."""
        if self._executor is None:
            guarded = self.guards > 0
            self._executor = executor_for(
                self.tape, self.choice, math=self.math, guarded=guarded, kept=True
            )
        return self._executor

    # Calls may run side by side, in threads or one inside the other. Each takes an executor, which
    # is memory to compute in, and gives it back; taking from a list is one step under the GIL.

    def _take(self) -> Executor:
        try:
            return self._free.pop()
        except IndexError:
            return self._another()

    def _another(self) -> Executor:
        return self.executor.another()

    # ----- One set of numbers -----

    @contextmanager
    def running(self, numbers: Sequence[Any], *, anyway: bool = False) -> Iterator[Any]:
        """Compute forward for one set of numbers, and lend the executor that did it.

        It is None where a guard does not hold, unless it is wanted anyway. Its seeds may change.
        """
        executor = self._take()
        executor.inputs[:] = self._given(numbers)
        try:
            executor.forward()
            holds = anyway or executor.outputs[-1] == 0.0
        except Exception:  # on this way
            holds = False
        try:
            yield executor if holds else None
        finally:
            executor.seeds[:] = array("d", [1.0]) * len(self.tape.outputs)
            self._free.append(executor)

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

    def answer_of_capture(self, *, backward: bool) -> Answer:
        """Return what came out while the function was recorded, without computing it again."""
        self._is_new = True
        slow = Interpreter(self.tape)
        if backward:
            slow.backward()
        return self._read_off(slow, backward)

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
        except (OverflowError, ValueError):
            raise no_float(numbers) from None
        given.extend([x._number for x in self.read])
        return given

    def direct(self, arguments: Any, *, backward: bool) -> DirectCall | None:
        """Make a call on plain numbers that machine code answers, where there can be one.

        Parameters:
            arguments: the shape of the positional arguments, which are all there are.
            backward: whether the gradient is computed, too.
        """
        if self._is_new:
            self._is_new = False  # what its ops read may be something else in the next call
            return None
        if not self.all_used or self.read or self.executor.name != "numba":
            return None
        nested = self.result != LEAF or any(shape != LEAF for shape in arguments[2])
        if nested and not can_be_nested(arguments, self.result):
            return None
        if not self.is_current():
            return None  # it was for one call
        from .run.watched import Watched

        machine, watched = self._another(), Watched([*self.places, *self.world])
        found = machine.direct(backward, **watched.told())  # type: ignore[attr-defined]
        if found is None:
            return None
        function, fields = found
        if nested:
            function = nested_call(function, arguments, self.result, backward=backward)
            if function is None:
                return None
        self._answered.append(fields)
        return DirectCall(self, machine, function, fields, watched)

    # ----- Lanes -----

    def direct_lanes(self, caller: Any, *, backward: bool, in_pairs: bool = False) -> Any | None:
        """Make a call on arrays that machine code answers.

        It is None where there can be none, or nobody has made the fused function yet.

        Parameters:
            caller: says in its `threads` how many share the lanes.
            backward: whether there are gradients.
            in_pairs: whether the arguments are two tuples.
        """
        if not self._fused or not self.all_used or (backward and self.result != LEAF):
            return None
        program = self._fused.made(backward)
        function = None if program is None else program.function_of_arrays(FUSED)
        if function is None:
            return None
        from .lanes.calls import DirectLanes, DirectPairs

        self._answered.append(function[1])
        kind = DirectPairs if in_pairs else DirectLanes
        return kind(self, function, caller, backward=backward)

    def few_lanes(self, *, backward: bool) -> Any | None:
        """Make a call on arrays of a few elements; None where there can be none.

        Parameters:
            backward: whether there are gradients.
        """
        if not self.all_used or (backward and self.result != LEAF):
            return None
        from .lanes.few import FewLanes

        return FewLanes(self, FUSED, backward=backward)

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
            For each lane whether all guards hold; None where they do in all.
        """
        program = None
        if not careful and results.shape[1] >= FUSED and (fused := self._fusion()):
            program = fused.lanes(backward=gradients is not None)
        if program is None:
            return self._lanes_apart(rows, results, gradients, threads)
        import numpy as np

        given = [rows[i] for i in self.used] + [np.array([x._number]) for x in self.read]
        wanted = [] if gradients is None else [gradients[i] for i in self.used]
        flags = program.run(given, [*results, *wanted], threads)
        self._calls += 1
        if flags is None:
            return None
        again = np.flatnonzero(flags & 3 == 2)
        if len(again):
            self._mend(rows, again, gradients, threads)
        return flags & 1 == 0

    def _mend(self, rows: Sequence[Any], lanes: Any, gradients: Any, threads: int) -> None:
        """Compute gradients again where there is a nan among them; see `pluggrad.strong_zero`."""
        import numpy as np

        results = np.empty((len(self.tape.outputs) - 1, len(lanes)))
        mended = np.zeros((len(rows), len(lanes)))
        some = [x if len(x) == 1 else x[lanes] for x in rows]
        self._lanes_apart(some, results, mended, threads)
        gradients[:, lanes] = mended

    def summing(self, shared: Sequence[int], strided: Sequence[int], *, backward: bool) -> Any:
        """Return the function that adds up lanes, if there can be one.

        Parameters:
            shared: the positions, among all numbers, of those that all lanes share.
            strided: the positions of those that are columns of a table.
            backward: whether gradients by what is shared are added up, too.
        """
        where = {number: i for i, number in enumerate(self.used)}
        wanted = tuple([where[x] for x in shared if x in where]) if backward else None
        columns = frozenset([where[x] for x in strided if x in where])
        fused = self._fusion()
        return None if fused is None else fused.sums(wanted, columns)

    def _fusion(self) -> Fused | None:
        """Return what makes fused functions, where they are allowed."""
        if not self._fused:
            if self.math == "libm" or self.choice == "interpreter" or missing_packages():
                return None
            self._fused = Fused(self.tape, guarded=self.guards > 0)
        return self._fused

    def _lanes_apart(
        self, rows: Sequence[Any], results: Any, gradients: Any | None, threads: int
    ) -> Any:
        """Do the same op by op."""
        import numpy as np

        count = results.shape[1]
        rows = [x if len(x) == count else np.broadcast_to(x, count) for x in rows]
        holds = np.empty(count, bool)
        if not self._wide:
            self._wide = wide_for(
                self.tape, self.choice, guarded=self.guards > 0, executor=self._executor
            )
        if self._wide is None:
            self._lanes_slowly(rows, results, gradients, holds)
            return holds
        from .run.wide import Lanes

        outside = np.array([x._number for x in self.read])[:, None]
        used = slice(None) if self.all_used else self.used
        chosen = rows if self.all_used else [rows[i] for i in self.used]
        self._wide.run(Lanes(chosen, outside, results, gradients, used, holds), threads)
        self._calls += 1
        return holds

    def _lanes_slowly(self, rows: Any, results: Any, gradients: Any, holds: Any) -> None:
        for lane in range(len(holds)):
            numbers = [float(x[lane]) for x in rows]
            answer = self.answer(numbers, backward=gradients is not None)
            holds[lane] = answer is not None
            if answer is not None:
                results[:, lane] = answer[0]
                if gradients is not None:
                    gradients[:, lane] = answer[1]


def _spread(found: list[float], used: Sequence[int], count: int) -> list[float]:
    spread = [0.0] * count
    for i, g in zip(used, found, strict=True):
        spread[i] = g
    return spread
