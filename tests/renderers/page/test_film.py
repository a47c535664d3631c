"""A film of training in a real browser: each frame has the numbers that training had."""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from browser import Browser, until
from pluggrad import Film, Graph, Op, Value, render, scope
from pluggrad.nn import MLP, SGD, mse

POINTS = [([0.2, -0.7], 1.0), ([-0.4, 0.9], -1.0), ([0.8, 0.3], 1.0)]


def network_loss(model: Any) -> Value:
    loss = mse([model(x) for x, _ in POINTS], [y for _, y in POINTS])
    loss.label = "loss"
    return loss


def trained() -> tuple[Film, list[Graph]]:
    """Train for some steps; return the film, and the graph of each step with its gradients."""
    model = MLP(2, [3, 1], rng=random.Random(5))
    film = Film(network_loss(model))
    optimizer = SGD(model.parameters(), lr=0.1)
    graphs = []
    for _ in range(8):
        loss = network_loss(model)
        optimizer.zero_grad()
        loss.backward()
        film.shoot()
        graphs.append(Graph(loss))
        optimizer.step()
    return film, graphs


def shown(chrome: Browser, film: Film) -> Browser:
    chrome.open(render(film, "html"))
    known = "const film = window.pluggrad?.state.film; return film && film.known == film.frames"
    until(lambda: chrome.run(known))
    return chrome


@pytest.fixture(scope="module")
def training(chrome: Browser) -> list[Graph]:
    film, graphs = trained()
    shown(chrome, film)
    return graphs


@pytest.fixture
def page(chrome: Browser, training: list[Graph]) -> Iterator[Browser]:
    yield chrome
    assert chrome.complaints() == []
    assert [url for url in chrome.requests() if not url.startswith(("file:", "blob:"))] == []


def test_each_frame_has_the_numbers_of_its_step(page: Browser, training: list[Graph]) -> None:
    for frame, graph in enumerate(training):
        page.run("pluggrad.showFrame(arguments[0])", frame)
        values = page.each("pluggrad.value", range(len(graph)))
        slopes = page.each("pluggrad.gradient", range(len(graph)))
        assert values == pytest.approx([n.data for n in graph.nodes], rel=1e-12, abs=1e-14)
        for node, slope in zip(graph.nodes, slopes, strict=True):
            if node.grad is not None:
                assert slope == pytest.approx(node.grad, rel=1e-12, abs=1e-14), node
        assert page.state["film"]["loss"] == pytest.approx(graph.nodes[-1].data, rel=1e-12)


def test_the_formula_and_the_panel_are_those_of_the_frame(page: Browser) -> None:
    page.run("pluggrad.choose(0); pluggrad.goTo(1)")
    seen = set()
    for frame in range(4):
        page.run("pluggrad.showFrame(arguments[0])", frame)
        seen.add((page.state["formula"], page.find("#panel dd").text))
    assert len(seen) == 4
    page.run("pluggrad.choose(-1); pluggrad.goTo(pluggrad.state.steps)")


def test_the_keys_go_from_frame_to_frame_and_play(page: Browser) -> None:
    page.run("pluggrad.showFrame(3); document.getElementById('canvas').focus()")
    page.press(".")
    assert page.state["film"]["frame"] == 4
    page.press(",", ",")
    assert page.state["film"]["frame"] == 2
    page.press("f")
    assert page.find("#filmPlay").get_attribute("aria-label") == "Pause the film"
    for _ in range(500):
        if page.state["film"]["frame"] == 8:
            break
        time.sleep(0.02)
    assert page.state["film"]["frame"] == 8
    assert page.find("#filmPlay").get_attribute("aria-label") == "Play the film"


def test_the_slider_scrubs_and_says_where_it_is(page: Browser) -> None:
    page.run(
        "const slider = document.getElementById('frame'); slider.value = 2;"
        "slider.dispatchEvent(new Event('input'))"
    )
    assert page.state["film"]["frame"] == 2
    text = page.find("#frame").get_attribute("aria-valuetext")
    assert text.startswith("step 2, loss ")
    assert "frame=2" in page.run(
        "return new Promise((done) => setTimeout(() => done(location.hash), 400))"
    )


def test_the_chosen_weight_is_drawn_over_time(page: Browser) -> None:
    leaf = page.run("pluggrad.choose(0, {show: true}); return pluggrad.state.chosen")
    assert leaf == 0
    captions = page.run(
        "return [...document.querySelectorAll('#panel figcaption')].map((x) => x.textContent)"
    )
    assert [caption.split()[0] for caption in captions] == ["data", "grad"]


def test_a_moved_leaf_goes_back_to_what_the_frame_has(page: Browser) -> None:
    page.run("pluggrad.showFrame(1)")
    held = page.run("return pluggrad.value(0)")
    page.run("pluggrad.moveLeaves([[0, 9.0]]); pluggrad.resetLeaves()")
    assert page.run("return pluggrad.value(0)") == held


def test_whoever_wants_less_motion_sees_a_frame_a_second(page: Browser) -> None:
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )
    try:
        page.run("pluggrad.showFrame(0); pluggrad.playFilm(true)")
        time.sleep(0.6)
        assert page.state["film"]["frame"] == 0
    finally:
        page.run("pluggrad.playFilm(false)")
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_dead_units_are_counted_and_marked(chrome: Browser) -> None:
    w, b = Value(0.5, label="w"), Value(1.0, label="b")
    v = Value(0.3, label="v")
    with scope("loss"):
        loss = sum([(w * x + b).relu() * v for x in (1.0, 2.0)], Value(0.0))
    film = Film(loss)
    for x in (1.0, -0.9, -3.0):
        b.data = x
        film.shoot()
    page = shown(chrome, film)
    page.run("pluggrad.showFrame(1)")
    assert "dead" not in page.find("#readout").text  # one of two is flat
    page.run("pluggrad.showFrame(2)")
    assert "1 of 1 dead" in page.find("#readout").text
    assert page.find("#alarm").text.startswith("1 dead")


def test_a_part_that_the_page_cannot_compute_is_named_and_stays(chrome: Browser) -> None:
    table = {0.5: 2.0}
    op = Op("looked_up", lambda x: table.get(x, 1.0), lambda g, out, x: 3.0 * g)
    x = Value(0.5, label="x")
    film = Film(x * 2.0 + op(x))
    for number in (0.5, 1.5):
        x.data = number
        film.shoot(number)
    page = shown(chrome, film)
    page.run("pluggrad.showFrame(0); pluggrad.choose(0, {show: true})")
    assert "What depends on looked_up stays as it was" in page.find("#panel").text
    assert "as given 0.5" in page.find("#readout").text
    assert page.complaints() == []
