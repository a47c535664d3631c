"""The networkx renderer: a MultiDiGraph that networkx can write in all its formats."""

import io
import json
import math
import subprocess
import sys

import networkx
import pytest
from pluggrad import RenderError, Value, render

from .labels import ATTACKS, labelled, neuron


def test_the_neuron_is_a_multidigraph_with_plain_attributes() -> None:
    drawn = render(neuron(), "networkx")
    assert isinstance(drawn, networkx.MultiDiGraph)
    assert (len(drawn), drawn.number_of_edges()) == (10, 9)
    assert drawn.nodes["n0"] == {
        "label": "x1", "kind": "leaf", "op": "", "symbol": "", "data": 2.0,
        "requires_grad": True, "scope": "", "grad": pytest.approx(-1.5, abs=1e-12),
    }  # fmt: skip
    plain = {type(x) for _, attributes in drawn.nodes(data=True) for x in attributes.values()}
    assert plain <= {str, int, float, bool}


def test_parallel_edges_and_the_order_of_operands_are_kept() -> None:
    a, b = Value(3.0, label="a"), Value(2.0, label="b")
    drawn = render((b - a) * (b - a) + b * b, "networkx")
    squares = [key for u, v, key in drawn.edges(keys=True) if drawn.nodes[v]["op"] == "mul"]
    assert sorted(squares) == [0, 0, 1, 1]
    assert {
        drawn.nodes[u]["label"]: data["operand"]
        for u, v, data in drawn.edges(data=True)
        if drawn.nodes[v]["op"] == "sub"
    } == {"b": 0, "a": 1}


def test_contributions_on_the_edges_sum_up_to_the_gradients() -> None:
    drawn = render(neuron(), "networkx", derivatives=True)
    for node, data in drawn.nodes(data=True):
        used = [x["contribution"] for *_, x in drawn.out_edges(node, data=True)]
        if used:
            assert sum(used) == pytest.approx(data["grad"], rel=1e-12)


def test_a_gradient_that_was_not_computed_is_absent() -> None:
    drawn = render(Value(2.0) * Value(3.0), "networkx")
    assert not any("grad" in data for _, data in drawn.nodes(data=True))


def test_the_order_of_nodes_is_topological() -> None:
    drawn = render(neuron(), "networkx")
    place = {node: i for i, node in enumerate(drawn)}
    assert all(place[u] < place[v] for u, v in drawn.edges())
    assert networkx.is_directed_acyclic_graph(drawn)


@pytest.mark.parametrize("attack", ATTACKS)
def test_any_label_survives_graphml_and_json(attack: str) -> None:
    drawn = render(labelled(ATTACKS[attack]), "networkx")
    file = io.BytesIO()
    networkx.write_graphml(drawn, file)
    read = networkx.read_graphml(io.BytesIO(file.getvalue()), force_multigraph=True)
    wanted = drawn.nodes["n0"]["label"].replace("\r\n", "\n").replace("\r", "\n")
    assert read.nodes["n0"]["label"] == wanted
    text = json.dumps(networkx.node_link_data(drawn, edges="edges"))
    again = networkx.node_link_graph(json.loads(text), edges="edges")
    assert again.nodes["n0"]["label"] == drawn.nodes["n0"]["label"]


def test_strict_json_takes_what_is_no_number() -> None:
    x = Value(2.0)
    y = x * math.inf + math.nan - math.inf
    y.backward()
    drawn = render(y, "networkx", derivatives=True)
    text = json.dumps(networkx.node_link_data(drawn, edges="edges"), allow_nan=False)
    again = networkx.node_link_graph(json.loads(text), edges="edges")
    assert (again.nodes["n1"]["data"], again.nodes["n0"]["grad"]) == ("inf", "inf")
    assert math.isnan(float(again.nodes["n4"]["data"]))
    assert again.edges["n0", "n2", 0]["local"] == "inf"
    exact = render(y, "networkx", derivatives=True, strict=False)
    assert exact.nodes["n1"]["data"] == exact.edges["n0", "n2", 0]["contribution"] == math.inf


def test_a_label_that_xml_can_hold_is_not_changed() -> None:
    for text in ("<b>", "a & b", 'say "x"', "数学 🎓", "line\nbreak"):
        assert render(Value(1.0, label=text), "networkx").nodes["n0"]["label"] == text


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(RenderError, match="derivatives"):
        render(Value(1.0), "networkx", derivatives="yes")


def test_networkx_is_not_imported_before_it_is_needed() -> None:
    program = (
        "import sys, pluggrad\n"
        "x = pluggrad.Value(1.0) * 2.0\n"
        "pluggrad.render(x, 'text')\n"
        "assert 'networkx' not in sys.modules\n"
        "pluggrad.render(x, 'networkx')\n"
        "assert 'networkx' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
