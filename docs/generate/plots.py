"""A function and its derivative as a small SVG, in the colours of the page around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from zlib import crc32

Function = Callable[[float], float]
Line = list[tuple[float, float]]
Place = Callable[[float, float], tuple[float, float]]

WIDTH, HEIGHT, MARGIN = 300.0, 170.0, 12.0
SAMPLES = 160
TALLEST = 6.0  # what lies beyond is cut off


def plot(curves: Sequence[tuple[str, Function]], left: float, right: float, title: str) -> str:
    """Draw curves over an interval.

    Parameters:
        curves: for each its CSS class and the function; where it gives nan or an infinity, or
            jumps, the line is broken.
        left: where the interval begins.
        right: where it ends.
        title: what the picture shows, for those who cannot see it.
    """
    drawn = [(kind, list(unbroken(function, left, right))) for kind, function in curves]
    heights = [y for _, lines in drawn for line in lines for _, y in line if abs(y) <= TALLEST]
    low, high = min([-0.2, *heights]), max([0.2, *heights])
    low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)

    def at(x: float, y: float) -> tuple[float, float]:
        across = MARGIN + (x - left) / (right - left) * (WIDTH - 2 * MARGIN)
        y = min(max(y, low - 9 * (high - low)), high + 9 * (high - low))  # readers choke on 1e300
        return across, MARGIN + (high - y) / (high - low) * (HEIGHT - 2 * MARGIN)

    name = f"plot{crc32(title.encode()):x}"
    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{title}">',
        f'<clipPath id="{name}"><rect x="0" y="{MARGIN:g}" width="{WIDTH:g}" '
        f'height="{HEIGHT - 2 * MARGIN:g}"/></clipPath>',
        *axes(at, left, right, low, high),
        f'<g clip-path="url(#{name})">',
    ]
    for kind, lines in drawn:
        for line in lines:
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in bends([at(*point) for point in line]))
            parts.append(f'<polyline class="{kind}" points="{points}"/>')
    return "".join([*parts, "</g>", *labels(at, left, right, low, high), "</svg>"])


def axes(at: Place, left: float, right: float, low: float, high: float) -> Iterator[str]:
    """Draw the two axes, at 0 where that is in the box, with a mark at each step."""
    side, foot = crossing(at, left, right, low, high)
    yield f'<path class="axis" d="M{MARGIN:g} {foot:.1f}H{WIDTH - MARGIN:g}"/>'
    yield f'<path class="axis" d="M{side:.1f} {MARGIN:g}V{HEIGHT - MARGIN:g}"/>'
    for x in ticks(left, right):
        yield f'<path class="axis" d="M{at(x, 0.0)[0]:.1f} {foot - 2.5:.1f}v5"/>'
    for y in ticks(low, high):
        yield f'<path class="axis" d="M{side - 2.5:.1f} {at(0.0, y)[1]:.1f}h5"/>'


def labels(at: Place, left: float, right: float, low: float, high: float) -> Iterator[str]:
    """Write a number at each step."""
    side, foot = crossing(at, left, right, low, high)
    under = foot + 12 if foot + 12 < HEIGHT else foot - 6
    for x in ticks(left, right):
        yield f'<text x="{at(x, 0.0)[0]:.1f}" y="{under:.1f}" text-anchor="middle">{x:g}</text>'
    beside, anchor = (side - 5, "end") if side > 30 else (side + 5, "start")
    for y in ticks(low, high):
        down = at(0.0, y)[1] + 3
        yield f'<text x="{beside:.1f}" y="{down:.1f}" text-anchor="{anchor}">{y:g}</text>'


def crossing(at: Place, left: float, right: float, low: float, high: float) -> tuple[float, float]:
    """Return where the axes cross: the origin, or what of the box is nearest to it."""
    return at(min(max(0.0, left), right), min(max(0.0, low), high))


def ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two, without 0."""
    step = 10.0 ** math.floor(math.log10((high - low) / 2))
    for factor in (1, 2, 5, 10):
        if (high - low) / (step * factor) <= 6:
            step *= factor
            break
    first = math.ceil(low / step)
    count = math.floor(high / step) - first + 1
    return [step * (first + i) for i in range(count) if first + i != 0]


def unbroken(function: Function, left: float, right: float) -> Iterator[Line]:
    """Sample a function; return each stretch in which it does not jump."""
    line: Line = []
    for i in range(SAMPLES + 1):
        x = left + (right - left) * i / SAMPLES
        y = function(x)
        if not math.isfinite(y):
            yield from [line] if line else []
            line = []
            continue
        if line and jumps(function, line[-1], (x, y)):
            yield line
            line = []
        line.append((x, y))
    if line:
        yield line


def bends(line: Line) -> Line:
    """Leave out the points of a line that one does not see to be off the straight between others.

    Douglas, Peucker: Algorithms for the reduction of the number of points, 1973.
    """
    kept = {0, len(line) - 1}
    stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        (x0, y0), (x2, y2) = line[first], line[last]
        off, farthest = max(
            [
                (abs(y0 + (y2 - y0) * (x - x0) / (x2 - x0) - y), i)
                for i, (x, y) in enumerate(line[first + 1 : last], first + 1)
            ],
            default=(0.0, first),
        )
        if off > 0.1:
            kept.add(farthest)
            stack += [(first, farthest), (farthest, last)]
    return [line[i] for i in sorted(kept)]


def jumps(function: Function, here: tuple[float, float], there: tuple[float, float]) -> bool:
    """Return whether a function jumps between two points: halving finds a step that stays."""
    (x0, y0), (x1, y1) = here, there
    if abs(y1 - y0) < 0.05:
        return False
    for _ in range(30):
        middle = 0.5 * (x0 + x1)
        y = function(middle)
        if not math.isfinite(y):
            return True
        if abs(y - y0) > abs(y1 - y):
            x1, y1 = middle, y
        else:
            x0, y0 = middle, y
    return abs(y1 - y0) > 0.02
