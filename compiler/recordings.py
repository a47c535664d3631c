"""Recordings: the ways through one function that are kept, and which one a call takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pluggrad import CompileError, plugins

from .capture.arguments import LEAF
from .capture.capturing import Captured, captured
from .capture.numbers import PLAIN, check_numbers, floats
from .capture.outside import World
from .capture.places import first_change, is_data
from .capture.reads import read_by
from .direct import DirectCall
from .portable import functions, shapes
from .portable.replay import Replay, Way
from .recording import Answer, Recording
from .tape.fingerprint import check_ops, fingerprint, is_built_in
from .warning import warn

Numbers = list[Any]
Entry = tuple[Any, Recording]  # the shape of the arguments, and a way for it
Packed = tuple[Any, Recording, list[str]]  # with the fingerprints of its ops
Directs = tuple[Any, ...]  # DirectCall first, and then those over lanes
DIRECT = 16  # how many calls find the way to machine code ready
EXACT_WARNING = 8
STALE_WARNING = 8


def note_on_vectors(error: Exception, shape: Any) -> None:
    """Add to an error that speaks of a list what the vectors among the arguments are inside."""
    given = repr(shape)
    if "'elements'" in given:
        error.add_note(f"an array among the arguments is a list of numbers inside; {AS_ARRAY}")
    elif "'list'" in given:
        error.add_note(
            f"a list is one vector: {AS_ARRAY}. For many inputs at once pass numpy.array([...])"
        )


AS_ARRAY = "numpy.array(v) computes with it element by element and keeps the gradient"


class Recordings:
    """The ways through one function.

    Parameters:
        function: what is recorded.
        executor: `auto`, `numba` or `interpreter`.
        bound: how many recordings are kept; the one not used for longest goes first.
        math: `vector` or `libm`.
    """

    def __init__(self, function: Callable[..., Any], executor: str, bound: int, math: str) -> None:
        self._function = function
        self.executor = executor
        self.bound = bound
        self.math = math
        self._recordings: list[Entry] = []  # the one used last is the last
        self._last: Recording | None = None
        self._changes = plugins.changes  # recordings are of the ops that were installed then
        self._exact = 0
        self._warned = False
        self._stale = 0
        # Calls that machine code answers, of the value and of value and gradient: those on numbers
        # by their last use, and then those over lanes.
        self._values: Directs = ()
        self._gradients: Directs = ()

    @property
    def function(self) -> Callable[..., Any]:
        """What is recorded."""
        return self._function

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings that are kept, the one used last at the end."""
        return tuple(recording for _, recording in self._recordings)

    def forget(self) -> None:
        """Drop all recordings."""
        self._recordings = []
        self._values = self._gradients = ()
        self._changes = plugins.changes

    # ----- Which way -----

    def _open_direct_way(
        self, shape: Any, recording: Recording, numbers: Numbers, *, backward: bool
    ) -> None:
        """Let later calls on such numbers go straight to machine code, where these could have."""
        known = self._directs(backward)
        found = self._with_direct(known, recording, shape, numbers, backward=backward)
        self._set_directs(found, backward)

    def _directs(self, backward: bool) -> Directs:
        return self._gradients if backward else self._values

    def _set_directs(self, directs: Directs, backward: bool) -> None:
        if backward:
            self._gradients = directs
        else:
            self._values = directs

    def _with_direct(
        self, known: Directs, recording: Recording, shape: Any, numbers: Numbers, *, backward: bool
    ) -> Directs:
        """Return direct calls with one of this recording, where it can have one, in front."""
        if not set(map(type, numbers)) <= PLAIN:
            for direct in known:
                if isinstance(direct, DirectCall):
                    direct.know_numpy()
            return known
        mine = [x for x in known if x.recording is recording and isinstance(x, DirectCall)]
        for one in mine:
            one.see_how_often()
            one.follow()
        if mine and not any(direct.was_busy() for direct in mine):
            others = [direct for direct in known if direct not in mine]
            return (*mine, *others)  # the next call tries it first
        direct = recording.direct(shape[2][0], backward=backward)
        return known if direct is None else (direct, *known)[:DIRECT]

    def _without_direct(self, entries: list[Entry]) -> None:
        """Forget the direct calls of recordings that go."""
        gone = [recording for _, recording in entries]
        self._values = tuple([x for x in self._values if x.recording not in gone])
        self._gradients = tuple([x for x in self._gradients if x.recording not in gone])

    def _matching(self, shape: Any) -> list[Entry]:
        """List the ways for arguments of a shape that are current, the one used last first."""
        found = [entry for entry in reversed(self._recordings) if entry[0] == shape]
        stale = [entry for entry in found if not entry[1].is_current()]
        if stale:
            self._recordings = [entry for entry in self._recordings if entry not in stale]
            self._without_direct(stale)
            self._stale += 1
            if self._stale == STALE_WARNING and not stale[0][1].changing:
                self._warn_of_changes(stale[0][1])
        return [entry for entry in found if entry not in stale] if stale else found

    def _used(self, entry: Entry) -> None:
        """Note that a way was taken."""
        # A new list each time: threads that walk through the old one are not disturbed.
        recordings = self._recordings
        if recordings and recordings[-1] is not entry:  # empty: forgotten meanwhile
            self._recordings = [kept for kept in recordings if kept is not entry] + [entry]
        self._last = entry[1]

    def _refresh(self, recording: Recording) -> None:
        """Note the same of a recording, if it is still kept."""
        for entry in self._recordings:
            if entry[1] is recording:
                self._used(entry)
                return

    def _recorded(self, shape: Any, numbers: Numbers) -> Entry:
        """Record the way that these numbers take."""
        try:
            done = captured(self.function, shape, numbers)
        except (AttributeError, TypeError) as cause:
            if "list" in str(cause) or "sequence" in str(cause):
                note_on_vectors(cause, shape)
            raise
        is_for_one_call = done.changing or done.is_spent
        executor = "interpreter" if is_for_one_call else self.executor
        recording = Recording(done, executor, math=self.math)
        self._exact += done.is_exact
        if done.changing and not self._warned:
            self._warned = True
            warn(
                f"{self!r} reads {done.changing}, which may change unseen, so each call records "
                "it again. Pass as arguments what changes from call to call"
            )
        if self._exact == EXACT_WARNING:
            warn(
                f"{self!r} turns a Value into a float or int, so each new number records it again. "
                "Keep it a Value, or pass it as something else than a number"
            )
        entry = shape, recording
        recordings = [*self._recordings, entry]
        if len(recordings) > self.bound:
            self._without_direct(recordings[:1])
            del recordings[0]
            self._warn_of_many_ways()
        self._recordings, self._last = recordings, recording
        return entry

    def _recorded_anywhere(self, shape: Any, count: int) -> Entry:
        """Record without a number of the caller's, for what the function accepts."""
        rising = [(i + 1) / (count + 1) for i in range(count)]
        samples = [1.0] * count, [0.5] * count, rising, rising[::-1], [-1.0] * count
        errors = []
        for numbers in samples:
            try:
                return self._recorded(shape, numbers)
            except Exception as error:
                errors.append(error)
        raise errors[0]

    def _warn_of_changes(self, recording: Recording) -> None:
        changed = first_change([*recording.places, *recording.world])
        warn(
            f"{self!r} is recorded again and again, as {changed} changes from call to call. Pass "
            "it as an argument"
        )

    def _warn_of_many_ways(self) -> None:
        if not self._warned and self._exact < EXACT_WARNING:
            self._warned = True
            warn(
                f"{self!r} has taken more than {self.bound} ways, by its branches and by the "
                "shapes of its arguments; the one not used for longest is forgotten, and recorded "
                f"again when it is needed. Keep more with compile(..., bound={4 * self.bound}), or "
                "choose by where() instead of if"
            )

    def _single(self, shape: Any, numbers: Numbers, *, backward: bool) -> tuple[Recording, Answer]:
        """Compute for one set of numbers, in the way that they take."""
        for entry in self._matching(shape):
            answer = entry[1].answer(numbers, backward=backward)
            if answer is not None:
                self._used(entry)
                return entry[1], answer
        check_numbers(numbers)
        _, recording = self._recorded(shape, floats(numbers))
        if recording.reads:
            # An op may change what it reads: what it gave is the answer, and it runs once a call.
            return recording, recording.answer_of_capture(backward=backward)
        answer = recording.answer(numbers, backward=backward)
        return recording, answer or self._answer_exactly(recording, numbers)

    def _answer_exactly(self, recording: Recording, numbers: Numbers) -> Answer:
        """Compute in a way that was recorded with these very numbers."""
        answer = recording.answer_exactly(numbers)
        if answer is None:
            raise CompileError(
                f"{self!r} did not take the way again that it took while it was recorded: it is "
                "not a function of its arguments alone"
            )
        return answer

    def _check_one(self, recording: Recording) -> None:
        """Check that the function gives one number.

        Raises:
            CompileError: when it gives several.
        """
        if recording.result != LEAF:
            raise CompileError(
                f"value_and_grad() is for functions that give one number; "
                f"{self!r} gives nested ones. Take func.jacrev of it and compile that"
            )

    # ----- Files -----

    def _current(self) -> list[Entry]:
        """List the ways that a call could take now: what they read outside is what it was."""
        return [entry for entry in self._recordings if entry[1].is_current()]

    def _written(self, name: str) -> dict[str, Any]:
        """Write down what was recorded, as data.

        Raises:
            CompileError: where there is nothing, or it is more than data.
        """
        current = self._current()
        functions.check_data(current, repr(self), [x for _, x in self._recordings])
        ways = [Way(shape, x.result, x.used, x.tape) for shape, x in current]
        try:
            return functions.written(self.function, name, ways)
        except CompileError as cause:
            raise CompileError(f"{self!r} cannot be saved: {cause}") from cause

    def _take_ways(self, replay: Replay) -> None:
        """Take the recordings that a file has."""
        for way in replay.ways:
            count, guards = shapes.count(way.arguments), functions.guards_in(way.tape)
            places = read_by(op for op in way.tape.ops if not is_built_in(op))
            done = Captured(
                way.tape, way.result, way.used, [], guards, count, places, is_exact=False
            )
            recording = Recording(done, self.executor, math=self.math)
            self._recordings.append((way.arguments, recording))

    # ----- Pickles -----

    def _packed(self) -> list[Packed]:
        """Return what a pickle keeps: not what reads from outside, which may be other things there.

        That is Values, and what the ops' functions read.
        """
        return [
            (shape, recording, [fingerprint(op) for op in recording.tape.ops])
            for shape, recording in self._current()
            if not (recording.read or any(map(is_data, recording.places)))
        ]

    def _unpack(self, kept: list[Packed], python: tuple[int, int], told: str) -> None:
        """Take what a pickle kept, made by this version of Python, where the function is the same.

        Raises:
            CompileError: when an op computes something else here.
        """
        for _, recording, fingerprints in kept:
            check_ops(recording.tape.ops, fingerprints, python)
        if not kept or fingerprint(self.function) != told:
            return  # it reads something else here: that will be recorded
        world = tuple(World(self.function).places)
        for shape, recording, _ in kept:
            recording.places = read_by(op for op in recording.tape.ops if not is_built_in(op))
            recording.world = world
            self._recordings.append((shape, recording))
