"""Columns that are turned: copied so that what stood along steps stands along lanes."""

from __future__ import annotations

from ..lower.lines import Lines
from .instructions import TURNED_LANES


def turn_column(out: Lines, c: int, pointer: str, stride: str, steps: str, lanes: str) -> None:
    """Copy part of a column: what stood side by side along steps then does along lanes.

    Parameters:
        out: what is written to.
        c: the number of the column.
        pointer: where it begins.
        stride: how far apart its lanes stand.
        steps: how many steps there are.
        lanes: how many lanes.
    """
    most_steps, most_lanes = (out.new(f"and i64 {x}, -4") for x in (steps, lanes))

    def line(i: str) -> str:
        return out.at(pointer, out.new(f"mul i64 {i}, {stride}"))

    def place(i: str, j: str) -> str:
        return out.at(f"%turned{c}", out.new(f"add i64 {i}, {_row(out, j)}"))

    def one(i: str, start: str, j: str) -> None:
        x = out.new(f"load double, ptr {out.at(start, j)}")
        out.say(f"store double {x}, ptr {place(i, j)}")

    def four(i: str) -> None:
        rows = [i, *(out.new(f"add i64 {i}, {k}") for k in range(1, 4))]
        starts = [line(row) for row in rows]
        out.counted(f"s{c}", "0", most_steps, 4, lambda j: _square(out, c, i, j, starts))
        out.counted(f"r{c}", most_steps, steps, 1, lambda j: each(rows, starts, j))

    def each(rows: list[str], starts: list[str], j: str) -> None:
        for row, start in zip(rows, starts, strict=True):
            one(row, start, j)

    def last(i: str) -> None:
        start = line(i)
        out.counted(f"o{c}", "0", steps, 1, lambda j: one(i, start, j))

    out.counted(f"l{c}", "0", most_lanes, 4, four)
    out.counted(f"m{c}", most_lanes, lanes, 1, last)


def _row(out: Lines, j: str) -> str:
    """Find where in a turned column a step has its numbers."""
    return out.new(f"mul i64 {j}, {TURNED_LANES}")


def _square(out: Lines, c: int, i: str, j: str, starts: list[str]) -> None:
    """Copy four by four numbers, turned."""
    for half in range(2):
        step = out.new(f"add i64 {j}, {2 * half}")
        pairs = [out.new(f"load <2 x double>, ptr {out.at(x, step)}, align 8") for x in starts]
        joined = [
            out.new(
                f"shufflevector <2 x double> {pairs[k]}, <2 x double> {pairs[k + 2]}, "
                "<4 x i32> <i32 0, i32 1, i32 2, i32 3>"
            )
            for k in range(2)
        ]
        for k in range(2):
            found = out.new(
                f"shufflevector <4 x double> {joined[0]}, <4 x double> {joined[1]}, "
                f"<4 x i32> <i32 {k}, i32 {4 + k}, i32 {2 + k}, i32 {6 + k}>"
            )
            row = _row(out, out.new(f"add i64 {step}, {k}"))
            to = out.at(f"%turned{c}", out.new(f"add i64 {row}, {i}"))
            out.say(f"store <4 x double> {found}, ptr {to}, align 32")
