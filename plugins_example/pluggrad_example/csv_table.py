"""A renderer: the graph as a table of comma-separated values, one row for each node.

A renderer is a class with a name; its options are the keywords of `__init__`, and calling it with a
`Graph` gives the result. It sees nodes and edges, never `Value`s.
"""

from __future__ import annotations

import csv
import io

from pluggrad import Graph, RenderError, hookimpl

HEADER = ("id", "kind", "label", "op", "operands", "data", "grad")


class CsvRenderer:
    """Write one row for each node, operands before users.

    Parameters:
        delimiter: what stands between two cells.
    """

    name = "csv"
    suffixes = (".csv",)

    def __init__(self, delimiter: str = ",") -> None:
        if not (isinstance(delimiter, str) and len(delimiter) == 1 and delimiter not in '"\r\n'):
            raise RenderError(
                f"csv: delimiter is one character, no quote and no line end, not {delimiter!r}"
            )
        self.delimiter = delimiter

    def __call__(self, graph: Graph) -> str:
        """Return the table as text; the gradient of a node that none has reached is empty."""
        text = io.StringIO()
        table = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        table.writerow(HEADER)
        for node in graph.nodes:
            operands = " ".join(graph.operands[node.id])
            table.writerow(
                (node.id, node.kind, node.label, node.op, operands, node.data, node.grad)
            )
        # Half a surrogate pair, which no file can hold, becomes its escape.
        return text.getvalue().encode("utf-8", "backslashreplace").decode()


@hookimpl
def pluggrad_register_renderers() -> list[type[CsvRenderer]]:
    """Register the table."""
    return [CsvRenderer]
