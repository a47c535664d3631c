"""Large graphs listed and written down by machine code, which reads Values as the interpreter does.

Python takes half a microsecond for each node that it visits and writes down. Machine code takes a
tenth of that, with a table of addresses that says which node is in which row. The same is done in
plain Python by `topological_order` and columns.py, for small graphs, and where there is no machine
code.
"""

from __future__ import annotations

import ctypes
import gc
from array import array
from collections.abc import Callable, Sequence
from functools import cache as once
from typing import Any

from pluggrad import Value

from ..native.objects import slot
from .bulk_text import COLUMNS, ORDER, columns_text, order_text

WORTH_IT = 3000  # nodes: to load the code takes a millisecond
SLOTS = ("op", "_left", "_right", "_operands", "_number", "label")  # that are read
Function = Callable[[int], int]


@once
def _functions() -> tuple[Function, Function] | None:
    """Return what lists nodes and what writes columns; None where there can be no machine code."""
    at = {name: slot(name) for name in SLOTS}
    if None in at.values():
        return None
    try:
        import llvmlite  # noqa: F401
    except ImportError:
        return None
    return _loaded("list_nodes", order_text(at)), _loaded("write_columns", columns_text(at))


def _loaded(name: str, text: str) -> Function:
    from ..native.library import library

    address = library().address(name, lambda: (text, []), text)
    return ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)  # it holds the GIL


class _Table:
    """What is known of Values and ops: pairs of an address and a number.

    Parameters:
        count: of how many it has to know at most.
    """

    def __init__(self, count: int) -> None:
        bits = (3 * count // 2).bit_length()  # a third of it stays empty, at least
        self.words = _integers(2 << bits)
        self.told = {
            "table": _address(self.words),
            "mask": (1 << bits) - 1,
            "shift": 64 - bits,  # of the product that scatters addresses
            "none": id(None),
        }

    def call(self, function: Function, fields: Sequence[str], **told: int) -> tuple[int, list[int]]:
        """Call a function, and return what it gave and its fields afterwards."""
        words = array("q", [{**self.told, **told}.get(name, 0) for name in fields])
        return function(_address(words)), words.tolist()


def order_in_bulk(roots: Sequence[Value]) -> list[Value] | None:
    """List nodes as `topological_order` does; None where that is not worth it.

    While the collector rests, it counts about as many new objects as there are new nodes.
    """
    count: int = gc.get_count()[0]
    functions = _functions() if count >= WORTH_IT else None
    if functions is None:
        return None
    nodes, order = tuple(roots), list[Value]()
    while not _are_listed(functions[0], nodes, order, count):
        order.clear()
        count *= 4
    return order


def _are_listed(
    function: Function, roots: tuple[Value, ...], order: list[Value], most: int
) -> bool:
    """List nodes, if there are not too many; return whether that is so."""
    stack = _integers(2 * most)
    told = {"nodes": id(roots), "count": len(roots), "order": id(order), "most": most}
    found, _ = _Table(most).call(function, ORDER, **told, stack=_address(stack))
    return found == 0


class Bulk:
    """A graph that was written down by machine code.

    Parameters:
        function: what writes columns.
        nodes: the graph, operands first.

    Attributes:
        kinds, left, right, numbers: its columns, see `Columns`.
        first: the row in which each op occurs first.
        odd: the rows of leaves, of nodes of more than two operands, and of nodes with a label.
        is_done: whether there was nothing unexpected.
    """

    def __init__(self, function: Function, nodes: tuple[Value, ...]) -> None:
        count = len(nodes)
        self._function, self._table = function, _Table(count)
        self.kinds, self.left, self.right = _integers(count), _integers(count), _integers(count)
        self.numbers = array("d", [0.0]) * count
        first, odd = _integers(count), _integers(count)
        columns: dict[str, array[Any]] = {
            "kinds": self.kinds,
            "left": self.left,
            "right": self.right,
        }
        columns |= {"numbers": self.numbers, "first": first, "odd": odd}
        told = {name: _address(column) for name, column in columns.items()}
        told |= {"nodes": id(nodes), "count": count, "no_label": id(""), "float": id(float)}
        ops, fields = self._table.call(function, COLUMNS, **told)
        self.is_done = ops >= 0
        self.first = first[: max(0, ops)]
        self.odd = odd[: fields[COLUMNS.index("odd_count")]].tolist()

    def rows_of(self, wanted: Sequence[Any]) -> list[int]:
        """Return the rows of some nodes, -1 for what is none."""
        nodes = tuple([x if isinstance(x, Value) else None for x in wanted])
        rows = _integers(len(nodes))
        told = {"nodes": id(nodes), "count": len(nodes), "left": _address(rows)}
        self._table.call(self._function, COLUMNS, **told)
        return rows.tolist()


def written_in_bulk(order: Sequence[Value]) -> Bulk | None:
    """Write a graph down; None where it is too small, or holds what is not as expected."""
    functions = _functions() if len(order) >= WORTH_IT else None
    bulk = None if functions is None else Bulk(functions[1], tuple(order))
    return bulk if bulk is not None and bulk.is_done else None


def _integers(count: int) -> array[int]:
    return array("q", [0]) * count


def _address(column: Any) -> int:
    at: int = column.buffer_info()[0]
    return at
