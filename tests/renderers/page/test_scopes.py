"""What a page groups: scopes, repetition, expressions, and the parts of what is large."""

from collections import Counter
from itertools import pairwise

from pluggrad import Graph, Value, scope
from pluggrad.renderers.page.scopes import page_scopes


def scopes_of(output: Value, *, collapse: bool = True) -> list[tuple[str, ...]]:
    graph = Graph(output)
    return page_scopes(graph, graph.nodes, collapse)


def dot(xs: list[Value], weights: list[Value]) -> Value:
    return sum((x * w for x, w in zip(xs, weights, strict=True)), Value(0.0))


def test_a_small_graph_is_left_as_it_is() -> None:
    x = Value(1.0)
    for _ in range(60):
        x = x.tanh()
    assert set(scopes_of(x)) == {()}


def test_what_repeats_is_grouped_and_each_repetition_is_a_part_of_it() -> None:
    weights = [Value(0.1 * i, label=f"w{i}") for i in range(3)]
    terms = [dot([Value(float(i + j)) for j in range(3)], weights).tanh() for i in range(20)]
    found = Counter(scopes_of(sum(terms, Value(0.0))))
    parts = {scope: count for scope, count in found.items() if len(scope) == 2}
    assert set(parts) == {("tanh × 20", f"tanh #{i}") for i in range(1, 21)}
    assert set(parts.values()) == {7}
    assert found[("+ × 19",)] == 19


def test_groups_of_one_title_are_told_apart() -> None:
    x = [Value(0.1 * i) for i in range(40)]
    for _ in range(2):
        x = [a.tanh() for a in x]
        mean = sum(x, Value(0.0)) * (1 / 40)
        x = [a - mean for a in x]
    titles = {scope[0] for scope in scopes_of(sum(x, Value(0.0))) if scope}
    assert {"tanh × 40", "tanh × 40 (2)"} <= titles


def test_expressions_that_do_not_repeat_are_named_by_their_results() -> None:
    ones = [i.bit_count() % 2 for i in range(82)]
    word = [a - b for a, b in pairwise(ones)]  # in which no block is followed by the same one
    total = Value(0.5, label="x")
    for i, letter in enumerate(word):
        y = Value(0.01 * i, label=f"y{i}")
        total = total + y if letter > 0 else total - y if letter < 0 else total * y
        if i == 40:
            total.label = "half"
            half = total
    found = Counter(scopes_of(total * half))
    assert found["half (n82)",] == 41
    assert found["* (n163)",] == 41


def test_scopes_stay_and_only_what_has_none_is_grouped() -> None:
    with scope("model"):
        x = Value(0.5, label="x").exp()
    for _ in range(70):
        x = x.tanh()
    assert set(scopes_of(x)) == {("model",), (), ("tanh × 69",)}
    assert set(scopes_of(x, collapse=False)) == {("model",), ()}


def test_a_model_that_is_used_often_falls_into_its_uses() -> None:
    w = Value(0.5, label="w")
    scores = []
    for i in range(30):
        with scope("neuron"):
            scores.append((w * float(i) + 1.0).tanh() * 2.0)
    found = Counter(scopes_of(sum(scores, Value(0.0))))
    assert found[("neuron", "neuron #30")] == 4
    assert sum(scope[0] == "neuron" for scope in found if scope) == 30


def test_groups_of_a_summary_are_not_grouped_again() -> None:
    x = Value(1.0)
    for i in range(300):
        x = x.tanh() if i % 3 else x * 2.0
    summary = Graph(x).collapse("depth", depth=2)
    assert set(page_scopes(summary, summary.nodes, True)) == {()}
