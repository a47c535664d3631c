"""Regions: what lies between marked inputs and outputs."""

import copy
import pickle

from pluggrad import Graph, Region, Value, scope


def scopes_of(root: Value) -> dict[str, tuple[str, ...]]:
    return {node.label or str(node.op): node.scope for node in Graph(root).nodes}


def square_of(x: Value, name: str = "square") -> Value:
    Region.begin([x])
    y = (x * x).sqrt() * x
    Region([name]).end([y])
    return y


def test_only_what_lies_between_inputs_and_outputs_belongs_to_a_region() -> None:
    x = Value(2.0, label="x").exp()
    y = square_of(x).tanh()
    assert scopes_of(y) == {
        "x": (), "exp": (), "mul": ("square",), "sqrt": ("square",), "tanh": (),
    }  # fmt: skip


def test_a_node_used_in_two_regions_belongs_to_what_they_share() -> None:
    x = Value(2.0, label="x")
    Region.begin([x])
    shared = x.exp()
    a, b = shared.sin(), shared.cos()
    Region(["model", "a"]).end([a])
    Region(["model", "b"]).end([b])
    found = scopes_of(a + b)
    assert found["sin"] == ("model", "a")
    assert found["cos"] == ("model", "b")
    assert found["exp"] == ("model",)


def test_a_node_that_is_used_outside_too_stays_outside() -> None:
    x = Value(2.0, label="x")
    Region.begin([x])
    hidden = x.exp()
    y = hidden.sin()
    Region(["inside"]).end([y])
    assert scopes_of(y + hidden)["exp"] == ()


def test_a_scope_around_names_what_is_outside_of_a_region() -> None:
    with scope("outer"):
        y = square_of(Value(2.0).exp())
    found = scopes_of(y)
    assert found["exp"] == ("outer",)
    assert found["sqrt"] == found["mul"] == ("outer", "square")


def test_a_scope_does_not_reach_back_as_a_region_does() -> None:
    h = Value(2.0).exp()
    with scope("layer"):
        y = h.sin()
    assert scopes_of(y) == {"None": (), "exp": (), "sin": ("layer",)}


def test_copies_and_pickles_keep_regions() -> None:
    y = square_of(Value(2.0).exp())
    expected = scopes_of(y)
    assert scopes_of(copy.deepcopy(y)) == expected
    assert scopes_of(pickle.loads(pickle.dumps(y))) == expected


def test_a_region_passes_over_what_is_no_value() -> None:
    Region.begin([1.0, "text", None])
    Region(["r"]).end([1.0])


def test_scopes_in_a_graph_are_plain_tuples() -> None:
    assert {type(node.scope) for node in Graph(square_of(Value(1.0))).nodes} == {tuple}


def test_a_region_reaches_through_a_chain_of_any_depth() -> None:
    x = Value(1.0)
    Region.begin([x])
    y = x
    for _ in range(8_000):
        y = y + 1.0
    Region(["deep"]).end([y])
    nodes = Graph(y).nodes
    assert all(node.scope == ("deep",) for node in nodes if node.op)
