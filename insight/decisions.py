"""Which way Python took: comparisons of Values, as far as `recording_lines()` saw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from weakref import ReferenceType, WeakKeyDictionary, ref

from pluggrad.value import Value

WAYS = ("<", "<=", ">", ">=", "bool")
MOST = 8  # decisions that are remembered of one Value


class Decision(NamedTuple):
    """A comparison that Python made, and could take another way by.

    Attributes:
        how: `<`, `<=`, `>`, `>=`, or `bool` for a truth value.
        other: the id of what it was compared with; "" for a plain number.
        number: what it was compared with; nan for a truth value.
        answer: what came out.
        line: the line of the program.
    """

    how: str
    other: str
    number: float
    answer: bool
    line: str


class _Seen(NamedTuple):
    how: str
    other: ReferenceType[Value] | None  # Values in here must not keep each other alive
    number: float
    answer: bool
    line: str


_seen: WeakKeyDictionary[Value, dict[_Seen, None]] = WeakKeyDictionary()


def note_decision(how: str, left: Value, right: Any, answer: object, line: object) -> None:
    """Remember a comparison of a Value."""
    if how not in WAYS:
        return
    other = ref(right) if isinstance(right, Value) else None
    number = float("nan") if right is None else float(getattr(right, "data", right))
    found = _seen.setdefault(left, {})
    if len(found) < MOST:
        found[_Seen(how, other, number, bool(answer), str(line))] = None


def decisions_of(order: Sequence[Value]) -> Mapping[str, tuple[Decision, ...]]:
    """Return what was decided by a graph's nodes, by id, as far as it was recorded."""
    if not _seen:
        return {}
    ids = {x: f"n{i}" for i, x in enumerate(order)}
    found = {}
    for x, id in ids.items():
        if x in _seen:
            found[id] = tuple(_decision(seen, ids) for seen in _seen[x])
    return found


def _decision(seen: _Seen, ids: Mapping[Value, str]) -> Decision:
    other = seen.other() if seen.other is not None else None
    id = ids.get(other, "") if other is not None else ""
    return Decision(seen.how, id, seen.number, seen.answer, seen.line)
