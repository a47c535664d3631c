"""Calls on a few lanes, for which no function of their own is compiled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..capture.arguments import put_together
from .rows import row, shape_of

HOPE = 8  # so many more calls than were answered may find a lane that takes another way


class FewLanes:
    """Calls of one recording on arrays that are short and plain, without looking at all else.

    Parameters:
        recording: what it computes.
        most: for so many lanes and more it does not answer.
        backward: whether there are gradients.
    """

    __slots__ = ("backward", "hope", "most", "recording")

    def __init__(self, recording: Any, most: int, *, backward: bool) -> None:
        self.recording = recording
        self.most = most
        self.backward = backward
        self.hope = HOPE

    def call(self, *args: Any) -> Any:
        """Answer a call, or give None."""
        recording = self.recording
        if len(args) != recording.count or not any(type(x) is np.ndarray for x in args):
            return None
        lengths = shape_of(args)
        size = 0 if not lengths else math.prod(lengths)
        if not lengths or not 0 < size < self.most or not self.hope:
            return None
        if not recording.is_current():
            return None
        rows = [_flat(row(x, lengths)) for x in args]
        results = np.empty((len(recording.tape.outputs) - 1, size))
        gradients = np.empty((len(args), size)) if self.backward else None
        holds = recording.lanes(rows, results, gradients, 1)
        if not (holds is None or holds.all()):
            self.hope -= 1
            return None
        self.hope = min(self.hope + 1, HOPE)
        built = put_together(recording.result, iter(results.reshape(-1, *lengths)), None)
        if gradients is None:
            return built
        parts = gradients.reshape(-1, *lengths)
        return built, parts[0] if len(args) == 1 else tuple(parts)

    def into(self, _args: Sequence[Any], _outs: Sequence[Any]) -> Any:
        """Leave calls with `out=` to the careful way."""
        return None


def _flat(x: Any) -> Any:
    return x.reshape(-1) if type(x) is np.ndarray else np.array([x], float)
