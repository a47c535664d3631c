"""Large graphs listed and written down by machine code, which reads Values as the interpreter does.

Python takes half a microsecond for each node that it visits and writes down, machine code less than
a tenth of that. The same is done in plain Python by `topological_order` and columns.py, for small
graphs, and where there is no machine code.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from functools import cache as once
from typing import Any

from pluggrad import Value

from ..native.objects import slot
from .bulk_text import FIELDS, NO_ROOM, UNEXPECTED, graph_text

WORTH_IT = 3000  # nodes: to load the code takes a millisecond
OPS = 1000  # so many different ones at most
BITS = 11  # of places in the table of ops, of which half are empty
SLOTS = ("op", "_left", "_right", "_operands", "_number", "_mark", "label")  # that are read
COLUMNS = ("kinds", "left", "right", "numbers")
ALWAYS = {
    "mask": (1 << BITS) - 1,
    "shift": 64 - BITS,  # of the product that scatters addresses
    "most_ops": OPS,
    "none": id(None),
    "no_label": id(""),
    "float": id(float),
}
Function = Callable[[int], int]


@once
def _function() -> Function | None:
    """Return the machine code; None where there can be none."""
    at = {name: slot(name) for name in SLOTS}
    if None in at.values():
        return None
    try:
        from ..native.library import library
    except ImportError:
        return None
    text = graph_text(at)
    address = library().address("write_graph", lambda: (text, []), text)
    return ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)  # which holds the GIL


class Bulk:
    """A graph that was listed and written down by machine code.

    Parameters:
        function: the machine code.
        roots: the results of the graph.
        wanted: nodes, and None, whose rows are wanted.
        most: how many nodes there are at most.

    Attributes:
        order: the nodes, as `topological_order` lists them.
        kinds, left, right, numbers: its columns, see `Columns`.
        first: the row in which each op occurs first.
        odd: the rows of leaves, of nodes of more than two operands, and of nodes with a label.
        many: the rows of the operands of nodes of more than two, one node after the other.
        rows: those of the nodes that are wanted, -1 for what is none.
        ops: how many ops there are, or UNEXPECTED, or NO_ROOM.
    """

    def __init__(
        self,
        function: Function,
        roots: tuple[Value, ...],
        wanted: tuple[Value | None, ...],
        most: int,
    ) -> None:
        self.order: list[Value] = []
        self.kinds, self.left, self.right = (array("q", [0]) * most for _ in range(3))
        self.numbers = array("d", [0.0]) * most
        columns = {name: getattr(self, name) for name in COLUMNS}
        room = {name: _room(count) for name, count in _rooms(most, len(wanted)).items()}
        told = ALWAYS | {name: column.buffer_info()[0] for name, column in columns.items()}
        told |= {name: _address(x) for name, x in room.items()}
        told |= {
            "roots": id(roots),
            "root_count": len(roots),
            "wanted": id(wanted),
            "wanted_count": len(wanted),
            "order": id(self.order),
            "most": most,
        }
        fields = array("q", [told.get(name, 0) for name in FIELDS])
        self.ops = function(fields.buffer_info()[0])
        found = dict(zip(FIELDS, fields, strict=True))
        for column in columns.values():
            del column[len(self.order) :]
        self.first = room["first"][: max(0, self.ops)].tolist()
        self.odd = room["odd"][: found["odd_count"]].tolist()
        self.many = room["many"][: found["many_count"]].tolist()
        self.rows = room["rows"][: len(wanted)].tolist()


def _rooms(most: int, wanted: int) -> dict[str, int]:
    """Say how many integers are written besides columns, at most."""
    rooms = {"stack": 2 * most, "log": 2 * most, "odd": most, "many": most}
    return {**rooms, "first": OPS, "table": 2 << BITS, "rows": wanted}


def written_in_bulk(roots: Sequence[Value], wanted: Sequence[Any], count: int) -> Bulk | None:
    """List a graph and write it down; None where it is too small, or holds what is not as expected.

    Parameters:
        roots: its results.
        wanted: nodes, and things that may be none.
        count: about how many nodes it has.
    """
    function = _function() if count >= WORTH_IT else None
    if function is None or not all(map(_is_value, roots)):
        return None
    nodes = tuple([x if issubclass(type(x), Value) else None for x in wanted])
    while True:
        bulk = Bulk(function, tuple(roots), nodes, count)
        if bulk.ops != NO_ROOM:
            return None if bulk.ops == UNEXPECTED else bulk
        count *= 4


def _is_value(x: object) -> bool:
    """Tell a Value from what only says that it is one: machine code reads its memory."""
    return issubclass(type(x), Value)


def _room(count: int) -> memoryview:
    """Make room for integers, which takes no memory where nothing is written."""
    return memoryview(bytearray(8 * count + 8)).cast("q")


def _address(room: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(room))
