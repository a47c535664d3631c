"""draw_dot(): what the lecture's notebook calls, and a file in one call."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from pluggrad import Graph, RenderError, Value, draw_dot


def product():
    return Value(2.0, label="x") * Value(3.0, label="y")


def test_a_drawing_is_what_a_notebook_shows():
    drawing = draw_dot(product(), format="svg", rankdir="LR")
    bundle = drawing._repr_mimebundle_()
    assert ElementTree.fromstring(bundle["image/svg+xml"].encode()).tag.endswith("svg")
    assert bundle["text/plain"] == "<Drawing of 3 nodes; .render(filename) writes it>"


def test_a_drawing_writes_the_file_that_graphviz_would(tmp_path):
    drawing = draw_dot(product(), rankdir="TB")
    path = drawing.render("gout", directory=tmp_path)
    assert path == str(tmp_path / "gout.svg")
    assert "<svg" in Path(path).read_text(encoding="utf-8")
    assert drawing.render(tmp_path / "again.svg") == str(tmp_path / "again.svg")
    assert drawing.render(tmp_path / "gout", format="dot") == str(tmp_path / "gout.dot")


def test_the_direction_is_that_of_the_picture():
    assert 'rankdir="TB"' in draw_dot(product(), rankdir="TB").source.replace("=TB", '="TB"')


def test_a_drawing_shows_the_graph_as_it_was():
    out = product()
    drawing = draw_dot(out)
    out.backward()
    assert "grad —" in drawing._repr_mimebundle_()["image/svg+xml"]
    assert "grad —" not in draw_dot(out)._repr_mimebundle_()["image/svg+xml"]


def test_a_path_writes_at_once(tmp_path):
    path = draw_dot(product(), tmp_path / "graph.dot", rankdir="TB")
    assert path == tmp_path / "graph.dot"
    assert "TB" in path.read_text(encoding="utf-8")


def test_graphs_and_names_can_be_drawn():
    x = Value(2.0)
    assert "speed" in draw_dot(x * x, names={"speed": x}).source
    assert len(draw_dot(Graph(x * x)).graph) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [({"rankdir": "XX"}, "rankdir is one of"), ({"format": "doc"}, r"no renderer writes '\.doc'")],
)
def test_what_cannot_be_drawn_is_refused_at_once(options, said):
    with pytest.raises(RenderError, match=said):
        draw_dot(product(), **options)
