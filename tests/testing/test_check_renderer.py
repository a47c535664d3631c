"""check_renderer on right and wrong renderers: each mistake is found, and told by its name."""

import math
import re
import subprocess
import sys
import warnings
from pathlib import Path

import forks
import pytest
from pluggrad import PluginError, RenderError, plugins
from pluggrad.testing import (
    RENDERER_CHECKS,
    ConformanceError,
    check_renderer,
    check_renderers,
    renderer_suite,
    renderers_of,
)

from . import broken_renderers as broken

DEPTH = 20_000  # the checks' own default takes longer

WRONG = {
    broken.Nothing: ("small_graphs_are_drawn", "a leaf alone: it gives None"),
    broken.NothingForConstants: ("small_graphs_are_drawn", "a constant alone: it gives None"),
    broken.NoLeaf: (
        "small_graphs_are_drawn",
        r"a leaf alone: IndexError: tuple index out of range \(broken_renderers.py, line \d+\)",
    ),
    broken.NoEmptyGraph: ("small_graphs_are_drawn", "a graph without nodes: IndexError"),
    broken.NoGroups: ("small_graphs_are_drawn", "a summary in groups: AssertionError: odd kind"),
    broken.NoMissingOperands: (
        "small_graphs_are_drawn",
        "a part, in which operands are missing: IndexError",
    ),
    broken.NoLongLabels: ("small_graphs_are_drawn", "a label of 20,000 characters: ValueError"),
    broken.Chance: ("the_same_graph_gives_the_same_picture", "drawn twice, gives two pictures"),
    broken.Counter: (
        "the_same_graph_gives_the_same_picture",
        r"drawn twice, gives two pictures: 'picture \d+' and 'picture \d+'. No time, chance, count",
    ),
    broken.HashOrder: (
        "every_process_draws_the_same",
        "drawn under PYTHONHASHSEED=1 and 2, gives two pictures: the order of a set",
    ),
    broken.LosesParallelEdges: (
        "every_use_of_an_operand_is_drawn",
        r"f\(x, x\) is drawn like f\(x\): one of two parallel edges is lost",
    ),
    broken.FirstOperandOnly: (
        "every_use_of_an_operand_is_drawn",
        r"f\(x, y\) is drawn like f\(x, x\): the second operand is lost",
    ),
    broken.MissingGradientIsZero: (
        "a_gradient_that_is_missing_differs_from_zero",
        "a gradient that no backward pass has computed is drawn like 0",
    ),
    broken.ChangesTheGraph: ("the_graph_is_left_alone", "drawing changed graph.operands"),
    broken.ChangesTheOutputs: ("the_graph_is_left_alone", "drawing changed graph.outputs"),
    broken.ChangesValues: ("the_graph_is_left_alone", "drawing changed the Values"),
    broken.Recursive: ("deep_graphs_are_drawn", "a chain 20,000 deep: it calls itself too deeply"),
    broken.FollowsEveryPath: ("pictures_grow_no_faster_than_graphs", "it draws every path"),
    broken.GrowsWithTheSquare: ("pictures_grow_no_faster_than_graphs", "it grows with the square"),
    broken.RawXml: ("labels_change_nothing_but_themselves", "a label with tags .*: it is no XML"),
    broken.XmlEscapedTwice: (
        "labels_change_nothing_but_themselves",
        "does not come back: a parser of its XML finds another text. Escape labels once",
    ),
    broken.RawHtml: (
        "labels_change_nothing_but_themselves",
        r"a label with tags \('<b>&</b>'\) changes the structure of the HTML.*Escape labels",
    ),
    broken.RawJson: ("labels_change_nothing_but_themselves", "a label with quotes .* no JSON"),
    broken.RawTable: (
        "labels_change_nothing_but_themselves",
        "a label with quotes .*does not come back: a parser of its table finds another text",
    ),
    broken.RawLines: (
        "labels_change_nothing_but_themselves",
        r"a label with line ends \('a\\nb\\r\\nc'\): line 2 has the character '\\r'",
    ),
    broken.TerminalCodes: (
        "labels_change_nothing_but_themselves",
        r"a label with terminal escapes .* line 1 has the character '\\x1b'",
    ),
    broken.LoneSurrogates: (
        "labels_change_nothing_but_themselves",
        "a lone surrogate .*cannot be written as UTF-8",
    ),
    broken.NoName: ("it_is_a_class_with_a_name_and_options", "the text people choose it by"),
    broken.WrongSuffixes: ("it_is_a_class_with_a_name_and_options", "a tuple of texts"),
    broken.NeedsAnOption: ("it_is_a_class_with_a_name_and_options", "each with a default"),
    broken.NotCallable: ("it_is_a_class_with_a_name_and_options", "has no method __call__"),
    broken.NoFileForm: ("files_are_written", "gives list; give it write"),
    broken.EmptyFile: ("files_are_written", "saved as .right: the file is empty"),
    broken.FailsToWrite: ("files_are_written", "a neuron, saved as .right: OSError: disk full"),
    broken.WrongBundle: ("notebooks_can_show_it", "it gives texts by MIME type"),
}


def caught(kind, **options):
    with pytest.raises(ConformanceError) as found:
        check_renderer(kind, **options)
    return found.value


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_each_mistake_is_told_in_one_line_by_the_check_that_is_named_after_it(kind):
    check, says = WRONG[kind]
    error = caught(kind, depth=DEPTH)
    assert error.check == check
    assert re.search(says, str(error)), str(error)
    assert "\n" not in str(error)
    assert error.renderer
    assert str(error).startswith(f"renderer {error.renderer!r}: ")


def test_a_renderer_that_ends_only_when_every_path_was_followed_is_stopped(monkeypatch):
    monkeypatch.setattr(check_renderers, "PATIENCE", 1.0)
    kept = [check for check in RENDERER_CHECKS if check.__name__ == "paths_are_not_followed"]
    error = caught(broken.FollowsEveryPathInSilence, checks=kept)
    assert "2**60 paths: it took more than 1 s" in str(error)


@pytest.mark.parametrize(
    ("kind", "timeout", "says"),
    [
        (broken.DiesWhenDeep, 600.0, r"a chain 30,000 deep: it took the process down \(SIGKILL\)"),
        (broken.NeverEndsWhenDeep, 1.0, "a chain 30,000 deep: it took more than 1 s"),
    ],
)
def test_what_a_deep_graph_does_to_a_process_is_told_and_this_one_lives(kind, timeout, says):
    kept = [check for check in RENDERER_CHECKS if check.__name__ == "deep_graphs_are_drawn"]
    assert re.search(says, str(caught(kind, depth=30_000, timeout=timeout, checks=kept)))


def test_no_process_is_left_behind_when_one_fails():
    kept = [check for check in RENDERER_CHECKS if check.__name__ == "every_process_draws_the_same"]
    before = children()
    error = caught(broken.FailsInAFreshProcess, checks=kept)
    assert "RuntimeError: not here" in str(error)
    assert children() <= before


def children():
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        pytest.skip("there is no /proc to look at")
    return {pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


@pytest.mark.parametrize("kind", [broken.Right, broken.RightXml, broken.RightTree])
def test_a_right_renderer_passes_and_nothing_is_left_out(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_renderer(kind, depth=DEPTH)


def test_an_instance_is_refused_as_such():
    assert "Give its class" in str(caught(broken.Right()))


def test_a_class_that_other_processes_cannot_find_is_checked_as_far_as_it_can_be():
    class Local(broken.Right):
        pass

    with pytest.warns(UserWarning, match="is not at the top of a file") as told:
        check_renderer(Local, depth=DEPTH)
    assert len(told) == 2


def test_a_class_that_type_made_is_checked_as_any_other_wherever_it_is_found():
    def draw(self, graph):
        return "\n".join(node.id for node in graph.nodes[:100])

    lost = type("Lost", (), {"name": "lost", "__call__": draw})
    nowhere = type("Nowhere", (), {"name": "nowhere", "__call__": draw, "__module__": None})
    namesake = type("Right", (), {"name": "namesake", "__call__": draw})
    namesake.__module__ = broken.__name__  # which has another of this name
    for kind in (lost, nowhere, namesake):
        with pytest.warns(UserWarning, match="is not at the top of a file") as told:
            check_renderer(kind, depth=DEPTH)
        assert len(told) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_renderer(broken.MadeByType, depth=DEPTH)
    assert "PYTHONHASHSEED=1 and 2" in str(caught(broken.MadeByTypeAndWrong, depth=DEPTH))


def test_a_class_that_only_this_program_has_is_checked_as_far_as_it_can_be(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pluggrad.testing import check_renderer\n"
        "if __name__ == '__main__':\n"
        "    class Ids:\n"
        "        name = 'ids'\n"
        "        def __call__(self, graph):\n"
        "            return '\\n'.join(node.id for node in graph.nodes[:100])\n"
        "    check_renderer(Ids, depth=30_000)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f"Ids is not found in {script}: AttributeError: module") == 1


def test_a_renderer_in_a_script_is_found_by_its_file(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pluggrad.testing import check_renderer\n"
        "class Ids:\n"
        "    name = 'ids'\n"
        "    def __call__(self, graph):\n"
        "        return '\\n'.join({node.id for node in graph.nodes})\n"
        "if __name__ == '__main__':\n"
        "    check_renderer(Ids)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert "PYTHONHASHSEED=1 and 2, gives two pictures" in done.stderr


# ----- By name -----


def test_renderers_are_found_by_renderer_plugin_distribution_or_all():
    svg = plugins.renderer("svg")
    assert renderers_of("svg") == [svg]
    assert [kind.name for kind in renderers_of("pluggrad.xml")] == ["graphml", "gexf", "gml"]
    assert svg in renderers_of("pluggrad")
    assert renderers_of() == list(plugins.renderers.values())


def test_an_unknown_name_tells_what_is_close():
    with pytest.raises(PluginError, match="'grapviz'; did you mean 'graphviz'"):
        renderers_of("grapviz")
    with pytest.raises(RenderError, match="unknown renderer 'grapviz'"):
        check_renderer("grapviz")


def test_a_plugin_without_renderers_is_no_suite():
    with pytest.raises(PluginError, match="provides no renderers, so there would be nothing"):
        renderer_suite("pluggrad.special")


def test_a_suite_finds_what_is_wrong_one_test_for_each_check(run_tests):
    done = run_tests(
        "from pluggrad.testing import renderer_suite\n"
        "class Wrong:\n"
        "    name = 'wrong'\n"
        "    def __call__(self, graph):\n"
        "        return f'{graph.nodes[0].label}'\n"
        "test_wrong = renderer_suite(Wrong, depth=1000)\n"
    )
    assert "FAILED test_it.py::test_wrong[wrong-small_graphs_are_drawn]" in done
    assert "FAILED test_it.py::test_wrong[wrong-deep" not in done


@pytest.fixture
def run_tests(tmp_path):
    """Run one test file in a pytest of its own; give what it prints."""

    def run(text):
        (tmp_path / "test_it.py").write_text(text)
        return forks.run_pytest("-q", "-p", "no:cacheprovider", "test_it.py", cwd=tmp_path).stdout

    return run


@pytest.mark.parametrize(
    "limit", [{"depth": 0}, {"depth": -1}, {"depth": 1.5}, {"timeout": 0}, {"timeout": math.nan}]
)
def test_nothing_is_said_of_a_renderer_that_can_draw_nothing_within_the_limits(limit):
    (name,) = limit
    with pytest.raises(PluginError, match=f"^{name} is a .*, not "):
        check_renderer("text", **limit)
    with pytest.raises(PluginError, match=f"^{name} is a .*, not "):
        renderer_suite("text", **limit)
