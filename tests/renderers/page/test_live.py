"""A live page in a real browser: leaves are moved, and the page computes what Python does."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from pluggrad import Graph, Op, Value, ops, plugins, recording_lines, render
from pluggrad.printers import Functions
from pluggrad.renderers.page.live import programs
from pluggrad.topology import topological_order

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


def computed(x: float, w: float) -> tuple[Value, list[float]]:
    a, b = Value(x, label="x"), Value(w, label="w")
    loss = (a * b + 0.5).tanh() + ops.softplus(b) * ops.gamma(a + 3.0) - ops.erf(a) ** 2.0
    loss.label = "loss"
    loss.backward()
    return loss, [a.grad, b.grad]


@pytest.fixture
def page(chrome: Browser) -> Iterator[Browser]:
    chrome.open(render(computed(0.75, -0.5)[0], "html", live=True))
    yield chrome
    assert chrome.complaints() == []


def numbers(page: Browser, loss: Value) -> tuple[list[float], list[float]]:
    """What the page shows: all values, and the gradients of the leaves."""
    graph = Graph(loss)
    leaves = [i for i, node in enumerate(graph.nodes) if node.kind == "leaf"]
    return page.each("pluggrad.value", range(len(graph))), page.each("pluggrad.gradient", leaves)


def press(page: Browser, name: str) -> None:
    """Press a button of the panel."""
    buttons = "[...document.querySelectorAll('#panel button')]"
    page.run(f"{buttons}.find((b) => b.textContent === arguments[0]).click()", name)


def close(expected: object) -> object:
    return pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_a_page_that_computes_what_was_recorded_is_live(page: Browser) -> None:
    assert page.run("return [pluggrad.live.on, pluggrad.live.why]") == [True, ""]


def test_a_moved_leaf_moves_all_values_and_gradients_as_in_python(page: Browser) -> None:
    for x in (-1.25, 0.0, 2.5):
        page.run("pluggrad.moveLeaves([[0, arguments[0]]])", x)
        loss, gradients = computed(x, -0.5)
        values, slopes = numbers(page, loss)
        assert values == close([node.data for node in Graph(loss).nodes])
        assert slopes == close(gradients)
    page.run("pluggrad.resetLeaves()")
    loss, gradients = computed(0.75, -0.5)
    assert numbers(page, loss)[1] == close(gradients)


def moons() -> Value:
    from moons import Moons

    return Moons(Value, samples=8).loss()


def microgpt() -> Value:
    from microgpt import MicroGPT

    return MicroGPT(Value, ops.log, ops.exp).loss("a")


@pytest.mark.parametrize("build", [moons, microgpt])
def test_whole_models_are_computed_to_the_twelfth_digit(
    page: Browser, build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    loss, rng = build(), random.Random(1)
    loss.backward()
    page.open(render(loss, "html", live=True, max_nodes=None))
    assert page.run("return [pluggrad.live.on, pluggrad.live.why]") == [True, ""]
    leaves = [i for i, node in enumerate(Graph(loss).nodes) if node.kind == "leaf"]
    order = topological_order([loss])
    for i in leaves:
        order[i].data += rng.gauss(0.0, 0.02)
    page.run("pluggrad.moveLeaves(arguments[0])", [[i, order[i].data] for i in leaves])
    graph = Graph(loss, refresh=True)
    wanted = [node.data for node in graph.nodes]
    assert page.run("return pluggrad.values()") == pytest.approx(wanted, rel=1e-12, abs=1e-14)
    slopes = page.run("return pluggrad.gradients()")
    wanted = [(i, node.grad) for i, node in enumerate(graph.nodes) if node.grad is not None]
    largest = max(abs(g) for _, g in wanted)
    found = [slopes[i] for i, _ in wanted]
    assert found == pytest.approx([g for _, g in wanted], rel=1e-12, abs=1e-13 * largest)


def test_the_panel_of_a_leaf_has_a_slider_a_number_a_step_and_a_way_back(page: Browser) -> None:
    page.run("pluggrad.choose(0, {show: true})")
    names = page.run(
        "return [...document.querySelectorAll('#panel input')].map((x) => x.ariaLabel)"
    )
    assert names == ["Slider: x", "Number: x", "Nudge by", "Learning rate"]
    page.run(
        "const slider = document.querySelector('#panel input[type=range]');"
        "slider.value = -1; slider.dispatchEvent(new Event('input'));"
    )
    loss, gradients = computed(page.run("return pluggrad.value(0)"), -0.5)
    assert numbers(page, loss)[1] == close(gradients)
    shown = page.run("return document.querySelectorAll('#panel dd')[1].textContent")
    assert float(shown) == pytest.approx(gradients[0], rel=1e-12)
    before = page.run("return pluggrad.value(arguments[0])", len(Graph(loss)) - 1)
    press(page, "One step of descent")
    assert page.run("return pluggrad.value(arguments[0])", len(Graph(loss)) - 1) < before
    press(page, "Reset")
    assert page.run("return pluggrad.value(0)") == 0.75


def test_a_page_that_computes_other_numbers_says_so_and_stays_still(chrome: Browser) -> None:
    x = Value(2.0, label="x")
    y = x * x
    y.backward()
    page = render(y, "html", live=True)
    row = programs([y.op]).splitlines()[-3]
    assert row in page
    chrome.open(
        page.replace("script-src", "script-src 'unsafe-inline'; x").replace(
            "=> a * b", "=> a + b * 2"
        )
    )
    assert chrome.run("return pluggrad.live.on") is False
    assert "computes other numbers than were recorded" in chrome.run("return pluggrad.live.why")
    chrome.run("pluggrad.choose(0, {show: true})")
    assert "stands still" in chrome.run("return document.getElementById('panel').textContent")


def test_what_depends_on_an_op_without_a_program_stays_and_the_op_is_named(
    chrome: Browser,
) -> None:
    table = {0.5: 2.0}
    op = Op("looked_up", lambda x: table.get(x, 1.0), lambda g, out, x: 3.0 * g)
    x = Value(0.5, label="x")
    y = x * 2.0 + op(x)
    y.backward()
    chrome.open(render(y, "html", live=True))
    chrome.run("pluggrad.moveLeaves([[0, 4.0]]); pluggrad.choose(0, {show: true})")
    assert [chrome.run("return pluggrad.value(arguments[0])", i) for i in (0, 2, 3, 4)] == [
        4,
        8,
        2,
        3,
    ]
    text = chrome.run("return document.getElementById('panel').textContent")
    assert "What depends on looked_up stays as it was" in text


def test_a_page_that_is_not_live_has_no_programs() -> None:
    loss, _ = computed(0.75, -0.5)
    assert "slope_mul" not in render(loss, "html")
    assert list(Functions().all) == []
    assert "slope_mul_a" in programs(plugins.ops.values())


def test_a_nudge_sets_the_measured_slope_beside_the_gradient(page: Browser) -> None:
    page.run("pluggrad.choose(1, {show: true})")
    _, gradients = computed(0.75, -0.5)
    press(page, "Nudge")
    text = page.find("#panel .why").text
    measured, exact = (
        float(n.rstrip(".")) for n in re.findall(r"(?:slope of|gradient was) (\S+)", text)
    )
    assert exact == pytest.approx(gradients[1], rel=1e-3)
    assert measured == pytest.approx(exact, rel=5e-3)
    assert page.run("return pluggrad.value(1)") == pytest.approx(-0.499)
    press(page, "Reset")
    assert page.run("return pluggrad.value(1)") == -0.5
    assert page.run("return document.querySelectorAll('#panel .why').length") == 0


def test_a_nudge_tells_a_gradient_that_was_there_before_the_pass(chrome: Browser) -> None:
    w = Value(3.0, label="w")
    for target in (1.0, 2.0):
        loss = (w - target) ** 2
        loss.backward()
    chrome.open(render(loss, "html", live=True))
    leaf = next(i for i, node in enumerate(Graph(loss).nodes) if node.label == "w")
    chrome.run("pluggrad.choose(arguments[0], {show: true})", leaf)
    press(chrome, "Nudge")
    text = chrome.find("#panel .why").text
    assert "a slope of 2.001" in text
    assert "The gradient was 6.0, of which 4.0 was there before the pass." in text


def test_the_rate_of_descent_can_be_chosen(page: Browser) -> None:
    page.run("pluggrad.choose(0, {show: true})")
    before, slope = page.run("return [pluggrad.value(0), pluggrad.gradient(0)]")
    page.run(
        "const rate = document.querySelector('[aria-label=\"Learning rate\"]'); rate.value = 0.25;"
        "rate.dispatchEvent(new Event('change'));"
    )
    press(page, "One step of descent")
    assert page.run("return pluggrad.value(0)") == pytest.approx(before - 0.25 * slope)


def test_a_gradient_through_an_op_without_a_program_stays_as_it_was(chrome: Browser) -> None:
    table = {0.5: 2.0}
    op = Op("looked_up", lambda x: table.get(x, 1.0), lambda g, out, x: 3.0 * g)
    x = Value(0.5, label="x")
    y = x * 2.0 + op(x)
    y.backward()
    chrome.open(render(y, "html", live=True))
    chrome.run("pluggrad.moveLeaves([[0, 4.0]])")
    assert chrome.run("return pluggrad.gradient(0)") == 5.0
    assert chrome.run("return [pluggrad.isStale(0), pluggrad.isStale(3)]") == [True, True]
    chrome.run("pluggrad.resetLeaves()")
    assert chrome.run("return pluggrad.isStale(3)") is False


def test_a_masked_branch_sends_zero_back_whatever_its_slope(chrome: Browser) -> None:
    x = Value(0.0, label="x")
    y = ops.where(x > 0, x.sqrt(), x * 2.0)
    y.backward()
    chrome.open(render(y, "html", live=True))
    assert chrome.run("return [pluggrad.live.on, pluggrad.live.why]") == [True, ""]


def test_where_nan_begins_is_marked_when_a_leaf_brings_it_about(chrome: Browser) -> None:
    x = Value(2.0, label="x")
    y = (x - 1.0).log() * 3.0
    y.backward()
    chrome.open(render(y, "html", live=True))
    assert not chrome.find("#alarm").is_displayed()
    chrome.run("pluggrad.moveLeaves([[0, 0.5]])")
    assert chrome.find("#alarm").is_displayed()
    chrome.press("n")
    assert "nan began here: log(-0.5)" in chrome.find("#panel").text
    chrome.run("pluggrad.resetLeaves()")
    assert not chrome.find("#alarm").is_displayed()


def test_what_python_decided_is_marked_where_it_would_decide_otherwise(chrome: Browser) -> None:
    x = Value(2.0, label="x")
    with recording_lines():
        y = x * 3.0 if x > 1.0 else x * 5.0
    y.backward()
    chrome.open(render(y, "html", live=True))
    chrome.run("pluggrad.choose(0, {show: true})")
    assert "Decided a way: x > 1.0 was True (test_live.py:" in chrome.find("#panel").text
    chrome.run("pluggrad.moveLeaves([[0, 0.5]]); pluggrad.choose(0)")
    assert "for the way taken: x > 1.0 was True, and is False now" in chrome.find("#panel").text
    assert chrome.find("#alarm").text == "1 for the way taken"
    chrome.run("pluggrad.resetLeaves()")
    assert not chrome.find("#alarm").is_displayed()
