"""The svg renderer: a picture wherever pluggrad is installed, whatever the graph and its labels."""

import random
import sys
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import Graph, RenderError, Value, draw_dot, render, save, scope
from pluggrad.nn import MLP
from pluggrad.renderers.cards import LABEL
from pluggrad.renderers.graphviz import engines
from pluggrad.renderers.labels import one_line

from ..deep import deep_chain
from ..hash_seeds import outputs
from ..labels import NASTY, labelled, neuron

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def no_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "find_spec", lambda name: None)


def drawn(values: Value | Graph | list[Value], **options: object) -> ElementTree.Element:
    return ElementTree.fromstring(render(values, "svg", engine="layered", **options))


def texts(tree: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in tree.iter(f"{SVG}text")]


def boxes(tree: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for group in tree.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is not None:
            x, y, w, h = (float(rect.get(key, "")) for key in ("x", "y", "width", "height"))
            found[group.get("id", "")] = (x, y, x + w, y + h)
    return found


def assert_apart(tree: ElementTree.Element) -> None:
    for a, b in combinations(boxes(tree).values(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def programs(seed: int, steps: int) -> Value:
    draw = random.Random(seed)
    made = [Value(draw.uniform(0.5, 2), label=f"x{i}") for i in range(3)]
    for _ in range(steps):
        a, b = draw.choice(made), draw.choice(made)
        made.append(draw.choice([a + b, a * b, a - b, a.tanh(), a * 2.0, b / (a * a + 1.0)]))
    made[-1].backward()
    return made[-1]


def test_the_neuron_is_drawn_as_it_always_was() -> None:
    """The golden file was looked at; `draw_dot` it anew with engine "layered" to renew it."""
    golden = (GOLDEN / "neuron.svg").read_text(encoding="utf-8")
    assert render(neuron(), "svg", engine="layered") == golden


@pytest.mark.usefixtures("no_graphviz")
def test_a_bare_installation_draws_an_svg(tmp_path: Path) -> None:
    path = draw_dot(neuron(), tmp_path / "graph.svg")
    assert engines.engine_of(path) == "pluggrad (layered)"
    shown = texts(ElementTree.parse(path).getroot())
    for part in ("x1", "w2", "tanh", "0.7071", "-1.5", "6.881", "∂ 0.5"):
        assert part in shown


@pytest.mark.parametrize(("engine", "remedy"), [("dot", "not on PATH"), ("wasi", "not installed")])
@pytest.mark.usefixtures("no_graphviz")
def test_an_engine_asked_for_by_name_that_is_missing_is_an_error_with_remedies(
    engine: str, remedy: str
) -> None:
    with pytest.raises(RenderError, match=remedy) as caught:
        render(neuron(), "svg", engine=engine)
    assert "https://graphviz.org/download" in str(caught.value)


def test_where_graphviz_fails_or_hangs_our_own_layout_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    for program in ("import os; os.abort()", "import time; time.sleep(60)", "print('not SVG')"):
        (tmp_path / "dot").write_text(f"#!{sys.executable}\n{program}\n")
        (tmp_path / "dot").chmod(0o755)
        path = save(neuron(), tmp_path / "graph.svg", timeout=2.0)
        assert engines.engine_of(path) == "pluggrad (layered)"


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_any_label_is_shown_as_it_is_and_runs_nothing(text: str) -> None:
    tree = drawn(labelled(text))
    tags = {element.tag.removeprefix(SVG) for element in tree.iter()}
    assert tags <= {"svg", "desc", "style", "rect", "g", "title", "path", "text"}
    attributes = {name for element in tree.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name]
    wanted = one_line(text, LABEL).strip()
    assert texts(tree).count(wanted) == (2 if wanted else 0)


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_cards_are_apart_inside_the_picture_and_edges_touch_both_their_cards(rankdir: str) -> None:
    tree = drawn(programs(1, 25), rankdir=rankdir)
    assert_apart(tree)
    wide, high = float(tree.get("width", "")), float(tree.get("height", ""))
    found = boxes(tree)
    for x, y, right, lower in found.values():
        assert 0 < x < right < wide
        assert 0 < y < lower < high
    edges = [g for g in tree.iter(f"{SVG}g") if g.get("class") == "edge"]
    assert edges
    for edge in edges:
        source, target, _ = edge.get("id", "").split("-")
        line, head = (path.get("d", "") for path in edge.iter(f"{SVG}path"))
        for point, box in ((line[1:], found[source]), (head[1:], found[target])):
            x, y = map(float, point.split("C")[0].split(" ")[0].split("L")[0].split(","))
            assert box[0] - 0.2 <= x <= box[2] + 0.2
            assert box[1] - 0.2 <= y <= box[3] + 0.2


def test_operands_arrive_in_their_order_and_repeats_apart() -> None:
    a, b = Value(3.0, label="a"), Value(2.0, label="b")
    tree = drawn((b - a) * (b - a))
    heads = {}
    for edge in tree.iter(f"{SVG}g"):
        if edge.get("class") == "edge":
            _, target, operand = edge.get("id", "").split("-")
            tip = list(edge.iter(f"{SVG}path"))[1].get("d", "").split(" ")[0][1:]
            heads[target, int(operand)] = float(tip.split(",")[1])
    for (target, operand), y in heads.items():
        if operand:
            assert heads[target, operand - 1] + 10 < y


def test_nothing_moves_while_only_numbers_change() -> None:
    def picture(scale: float) -> ElementTree.Element:
        x = Value(0.3 * scale, label="x")
        y = (x * scale + Value(-scale, label="b")).tanh() * x
        y.backward()
        return drawn(y)

    one, other = picture(1.0), picture(-0.0012345678)
    assert boxes(one) == boxes(other)
    for a, b in zip(one.iter(f"{SVG}path"), other.iter(f"{SVG}path"), strict=True):
        assert a.get("d") == b.get("d")


def test_the_picture_is_the_same_in_every_process() -> None:
    program = (
        "from pluggrad import Value, render\n"
        "x = Value(0.5, label='x'); y = sum((x * i).tanh() for i in range(1, 9)) * x\n"
        "y.backward(); print(render(y, 'svg', engine='layered'))"
    )
    printed = outputs(program)
    assert len(printed) == 1


def test_a_graph_too_large_to_read_is_cut_and_the_picture_says_so() -> None:
    tree = drawn(deep_chain(), collapse=False)
    assert len(boxes(tree)) == 400
    note = "5,601 of 6,001 nodes left out, the farthest from the output"
    assert note in texts(tree)
    assert [g for g in tree.iter(f"{SVG}g") if g.get("class") == "left-out"]


def test_a_graph_too_large_to_read_is_summarised_and_the_picture_says_so() -> None:
    tree = drawn(deep_chain())
    assert len(boxes(tree)) < 10
    assert f"6,001 nodes in {len(boxes(tree))}: groups stand for many" in texts(tree)
    assert [g for g in tree.iter(f"{SVG}g") if g.get("class") == "node group"]


def test_part_of_a_graph_is_drawn_with_its_entries() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    y = (a - b).tanh()
    assert len(boxes(drawn(Graph(y).between(b, y)))) == 3


def test_a_deep_graph_continues_below_and_is_no_strip() -> None:
    x = Value(0.5, label="x")
    for _ in range(60):
        x = x.tanh()
    tree = ElementTree.fromstring(render(x, "svg"))
    assert "pluggrad (layered)" in (tree.findtext(f"{SVG}desc") or "")
    wide, high = float(tree.get("width", "")), float(tree.get("height", ""))
    assert high < wide < 4 * high
    assert_apart(tree)


def test_not_run_is_told_apart_from_zero() -> None:
    x = Value(3.0, label="x")
    assert "—" in texts(drawn(x * 0.0))
    y = x * 0.0
    y.backward()
    shown = texts(drawn(y))
    assert "—" not in shown
    assert "0" in shown


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("rankdir", "UP"), ("engine", "neato"), ("timeout", -1), ("digits", 99), ("max_nodes", -3)],
)
def test_a_wrong_option_is_named(option: str, wrong: object) -> None:
    with pytest.raises(RenderError, match=option):
        render(Value(1.0), "svg", **{option: wrong})


def test_other_file_types_are_sent_to_the_graphviz_renderer(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"does not write '\.png'.*'graphviz'"):
        save(Value(1.0), tmp_path / "graph.png", renderer="svg")


def test_a_lone_leaf_and_a_graph_of_nothing_are_drawn() -> None:
    assert len(boxes(drawn(Value(1.0, label="only")))) == 1
    assert not boxes(drawn(Graph([])))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from(["LR", "TB", "RL", "BT"]))
def test_random_graphs_never_overlap(seed: int, steps: int, rankdir: str) -> None:
    assert_apart(drawn(programs(seed, steps), rankdir=rankdir))


# ----- Pictures that fit a screen -----


def width_of(svg: str) -> float:
    return float(ElementTree.fromstring(svg).get("width", "0"))


@pytest.mark.parametrize("length", [8, 13, 30])
def test_a_long_chain_continues_below_where_a_screen_ends(length: int) -> None:
    x = Value(0.1)
    for _ in range(length):
        x = x.tanh()
    assert width_of(render(x, "svg", engine="layered")) <= 1250


def test_a_model_that_is_larger_than_a_screen_opens_as_its_layers() -> None:
    model = MLP(3, [4, 4, 1])
    assert len(model.parameters()) == 41
    out = model([Value(float(i), label=f"x{i}") for i in range(3)])
    out = out[0] if isinstance(out, list) else out
    out.label = "out"
    picture = render(out, "svg")
    shown = texts(ElementTree.fromstring(picture))
    assert [text for text in shown if "Layer" in text] == [
        "MLP/Layer 0", "MLP/Layer 1", "MLP/Layer 2 → out"
    ]  # fmt: skip
    assert width_of(picture) < 1200
    assert width_of(render(out, "svg", collapse=False, engine="layered")) > 1200


def test_scopes_have_frames_where_nothing_else_stands_in_them() -> None:
    x = Value(1.0, label="x")
    with scope("outer"):
        with scope("inner"):
            y = (x * 2.0).tanh()
        y = y.exp() + 1.0
    root = ElementTree.fromstring(render(y / 3.0, "svg", engine="layered"))
    frames = [g for g in root.iter(f"{SVG}g") if g.get("class") == "scope"]
    assert [g.findtext(f"{SVG}title") for g in frames] == ["outer", "outer/inner"]


def test_operands_of_the_first_picture_stand_in_their_order() -> None:
    a, b = Value(2.0, label="a"), Value(3.0, label="b")
    root = ElementTree.fromstring(render(a * b + a, "svg"))
    high = {
        g.get("id"): float(g.find(f"{SVG}rect").get("y"))  # type: ignore[union-attr, arg-type]
        for g in root.iter(f"{SVG}g")
        if "node" in (g.get("class") or "")
    }
    assert high["n0"] < high["n1"]
