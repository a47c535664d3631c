"""What is different between two graphs."""

import json
from pathlib import Path

import pytest
from pluggrad import Graph, Value, compare, nn, render, save, scope
from pluggrad.cli import main


def kinds(before: object, after: object) -> dict[str, list[str]]:
    found = compare(before, after)  # type: ignore[arg-type]
    return {
        found.node(id).label or found.node(id).op or id: [note.kind for note in notes]
        for id, notes in found.record.notes.items()
    }


def test_what_was_added_to_a_long_chain_is_found_in_one_walk() -> None:
    def chain(length: int) -> Value:  # each node looked up among all would take minutes
        out = x = Value(1.0)
        for _ in range(length):
            out = out * 0.5 + x
        return out

    assert compare(chain(5_000), chain(5_001)).record.summary.startswith("3 added")


def test_a_graph_and_its_like_are_no_different() -> None:
    def build() -> Value:
        x, w = Value(2.0, label="x"), Value(-3.0, label="w")
        out = (x * w).tanh() + x
        out.backward()
        return out

    found = compare(build(), build())
    assert found.record.notes == {}
    assert found.record.summary == "no difference"
    assert len(found) == len(Graph(build()))


def test_values_and_gradients_that_changed_say_what_they_were() -> None:
    x = Value(2.0, label="x")

    def run() -> Graph:
        x.grad = 0.0
        y = x * x
        y.label = "y"
        y.backward()
        return Graph(y)

    before = run()
    x.data = 5.0
    notes = compare(before, run()).record.notes
    assert [note.text for note in notes["n0"]] == [
        "data was 2.0, is 5.0",
        "grad was 4.0, is 10.0",
    ]
    assert [note.brief for note in notes["n1"]] == ["was 4.0"]


def test_two_numbers_that_are_told_apart_do_not_read_the_same() -> None:
    before, after = (Value(number, label="x") for number in (0.99999, 1.0))
    (notes,) = compare(before, after).record.notes.values()
    assert notes[0].text == "data was 0.99999, is 1.0"
    x = Value(3.0, label="x")
    y = x * 2.0
    x.data = 3.0000001
    older = Graph(y).record.notes["n2"][0]
    assert older.text == "computed from older data: 3.0000001 * 2.0 is 6.0000002 now"


def test_what_was_added_and_removed_stands_beside_what_was_there() -> None:
    x = Value(2.0, label="x")
    before = (x * 3.0).tanh()
    after = (x * 3.0).sin() + 1.0
    found = compare(before, after)
    assert kinds(before, after)["tanh"] == ["removed"]
    assert kinds(before, after)["sin"] == ["added"]
    assert found.record.summary == "3 added, 1 removed"
    assert [found.node(id).op for id in found.removed] == ["tanh"]
    assert ("n2", "r0") in {(edge.source, edge.target) for edge in found.edges}


def test_parameters_are_matched_by_scope_and_label_over_a_step_of_training() -> None:
    model = nn.MLP(2, [3, 1])

    def loss() -> Value:
        out = model([Value(1.0, label="x0"), Value(2.0, label="x1")])
        return (out[0] if isinstance(out, list) else out) * 2.0

    first = loss()
    first.backward()
    before = Graph(first)
    for p in model.parameters():
        p.data -= 0.1
        p.grad = 0.0
    second = loss()
    second.backward()
    found = compare(before, second)
    assert len(found.pairs) == len(before) == len(found)
    assert "added" not in found.record.summary


def test_two_programs_that_turn_a_graph_around_are_compared_without_a_circle() -> None:
    def build(first: str, second: str) -> Value:
        a = Value(1.0, label="x").tanh()
        a.label = first
        b = a.exp()
        b.label = second
        return b

    found = compare(build("a", "b"), build("b", "a"))
    assert render(found, "text")


@pytest.mark.parametrize("name", ["text", "svg", "html", "json", "dot", "mermaid"])
def test_every_renderer_draws_a_comparison(name: str) -> None:
    x = Value(2.0, label="x")
    drawn = str(render(compare(x * 3.0, x * 4.0 + 1.0), name))
    assert "was 6" in drawn
    assert "added" in drawn


def test_json_tells_what_changed() -> None:
    x = Value(2.0, label="x")
    read = json.loads(render(compare(x * 3.0, (x * 3.0).exp()), "json"))
    assert read["graph"]["note"] == "1 added"


def test_a_comparison_is_one_page(tmp_path: Path) -> None:
    with scope("layer"):
        y = Value(2.0, label="x") * 3.0
    assert save(compare(y, y + 1.0), tmp_path / "diff.html").stat().st_size < 200_000


def test_the_command_diff_says_whether_there_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, factor in (("a", 3.0), ("b", 4.0)):
        (tmp_path / f"{name}.py").write_text(
            f"from pluggrad import Value\nloss = Value(2.0, label='x') * {factor}\n"
        )
    a, b = f"{tmp_path / 'a.py'}:loss", f"{tmp_path / 'b.py'}:loss"
    assert main(["diff", a, a]) == 0
    assert "no difference" in capsys.readouterr().out
    assert main(["diff", a, b]) == 1
    assert "data was 6.0, is 8.0" in capsys.readouterr().out
    assert main(["diff", a, b, "-o", str(tmp_path / "diff.html")]) == 1
    assert (tmp_path / "diff.html").exists()


def test_a_name_that_stands_for_another_operation_says_what_made_it_before() -> None:
    x = Value(2.0, label="x")
    before, after = x.tanh(), x.sin()
    before.label = after.label = "y"
    notes = compare(before, after).record.notes["n1"]
    assert notes[0].text == "was made by tanh, is by sin"
