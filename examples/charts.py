"""Two small charts as SVG files, drawn by hand: lines, and a field with points on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

WIDTH, HEIGHT, EDGE = 640, 400, 56
COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed", "#db2777", "#475569")
INK, MUTED, RULE = "#1f2937", "#6b7280", "#e5e7eb"
Points = Sequence[tuple[float, float]]


class Frame:
    """Maps what is to be drawn to pixels, and draws the axes."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], title: str) -> None:
        self.left, self.right = min(xs), max(xs)
        self.low, self.high = min(ys), max(ys)
        if self.low == self.high:
            self.low, self.high = self.low - 1.0, self.high + 1.0
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="{EDGE}" y="26" font-size="15" font-weight="600">{title}</text>',
        ]

    def x(self, x: float) -> float:
        return EDGE + (x - self.left) / (self.right - self.left) * (WIDTH - 1.5 * EDGE)

    def y(self, y: float) -> float:
        return HEIGHT - EDGE + 16 - (y - self.low) / (self.high - self.low) * (HEIGHT - 1.6 * EDGE)

    def axes(self, rules: bool = True) -> None:
        for i in range(5):
            y = self.low + i / 4 * (self.high - self.low)
            x = self.left + i / 4 * (self.right - self.left)
            if rules:
                self.parts.append(
                    f'<line x1="{EDGE}" x2="{WIDTH - EDGE / 2}" y1="{self.y(y):.1f}" '
                    f'y2="{self.y(y):.1f}" stroke="{RULE}"/>'
                )
            self.parts += [
                f'<text x="{EDGE - 8}" y="{self.y(y) + 4:.1f}" text-anchor="end" '
                f'fill="{MUTED}">{y:.3g}</text>',
                f'<text x="{self.x(x):.1f}" y="{HEIGHT - 14}" text-anchor="middle" '
                f'fill="{MUTED}">{x:.3g}</text>',
            ]

    def write(self, path: str | Path) -> None:
        Path(path).write_text("\n".join([*self.parts, "</svg>\n"]), encoding="utf-8")


def lines(series: Mapping[str, Points], path: str | Path, title: str) -> None:
    """Draw lines through points; a name that ends in `*` gives dots instead."""
    everything = [point for points in series.values() for point in points]
    frame = Frame([x for x, _ in everything], [y for _, y in everything], title)
    frame.axes()
    for i, (name, points) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        placed = [(frame.x(x), frame.y(y)) for x, y in points]
        if name.endswith("*"):
            frame.parts += [
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}" fill-opacity="0.6"/>'
                for x, y in placed
            ]
        else:
            path_of = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            frame.parts.append(
                f'<polyline points="{path_of}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
        frame.parts.append(
            f'<text x="{WIDTH - EDGE / 2}" y="{26 + 16 * i}" text-anchor="end" '
            f'fill="{colour}">{name.rstrip("*")}</text>'
        )
    frame.write(path)


def field(
    score: Callable[[float, float], float],
    points: Points,
    labels: Sequence[int],
    path: str | Path,
    title: str,
    cells: int = 60,
) -> None:
    """Colour the plane by the sign of a score, and put labelled points on it."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    frame = Frame([min(xs) - 0.3, max(xs) + 0.3], [min(ys) - 0.3, max(ys) + 0.3], title)
    wide = (frame.right - frame.left) / cells
    high = (frame.high - frame.low) / cells
    for i in range(cells):
        for j in range(cells):
            x, y = frame.left + i * wide, frame.low + j * high
            s = score(x + wide / 2, y + high / 2)
            left, top = frame.x(x), frame.y(y + high)
            tint = mixed(COLOURS[0 if s < 0 else 1], 0.12 + 0.28 * min(abs(s), 1.0))
            frame.parts.append(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{frame.x(x + wide) - left:.1f}" '
                f'height="{frame.y(y) - top:.1f}" fill="{tint}" shape-rendering="crispEdges"/>'
            )
    frame.axes(rules=False)
    frame.parts += [
        f'<circle cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="4.5" stroke="white" '
        f'fill="{COLOURS[0 if label < 0 else 1]}"/>'
        for (x, y), label in zip(points, labels, strict=True)
    ]
    frame.write(path)


def mixed(colour: str, share: float) -> str:
    """Mix a colour with white, so that cells beside each other do not shine through."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - share * (255 - part)):02x}" for part in parts)
