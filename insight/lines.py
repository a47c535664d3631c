"""recording_lines: which line of the program made a value."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any, NamedTuple, Self
from weakref import WeakKeyDictionary

from pluggrad.errors import ForwardError
from pluggrad.graph import Graph
from pluggrad.op import Op
from pluggrad.recording import SwitchedContext, Watcher, watchers
from pluggrad.value import Value

from .callers import outside, source_line
from .decisions import note_decision

SHOWN = 80  # characters of a program's line


class Line(NamedTuple):
    """A line of a program."""

    file: str
    number: int
    function: str

    @property
    def text(self) -> str:
        """What is written there; "" where that cannot be read."""
        return source_line(self.file, self.number).strip()

    def __str__(self) -> str:
        place = f"{os.path.basename(self.file)}:{self.number}"
        return f"{place}: {self.text[:SHOWN]}" if self.text else place


lines: WeakKeyDictionary[Value, Line] = WeakKeyDictionary()


class recording_lines(SwitchedContext[tuple[Watcher, ...]]):  # noqa: N801 - as no_grad
    """Remember which line of the program makes each value, and which comparisons decided a way.

    Pictures, `explain`, and the messages of `AnomalyError` and `ForwardError` then say it. A
    computation that fails half-way can be drawn up to there: `save(recorded, "until.html")` draws
    all that was computed in the block. It costs a look at the stack for each op; outside of the
    block, and for values made outside, it costs nothing. It holds for the current thread or task.

    >>> from pluggrad import Value, recording_lines, render
    >>> with recording_lines() as recorded:
    ...     y = Value(2.0, label="x") * 3.0
    >>> len(recorded.graph())
    3
    """

    def __init__(self) -> None:
        recorder = self._recorder = _Recorder()
        super().__init__("recording_lines", watchers, lambda around: (*around, recorder))

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def _recreate_cm(self) -> recording_lines:
        return recording_lines()  # calls of a decorated function know nothing of each other

    def graph(self) -> Graph:
        """Return the graph of all that was computed in the block, finished or not."""
        return Graph(self._recorder.ends)


class _Recorder(Watcher):
    def __init__(self) -> None:
        self.ends: dict[Value, None] = {}  # results that nothing was computed from yet

    def created(self, leaf: Value) -> None:
        lines[leaf] = _line(sys._getframe(1))

    def computed(self, op: Op, operands: tuple[Value, ...], out: Value) -> None:
        lines[out] = _line(sys._getframe(1))
        for x in operands:
            self.ends.pop(x, None)
        self.ends[out] = None

    def observed(self, how: str, left: Value, right: Any, answer: Any) -> None:
        note_decision(how, left, right, answer, _line(sys._getframe(1)))

    def failed(self, op: Op, operands: tuple[Value, ...]) -> None:
        cause = sys.exception()
        if cause is None:
            return
        made = [f"{x.label or x.data} at {where}" for x in operands if (where := made_at(x))]
        where = f"at {_line(sys._getframe(1))}"
        where += f"; operands: {', '.join(made)}" if made else ""
        if isinstance(cause, ForwardError):
            cause.args = (f"{cause}, {where}",)
        else:
            cause.add_note(f"It happened {where}.")


def made_at(value: Value) -> str:
    """Say which line made a value; "" where that was not recorded."""
    line = lines.get(value) if lines else None
    return str(line) if line else ""


def _line(frame: FrameType) -> Line:
    """Find the innermost line of the program that is not pluggrad's own."""
    frame = outside(frame)
    return Line(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


def lines_of(order: Any) -> dict[str, str]:
    """Return the lines of a graph's nodes, by id, as far as they were recorded."""
    if not lines:
        return {}
    return {f"n{i}": str(line) for i, x in enumerate(order) if (line := lines.get(x)) is not None}
