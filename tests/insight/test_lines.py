"""The line of the program that made a value, on request."""

import json

import pytest
from pluggrad import (
    AnomalyError,
    ForwardError,
    Graph,
    Op,
    Value,
    detect_anomaly,
    explain,
    recording_lines,
    render,
    save,
)
from pluggrad.insight.lines import lines

HERE = "test_lines.py:"


def made() -> tuple[Value, Value]:
    with recording_lines():
        x = Value(2.0, label="x")
        y = (x * 3.0).tanh()
    return x, y


def test_each_value_knows_the_line_that_made_it() -> None:
    _, y = made()
    found = Graph(y).record.lines
    assert found["n0"].startswith(HERE)
    assert found["n0"].endswith('x = Value(2.0, label="x")')
    assert found["n3"].endswith("y = (x * 3.0).tanh()")


@pytest.mark.parametrize("name", ["text", "svg", "json", "html", "dot"])
def test_pictures_show_it(name: str) -> None:
    _, y = made()
    assert "y = (x * 3.0).tanh()" in str(render(y, name))


def test_nothing_is_known_of_what_was_made_outside() -> None:
    x = Value(2.0)
    y = x * 3.0
    assert Graph(y).record.lines == {}
    assert "line" not in json.loads(render(y, "json"))["nodes"][0]


def test_an_explanation_says_it_beside_each_formula() -> None:
    x, y = made()
    assert "(test_lines.py:" in explain(y, x).text


def test_an_anomaly_in_a_graph_that_was_recorded_before_names_the_line() -> None:
    with recording_lines():
        x = Value(0.0, label="x")
        y = x.sqrt() * 2.0
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"test_lines.py:\d+: y = x.sqrt"):
        y.backward()


def strict(x: float) -> float:
    if x < 0:
        raise ValueError("below zero")
    return x


def test_an_error_of_an_op_names_the_line_and_where_its_operands_come_from() -> None:
    op = Op("strict", strict, lambda g, out, x: g)
    with recording_lines():
        x = Value(1.0, label="x") - 2.0
        with pytest.raises(ForwardError) as caught:
            op(x)
    assert "test_lines.py:" in str(caught.value)
    assert "op(x)" in str(caught.value)
    assert "operands: -1.0 at test_lines.py:" in str(caught.value)


def test_a_computation_that_fails_half_way_is_drawn_up_to_there(tmp_path) -> None:
    op = Op("strict", strict, lambda g, out, x: g)
    x = Value(1.0, label="x")
    with pytest.raises(ForwardError) as caught:
        op((x * 3.0) - 5.0)
    assert render(caught.value, "text").count("\n") == 3
    assert save(caught.value, tmp_path / "until.html").exists()


def test_all_that_was_computed_in_a_block_is_drawn_whatever_ended_it() -> None:
    x = Value(1.0, label="x")
    with recording_lines() as recorded:
        a = x * 3.0
        results = [a.tanh(), a + 1.0]
        with pytest.raises(IndexError):
            results[2].exp()
    graph = recorded.graph()
    assert {node.op for node in graph.nodes if node.op} == {"mul", "add", "tanh"}
    assert len(graph.outputs) == 2
    assert "tanh" in render(recorded, "text")


def test_lines_are_forgotten_with_their_values() -> None:
    before = len(lines)
    x, y = made()
    assert len(lines) > before
    del x, y
    assert len(lines) == before
