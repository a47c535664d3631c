"""The page of accuracy in the documentation: what `python benchmarks/accuracy.py --page` writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pluggrad import plugins

PAGE = Path(__file__).parents[1] / "docs" / "accuracy.md"

TOP = """\
# Accuracy

You get the error of each op and of its derivatives, measured against mpmath. The unit is one in
the last place of the exact result, and each number is the largest error at as many points as
the table says: over the whole domain, at every magnitude from 1e-300 to 1e300, on both sides of
every edge and kink. Rounding alone costs up to half a unit; 0 means that every result was
exact.

*Result* is the forward function, *first* its derivatives by each operand, *second* and *third*
the derivatives of those, as eager Values compute them. The places [below the
tables](#larger-errors) are not counted, nor are higher derivatives whose error comes from
rounding the numbers on the way. Compiled functions of many lanes have [a table of their
own](vector-functions.md).

`python benchmarks/accuracy.py` measures this, and `--page` writes this page.
"""
HEADER = "| Op | Points | Result | First | Second | Third |\n|---|---|---|---|---|---|\n"
PLACES = """
## Larger errors

Where digits cancel, no rule can keep them. A comment beside the op names the place, the largest
error that is allowed there, and the reason. The measurement reads these comments, and fails
where one is missing or no longer needed.

| Op | What | Units | Where | Why |
|---|---|---|---|---|
"""


def page(reports: Sequence[Any], excuses_of: Any) -> str:
    """Write the page.

    Parameters:
        reports: the measurements, one for each op.
        excuses_of: reads the comments beside an op.
    """
    rows = {report.name: line(report) for report in reports}
    sections = [
        f"\n## {plugin.name.rpartition('.')[2].replace('_', ' ').capitalize()}\n\n{HEADER}"
        + "".join(rows[op.name] for op in plugin.ops if op.name in rows)
        for plugin in plugins
        if plugin.name.startswith("pluggrad.") and plugin.ops
    ]
    return TOP + "".join(sections) + PLACES + "".join(places([r.name for r in reports], excuses_of))


def line(report: Any) -> str:
    """Write the line of one op."""
    orders = [[w.most for o, w in report.partials.items() if len(o) == n] for n in (1, 2, 3)]
    cells = [unit([report.forward.most]), *map(unit, orders)]
    return f"| `{report.name}` | {len(report.forward.errors)} | {' | '.join(cells)} |\n"


def unit(errors: Iterable[float]) -> str:
    """Write the largest error, rounded up to two digits; "-" where nothing was measured.

    >>> unit([0.501, 0.2]), unit([0.0]), unit([])
    ('0.51', '0', '-')
    """
    largest = max(errors, default=None)
    if largest is None:
        return "-"
    return f"{math.ceil(largest * 100 - 1e-9) / 100:g}" if largest < math.inf else "inf"


def places(names: Iterable[str], excuses_of: Any) -> Iterator[str]:
    """Write a line for each place of larger errors."""
    for name in names:
        for what, excuses in excuses_of(plugins.ops[name]).items():
            order = {"forward": "result", "higher": "second and third"}.get(str(what), "")
            order = order or f"first, operand {what}"
            for e in excuses:
                yield f"| `{name}` | {order} | `{e.limit}` | `{e.where}` | {e.reason} |\n"


def told(text: str) -> dict[str, list[str]]:
    """Read the page: op -> the cells of its line."""
    lines = text.partition(PLACES.strip().splitlines()[0])[0].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in rows}
