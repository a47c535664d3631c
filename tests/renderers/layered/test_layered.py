"""The layered layout: nothing overlaps, edges run forward, and it is the same everywhere."""

import json
import random
import shutil
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad.renderers.layered import Layout, count_crossings, folded, lay_out_layers
from pluggrad.renderers.layered.ranking import ranks_of

from ..hash_seeds import outputs

Edges = list[tuple[int, int]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[float, float]], Edges, list[float]]:
    """Draw how many nodes there are; chance makes its hundreds of small choices."""
    count = draw(st.integers(1, 40))
    chance = random.Random(draw(st.integers(0, 2**32)))
    sizes = [(chance.choice([20.0, 60.0, 90.0]), chance.choice([18.0, 54.0])) for _ in range(count)]
    most = chance.choice([1, 2, 4])
    edges: Edges = []
    for target in range(1, count):
        edges += [(chance.randrange(target), target) for _ in range(chance.randint(0, most))]
    return sizes, edges, [chance.choice([-9.0, 0.0, 9.0]) for _ in edges]


def chain(length: int) -> tuple[list[tuple[float, float]], Edges]:
    return [(60.0, 36.0)] * length, [(i, i + 1) for i in range(length - 1)]


def assert_apart(sizes: list[tuple[float, float]], plan: Layout) -> None:
    boxes = [
        (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for (x, y), (w, h) in zip(plan.places, sizes, strict=True)
    ]
    for a, b in combinations(boxes, 2):
        assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]
    for box in boxes:
        assert min(box[:2]) >= -1e-6
        assert box[2] <= plan.width + 1e-6
        assert box[3] <= plan.height + 1e-6


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_boxes_overlap_and_every_edge_runs_forward_to_its_entry(
    graph: tuple[list[tuple[float, float]], Edges, list[float]],
) -> None:
    sizes, edges, entries = graph
    plan = lay_out_layers(sizes, edges, entries)
    assert_apart(sizes, plan)
    for (source, target), entry, line in zip(edges, entries, plan.lines, strict=True):
        assert plan.ranks[source] < plan.ranks[target]
        (x, y), (ahead, middle) = plan.places[source], plan.places[target]
        assert line[0] == pytest.approx((x + sizes[source][0] / 2, y))
        assert line[-1] == pytest.approx((ahead - sizes[target][0] / 2, middle + entry))
        assert [point[0] for point in line] == sorted(point[0] for point in line)
        for left, right in pairwise(line):
            if left[1] == right[1]:  # a straight run passes through no other box
                for node, ((cx, cy), (w, h)) in enumerate(zip(plan.places, sizes, strict=True)):
                    beside = right[0] <= cx - w / 2 or left[0] >= cx + w / 2
                    assert node in (source, target) or beside or abs(left[1] - cy) >= h / 2


def test_a_long_edge_is_straight_but_for_its_ends() -> None:
    sizes, edges = chain(30)
    plan = lay_out_layers(sizes, [*edges, (0, 29)])
    heights = [y for _, y in plan.lines[-1][1:-1]]
    assert len(set(heights)) == 1
    assert len({y for _, y in plan.places[1:-1]}) == 1


def test_parallel_long_edges_are_drawn_apart() -> None:
    sizes, edges = chain(5)
    plan = lay_out_layers(sizes, [*edges, (0, 4), (0, 4)])
    one, two = plan.lines[-2:]
    assert {y for _, y in one[1:-1]}.isdisjoint({y for _, y in two[1:-1]})


def test_a_sum_of_many_terms_is_a_straight_line_of_additions() -> None:
    edges = [(0, 2), (1, 2)]
    for step in range(20):
        edges += [(2 + 2 * step, 4 + 2 * step), (3 + 2 * step, 4 + 2 * step)]
    plan = lay_out_layers([(60.0, 36.0)] * 43, edges)
    assert len({plan.places[i][1] for i in range(2, 43, 2)}) == 1


def test_a_tree_has_no_crossings() -> None:
    draw = random.Random(5)
    edges = [(draw.randrange(max(0, i - 12), i), i) for i in range(1, 300)]
    turned = [(299 - target, 299 - source) for source, target in edges]
    assert lay_out_layers([(40.0, 20.0)] * 300, turned).crossings == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30))
def test_crossings_are_counted_as_by_comparing_all_pairs(lines: list[tuple[float, float]]) -> None:
    by_hand = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in combinations(lines, 2))
    assert count_crossings(lines) == by_hand


@given(graphs())
def test_ranks_go_forward_and_no_node_waits_at_both_ends(
    graph: tuple[list[tuple[float, float]], Edges, list[float]],
) -> None:
    operands: list[list[int]] = [[] for _ in graph[0]]
    for source, target in graph[1]:
        operands[target].append(source)
    ranks, depths = ranks_of(operands)
    assert min(ranks) == 0
    for target, sources in enumerate(operands):
        for source in sources:
            assert ranks[source] < ranks[target]
            assert depths[source] < depths[target]


def test_the_layout_is_the_same_in_every_process() -> None:
    program = (
        "import json, random; from pluggrad.renderers.layered import lay_out_layers\n"
        "r = random.Random(3)\n"
        "e = [(r.randrange(i), i) for i in range(1, 120) for _ in range(2)]\n"
        "print(json.dumps(lay_out_layers([(50, 20)] * 120, e)))"
    )
    printed = outputs(program)
    assert len(printed) == 1
    assert len(json.loads(printed.pop())) == len(Layout._fields)


def test_a_chain_5_000_deep_is_laid_out() -> None:
    sizes, edges = chain(5_000)
    plan = lay_out_layers(sizes, edges)
    assert len({y for _, y in plan.places}) == 1


def test_edges_too_long_for_bends_run_along_lanes_past_all_boxes() -> None:
    sizes, edges = chain(600)
    skips = [(i, 599 - i) for i in range(250)]  # 87,000 bends, if each layer had one
    plan = lay_out_layers(sizes, edges + skips)
    assert_apart(sizes, plan)
    lowest = max(y for _, y in plan.places) + 18
    long = [line for line in plan.lines[599:] if max(y for _, y in line) > lowest]
    assert long
    assert max(y for line in long for _, y in line) <= plan.height


def test_a_long_chain_is_folded_into_rows_that_do_not_overlap() -> None:
    sizes, edges = chain(40)
    edges += [(0, 25), (3, 25)]  # which lead around from row to row
    plan = folded(lay_out_layers(sizes, edges), sizes, 900.0)
    assert plan.width < 1100
    assert_apart(sizes, plan)
    rows = {y for _, y in plan.places}
    assert len(rows) > 3
    for (source, target), line in zip(edges, plan.lines, strict=True):
        assert line[0] == pytest.approx((plan.places[source][0] + 30, plan.places[source][1]))
        assert line[-1] == pytest.approx((plan.places[target][0] - 30, plan.places[target][1]))
        for (ax, ay), (bx, by) in pairwise(line):
            for x, y in plan.places:  # no part of a line is inside a box
                inside_x = min(ax, bx) < x + 29 and max(ax, bx) > x - 29
                assert not (inside_x and min(ay, by) < y + 17 and max(ay, by) > y - 17)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.sampled_from([150.0, 300.0, 600.0]))
def test_folding_never_makes_boxes_overlap_or_parts_an_edge_from_its_ends(
    graph: tuple[list[tuple[float, float]], Edges, list[float]], longest: float
) -> None:
    sizes, edges, entries = graph
    plan = folded(lay_out_layers(sizes, edges, entries), sizes, longest)
    assert_apart(sizes, plan)
    for (source, target), entry, line in zip(edges, entries, plan.lines, strict=True):
        (x, y), (ahead, middle) = plan.places[source], plan.places[target]
        assert line[0] == pytest.approx((x + sizes[source][0] / 2, y))
        assert line[-1] == pytest.approx((ahead - sizes[target][0] / 2, middle + entry))
        assert all(0 <= x <= plan.width and 0 <= y <= plan.height for x, y in line)


def test_what_many_lines_would_lead_around_is_not_folded() -> None:
    sizes = [(60.0, 36.0)] * 60
    edges = [(i, j) for i in range(60) for j in range(i + 1, 60)]
    plan = lay_out_layers(sizes, edges)
    assert folded(plan, sizes, 900.0) == plan


def test_an_edge_back_and_an_edge_to_itself_do_no_harm() -> None:
    plan = lay_out_layers([(40.0, 20.0)] * 3, [(0, 1), (1, 2), (2, 0), (1, 1)])
    assert plan.ranks == [0, 1, 2]
    assert plan.lines[3] == []
    assert plan.lines[2][0][0] > plan.lines[2][-1][0]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_edges_cross_at_most_half_as_often_again_as_graphviz_has_it() -> None:
    program = Path(__file__).parents[3] / "benchmarks" / "layout.py"
    done = subprocess.run(
        [sys.executable, program, "--crossings"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in sum" in done.stdout


def test_nothing_is_laid_out_as_nothing() -> None:
    assert lay_out_layers([], []) == Layout([], [], [], 0.0, 0.0, [], 0)
