"""No picture shows numbers that do not follow from each other without saying so."""

import json
import math
import re

import pytest
from pluggrad import (
    Graph,
    GraphError,
    Op,
    Value,
    checkpoint,
    explain,
    func,
    grad,
    on_gradient,
    render,
)


def notes(values: Value | list[Value]) -> dict[str, str]:
    """What is noted, by the names of nodes."""
    graph = Graph(values)
    return {
        graph.node(id).label or id: "; ".join(note.text for note in found)
        for id, found in graph.record.notes.items()
    }


def product() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    c.backward()
    return a, b, c


# ----- Values -----


def test_a_clean_graph_has_no_notes() -> None:
    x = Value(0.3, label="x")
    y = (x * x + x / 3.0).tanh() * x.exp() - (1.0 - x) ** 3
    assert notes(y) == {}
    y.backward()
    assert notes(y) == {}
    assert Graph(y).record.summary == ""


def test_a_result_is_noted_when_its_operand_has_changed() -> None:
    _, b, c = product()
    b.data = -3.5
    assert notes(c)["c"] == "computed from older data: 2.0 * -3.5 is -7.0 now"
    assert Graph(c).record.broken == {"n2"}


def test_all_that_follows_from_an_older_value_is_noted_with_what_it_would_be() -> None:
    _, b, c = product()
    d = (c + 10.0).tanh()
    d.label = "d"
    b.data = -3.5
    assert Graph(d).record.fresh["n5"] == math.tanh(3.0)
    assert notes(d)["d"] == "computed from older data: 0.9951 now"


def test_what_did_not_move_with_its_operand_is_not_noted() -> None:
    x = Value(-1.0, label="x")
    y = x.relu()
    z = y + 1.0
    x.data = -2.0
    assert notes(z) == {}


def test_a_result_that_was_assigned_is_noted() -> None:
    _, _, c = product()
    c.data = 7.0
    assert notes(c)["c"] == "computed from older data: 2.0 * -3.0 is -6.0 now"


def test_an_op_that_fails_when_asked_again_breaks_no_picture() -> None:
    class Fuse(Exception):
        pass

    armed = []

    def forward(x: float) -> float:
        if armed:
            raise Fuse
        return x

    y = Op("fuse", forward, lambda g, out, x: g)(Value(2.0, label="x"))
    armed.append(1)
    assert notes(y) == {}


# ----- Gradients -----


def test_a_leaf_that_held_a_gradient_before_says_how_much() -> None:
    x = Value(3.0, label="x")
    first, second = x * 3.0, x * 2.0
    first.backward()
    second.backward()
    assert notes(second) == {"x": "held 3.0 besides: another backward(), or set by hand"}
    assert Graph(second).record.before["n0"] == 3.0
    assert notes([first, second]) == {}  # both are there to see


def test_a_second_backward_of_the_same_output_is_noted_at_each_leaf() -> None:
    a, b, c = product()
    c.backward()
    assert (a.grad, b.grad) == (-6.0, 4.0)
    assert notes(c) == {
        "a": "held -3.0 besides: another backward(), or set by hand",
        "b": "held 2.0 besides: another backward(), or set by hand",
    }
    assert Graph(c).record.summary.startswith("2 gradients are not of this backward() alone")


def test_a_gradient_set_to_zero_or_clipped_after_the_pass_is_noted() -> None:
    a, b, c = product()
    a.grad, b.grad = 0.0, 1.0
    assert Graph(c).record.summary.startswith("2 gradients were changed afterwards; ")
    assert notes(c) == {
        "a": "changed after backward(), which gave -3.0",
        "b": "changed after backward(), which gave 2.0",
    }


@pytest.mark.parametrize("by", [5.0, 0.5])
def test_a_gradient_of_a_rule_that_reads_other_numbers_now_was_not_changed(by: float) -> None:
    strength = [1.0]

    def rule(g, out, x):
        return g * strength[0]

    number = 1.0
    in_a_list = Op("in_a_list", lambda x: x, rule)
    alone = Op("alone", lambda x: x, lambda g, out, x: g * number)
    for op in (in_a_list, alone):
        strength[0] = number = 1.0
        x = Value(3.0, label="x")
        y = op(x)
        y.backward()
        assert notes(y) == {}
        strength[0] = number = by
        assert notes(y) == {"x": f"its users give {by} now: a rule reads other numbers"}
        assert Graph(y).record.summary.startswith("1 gradient had other numbers in a rule; ")
        x.grad = by  # as a second pass would, or a hand
        assert notes(y) == {}


def test_a_hook_that_changes_a_gradient_is_noted_where_it_is() -> None:
    x = Value(3.0, label="x")
    h = x * 2.0
    h.label = "h"
    y = h * 5.0
    with on_gradient(h, lambda g: min(g, 1.0)):
        y.backward()
        assert notes(y) == {"h": "changed by a hook: 5.0 came in"}
        assert Graph(y).record.summary == "1 gradient was changed by a hook"
    assert x.grad == 2.0


def test_a_gradient_of_older_data_is_noted() -> None:
    a, b, c = product()
    b.data = -3.5
    assert notes(c)["a"] == "gradient computed from older data"
    assert "b" not in notes(c)
    assert a.grad == -3.0


def test_a_leaf_of_an_output_that_no_pass_reached_keeps_what_it_held() -> None:
    x = Value(3.0, label="x")
    (x * 3.0).backward()
    assert notes(x * 2.0) == {"x": "held 3.0 besides: another backward(), or set by hand"}


def test_a_part_of_a_larger_graph_does_not_speak_of_an_earlier_pass() -> None:
    w = Value(3.0, label="w")
    hidden = w * 2.0
    loss = hidden * hidden + w * w
    loss.backward()
    assert "other uses" in notes(hidden)["w"]


def test_several_outputs_reached_by_one_pass_each_are_clean() -> None:
    x = Value(2.0, label="x")
    outputs = [x * 2.0, x.tanh(), x * x]
    for out in outputs:
        out.backward()
    assert notes(outputs) == {}


def test_a_seed_other_than_one_is_no_fault() -> None:
    _, b, _ = product()
    b.grad = 0.0
    d = b * 2.0
    d.backward(3.0)
    assert notes(d) == {}
    assert Graph(d).record.before == {"n2": 3.0}


# ----- Nan and infinity -----


def test_nan_and_infinity_are_noted_where_they_begin_and_nowhere_else() -> None:
    x = Value(0.0, label="x")
    y = 1.0 / x
    z = (y * x).tanh() + 1.0
    z.backward()
    assert notes(z) == {"n2": "inf began here: 1.0 / 0.0", "n3": "nan began here: inf * 0.0"}


def test_a_leaf_that_is_nan_is_where_it_began() -> None:
    assert notes(Value(math.nan, label="x") + 1.0) == {
        "x": "nan began here: this number was put in"
    }


def test_a_gradient_that_turns_infinite_is_noted_at_the_rule_that_did_it() -> None:
    x = Value(0.0, label="x")
    root = x.sqrt()
    root.label = "root"
    out = root * 2.0
    out.backward()
    assert notes(out) == {"root": "the gradient of x became inf here: inf times 2.0"}


# ----- Computing anew -----


def test_a_refreshed_graph_has_the_numbers_of_a_program_that_ran_again() -> None:
    def program(a: Value, b: Value) -> Value:
        return ((a * b + 10.0).tanh() * a) / b

    a, b = Value(2.0), Value(-3.0)
    out = program(a, b)
    out.backward()
    out.backward()
    b.data = -3.5
    graph = Graph(out, refresh=True)
    assert graph.record.notes == {}
    again = [Value(2.0), Value(-3.5)]
    truth = program(*again)
    assert graph.nodes[-1].data == truth.data
    assert [graph.nodes[0].grad, graph.nodes[1].grad] == pytest.approx(grad(truth, again))
    assert out.data != truth.data, "the Values stay as they are"


def test_a_refreshed_graph_has_no_gradients_where_no_pass_ran() -> None:
    x = Value(2.0)
    y = x * 3.0
    x.data = 5.0
    assert [node.grad for node in Graph(y, refresh=True).nodes] == [None, None, None]


def test_a_function_that_only_a_program_can_run_is_refused() -> None:
    x = Value(2.0)
    y = checkpoint(lambda: x * x)
    with pytest.raises(GraphError, match="cannot be computed anew: checkpoint"):
        Graph(y, refresh=True)


# ----- Pictures -----


def picture(values: Value, name: str) -> str:
    """What a renderer makes; of a page, its data."""
    drawn = str(render(values, name))
    return drawn[drawn.find('id="data"') : drawn.rfind("<script>")] if name == "html" else drawn


RENDERERS = ["text", "svg", "dot", "mermaid", "json", "graphml", "gexf", "gml", "html"]


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_says_that_a_value_is_of_older_data(name: str) -> None:
    _, b, c = product()
    assert "older data" not in picture(c, name)
    b.data = -3.5
    assert "older data" in picture(c, name)


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_says_what_a_leaf_held_before(name: str) -> None:
    _, _, c = product()
    c.backward()
    assert "held" in picture(c, name)


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_says_where_nan_began(name: str) -> None:
    assert "nan began here" in picture(Value(math.inf) - Value(math.inf), name)


@pytest.mark.parametrize("engine", ["layered", "dot"])
def test_no_slope_is_drawn_beside_numbers_it_was_not_computed_from(engine: str) -> None:
    _, b, c = product()
    assert "∂" in render(c, "svg", engine=engine)
    b.data = -3.5
    assert "∂" not in render(c, "svg", engine=engine)


def test_matplotlib_says_it_too() -> None:
    _, b, c = product()
    b.data = -3.5
    figure = render(c, "matplotlib")
    texts = [text.get_text() for text in [*figure.texts, *figure.axes[0].texts]]
    assert any("now -7.0" in text for text in texts)
    assert any("computed from older data" in text for text in texts)


def test_an_explanation_says_that_it_mixes_numbers_of_two_times() -> None:
    a, b, c = product()
    b.data = -3.5
    text = explain(c, a).text
    assert "= 2 * -3.5 = -7 now, not -6: computed from older data" in text
    assert "1 value was computed from older data" in text


def test_a_group_says_what_is_wrong_with_its_members() -> None:
    x = Value(0.1, label="x")
    y = x
    for _ in range(40):
        y = y.tanh() * 1.1
    y.label = "y"
    x.data = 0.2
    summary = Graph(y + 1.0).collapse()
    (group,) = [node for node in summary.nodes if node.kind == "group"]
    text = render(summary, "text")
    assert summary.record.notes[group.id][0].brief.endswith("of older data")
    assert "more in here" in text


def test_a_part_of_a_graph_knows_what_the_whole_knows() -> None:
    _, b, c = product()
    d = (c + 1.0).tanh()
    b.data = -3.5
    part = Graph(d).around(d, 1)
    assert [note.brief for note in part.record.notes["n5"]] == ["now -1.0"]


def test_json_has_each_note_beside_its_node() -> None:
    _, b, c = product()
    b.data = -3.5
    read = json.loads(render(c, "json"))
    assert read["graph"]["note"].startswith("1 value was computed from older data")
    assert re.match("computed from older data", read["nodes"][2]["notes"][0])
    assert "notes" not in read["nodes"][1]


def test_a_gradient_set_by_hand_is_not_taken_for_that_of_an_earlier_pass_alone():
    x = Value(2.0, label="x")
    x.grad = 8.0
    y = x * 3.0
    y.backward()
    assert notes(y) == {"x": "held 8.0 besides: another backward(), or set by hand"}


def test_what_a_later_pass_added_is_not_said_to_have_been_there_before():
    x = Value(2.0, label="x")
    first, second = x * 2.0, x * 3.0
    first.backward()
    second.backward()
    assert notes(first) == {"x": "held 3.0 besides: another backward(), or set by hand"}


@pytest.mark.parametrize(
    ("f", "before", "after"),
    [
        (lambda x: 1.0 / x, 0.0, -0.0),
        (lambda x: x * 2.0, math.inf, -math.inf),
        (lambda x: x * 10.0, 1e308, -1e308),
        (lambda x: x * 10.0, 1e308, 1.0),
        (lambda x: x * 10.0, 1.0, 1e308),
    ],
)
def test_an_infinity_is_not_close_to_any_other_number(f, before, after):
    x = Value(before)
    y = f(x)
    assert Graph(y).record.summary == ""
    x.data = after
    assert Graph(y).record.summary.startswith("1 value was computed from older data")
    assert not any("began here" in note.text for note in Graph(y).record.notes["n2"])


@pytest.mark.parametrize("closed_over", [False, True])
@pytest.mark.parametrize("made", ["checkpoint", "custom_rule"])
def test_a_function_recorded_as_one_node_is_told_to_be_older_than_its_operands(made, closed_over):
    x, w = Value(2.0, label="x"), Value(3.0, label="w")
    if made == "checkpoint":
        y = func.checkpoint(lambda a: a * a + w, x)
    else:
        y = func.custom_rule(lambda a, b: a * a + b, lambda g, out, a, b: (2 * a * g, g))(x, w)
    z = y * 2.0
    z.backward()
    assert Graph(z).record.summary == ""
    (w if closed_over else x).data = 9.0
    assert Graph(z).record.summary.startswith("2 values were computed from older data")
    for renderer in ("text", "svg", "html", "dot", "mermaid"):
        assert "older data" in render(z, renderer)
    render(z, "json", derivatives=True)
    render(z, "networkx", derivatives=True)
