"""html: what the page is, without a browser. test_html_browser.py has what it does."""

import inspect
import itertools
import json
import re
from array import array
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from pluggrad import Graph, RenderError, Value, render, save, scope
from pluggrad.renderers.page.html import HtmlRenderer
from pluggrad.renderers.page.theme import page_theme
from pluggrad.renderers.themes import THEMES

from ..deep import deep_chain
from ..labels import NASTY, neuron


def data_of(page: str) -> dict:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


def column(data: dict, name: str) -> list:
    kind, text = data["arrays"][name]
    return array(kind, b64decode(text)).tolist()


def test_a_page_holds_the_whole_graph() -> None:
    o = neuron()
    graph, data = Graph(o), data_of(render(o, "html"))
    assert column(data, "data") == [node.data for node in graph.nodes]
    assert column(data, "grad") == [node.grad for node in graph.nodes]
    assert [data["labels"][i] for i in column(data, "label")] == [n.label for n in graph.nodes]
    starts, sources = column(data, "start"), column(data, "source")
    for i, node in enumerate(graph.nodes):
        operands = sources[starts[i] : starts[i + 1]]
        assert tuple(f"n{x}" for x in operands) == graph.operands[node.id]
    assert column(data, "local") == [graph.local(edge) for edge in graph.edges]


def test_a_page_needs_and_allows_nothing_from_outside() -> None:
    page = render(neuron(), "html")
    assert not re.findall(r"\b(?:src|href)\s*=\s*[\"']", page)
    assert "@import" not in page
    assert "url(" not in page.replace("(url)", "")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.S)
    for name, text in (("script", script), ("style", style)):
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_a_page_costs_what_its_reader_asked_for_and_no_more() -> None:
    plain = render(neuron(), "html")
    assert len(plain.encode()) < 121_000
    assert "PROGRAMS" not in plain
    (script,) = re.findall(r"<script>(.*?)</script>", plain, re.S)
    assert not re.findall(r"(?m)^\s*//", script), "comments are for who reads the source"


@pytest.mark.parametrize("label", NASTY)
def test_no_label_leaves_the_data(label: str) -> None:
    x = Value(1.0, label=label)
    with scope(label):
        y = x * 2.0
    plain, page = render(Value(1.0) * 2.0, "html", title="a"), render(y, "html", title=label)
    assert page.count("<script") == plain.count("<script") == 2
    assert page.count("</script") == 2
    assert page.count("<!--") == plain.count("<!--")
    assert data_of(page)["groups"]["names"][1]


def test_a_very_deep_chain_is_cut_and_says_so() -> None:
    data = data_of(render(deep_chain(), "html", max_nodes=6_000))
    assert data["nodes"] == 6_000
    assert data["leftOut"] == "1 of 6,001 nodes left out, the farthest from the output"
    assert data["ids"][0] == "n1"
    assert inspect.signature(HtmlRenderer).parameters["max_nodes"].default == 100_000


def test_a_graph_without_nodes_is_a_page() -> None:
    assert data_of(render(Graph([]), "html"))["nodes"] == 0


def test_groups_follow_scopes_and_leaves_go_where_they_are_used() -> None:
    w = Value(2.0, label="w")
    with scope("layer"), scope("neuron"):
        y = w * 3.0
    with scope("loss"):
        y = y + 1.0
    data = data_of(render(y, "html"))
    assert data["groups"]["names"] == ["", "layer", "neuron", "loss"]
    assert data["groups"]["parents"] == [-1, 0, 1, 0]
    assert column(data, "group") == [2, 2, 2, 3, 3]
    assert data["groups"]["columns"][1] < data["groups"]["columns"][3]


def test_groups_that_need_each_other_are_laid_out() -> None:
    x = Value(1.0)
    for name in "abab":
        with scope(name):
            x = x * 2.0
    groups = data_of(render(x, "html"))["groups"]
    assert groups["names"][1:] == ["a (1)", "b (1)", "a (2)", "b (2)"]
    assert groups["columns"][1:] == [0, 1, 2, 3]


def test_rules_are_shown_as_their_authors_wrote_them() -> None:
    ops = {op["name"]: op for op in data_of(render(neuron(), "html"))["ops"]}
    assert ops["mul"]["rule"].startswith("mul = Op(")
    assert "lambda g, out, a, b: g * b" in ops["mul"]["rule"]
    assert ops["tanh"]["where"].startswith("pluggrad.ops.hyperbolic, line ")


def test_nan_and_infinity_arrive(tmp_path) -> None:
    value = Value(float("nan")) + float("inf")
    page = save(value, tmp_path / "a.html").read_text()
    found = column(data_of(page), "data")
    assert str(found) == "[nan, inf, nan]"


def test_an_unknown_theme_is_told() -> None:
    with pytest.raises(RenderError, match="option theme is one of 'light', 'dark', 'contrast'"):
        render(Value(1.0), "html", theme="pink")


@pytest.mark.parametrize(
    ("theme", "starts", "selector"),
    [
        ({"leaf": "#12351f"}, "light", ":root{"),
        ({"base": "dark", "leaf": "#12351f"}, "dark", ":root[data-dark]{"),
    ],
)
def test_a_theme_of_ones_own_is_that_of_the_day_or_of_the_night(theme, starts, selector) -> None:
    page = render(neuron(), "html", theme=theme)
    assert f'data-theme="{starts}"' in page
    (rule,) = [line for line in page.splitlines() if "--leaf:#12351f" in line]
    assert rule.startswith(selector)


@pytest.mark.parametrize("name", THEMES)
def test_letters_stand_out_from_what_they_stand_on(name: str) -> None:
    def brightness(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    start, style = page_theme("html", name)
    line = style.splitlines()[start == "dark"]
    colours = dict(re.findall(r"--([a-z-]+):(#\w{6})", line))
    for letters in ("ink", "muted", "accent", "alarm"):
        for paper in ("paper", "back"):
            pair = sorted((brightness(colours[letters]), brightness(colours[paper])))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (letters, paper)


def test_no_two_nodes_of_a_group_stand_on_each_other() -> None:
    xs = [Value(float(i)) for i in range(60)]
    total = sum((a * b for a, b in itertools.pairwise(xs)), Value(0.0))
    for collapse in (True, False):
        data = data_of(render(total, "html", collapse=collapse))
        columns = (column(data, name) for name in ("group", "column", "row"))
        places = sorted(zip(*columns, strict=True))
        for (*column_a, row_a), (*column_b, row_b) in itertools.pairwise(places):
            assert column_a < column_b or row_b - row_a > 0.999
