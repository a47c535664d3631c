"""Summaries: small, without cycles, and with the gradients that the whole graph has."""

import math
import random

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import Graph, GraphError, Value, nn, render, scope


def layer(inputs: list[Value], width: int, rng: random.Random) -> list[Value]:
    outputs = []
    for _ in range(width):
        total = Value(rng.uniform(-1, 1))
        for x in inputs:
            total = total + Value(rng.uniform(-1, 1)) * x
        outputs.append(total.tanh())
    return outputs


def network() -> Value:
    """Compute a network of two layers of eight, and the sum of squares of its outputs."""
    rng = random.Random(1)
    hidden = [Value(0.5, label="x0"), Value(-0.25, label="x1")]
    for _ in range(2):
        hidden = layer(hidden, 8, rng)
    return sum((h * h for h in hidden), Value(0.0))


def scoped() -> Value:
    """Compute a network whose layers and neurons are scopes."""
    rng = random.Random(2)
    values = [Value(rng.uniform(-1, 1)) for _ in range(3)]
    for number in range(2):
        with scope(f"layer{number}"):
            below, values = values, []
            for index in range(4):
                with scope(f"neuron{index}"):
                    values += layer(below, 1, rng)
    return sum(values[1:], values[0])


def titles(graph: Graph) -> list[str]:
    return [node.label for node in graph.nodes if node.kind == "group"]


def acyclic(graph: Graph) -> bool:
    place = {node.id: i for i, node in enumerate(graph.nodes)}
    return all(place[edge.source] < place[edge.target] for edge in graph.edges)


def test_neurons_of_a_layer_become_one_group_each_layer_its_own() -> None:
    graph = Graph(network()).collapse()
    assert "tanh × 8" in titles(graph)
    assert len(graph) < 12
    assert sum(node.size for node in graph.nodes) == len(Graph(network()))


def test_scopes_of_one_name_with_numbers_are_put_together_layer_by_layer() -> None:
    graph = Graph(scoped()).collapse()
    assert titles(graph) == ["layer0/neuron × 4", "layer1/neuron × 4"]


def test_by_scope_each_scope_is_a_group_with_its_own_leaves() -> None:
    graph = Graph(scoped()).collapse("scope")
    assert titles(graph) == ["layer0", "layer1"]
    # What is not in them: the three additions at the end.
    assert sum(node.kind != "group" for node in graph.nodes) == 3
    assert graph.operands["g1"] == ("g0",)


def test_two_names_of_a_scope_tell_inner_scopes_apart() -> None:
    assert titles(Graph(scoped()).collapse("scope", depth=2)) == ["leaf × 3"] + [
        f"layer{k}/neuron{i}" for k in range(2) for i in range(4)
    ]


def test_a_group_is_opened_by_title_or_id_and_the_rest_stays_as_it_was() -> None:
    graph = Graph(scoped())
    by_title = graph.collapse("scope", expand=["layer0"])
    neurons = [f"layer0/neuron{i}" for i in range(4)]
    assert titles(by_title) == ["leaf × 3", *neurons, "layer1"]
    by_id = graph.collapse("scope", expand=["g0"])
    assert by_id.nodes == by_title.nodes
    one = graph.collapse("scope", expand=["layer0", neurons[2]])
    assert titles(one) == [neurons[0], neurons[1], neurons[3], "layer1"]


def test_leaves_with_a_label_stay_in_sight_those_that_are_alike_together() -> None:
    graph = Graph(network()).collapse()
    assert "x × 2" in titles(graph)
    a, b = Value(1.0, label="a"), Value(2.0)
    with scope("s"):
        y = (a * b).tanh()
    assert [node.label for node in Graph(y).collapse("scope").nodes] == ["a", "s"]


def test_by_depth_bands_follow_each_other() -> None:
    x = Value(0.5)
    for _ in range(95):
        x = x.tanh()
    graph = Graph(x).collapse("depth", depth=20)
    assert titles(graph) == [f"levels {i}–{i + 19}" for i in (0, 20, 40, 60, 80)]
    assert len(graph.collapse("depth", depth=2)) < 5


def test_a_run_of_equal_steps_is_one_group() -> None:
    w, b = Value(0.9, label="w"), Value(0.1, label="b")
    x = y = Value(1.0, label="x")
    for _ in range(50):
        y = (y * w + b).tanh()
    graph = Graph(y).collapse()
    assert titles(graph) == ["tanh + * × 49"]
    assert sum(node.size for node in graph.nodes) == len(Graph(y))
    assert x.label in {node.label for node in graph.nodes}


def test_a_leaf_of_a_scope_that_is_entered_again_is_in_the_piece_that_uses_it() -> None:
    first, second = nn.Linear(1, 1, rng=random.Random(1)), nn.Linear(1, 1, rng=random.Random(2))
    (hidden,) = first([Value(0.5, label="x")])
    (out,) = second([hidden.tanh()])
    small = Graph(out).collapse("scope")
    drawn = render(small, "text")
    for part in ("Linear (1) (4 nodes)", "Linear (2) (4 nodes)"):
        assert part in drawn


def test_a_scope_that_is_left_and_entered_again_is_cut_into_pieces() -> None:
    x = Value(2.0)
    with scope("inner"):
        y = x.tanh() * 2.0
    y = y.exp() + 1.0
    with scope("inner"):
        y = y.tanh() * 3.0
    graph = Graph(y).collapse("scope")
    assert titles(graph) == ["inner (1)", "inner (2)"]
    assert acyclic(graph)
    assert titles(Graph(y).collapse("scope", expand=["inner (1)"])) == []


@pytest.mark.parametrize("by", ["repeats", "scope", "depth"])
@pytest.mark.parametrize("make", [network, scoped])
def test_contributions_into_a_node_still_sum_up_to_its_gradient(by: str, make: object) -> None:
    loss = make()  # type: ignore[operator]
    loss.backward()
    graph = Graph(loss).collapse(by)
    received: dict[str, float] = {}
    for edge in graph.edges:
        contribution = graph.contribution(edge)
        assert contribution is not None
        received[edge.source] = received.get(edge.source, 0.0) + contribution
    for id, total in received.items():
        grad = graph.node(id).grad
        if grad is not None and graph.node(id).requires_grad:
            assert total == pytest.approx(grad, rel=1e-9, abs=1e-12)


def test_the_derivative_through_a_group_is_that_along_all_its_paths() -> None:
    x = Value(0.3, label="x")
    with scope("f"):
        y = (x * x).sin() + x.exp()
    z = y * 2.0
    graph = Graph(z).collapse("scope")
    (edge,) = [e for e in graph.edges if e.source == "n0"]
    assert graph.local(edge) == pytest.approx(0.6 * math.cos(0.09) + math.exp(0.3), rel=1e-12)


def test_a_group_of_several_results_has_no_one_derivative() -> None:
    loss = network()
    loss.backward()
    graph = Graph(loss).collapse()
    several = [e for e in graph.edges if graph.node(e.source).label == "* × 8"]
    assert any(math.isnan(graph.local(e)) for e in several)
    assert "nan" not in render(graph, "graphviz").source


def test_the_part_around_a_node_keeps_ids_and_derivatives() -> None:
    a, b = Value(2.0), Value(3.0)
    c = a * b
    d = c.tanh()
    e = (d + 1.0).exp()
    part = Graph(e).around(c, 1)
    assert [node.id for node in part.nodes] == ["n0", "n1", "n2", "n3"]
    assert part.outputs == ("n3",)
    assert part.local(part.edges[0]) == 3.0
    only = Graph(e).around("n2", 0)
    assert [node.op for node in only.nodes] == ["mul"]
    assert "mul" not in {node.op for node in Graph(e).around(e, 2).nodes}


def test_what_lies_between_two_nodes_are_the_paths_from_one_to_the_other() -> None:
    x, y = Value(2.0), Value(3.0)
    f = (x * y).tanh() + y.exp() * x
    graph = Graph(f)
    part = graph.between(x, f)
    inside = networkx.MultiDiGraph((e.source, e.target) for e in graph.edges)
    start, end = graph.id_of(x), graph.id_of(f)
    paths = networkx.all_simple_paths(inside, start, end)
    assert {node.id for node in part.nodes} == {id for path in paths for id in path}
    with pytest.raises(GraphError, match="does not depend on"):
        graph.between(f, x)


def test_names_of_variables_label_what_has_no_label() -> None:
    x, named = Value(1.0), Value(2.0, label="own")
    w = [Value(3.0), {"b": Value(4.0)}]
    loss = x * w[0] + named * w[1]["b"]
    graph = Graph(loss, names=locals())
    assert [node.label for node in graph.nodes if node.kind == "leaf"] == [
        "x", "w[0]", "own", "w[1]['b']",
    ]  # fmt: skip
    assert graph.nodes[-1].label == "loss"
    assert "w[0]" in render(loss, "text", names={"w": w})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda g: g.collapse("size"), "available: repeats, scope, depth"),
        (lambda g: g.collapse("depth", depth=0), "depth is 1 or more, not 0"),
        (lambda g: g.collapse(expand=["nothing"]), "no group 'nothing' to expand; groups: "),
        (lambda g: g.around("n0", -1), "radius is 0 or more"),
        (lambda g: g.around("n99999"), "has no node 'n99999'"),
        (lambda g: g.around(Value(1.0)), "is not in <Graph of"),
        (lambda g: Graph(Value(1.0), names=[1]), "names is a dict such as locals"),
        (lambda g: Graph(Value(1.0), names={1: 2}), "1 is no text"),
    ],
)
def test_what_does_not_exist_is_named(wrong: object, told: str) -> None:
    with pytest.raises(GraphError, match=told):
        wrong(Graph(network()))  # type: ignore[operator]


@pytest.mark.parametrize("renderer", ["text", "graphviz", "networkx"])
def test_summaries_can_be_drawn(renderer: str) -> None:
    drawn = render(Graph(scoped()).collapse(), renderer)
    shown = str(getattr(drawn, "source", drawn))
    if renderer == "networkx":
        shown = str(drawn.nodes(data=True))
    assert "layer0/neuron × 4" in shown


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["repeats", "scope", "depth"]))
def test_no_summary_of_any_graph_has_a_cycle_or_loses_a_node(seed: int, by: str) -> None:
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(0.5, 1.5)) for _ in range(rng.randint(1, 4))]
    for _ in range(rng.randint(1, 60)):
        a, b = rng.choice(nodes), rng.choice(nodes[-5:])
        with scope(rng.choice("abc")), scope(rng.choice(["p", "q1", "q2"])):
            nodes.append(rng.choice([lambda a, b: a * b, lambda a, b: a + b.tanh()])(a, b))
        if rng.random() < 0.3:
            nodes.append(nodes[-1].tanh())
    whole = Graph(nodes[-rng.randint(1, 3) :])
    graph = whole.collapse(by, depth=rng.randint(1, 3) if by != "repeats" else None)
    assert acyclic(graph)
    assert sum(node.size for node in graph.nodes) == len(whole)
    assert len({node.id for node in graph.nodes}) == len(graph)
    for node in graph.nodes:
        if node.kind != "group":
            assert len(graph.operands[node.id]) == len(whole.operands[node.id])


def test_a_deep_chain_is_summarised() -> None:
    x = Value(1.0)
    for _ in range(9_000):
        x = x.tanh()
    assert len(Graph(x).collapse()) <= 3
    assert len(Graph(x).collapse("depth", depth=3_001)) == 3


def test_a_group_with_an_output_in_it_says_what_that_is_called() -> None:
    x = Value(1.0, label="x")
    with scope("layer"):
        loss = (x * 2.0).tanh()
    loss.label = "loss"
    summary = Graph(loss).collapse("scope")
    assert [node.label for node in summary.nodes if node.kind == "group"] == ["layer → loss"]
    assert len(Graph(loss).collapse("scope", expand=["layer"])) == len(Graph(loss))
