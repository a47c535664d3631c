"""Arrays of numbers: one lane for each element, and for each lane the way that it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pluggrad import CompileError

from .capture.arguments import in_a_direction, is_array, positional, put_together, taken_apart
from .capture.calls import like_the_arguments
from .capture.numbers import no_float
from .direct import DirectCall
from .recording import Recording
from .recordings import DIRECT, Entry, Numbers, Recordings

# What Python says where a number is used as a vector.
WANTS_A_VECTOR = (
    "non-iterable",
    "not iterable",
    "not subscriptable",
    "has no len()",
    "a Value is one number",
)


class OverLanes(Recordings):
    """The ways through one function, for arrays of numbers too.

    Attributes:
        threads: how many threads share the lanes.
    """

    threads: int

    def _answer(
        self, shape: Any, numbers: Numbers, others: Numbers, *, backward: bool, often: bool
    ) -> tuple[Recording, Any, Any]:
        """Compute in the way that these numbers take; return it, the results and the gradients."""
        lanes = bool(others) and any(map(is_array, numbers))
        if lanes:
            recording, results, gradients = self._lanes(shape, numbers, backward=backward)
        else:
            recording, (results, gradients) = self._single(shape, numbers, backward=backward)
        if backward:
            self._check_one(recording)
        if often and not lanes:  # which have seen to that themselves
            self._open_direct_way(shape, recording, numbers, backward=backward)
        return recording, results, gradients

    def _lanes(self, shape: Any, numbers: Numbers, *, backward: bool) -> tuple[Recording, Any, Any]:
        """Compute for arrays; return a recording, and its results and gradients as arrays."""
        rows, lengths = _broadcast(numbers)
        if math.prod(lengths) == 0:
            return self._of_nothing(shape, len(rows), lengths)
        first, results, gradients = self._all_lanes(shape, rows, math.prod(lengths), backward)
        self._open_short_way(shape, first, backward=backward)
        return (
            first,
            results.reshape(len(results), *lengths),
            gradients if gradients is None else gradients.reshape(len(rows), *lengths),
        )

    def _open_short_way(self, shape: Any, recording: Recording, *, backward: bool) -> None:
        """Let later calls on arrays go straight to machine code, where this one could have."""
        known = self._directs(backward)
        in_pairs = shape == in_a_direction(recording.count)
        if not (in_pairs or shape == positional(recording.count)) or len(known) == DIRECT:
            return
        from .lanes.few import FewLanes

        mine = [x for x in known if x.recording is recording]
        few = [x for x in known if isinstance(x, FewLanes)]
        if not in_pairs and not any(isinstance(x, FewLanes) for x in mine):
            few += [x for x in [recording.few_lanes(backward=backward)] if x is not None]
        many = [x for x in known if not isinstance(x, FewLanes)]
        if all(isinstance(x, DirectCall | FewLanes) for x in mine):
            direct = recording.direct_lanes(self, backward=backward, in_pairs=in_pairs)
            many += [direct] if direct is not None else []
        self._set_directs((*many, *few), backward)

    def _of_nothing(
        self, shape: Any, count: int, lengths: tuple[int, ...]
    ) -> tuple[Recording, Any, Any]:
        """Return the result for no lanes: whoever asks wants to know its kind."""
        import numpy as np

        entry = next(iter(self._matching(shape)), None) or self._recorded_anywhere(shape, count)
        given = len(entry[1].tape.outputs) - 1
        empty = np.empty((max(given, count), *lengths))
        return entry[1], empty[:given], empty[:count]

    def into(self, shape: Any, numbers: Numbers, outs: Sequence[Any], *, backward: bool) -> Any:
        """Compute for arrays straight into others, where these can take the numbers as they come.

        Parameters:
            shape: the shape of the arguments.
            numbers: what they hold.
            outs: an array for each result, and then for the gradient of each number.
            backward: whether there are gradients.

        Returns:
            What the call gives, built of the arrays; None where they cannot, and nothing is done.
        """
        from .room import Rows, can_be_filled, is_plain

        if not all(map(is_plain, numbers)):
            return None
        rows, lengths = _broadcast(numbers)
        count = math.prod(lengths)
        if not count or not all(can_be_filled(x, lengths, [*numbers, *outs]) for x in outs):
            return None
        first = (self._matching(shape) or [self._recorded_lane(shape, rows)])[0][1]
        given = len(outs) - len(rows) * backward
        if given != len(first.tape.outputs) - 1 or (backward and given != 1):
            return None
        built, found = put_together(first.result, iter(outs), None), []  # type: ignore[var-annotated]
        taken_apart(built, found, elements=False)
        if any(a is not b for a, b in zip(found, outs, strict=False)):  # True and False among them
            return None
        lines = [x.reshape(-1) for x in outs]
        gradients = Rows(lines[given:]) if backward else None
        self._all_lanes(shape, rows, count, (Rows(lines[:given]), gradients))
        self._open_short_way(shape, first, backward=backward)
        return (built, like_the_arguments(shape, outs[given:])) if backward else built

    def _all_lanes(
        self, shape: Any, rows: list[Any], count: int, into: tuple[Any, Any] | bool
    ) -> tuple[Recording, Any, Any]:
        """Compute all lanes, so many at a time that the rest of memory does not grow with them.

        Parameters:
            shape: the shape of the arguments.
            rows: a row for each number.
            count: how many lanes there are.
            into: what results and gradients are written into; or whether there are gradients.
        """
        from .room import parts, taken

        ways = self._matching(shape) or [self._recorded_lane(shape, rows)]
        first = ways[0][1]
        results, gradients = _room(first, rows, count, into) if isinstance(into, bool) else into
        numbers = len(rows) + len(results) + (0 if gradients is None else len(gradients))
        for part in parts(count, numbers):
            some = None if gradients is None else gradients[:, part]
            self._some_lanes(shape, [taken(x, part) for x in rows], results[:, part], some)
        return first, results, gradients

    def _some_lanes(self, shape: Any, rows: list[Any], results: Any, gradients: Any) -> None:
        """Compute lanes in the way used last, and those that do not take it in other ways."""
        import numpy as np

        ways = self._matching(shape) or [self._recorded_lane(shape, rows)]
        first, backward = ways[0][1], gradients is not None
        if backward and not first.all_used:
            gradients[sorted({*range(len(rows))} - {*first.used}), :] = 0.0
        holds = first.lanes(rows, results, gradients, self.threads)
        self._used(ways.pop(0))
        left: Any = () if holds is None else np.flatnonzero(~holds)
        while len(left):
            some = [x if len(x) == 1 else x[left] for x in rows]
            part, part_gradients = _room(first, rows, len(left), backward)
            if backward:
                part_gradients[:] = 0.0  # what another way does not use has no gradient in it
            holds = self._next_way(first, (shape, ways), some, part, part_gradients)
            results[:, left[holds]] = part[:, holds]
            if backward:
                gradients[:, left[holds]] = part_gradients[:, holds]
            left = left[~holds]

    def _recorded_lane(self, shape: Any, rows: list[Any]) -> Entry:
        """Record the first lane; an error of a function that wanted the whole array says how."""
        try:
            return self._recorded(shape, _lane(rows, 0))
        except (AttributeError, TypeError) as cause:
            if any(part in str(cause) for part in WANTS_A_VECTOR):
                cause.add_note(
                    "a compiled function takes an array as many inputs at once, one number each; "
                    'compile(f, arrays="elements") takes it as one vector'
                )
            raise

    def _next_way(
        self,
        first: Recording,
        known: tuple[Any, list[Entry]],
        rows: list[Any],
        results: Any,
        gradients: Any | None,
    ) -> Any:
        """Compute lanes in the next way that is known, or that the first of them takes.

        Returns:
            For each lane whether it takes this way.
        """
        import numpy as np

        shape, ways = known
        here = _lane(rows, 0)
        fresh = not ways
        recording = (self._recorded(shape, here) if fresh else ways.pop(0))[1]
        if recording.result != first.result:
            raise CompileError(f"{self!r} gives results of different shapes in different lanes")
        holds = recording.lanes(rows, results, gradients, self.threads)
        if holds is None:
            return np.ones(results.shape[1], bool)
        if fresh and not holds[0]:  # by the last bit of a vector function, perhaps
            holds = recording.lanes(rows, results, gradients, self.threads, careful=True)
        if fresh and not holds[0]:
            answer = self._answer_exactly(recording, here)
            holds[0] = True
            results[:, 0] = answer[0]
            if gradients is not None:
                gradients[:, 0] = answer[1]
        return holds


def _broadcast(numbers: Sequence[Any]) -> tuple[list[Any], tuple[int, ...]]:
    """Return a row for each number, of one element or of one for each lane, and the lanes' shape.

    Raises:
        CompileError: when the arrays do not go together.
    """
    import numpy as np

    try:
        arrays = [_numbers(x) for x in numbers]
    except (OverflowError, ValueError):
        raise no_float(numbers) from None
    try:
        shapes = {x.shape for x in arrays if x.ndim}
        lengths = shapes.pop() if len(shapes) == 1 else np.broadcast_shapes(*shapes)
    except ValueError as cause:
        listed = ", ".join(str(np.shape(x)) for x in numbers)
        raise CompileError(
            f"the arrays among the arguments do not broadcast together: {listed}"
        ) from cause
    whole = [
        x if x.size == 1 or x.shape == lengths else np.broadcast_to(x, lengths) for x in arrays
    ]
    return [x.reshape(-1) if x.flags.c_contiguous else x.flat for x in whole], lengths


def _numbers(x: Any) -> Any:
    """Give an array of numbers, those of machines as they are: each part becomes floats in turn."""
    import numpy as np

    found = np.asarray(x)
    return found if found.dtype.kind in "fiub" and found.ndim else np.asarray(found, float)


def _lane(rows: Sequence[Any], lane: int) -> list[float]:
    return [float(x[lane if len(x) > 1 else 0]) for x in rows]


def _room(recording: Recording, rows: Sequence[Any], count: int, backward: bool) -> tuple[Any, Any]:
    """Make arrays for the results and the gradients of so many lanes."""
    from .room import room

    results = room.empty((len(recording.tape.outputs) - 1, count))
    return results, room.empty((len(rows), count)) if backward else None
