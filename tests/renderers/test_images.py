"""PNG and PDF files where no Graphviz is installed."""

import io
import re
import subprocess
import sys
import zlib

import pytest
from pluggrad import RenderError, Value, render, save
from pluggrad.ops import tanh
from pluggrad.renderers import images


@pytest.fixture(autouse=True)
def no_graphviz(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def neuron(label="x"):
    x, w = Value(2.0, label=label), Value(-3.0, label="w")
    out = tanh(x * w + 6.9)
    out.backward()
    return out


def pixels(path):
    pytest.importorskip("resvg_py", reason="draws PNG without Graphviz")
    image = pytest.importorskip("matplotlib.image", reason="reads the PNG")
    return image.imread(io.BytesIO(path.read_bytes()), format="png")


def test_a_png_is_the_picture_of_the_svg(tmp_path):
    pytest.importorskip("resvg_py", reason="draws PNG without Graphviz")
    path = save(neuron(), tmp_path / "c.png", "graphviz")
    found = pixels(path)
    size = re.search(r'width="([\d.]+)(pt)?" height="([\d.]+)', render(neuron(), "svg"))
    scale = 2.0 * (4 / 3 if size[2] else 1.0)
    assert found.shape[1] == pytest.approx(float(size[1]) * scale, abs=2)
    assert found.shape[0] == pytest.approx(float(size[3]) * scale, abs=2)
    assert found[2, 2, :3].tolist() == [1.0, 1.0, 1.0]  # white paper
    amber = abs(found[..., :3] - [0xFD / 255, 0xF0 / 255, 0xD5 / 255]).max(axis=2) < 0.01
    assert amber.sum() > 1000  # the card of the output


def test_text_is_drawn(tmp_path):
    pytest.importorskip("resvg_py", reason="draws PNG without Graphviz")
    pytest.importorskip("svg2pdf_py", reason="draws PDF without Graphviz")
    for suffix in ("png", "pdf"):
        files = [save(neuron(label), tmp_path / f"{label}.{suffix}") for label in ("x", "mmm")]
        assert files[0].read_bytes() != files[1].read_bytes()


def test_a_pdf_is_vectors_with_fonts(tmp_path):
    pytest.importorskip("svg2pdf_py", reason="draws PDF without Graphviz")
    content = save(neuron(), tmp_path / "c.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Font" in content + b"".join(
        zlib.decompress(part)
        for part in re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", content, re.S)
    )
    assert b"/Subtype /Image" not in content


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_options_are_those_of_the_picture(tmp_path, suffix):
    pytest.importorskip(images.PACKAGES[suffix], reason="draws without Graphviz")
    for i, options in enumerate([{}, {"theme": "dark"}, {"rankdir": "TB"}, {"digits": 2}]):
        save(neuron(), tmp_path / f"{i}{suffix}", **options)
    assert len({(tmp_path / f"{i}{suffix}").read_bytes() for i in range(4)}) == 4


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_without_the_packages_the_hint_names_what_makes_such_files(tmp_path, monkeypatch, suffix):
    monkeypatch.setitem(images.PACKAGES, suffix, "a_package_that_is_not_there")
    with pytest.raises(RenderError, match=r"pluggrad\[images\]") as caught:
        save(neuron(), tmp_path / f"c{suffix}")
    assert "pluggrad[svg]" not in str(caught.value)


def test_one_engine_asked_for_is_the_only_one(tmp_path):
    with pytest.raises(RenderError, match="dot: not on PATH"):
        save(neuron(), tmp_path / "c.png", engine="dot")


def test_a_machine_without_fonts_is_told_so(tmp_path, monkeypatch):
    pytest.importorskip("svg2pdf_py", reason="draws PDF without Graphviz")
    import svg2pdf_py

    monkeypatch.setattr(images, "_fonts", svg2pdf_py.FontDatabase)  # empty
    images._has_font.cache_clear()
    try:
        with pytest.raises(RenderError, match="no font"):
            save(neuron(), tmp_path / "c.pdf")
    finally:
        images._has_font.cache_clear()


def test_large_pictures_stay_within_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(images, "MOST_PIXELS", 10_000)
    found = pixels(save(neuron(), tmp_path / "c.png"))
    assert found.shape[0] * found.shape[1] < 11_000


def test_nothing_is_imported_before_it_is_needed():
    program = (
        "import sys, pluggrad\n"
        "pluggrad.render(pluggrad.Value(1.0) * 2.0, 'svg', engine='layered')\n"
        "assert not {'resvg_py', 'svg2pdf_py'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
