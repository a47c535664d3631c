"""A Graph is a frozen snapshot, the same for the same graph."""

import subprocess
import sys

import numpy as np
import pytest
from pluggrad import Edge, ForwardError, Graph, Op, Value, scope


def test_nodes_come_operands_first_with_stable_ids() -> None:
    a, b = Value(2.0, label="a"), Value(3.0)
    with scope("s"):
        c = a * b
    graph = Graph(c + 1)
    assert [(n.id, n.kind, n.op, n.symbol, n.label, n.data, n.scope) for n in graph.nodes] == [
        ("n0", "leaf", None, None, "a", 2.0, ()),
        ("n1", "leaf", None, None, "", 3.0, ()),
        ("n2", "op", "mul", "*", "", 6.0, ("s",)),
        ("n3", "constant", None, None, "", 1.0, ()),
        ("n4", "op", "add", "+", "", 7.0, ()),
    ]
    assert graph.outputs == ("n4",)
    assert graph.operands["n4"] == ("n2", "n3")
    assert graph.users == {"n0": 1, "n1": 1, "n2": 1, "n3": 1, "n4": 0}


def test_a_graph_does_not_change_when_the_values_do() -> None:
    x = Value(2.0)
    y = x * x
    graph = Graph(y)
    x.data = 5.0
    y.backward()
    assert graph.nodes[0].data == 2.0
    assert graph.nodes[0].grad is None
    with pytest.raises(AttributeError):
        graph.nodes[0].data = 1.0  # type: ignore[misc]


def test_local_derivatives_and_contributions_add_up_to_the_gradient() -> None:
    x, w = Value(2.0), Value(-3.0)
    y = (x * w).tanh() * x + x
    y.backward()
    graph = Graph(y)
    into_x = [graph.contribution(e) for e in graph.edges if e.source == "n0"]
    assert sum(part for part in into_x if part is not None) == pytest.approx(x.grad, rel=1e-15)


def test_a_contribution_is_unknown_before_backward() -> None:
    graph = Graph(Value(2.0) * 3)
    assert graph.contribution(graph.edges[0]) is None
    assert graph.local(Edge("n0", "n2", 0)) == 3.0


def test_several_outputs_share_their_nodes() -> None:
    x = Value(2.0)
    y = x * x
    graph = Graph([y + 1, y, x])
    assert len(graph) == 4
    assert graph.outputs == ("n3", "n1", "n0")
    assert len(Graph([])) == 0


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="made of Values, not float"):
        Graph([1.0])  # type: ignore[list-item]


def test_ids_are_the_same_in_every_process() -> None:
    code = (
        "from pluggrad import Graph, Value; a = Value(1.0); b = Value(2.0); c = a * b - b.tanh();"
        "print(Graph((c + a) * c).nodes)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


def test_a_graph_of_an_error_says_what_to_draw_instead() -> None:
    op = Op("never", lambda x: 1.0 / 0.0, lambda g, out, x: g)
    x = Value(2.0)
    with pytest.raises(ForwardError) as caught:
        op(x * x)
    with pytest.raises(TypeError, match=r"not ForwardError: .*Graph\(error.operands\)"):
        Graph(caught.value)  # type: ignore[arg-type]
    assert len(Graph(caught.value.operands).nodes) == 2  # type: ignore[arg-type]


def test_a_stranger_that_has_operands_is_named_whatever_they_are() -> None:
    class Stranger:
        operands = np.array([1, 2])

    with pytest.raises(TypeError, match="not Stranger"):
        Graph(Stranger())  # type: ignore[arg-type]
