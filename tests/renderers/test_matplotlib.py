"""matplotlib: figures for papers."""

import builtins
from pathlib import Path

import pytest
from pluggrad import RenderError, Value, render, save

from .deep import deep_chain
from .labels import NASTY

pytest.importorskip("matplotlib", reason="the extra `figures` is not installed")


def texts(figure) -> list[str]:
    return [text.get_text() for text in [*figure.axes[0].texts, *figure.texts]]


def test_a_figure_has_a_box_for_each_node_and_an_arrow_for_each_use() -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    found = texts(render(y, "matplotlib"))
    assert "x\n3\ngrad 6" in found
    assert "*\n9\ngrad 1" in found
    assert found.count("") == 2  # arrows are annotations without text


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_a_file_is_the_same_each_time(suffix: str, tmp_path: Path) -> None:
    y = Value(3.0, label="x $y$ <b>") * 2.0
    first = save(y, tmp_path / f"a.{suffix}", "matplotlib").read_bytes()
    assert save(y, tmp_path / f"b.{suffix}", "matplotlib").read_bytes() == first


def test_unusual_labels_are_drawn(tmp_path: Path) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # of the test's font
        together = [Value(1.0, label=label) for label in NASTY]
        save(together, tmp_path / "a.svg", "matplotlib", max_nodes=len(NASTY))


def test_a_large_graph_is_cut_to_what_a_page_holds_and_says_so() -> None:
    assert any(
        "of 6,001 nodes left out" in text for text in texts(render(deep_chain(), "matplotlib"))
    )


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **named: object) -> object:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RenderError, match=r'pip install "pluggrad\[figures\]"'):
        render(Value(1.0), "matplotlib")


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"does not write 'a.doc'; it writes .eps"):
        save(Value(1.0), tmp_path / "a.doc", "matplotlib")
