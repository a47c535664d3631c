"""What notebooks show: always text, never an exception, large graphs summarised."""

import pickle
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pluggrad import (
    Graph,
    Value,
    configure,
    configured,
    draw_dot,
    hookimpl,
    plugins,
    render,
)


@pytest.fixture
def neuron() -> Value:
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    o = (x * w).tanh()
    o.backward()
    return o


def test_a_value_is_text_and_a_picture(neuron: Value) -> None:
    bundle = neuron._repr_mimebundle_()
    assert bundle["text/plain"] == repr(neuron)
    svg = ElementTree.fromstring(bundle["image/svg+xml"])
    assert svg.tag.endswith("svg")
    assert Graph(neuron)._repr_mimebundle_()["image/svg+xml"] == bundle["image/svg+xml"]


def test_a_large_graph_is_shown_as_a_summary() -> None:
    x = Value(0.5, label="x")
    for _ in range(3000):
        x = (x * 1.01).tanh()
    bundle = x._repr_mimebundle_()
    assert "image/svg+xml" in bundle
    assert "×" in bundle["image/svg+xml"]
    assert len(bundle["image/svg+xml"]) < 100_000


def test_the_settings_choose_what_notebooks_show(neuron: Value) -> None:
    with configured(notebook="html"):
        assert set(neuron._repr_mimebundle_()) == {"text/html", "text/plain"}
    with configured(notebook="latex"):
        assert "\\tanh" in neuron._repr_mimebundle_()["text/latex"]
    with configured(notebook="mermaid"):
        assert neuron._repr_mimebundle_()["text/vnd.mermaid"].startswith("flowchart")
    for name in ("text", "dot"):
        with configured(notebook=name):
            assert neuron._repr_mimebundle_() == {"text/plain": render(neuron, name)}
    with configured(notebook="networkx"):
        assert neuron._repr_mimebundle_() == {"text/plain": repr(neuron)}


@pytest.mark.parametrize("name", ["no-such-renderer", "broken-in-notebooks"])
def test_whatever_fails_the_text_is_there_and_says_why(name: str, neuron: Value) -> None:
    class Broken:
        name = "broken-in-notebooks"

        def __call__(self, graph: Graph) -> str:
            raise ZeroDivisionError("it is broken")

    class Offer:
        @hookimpl
        def pluggrad_register_renderers(self) -> list[type]:
            return [Broken]

    plugins.register(Offer(), "broken-offer")
    configure(notebook=name)
    try:
        bundle = neuron._repr_mimebundle_()
    finally:
        configure(notebook=None)
        plugins.unregister("broken-offer")
    assert list(bundle) == ["text/plain"]
    assert bundle["text/plain"].startswith(repr(neuron))
    assert "(no picture: " in bundle["text/plain"]


def test_a_page_is_shown_in_a_frame_that_shares_nothing(neuron: Value) -> None:
    page = render(neuron, "html")
    bundle = page._repr_mimebundle_()
    frame = bundle["text/html"]
    assert 'sandbox="allow-scripts allow-downloads"' in frame
    assert "allow-same-origin" not in frame
    inner = unescape(frame.split('srcdoc="')[1].split('"')[0])
    assert inner == page
    assert bundle["text/plain"] == "<page of 4 nodes: tanh · 4 nodes>"


def test_a_text_is_shown_in_lines(neuron: Value) -> None:
    text = render(neuron, "text")
    assert text._repr_mimebundle_() == {"text/plain": text}
    assert len(text.splitlines()) == 5


def test_what_notebooks_show_is_still_text(neuron: Value) -> None:
    for name in ("html", "latex", "mermaid"):
        text = render(neuron, name)
        assert isinstance(text, str)
        assert pickle.loads(pickle.dumps(text)) == text


# ----- What IPython makes of the last line of a cell -----


def shown(thing: object) -> dict[str, str]:
    """What a kernel sends to the notebook."""
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    return dict(formatters.DisplayFormatter().format(thing)[0])


BUILT_IN = [n for n, k in plugins.renderers.items() if k.__module__.startswith("pluggrad.")]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_last_line_of_a_cell_is_a_picture_or_readable_lines(name: str, neuron: Value) -> None:
    bundle = shown(render(neuron, name))
    assert not bundle["text/plain"].startswith(("'", '"')), "quotes and escapes are no lines"
    assert "object at 0x" not in bundle["text/plain"]
    if name in ("svg", "graphviz"):
        assert "<svg" in bundle["text/html"]
    if name in ("text", "json", "dot", "mermaid", "graphml", "gexf", "gml"):
        assert bundle["text/plain"] == str(render(neuron, name))
    if name == "matplotlib":
        assert bundle["image/png"]


def test_a_picture_that_was_written_is_shown_too(neuron: Value, tmp_path: Path) -> None:
    path = draw_dot(neuron, tmp_path / "graph.svg")
    assert isinstance(path, Path)
    assert path.read_text(encoding="utf-8")
    assert "<svg" in shown(path)["text/html"]
    assert "DrawnPath" not in repr(path)
    assert pickle.loads(pickle.dumps(path)) == path


def test_a_picture_takes_the_colours_of_the_notebook_and_of_nothing_else(neuron: Value) -> None:
    html = shown(neuron)["text/html"]
    assert '[data-jp-theme-light="false"]' in html
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    rules = style.replace("@media (prefers-color-scheme:dark){", "").split("}")
    assert all(".pluggrad " in rule for rule in rules if rule.strip())
    assert "<style>" not in html[html.index("</style>") :], "it would be for the whole notebook"


def test_a_picture_in_given_colours_keeps_them(neuron: Value) -> None:
    assert "<style>" not in shown(render(neuron, "svg", theme="print"))["text/html"]
