"""detect_anomaly: find out where the first number went wrong."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pluggrad.errors import AnomalyError
from pluggrad.op import Op
from pluggrad.recording import SwitchedContext, Watcher, keeper, watchers
from pluggrad.value import Value

from .callers import line_of, outside, source_line
from .lines import made_at


class detect_anomaly(SwitchedContext[tuple[Watcher, ...]]):  # noqa: N801 - as no_grad
    """Raise at the first number that is not finite, or at a graph that is out of date.

    Inside, every op checks its result, every backward pass each gradient that it hands on, and
    forward mode each tangent. A backward pass also checks that nobody changed the `data` of a
    value after it was used: its gradient would be that of another computation. Reports name the
    op, its operands with their labels and, for what was computed inside, the line of the program.
    This is slow inside and costs nothing outside. It applies to the current thread or task.

    Raises:
        AnomalyError: from the op or the backward pass that met the number.

    >>> from pluggrad import Value, detect_anomaly
    >>> x = Value(0.0, label="x")
    >>> with detect_anomaly():  # doctest: +ELLIPSIS
    ...     y = 1.0 / x
    Traceback (most recent call last):
    ...
    pluggrad.errors.AnomalyError: op 'div' gave inf for 1.0 and x = 0.0, at <doctest ...
    """

    def __init__(self) -> None:
        detector = _Detector()
        super().__init__("detect_anomaly", watchers, lambda around: (*around, detector))

    def __enter__(self) -> None:
        watcher = keeper()
        if watcher is not None:
            watcher.observed("detect_anomaly", None, None, None)
        super().__enter__()

    def _recreate_cm(self) -> detect_anomaly:
        return detect_anomaly()  # calls of a decorated function know nothing of each other


class _Made(NamedTuple):
    """How a value was made, while `detect_anomaly` looked."""

    place: str
    data: float
    operands: tuple[float, ...]


class _Detector(Watcher):
    def __init__(self) -> None:
        self.made: WeakKeyDictionary[Value, _Made] = WeakKeyDictionary()

    def computed(self, op: Op, operands: tuple[Value, ...], out: Value) -> None:
        place = _place()
        if not math.isfinite(out.data):
            raise AnomalyError(
                f"op {op.name!r} gave {out.data} for {_listed(operands)}, at {place}"
            )
        self.made[out] = _Made(place, out.data, tuple([x.data for x in operands]))

    def moved(self, op: Op, operands: Sequence[Any], out: Any, tangent: Any) -> None:
        for what, number in (("", out), (" a tangent of", tangent)):
            if not math.isfinite(number):
                raise AnomalyError(
                    f"op {op.name!r} gave{what} {float(number)} for {_listed(operands)}, "
                    f"at {_place()}"
                )

    def starts(self, order: Sequence[Value]) -> None:
        for node in order:
            if node.op is not None:
                self._check_unchanged(node)

    def _check_unchanged(self, node: Value) -> None:
        op, operands = node.op, node.prev
        assert op is not None
        made = self.made.get(node)
        if made is not None:
            for x, before in zip(operands, made.operands, strict=True):
                if not _same(x.data, before):
                    raise AnomalyError(
                        f"the data of {_named(x)} was {before} when op {op.name!r} used it at "
                        f"{made.place}; the graph is out of date. {REMEDY}"
                    )
            if not _same(node.data, made.data):
                raise AnomalyError(
                    f"the data of {_named(node)} was {made.data} when op {op.name!r} computed it "
                    f"at {made.place}; the graph is out of date. {REMEDY}"
                )
        elif not op.is_composite:
            again = op.evaluate(*[x.data for x in operands])
            if not _same(node.data, again):
                raise AnomalyError(
                    f"op {op.name!r} gave {node.data}, but gives {again} for {_listed(operands)}: "
                    f"some data was changed after it was used. {REMEDY}"
                )

    def flowed(self, node: Value, index: int, g: Any, part: Any) -> None:
        numbers = part.values() if isinstance(part, dict) else [part]
        if all(map(math.isfinite, numbers)):
            return
        assert node.op is not None
        made = self.made.get(node)
        place = "recorded outside detect_anomaly(), so its line is not known"
        if made is not None:
            place = f"recorded at {made.place}"
        elif known := made_at(node):
            place = f"recorded at {known}"
        began = "" if isinstance(g, dict) else f" from the gradient {float(g)} of its result"
        raise AnomalyError(
            f"backward: op {node.op.name!r} gave operand {index}, {_named(node.prev[index])}, the "
            f"gradient {', '.join([str(float(x)) for x in numbers])}{began} {node.data}; operands: "
            f"{_listed(node.prev)}; {place}"
        )


REMEDY = "Compute it again after changing data, or change a detached copy"


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def _listed(operands: Sequence[Any]) -> str:
    return " and ".join([_named(x) for x in operands])


def _named(x: Any) -> str:
    label = getattr(x, "label", "")
    return f"{label} = {float(x)}" if label else str(float(x))


def _place() -> str:
    """Return the innermost line of the program that is not pluggrad's own."""
    frame = outside(sys._getframe(2))
    code = frame.f_code
    text = source_line(code.co_filename, frame.f_lineno, frame.f_globals).strip()
    where = f"{line_of(frame)}, in {code.co_name}"
    return f"{where}: {text}" if text else where
