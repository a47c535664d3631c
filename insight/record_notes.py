"""What is said of a node whose numbers are not to be believed, in a sentence and in a few words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

CLOSE = 1e-9  # of the numbers involved; what differs by less was rounded otherwise

Kind = Literal["older", "gradient", "nan", "inf", "added", "removed", "changed"]


class Note(NamedTuple):
    """Something to know about a node before believing its numbers.

    Attributes:
        kind: "older" for a value that its operands no longer give, "gradient" for a gradient that
            its users do not give, "nan" and "inf" for a node where these began; "added", "removed"
            and "changed" in a comparison.
        text: what there is to know, without a full stop.
        brief: the same in two or three words, for where there is little room.
    """

    kind: Kind
    text: str
    brief: str


BRIEF = {"older": "of older data", "gradient": "other gradients"}


def merged_notes(found: Sequence[tuple[str, Note]]) -> tuple[Note, ...]:
    """Return in few words what is to be known about the members of a group."""
    merged = []
    for kind in ("nan", "inf", "older", "gradient"):
        notes = [(id, note) for id, note in found if note.kind == kind]
        if notes:
            id, first = notes[0]
            more = f", and {len(notes) - 1:,} more in here" if len(notes) > 1 else ""
            brief = f"{len(notes):,} {BRIEF[kind]}" if kind in BRIEF else f"{kind} began here"
            merged.append(Note(first.kind, f"{id}: {first.text}{more}", brief))
    return tuple(merged)


def short(number: float | None, beside: float | None = None, digits: int = 4) -> str:
    """Write a number in a note, as Python writes floats.

    Parameters:
        number: what to write.
        beside: another number that it is compared with; where both read the same, there are more
            digits.
        digits: significant digits.

    >>> short(3.0), short(-0.123456), short(1e9)
    ('3.0', '-0.1235', '1e+09')
    >>> short(0.99999, beside=1.0)
    '0.99999'
    """
    if number is None:
        return "nothing"
    if beside is not None:
        digits = max(digits, digits_apart(number, beside))
    text = format(number, f".{digits}g")
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def digits_apart(a: float, b: float) -> int:
    """Return in how many digits two numbers do not read the same, four at least."""
    differ = (n for n in (4, 6, 9, 12) if format(a, f".{n}g") != format(b, f".{n}g"))
    return next(differ, 17)


def is_close(a: float, b: float) -> bool:
    """Say whether two numbers are the same but for rounding."""
    return a == b or abs(a - b) <= CLOSE * max(abs(a), abs(b)) < math.inf or (a != a and b != b)


def is_near(a: float, b: float, size: float) -> bool:
    """Say whether a sum is what it should be but for rounding; `size` is that of its parts."""
    return a == b or abs(a - b) <= CLOSE * (abs(a) + size) < math.inf or (a != a and b != b)
