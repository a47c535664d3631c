"""render(), save() and draw_dot(): choosing a renderer, and never harming a file."""

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest
from pluggrad import (
    Graph,
    PluginError,
    RenderError,
    Value,
    configured,
    draw_dot,
    hookimpl,
    plugins,
    render,
    save,
)


class Count:
    """A renderer that gives text, and counts in other words when asked."""

    name = "count"
    suffixes = (".count",)

    def __init__(self, word="nodes", *, failing=False):
        self.word = word
        self.failing = failing

    def __call__(self, graph):
        if self.failing:
            raise RenderError("as asked")
        return f"{len(graph)} {self.word}"


class Raw(Count):
    name = "raw"
    suffixes = (".raw",)

    def __call__(self, graph):
        return bytes([len(graph), 255])


class Native(Count):
    name = "native"
    suffixes = (".native",)

    def __call__(self, graph):
        return {"nodes": len(graph)}


class Writing(Native):
    name = "writing"
    suffixes = (".writing",)

    def write(self, graph, path):
        path.write_text("half of it")
        if self.failing:
            raise RenderError("as asked")
        path.write_text("all of it")


@pytest.fixture(autouse=True)
def _four_renderers(tmp_path, monkeypatch):
    class Offer:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Count, Raw, Native, Writing]

    monkeypatch.chdir(tmp_path)
    plugins.register(Offer(), "four")
    yield
    plugins.unregister("four")


@pytest.fixture
def product():
    return Value(2.0, label="x") * 3.0


# ----- Choosing -----


def test_unknown_renderer_names_the_available_ones(product):
    with pytest.raises(RenderError, match=r"unknown renderer 'pdf'; available: .*count, .*writing"):
        render(product, "pdf")


def test_an_unknown_renderer_in_the_settings_is_named_too(product):
    with (
        configured(renderer="pdf"),
        pytest.raises(RenderError, match="unknown renderer 'pdf'; available: "),
    ):
        render(product)


def test_a_renderer_that_is_no_name_says_so(product):
    with pytest.raises(RenderError, match="chosen by its name, not type"):
        render(product, Count)


def test_unknown_option_names_the_available_ones(product):
    expected = "renderer 'count' has no option 'wrod'; available: failing, word"
    with pytest.raises(RenderError, match=expected):
        render(product, "count", wrod="points")


def test_an_unknown_option_in_the_settings_is_named_too(product):
    with (
        configured(renderers={"count": {"size": 3}}),
        pytest.raises(RenderError, match="renderer 'count' has no option 'size'"),
    ):
        render(product, "count")


def test_options_reach_the_renderer(product):
    assert render(product, "count", word="points") == "3 points"


def test_several_values_or_a_graph_are_drawn_alike(product):
    assert render([product, product.prev[0]], "count") == "3 nodes"
    assert render(Graph(product), "count") == "3 nodes"


@pytest.mark.parametrize(
    "wrong", [3.0, "text", None, [1.0], {"a": 1}, SimpleNamespace(graph={"of": "networkx"})]
)
def test_something_that_is_no_value_is_a_type_error_naming_its_type(wrong):
    kind = type(next(iter(wrong)) if isinstance(wrong, list | dict) else wrong).__name__
    with pytest.raises(TypeError, match=f"a Graph is made of Values, not {kind}"):
        render(wrong, "count")


def test_what_the_settings_get_wrong_is_said_to_come_from_them(product):
    with configured(renderer="nosuch"), pytest.raises(RenderError, match="The settings name it"):
        render(product)
    for option, said in {"digit": "no option 'digit'", "digits": "option digits"}.items():
        with configured(renderers={"text": {option: "3"}}), pytest.raises(RenderError) as set_so:
            render(product, "text")
        with pytest.raises(RenderError) as called_so:
            render(product, "text", **{option: "3"})
        assert f"{said} (from the settings)" in str(set_so.value)
        assert str(called_so.value) == str(set_so.value).replace(" (from the settings)", "")


# ----- Saving -----


@pytest.mark.parametrize(
    ("suffix", "content"),
    [(".count", b"3 nodes"), (".raw", b"\x03\xff"), (".writing", b"all of it")],
)
def test_the_suffix_chooses_the_renderer(suffix, content, product, tmp_path):
    path = save(product, tmp_path / f"graph{suffix}")
    assert path == tmp_path / f"graph{suffix}"
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [path.name]


def test_the_suffix_may_be_in_capitals_and_the_path_a_text(product):
    assert save(product, "graph.COUNT") == Path("graph.COUNT")
    assert Path("graph.COUNT").read_text() == "3 nodes"


def test_a_named_renderer_writes_any_suffix(product):
    assert save(product, "graph.anything", "count", word="dots").read_text() == "3 dots"


def test_a_suffix_of_two_renderers_belongs_to_the_one_registered_first(product):
    class Later(Raw):
        name = "later"
        suffixes = (".count",)

    class Offer:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Later]

    plugins.register(Offer(), "later")
    try:
        assert save(product, "graph.count").read_text() == "3 nodes"
    finally:
        plugins.unregister("later")


@pytest.mark.parametrize(("path", "told"), [("a.xyz", "'.xyz'"), ("a", "files without a suffix")])
def test_unknown_suffix_names_the_known_ones(path, told, product):
    with pytest.raises(RenderError) as caught:
        save(product, path)
    assert told in str(caught.value)
    assert ".count, " in str(caught.value)
    assert "renderer=" in str(caught.value)
    assert os.listdir() == []


def test_a_result_without_a_file_form_says_how_it_gets_one(product):
    with pytest.raises(RenderError, match=r"renderer 'native' gives dict.*write\(graph, path\)"):
        save(product, "graph.native")
    assert os.listdir() == []


def test_a_label_that_utf8_cannot_hold_does_not_stop_the_file():
    path = save(Value(1.0, label="a\ud800b"), "graph.count", word="\ud800")
    assert path.read_text(encoding="utf-8") == "1 ?"


def test_a_new_file_can_be_read_as_others_can(product, tmp_path):
    beside = tmp_path / "beside"
    beside.touch()
    made = save(product, tmp_path / "graph.count")
    assert stat.S_IMODE(made.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


# ----- No harm -----


def test_a_path_with_a_null_byte_is_an_unwritable_path_like_others(product):
    with pytest.raises(RenderError, match=r"cannot write 'a\\x00b\.count': .*null byte"):
        save(product, "a\0b.count")
    assert os.listdir() == []


@pytest.mark.parametrize("suffix", [".count", ".writing"])
def test_a_renderer_that_fails_leaves_the_file_there_was_and_nothing_else(suffix, product):
    path = Path(f"graph{suffix}")
    path.write_text("before")
    with pytest.raises(RenderError, match="as asked"):
        save(product, path, failing=True)
    assert path.read_text() == "before"
    assert os.listdir() == [path.name]


@pytest.mark.parametrize("path", ["no/such/folder/graph.count", "file/graph.count", "folder.count"])
def test_an_unwritable_path_is_named_and_nothing_is_left_behind(path, product):
    Path("file").write_text("a file")
    Path("folder.count").mkdir()
    with pytest.raises(RenderError, match=f"cannot write {path}: "):
        save(product, path)
    assert sorted(os.listdir()) == ["file", "folder.count"]
    assert os.listdir("folder.count") == []
    assert Path("file").read_text() == "a file"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_keeps_its_file(product, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "graph.count").write_text("before")
    closed.chmod(0o500)
    with pytest.raises(RenderError, match=r"cannot write .*: Permission denied"):
        save(product, closed / "graph.count")
    closed.chmod(0o700)
    assert (closed / "graph.count").read_text() == "before"
    assert os.listdir(closed) == ["graph.count"]


@pytest.mark.parametrize("cause", [OSError(2, "no font"), ValueError("as asked"), SystemExit(0)])
@pytest.mark.parametrize("part", ["__init__", "__call__", "write"])
def test_whatever_a_renderer_raises_is_its_own_error_with_its_name_and_line(part, cause, product):
    def fail(self, *_):
        raise cause

    base = Writing if part == "write" else Count
    kind = type("Failing", (base,), {"name": "failing", part: fail})
    offer = type("Offer", (), {})()
    offer.pluggrad_register_renderers = hookimpl(lambda: [kind])
    plugins.register(offer, "failing")
    Path("a").write_text("before")
    try:
        attempts = [lambda: save(product, "a", "failing")]
        attempts += [lambda: render(product, "failing")] if part != "write" else []
        for attempt in attempts:
            with pytest.raises(RenderError, match="renderer 'failing' failed: ") as caught:
                attempt()
            assert type(cause).__name__ in str(caught.value)
            assert "(test_rendering.py, line " in str(caught.value)
            assert caught.value.__cause__ is cause
    finally:
        plugins.unregister("failing")
    assert Path("a").read_text() == "before"


def test_the_graph_is_as_it_was_after_a_failure(product):
    product.backward()
    before = [(v.data, v.grad) for v in (product, *product.prev)]
    with pytest.raises(RenderError):
        save(product, "no/folder/graph.count")
    assert [(v.data, v.grad) for v in (product, *product.prev)] == before


def test_draw_dot_names_the_path_it_cannot_write(product):
    with pytest.raises(RenderError, match=r"cannot write no/folder/graph\.svg"):
        draw_dot(product, "no/folder/graph.svg")


@pytest.mark.parametrize("name", ["two words", "a\nb", "--help", " "])
def test_a_renderer_has_a_name_that_can_be_written_in_a_command(name):
    class Wordy:
        def __call__(self, graph):
            return ""

    class Plugin:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Wordy]

    Wordy.name = name
    with pytest.raises(PluginError, match="which cannot be written after --renderer"):
        plugins.register(Plugin(), "wordy")
