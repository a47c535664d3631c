"""json, graphml, gexf and dot: complete, read back by strict readers of others."""

import json
import math
from xml.etree import ElementTree

import networkx
import pytest
from pluggrad import Graph, RenderError, Value, render, save, scope

from .labels import NASTY


def neuron() -> Value:
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.9, label="b")
    with scope("layer"), scope("neuron"):
        out = (x * w + b).tanh()
    out.backward()
    return out


def strict(text: str) -> object:
    def no_constant(name: str) -> object:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=no_constant)


def test_json_is_read_by_networkx_as_the_same_graph() -> None:
    value = neuron()
    data = strict(render(value, "json", derivatives=True))
    read = networkx.node_link_graph(data, edges="edges")
    graph = Graph(value)
    assert read.graph == {"outputs": list(graph.outputs)}
    assert [(n, d["data"], d["grad"]) for n, d in read.nodes(data=True)] == [
        (node.id, node.data, node.grad) for node in graph.nodes
    ]
    assert sorted(read.edges(keys=True)) == sorted(map(tuple, graph.edges))
    assert read.nodes["n5"]["scope"] == ["layer", "neuron"]
    assert all(read.edges[edge]["contribution"] == graph.contribution(edge) for edge in graph.edges)


def test_json_has_no_gradient_before_a_backward_pass_and_zero_after_one() -> None:
    x = Value(-1.0)
    y = x.relu()
    assert strict(render(y, "json"))["nodes"][0]["grad"] is None  # type: ignore[index]
    y.backward()
    assert strict(render(y, "json"))["nodes"][0]["grad"] == 0.0  # type: ignore[index]


def test_json_writes_what_is_no_number_as_text_that_float_reads() -> None:
    graph = strict(render(Value(math.nan) * math.inf + -math.inf, "json"))
    found = [float(node["data"]) for node in graph["nodes"]]  # type: ignore[index]
    assert found[1:4:2] == [math.inf, -math.inf]
    assert math.isnan(found[0])


def test_json_of_parallel_edges_tells_them_apart_by_operand() -> None:
    x = Value(3.0)
    data = strict(render(x * x, "json"))
    assert [edge["key"] for edge in data["edges"]] == [0, 1]  # type: ignore[index]


@pytest.mark.parametrize("label", NASTY)
def test_every_label_comes_back_from_json_exactly(label: str) -> None:
    data = strict(render(Value(1.0, label=label), "json"))
    assert data["nodes"][0]["label"] == label  # type: ignore[index]


@pytest.mark.parametrize("name", ["graphml", "gexf"])
def test_networkx_reads_its_own_formats_back(name: str) -> None:
    value = neuron()
    text = render(value, name, derivatives=True)
    read = (networkx.parse_graphml if name == "graphml" else _gexf)(text)
    for node in Graph(value).nodes:
        found = read.nodes[node.id]
        assert (found["label"], found["data"], found["kind"]) == (node.label, node.data, node.kind)
    assert read.number_of_edges() == len(Graph(value).edges)


def _gexf(text: str) -> networkx.Graph:
    from io import BytesIO

    return networkx.read_gexf(BytesIO(text.encode()), version="1.2draft")


@pytest.mark.parametrize("label", NASTY)
def test_xml_formats_bring_every_label_back_except_what_no_xml_can_hold(label: str) -> None:
    from pluggrad.renderers.labels import xml_text

    value = Value(1.0, label=label)
    assert networkx.parse_graphml(render(value, "graphml")).nodes["n0"]["label"] == xml_text(label)
    root = ElementTree.fromstring(render(value, "gexf").encode())
    (node,) = [e for e in root.iter() if e.tag.endswith("}node")]
    assert node.get("label") == xml_text(label)


def test_graphml_writes_numbers_as_xml_schema_does() -> None:
    text = render(Value(math.inf) * -1.0 + math.nan, "graphml")
    assert {">INF<", ">-INF<", ">NaN<", ">true<"} <= {
        f">{part.split('<')[0]}<" for part in text.split(">") if "<" in part
    }


@pytest.mark.parametrize("label", NASTY)
def test_gml_brings_every_label_back_except_what_no_xml_can_hold(label: str) -> None:
    from pluggrad.renderers.labels import xml_text

    text = render(Value(1.0, label=label), "gml")
    assert text.isascii()
    assert networkx.parse_gml(text).nodes["n0"]["name"] == xml_text(label)


def test_gml_is_read_by_networkx_as_the_same_graph(tmp_path) -> None:
    x = Value(2.0, label="x")
    y = x * x * math.inf + math.nan
    y.backward()
    read = networkx.read_gml(save(y, tmp_path / "c.gml", derivatives=True))
    graph = Graph(y)
    assert isinstance(read, networkx.MultiDiGraph)
    assert sorted(read.edges(keys=True)) == sorted(map(tuple, graph.edges))
    for node in graph.nodes:
        found = read.nodes[node.id]
        assert str(found["data"]) == str(node.data)
        assert (found["name"], found["kind"], found["op"]) == (node.label, node.kind, node.op or "")
    assert read.edges["n0", "n1", 0]["contribution"] == math.inf


def test_graphml_edge_ids_are_there_once() -> None:
    x = Value(3.0)
    root = ElementTree.fromstring(render(x * x + x, "graphml").encode())
    ids = [e.get("id") for e in root.iter() if e.tag.endswith("}edge")]
    assert len(ids) == 4 == len(set(ids))


def test_gexf_bears_no_date() -> None:
    assert "lastmodifieddate" not in render(Value(1.0), "gexf")


def test_dot_is_the_source_of_the_graphviz_picture(tmp_path) -> None:
    value = neuron()
    assert render(value, "dot") == render(value, "graphviz").source
    assert save(value, tmp_path / "a.txt", "dot").read_text() == render(value, "dot")


def test_dot_takes_the_options_of_graphviz_and_names_them() -> None:
    assert "rankdir=TB" in render(Value(1.0), "dot", rankdir="TB")
    with pytest.raises(RenderError, match=r"renderer 'dot' has no option 'wings'.*rankdir"):
        render(Value(1.0), "dot", wings=2)


@pytest.mark.parametrize("name", ["json", "graphml", "gexf", "gml", "mermaid", "latex", "dot"])
def test_a_graph_without_nodes_is_drawn(name: str) -> None:
    assert isinstance(render(Graph([]), name), str)
