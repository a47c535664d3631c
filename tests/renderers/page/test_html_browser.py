"""html in a real browser: what a person does with a page, and what a hostile label cannot do."""

import re
import time
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from browser import Browser, until
from pluggrad import Graph, Op, Value, plugins, render, scope
from pluggrad.insight.steps import steps

from ..labels import NASTY, neuron

X1, W1, PRODUCT = 0, 1, 2  # nodes of the neuron


@pytest.fixture
def page(chrome: Browser) -> Iterator[Browser]:
    """The neuron's page; in the end nothing was complained about and nothing asked for."""
    chrome.open(render(neuron(), "html"))
    yield chrome
    assert chrome.complaints() == []
    assert [url for url in chrome.requests() if not url.startswith(("file:", "blob:"))] == []


def layered() -> Value:
    x = Value(0.3, label="x")
    for layer in range(3):
        with scope(f"layer {layer}"):
            for neuron in range(12):
                with scope(f"neuron {neuron}"):
                    for _ in range(3):
                        x = (x * 1.1).tanh()
    x.backward()
    return x


# A picture begins with its background.
COUNT_PICTURES = """
window.pictures = 0;
const fill = CanvasRenderingContext2D.prototype.fillRect;
CanvasRenderingContext2D.prototype.fillRect = function (x, y, width, height) {
  pictures += width === this.canvas.width && height === this.canvas.height;
  return fill.call(this, x, y, width, height);
};
"""
AFTER_TWO_FRAMES = (
    "return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>"
    " done(pictures))))"
)


@pytest.fixture
def counted(chrome: Browser) -> Iterator[Browser]:
    """A browser that counts how often a page draws its picture."""
    command = chrome.driver.execute_cdp_cmd
    added = command("Page.addScriptToEvaluateOnNewDocument", {"source": COUNT_PICTURES})
    yield chrome
    command("Page.removeScriptToEvaluateOnNewDocument", added)


def test_a_page_draws_its_picture_once_as_it_opens(counted: Browser) -> None:
    counted.open(render(neuron(), "html", live=True))
    assert counted.run(AFTER_TWO_FRAMES) == 1


def test_a_moved_leaf_and_a_window_of_another_size_are_each_drawn_once(counted: Browser) -> None:
    counted.open(render(neuron(), "html", live=True))
    counted.run("pluggrad.moveLeaves([[0, 1.0]])")  # the bar below says something shorter
    counted.run(AFTER_TWO_FRAMES)
    counted.run("pictures = 0; pluggrad.moveLeaves([[0, 1.5]])")
    assert counted.run(AFTER_TWO_FRAMES) == 1
    counted.run("pictures = 0")
    size = {"width": 700, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    counted.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert counted.run(AFTER_TWO_FRAMES) == 1
    finally:
        counted.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# ----- Steps -----


def test_each_step_of_backprop_shows_its_formula_with_numbers(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    page.press(Keys.HOME)
    formulas = []
    for _ in range(page.state["steps"]):
        page.press(Keys.ARROW_RIGHT)
        formulas.append(page.state["formula"])
    assert formulas[0] == "n2 = x1 * w1 = 2.0 * (-3.0) = -6.0"
    assert formulas[4].startswith("o = tanh(n8) = tanh(0.8814) = 0.7071")
    assert formulas[5].startswith("o.grad = 1.0")
    assert any(f.startswith("x1.grad += local -3.0 * upstream 0.5 = -1.5") for f in formulas)
    assert len(set(formulas)) == 15
    for _ in range(15):
        page.press(Keys.ARROW_LEFT)
    assert page.state["step"] == 0


def test_a_step_shows_no_number_before_its_time(page: Browser) -> None:
    page.run("pluggrad.goTo(0); pluggrad.choose(arguments[0])", PRODUCT)
    assert "not yet computed" in page.find("#panel").text
    page.run("pluggrad.goTo(pluggrad.state.steps - 1)")
    assert "-6.0" in page.find("#panel").text


def test_gradients_of_a_value_used_twice_add_up_step_by_step(chrome: Browser) -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    chrome.open(render(y, "html"))
    chrome.run("pluggrad.choose(0); pluggrad.goTo(2)")
    seen = []
    for step in (2, 3, 4):
        chrome.run("pluggrad.goTo(arguments[0])", step)
        seen.append(chrome.find("#panel dl").text.split()[-1])
    assert seen == ["reached", "3.0", "6.0"]
    assert chrome.state["formula"].startswith("x.grad += local 3.0 * upstream 1.0 = 3.0   now 6.0")


def test_backprop_begins_where_it_was_called(chrome: Browser) -> None:
    x = Value(3.0, label="x")
    y = x * 2.0
    y.label = "y"
    z = y.tanh()
    y.backward()
    chrome.open(render(z, "html"))
    chrome.run("pluggrad.goTo(3)")
    assert chrome.state["formula"].startswith("y.grad = 1.0")
    chrome.run("pluggrad.goTo(4)")
    assert chrome.state["formula"].startswith("x.grad += local 2.0 * upstream 1.0 = 2.0")
    assert chrome.state["steps"] == 4


def test_play_runs_to_the_end_and_pauses(page: Browser) -> None:
    page.press(" ")
    time.sleep(0.5)
    assert 0 < page.state["step"] < 15
    page.click("#play")
    stopped = page.state["step"]
    time.sleep(1.1)
    assert page.state["step"] == stopped


def test_whoever_wants_less_motion_sees_a_step_a_second(chrome: Browser) -> None:
    x = Value(0.5)
    for _ in range(1000):
        x = x.tanh()
    chrome.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )
    try:
        chrome.open(render(x, "html"))
        steps = chrome.run(
            "const seen = new Set(); pluggrad.goTo(0); document.getElementById('play').click();"
            "return new Promise((done) => { const timer = setInterval(() => {"
            "seen.add(pluggrad.state.step); if (seen.size === 3) {"
            "clearInterval(timer); document.getElementById('play').click(); done([...seen]); } "
            "}, 20) })"
        )
    finally:
        chrome.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert steps == [0, 15, 30]


def test_the_slider_goes_to_any_step(page: Browser) -> None:
    page.run(
        "const s = document.getElementById('slider'); s.value = 6;"
        "s.dispatchEvent(new Event('input'))"
    )
    assert page.state["step"] == 6
    assert page.find("#count").text == "6 / 15"


def test_without_a_backward_pass_there_is_the_forward_pass_alone(chrome: Browser) -> None:
    chrome.open(render(Value(2.0) * 3.0, "html"))
    assert chrome.state["steps"] == 1
    assert "No backward pass has run" in chrome.find("#panel").text


# ----- Looking -----


def test_hovering_tells_data_and_gradient(page: Browser) -> None:
    page.point_at(X1)
    assert page.find("#tip").text.split("\n") == ["x1", "data 2.0", "grad -1.4999999999999993"]


def test_clicking_tells_operands_rule_and_users(page: Browser) -> None:
    page.point_at(PRODUCT, click=1)
    text = page.find("#panel").text
    assert "result of mul" in text
    assert "lambda g, out, a, b: g * b" in text
    assert "pluggrad.ops.arithmetic" in text
    assert "∂ -3.0" in text
    page.click("#panel .row")
    assert page.state["chosen"] == X1
    assert page.run("return document.activeElement.id") == "panel"  # for those without a mouse


def test_search_finds_by_name_and_by_operation(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    page.press("/", "w1", Keys.ENTER)
    assert page.state["chosen"] == W1
    box = page.find("#search")
    box.clear()
    box.send_keys("tanh")
    assert page.find("#found").text.startswith("o = tanh")
    box.clear()
    box.send_keys("nothing of the kind")
    assert page.find("#found").text == "nothing found"


def test_trouble_is_counted_and_found(chrome: Browser) -> None:
    x = Value(0.0, label="x")
    y = x.log() - x.log()
    y.backward()
    chrome.open(render(y, "html"))
    assert chrome.find("#alarm").text == "2 nan · 2 infinite"
    chrome.click("#alarm")
    assert "-inf began here: log(0.0)" in chrome.find("#panel").text


def test_groups_fold_and_unfold(chrome: Browser) -> None:
    chrome.open(render(layered(), "html"))
    before = chrome.state["shown"]
    chrome.press("e")
    everything = chrome.state["shown"]
    assert everything == chrome.run("return pluggrad.nodes") > before
    chrome.press("c")
    folded = chrome.state["shown"]
    assert folded == 3  # the layers; x is where it is used
    first_group = chrome.run("return pluggrad.nodes") + 1
    chrome.point_at(first_group, click=2)
    assert chrome.state["shown"] == folded + 11
    assert chrome.complaints() == []


def test_search_unfolds_the_way_to_what_it_finds(chrome: Browser) -> None:
    chrome.open(render(layered(), "html"))
    chrome.press("c")
    chrome.run("pluggrad.choose(40, { show: true })")
    x, y = chrome.run("return pluggrad.screenPlace(40)")
    size = chrome.find("#canvas").size
    assert abs(x - size["width"] / 2) < 2
    assert abs(y - size["height"] / 2) < 2


def test_dark_is_dark_and_heat_shows_a_scale(page: Browser) -> None:
    def brightness() -> int:
        return page.run(
            "pluggrad.draw(); const copy = document.createElement('canvas').getContext('2d');"
            "copy.drawImage(document.getElementById('canvas'), 0, 0);"
            "const [r, g, b] = copy.getImageData(5, 5, 1, 1).data; return r + g + b"
        )

    light = brightness()
    page.press("d")
    assert brightness() < 150 < 600 < light
    page.press("h")
    assert page.find("#legend").is_displayed()


def test_the_page_follows_the_readers_system(chrome: Browser) -> None:
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    chrome.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    try:
        chrome.open(render(neuron(), "html"))
        assert chrome.state["dark"] is True
        chrome.open(render(neuron(), "html", theme="light"))
        assert chrome.state["dark"] is False
    finally:
        chrome.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_view_is_saved_as_svg(page: Browser) -> None:
    page.press("s")
    path = page.folder / "graph.svg"
    until(path.exists)
    texts = [e.text for e in ElementTree.parse(path).iter() if e.tag.endswith("}text")]
    assert {"x1", "tanh", "-1.5", "0.7071"} <= set(texts)


def test_what_is_saved_is_what_is_seen(chrome: Browser) -> None:
    chrome.open(render(layered(), "html"))
    chrome.press("e")
    svg = ElementTree.fromstring(chrome.run("return pluggrad.viewAsSvg()"))
    assert {e.tag.rpartition("}")[2] for e in svg.iter()} == {"svg", "title", "rect", "path"}
    assert len(svg.findall("{*}rect")) > chrome.state["shown"]  # from afar: a dot for each
    chrome.run("pluggrad.choose(0, { show: true })")
    svg = ElementTree.fromstring(chrome.run("return pluggrad.viewAsSvg()"))
    texts = ["".join(e.itertext()) for e in svg.findall("{*}text")]
    assert {"x", "neuron 0", "layer 0", "∂ 1.1"} <= set(texts)


def test_a_summary_raises_no_alarm_about_groups_without_one_number(chrome: Browser) -> None:
    summary = Graph(layered()).collapse("scope", depth=2)
    chrome.open(render(summary, "html"))
    assert "nan" not in chrome.find("#alarm").text
    formula = "(step) => (pluggrad.goTo(step), pluggrad.state.formula)"
    formulas = chrome.each(formula, range(chrome.state["steps"] + 1))
    assert not [text for text in formulas if "nan" in text]
    chrome.run("pluggrad.choose(pluggrad.nodes - 1)")
    assert "stands for many" in chrome.find("#panel").text
    assert "nan" not in chrome.find("#panel").text
    chrome.open(render(Graph([]), "html"))
    assert chrome.state["formula"] == "There is nothing in this graph."
    assert chrome.complaints() == []


# ----- A first look -----


def test_a_page_says_how_to_read_it_and_how_to_begin(page: Browser) -> None:
    assert page.state["formula"].startswith("▶ plays it from the start, ← → go step by step.")
    assert "5 results, then 9 contributions" in page.state["formula"]
    text = page.find("#panel").text
    assert "HOW TO READ IT" in text
    assert "a leaf: a number that was put in" in text
    assert "a group of many" not in text  # there is none
    page.press("b")
    assert page.state["formula"].startswith("o.grad = 1.0")


def test_where_nothing_is_computed_there_is_nothing_to_play(chrome: Browser) -> None:
    chrome.open(render(Value(3.0, label="x"), "html"))
    assert not chrome.find("#play").is_enabled()
    assert not chrome.find("#slider").is_enabled()
    chrome.press(" ")
    assert chrome.state["step"] == 0
    assert chrome.find("#title").text == "x · 1 node"


def test_a_training_step_opens_as_a_diagram_of_its_model(chrome: Browser) -> None:
    with scope("model"):
        weights = [[[Value(0.1 * i, label="w") for i in range(4)] for _ in range(8)]] * 2
        outputs = []
        for sample in range(30):
            x = [Value(0.01 * sample * i) for i in range(4)]
            for number, layer in enumerate(weights):
                with scope(f"layer {number}"):
                    x = [
                        sum((w * v for w, v in zip(row, x, strict=False)), Value(0.0)).tanh()
                        for row in layer
                    ]
            outputs.append(x[0])
    loss = sum(((y - 1.0) ** 2 for y in outputs), Value(0.0))
    loss.backward()
    chrome.open(render(loss, "html"))
    assert chrome.run("return pluggrad.nodes") > 1500
    assert chrome.state["shown"] < 64
    names = chrome.run(
        "return JSON.parse(document.getElementById('data').textContent).groups.names"
    )
    assert {"model", "layer 0", "layer 1", "** × 30", "+ × 29"} <= set(names)


def edge_around_p(
    browser: Browser,
) -> tuple[tuple[str, ...], dict[str | None, ElementTree.Element]]:
    """Draw a * b + a; return the straight part of the edge that goes around p, and the texts."""
    a, b = Value(2.0, label="a"), Value(-0.75, label="b")
    p = a * b
    p.label = "p"
    browser.open(render(p + a, "html", theme="light"))
    svg = ElementTree.fromstring(browser.run("return pluggrad.viewAsSvg()"))
    drawn = " ".join(e.get("d", "") for e in svg.iter())
    (found,) = re.findall(r" ([\d.-]+) ([\d.-]+)L([\d.-]+) ([\d.-]+)", drawn)
    return found, {e.text: e for e in svg.findall("{*}text")}


def test_an_edge_goes_around_what_stands_in_its_way(chrome: Browser) -> None:
    (start, y, end, level), names = edge_around_p(chrome)
    middle = float(names["p"].get("y"))
    assert level == y
    assert 20 < abs(float(y) - middle) < 90
    assert float(start) < float(names["p"].get("x")) < float(end)


def test_a_page_fits_a_phone(chrome: Browser) -> None:
    chrome.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    try:
        chrome.open(render(layered(), "html"))
        assert chrome.run("return document.documentElement.scrollWidth") == 390
        for selector in ("#canvas", "#panel", "#play", "#formula", "#search", "#help"):
            box = chrome.find(selector).rect
            assert box["width"] > 0
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390, selector
            assert box["y"] + box["height"] <= 844, selector
    finally:
        chrome.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_view_of_everything_stays_one_when_the_window_changes(page: Browser) -> None:
    before = page.state["camera"]["k"]
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 700, "height": 700, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        page.run("return new Promise(requestAnimationFrame)")
        smaller = page.state["camera"]["k"]
        assert smaller < before
        page.run("pluggrad.zoomAt(10, 10, 1.5)")
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page.run("return new Promise(requestAnimationFrame)")
    assert page.state["camera"]["k"] == pytest.approx(1.5 * smaller)  # as one looked closer


def test_everything_that_can_be_used_has_a_role_and_a_name(page: Browser) -> None:
    page.press("/", "tanh")
    tree = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used: dict[str, list[str]] = {}
    for node in tree:
        if not node.get("ignored"):
            name = node.get("name", {}).get("value", "")
            used.setdefault(node["role"]["value"], []).append(name)
    assert all(used["button"])
    assert len(used["button"]) >= 9
    assert "Step" in used["slider"]
    assert used["combobox"][0].startswith("Search")
    assert used["option"] == ["o = tanh n9 0.7071"]
    assert {"View", "Steps"} == set(used["toolbar"])


def test_the_whole_page_can_be_reached_by_the_tab_key(page: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    reached = set()
    for _ in range(20):
        page.press(Keys.TAB)
        reached.add(page.run("return document.activeElement.id"))
    assert {"search", "heat", "fit", "canvas", "first", "play", "slider"} <= reached


# ----- Hostile labels -----


def test_no_label_runs_anything(chrome: Browser) -> None:
    hostile = [
        *NASTY,
        "<img src=x onerror='window.pwned=1'>",
        "<svg onload=window.pwned=1>",
        '"><script>window.pwned=1</script>',
        "${window.pwned=1}",
        "{{window.pwned=1}}",
    ]
    total = Value(0.0)
    for label in hostile:
        with scope(label):
            leaf = Value(1.0, label=label)
            total = total + leaf * 2.0
            total.label = label
    total.backward()
    chrome.open(render(total, "html", title=hostile[2]))
    chrome.press("e")
    items = range(chrome.run("return pluggrad.nodes + pluggrad.groups"))
    chrome.each("(item) => (pluggrad.choose(item), pluggrad.draw())", items)
    box = chrome.find("#search")
    for label in ("<", "script", "onerror", "&"):
        box.clear()
        box.send_keys(label)
    chrome.each("pluggrad.goTo", range(0, chrome.state["steps"], 7))
    svg = ElementTree.fromstring(chrome.run("return pluggrad.viewAsSvg()").encode())
    assert {e.tag.rpartition("}")[2] for e in svg.iter()} <= {
        "svg",
        "title",
        "rect",
        "path",
        "text",
    }
    assert not any(name.startswith("on") or "href" in name for e in svg.iter() for name in e.attrib)
    assert chrome.run("return window.pwned") is None
    assert chrome.run("return document.querySelectorAll('img, iframe, script').length") == 2
    assert chrome.complaints() == []


def test_no_text_of_an_operation_runs_anything(chrome: Browser) -> None:
    attack = "</script><script>window.pwned=1</script><img src=x onerror='window.pwned=1'>"
    evil = Op("evil", lambda x: x, lambda g, out, x: g, doc=attack)
    plugins.register_op(evil)
    try:
        y = evil(Value(1.0, label="x"))
        y.backward()
        chrome.open(render(y, "html"))
    finally:
        plugins.unregister("evil")
    for step in range(chrome.state["steps"] + 1):
        chrome.run("pluggrad.goTo(arguments[0]); pluggrad.choose(1); pluggrad.draw()", step)
    chrome.point_at(1)
    assert "</script>" in chrome.find("#panel").text
    assert "doc=attack" in chrome.find("#panel pre").text
    assert chrome.run("return window.pwned") is None
    assert chrome.run("return document.querySelectorAll('img, iframe, script').length") == 2
    assert chrome.complaints() == []


def test_the_policy_stops_a_script_that_is_put_in(page: Browser) -> None:
    page.run(
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1';"
        "document.body.append(s)"
    )
    assert page.run("return window.pwned") is None
    assert any("Content Security Policy" in text for text in page.complaints())


# ----- Size -----


def test_a_page_of_20_000_nodes_opens_and_is_drawn_from_afar(chrome: Browser) -> None:
    x = Value(0.5, label="x")
    values = [x]
    for i in range(20_000):
        values.append(values[i // 2] * 0.5 if i % 2 else values[-1].tanh())
    total = sum(values[-300:], Value(0.0))
    total.backward()
    chrome.open(render(total, "html"))
    chrome.run("pluggrad.setAll(true); pluggrad.draw()")
    colours = (
        "const c = document.getElementById('canvas'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; const seen = new Set();"
        "for (let i = 0; i < d.length; i += 4) seen.add(d[i] + ',' + d[i+1] + ',' + d[i+2]);"
        "return seen.size"
    )
    until(lambda: chrome.run(colours) > 3)
    assert chrome.complaints() == []


def test_a_page_in_a_notebook_runs_in_a_frame_of_its_own(chrome: Browser) -> None:
    frame = render(neuron(), "html")._repr_mimebundle_()["text/html"]
    chrome.open(f"<!DOCTYPE html><title>notebook</title><script>secret = 1</script>{frame}")
    chrome.driver.switch_to.frame(chrome.find("iframe"))
    assert chrome.state["steps"] == 15
    assert chrome.run("try { return parent.document.title } catch { return 'closed' }") == "closed"
    chrome.press("d")
    chrome.driver.switch_to.default_content()
    assert chrome.complaints() == []


def test_a_page_in_a_frame_leaves_the_wheel_to_the_notebook_and_takes_its_colours(
    chrome: Browser,
) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    frame = render(neuron(), "html")._repr_mimebundle_()["text/html"]
    chrome.open(
        "<!DOCTYPE html><title>notebook</title><body data-jp-theme-light='false'>"
        f"<div style='height:200px'></div>{frame}<div style='height:3000px'></div>"
    )
    inner = chrome.find("iframe")
    time.sleep(0.3)
    wheel = ActionChains(chrome.driver).scroll_from_origin(ScrollOrigin.from_element(inner), 0, 200)
    wheel.perform()
    chrome.driver.switch_to.frame(inner)
    assert chrome.state["dark"]
    assert chrome.state["camera"]["fitted"], "the wheel did not zoom"
    chrome.driver.switch_to.default_content()
    time.sleep(0.3)
    assert chrome.run("return scrollY") > 0
    chrome.run("document.body.dataset.jpThemeLight = 'true'")
    time.sleep(0.2)
    chrome.driver.switch_to.frame(inner)
    assert not chrome.state["dark"]
    chrome.driver.switch_to.default_content()
    assert chrome.complaints() == []


# ----- Numbers that do not follow from each other -----


def test_a_step_says_where_a_value_is_of_older_data(page: Browser) -> None:
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    c.label = "c"
    c.backward()
    b.data = -3.5
    page.open(render(c, "html"))
    page.run("pluggrad.goTo(1)")
    formula = page.state["formula"]
    assert formula.startswith("c = a * b = 2.0 * (-3.5) is not -6.0")
    assert formula.endswith("computed from older data: -7.0 now")
    page.run("pluggrad.goTo(3)")
    assert "computed from older data" in page.state["formula"]


def test_steps_begin_with_what_a_leaf_held_and_end_with_what_it_holds(page: Browser) -> None:
    x = Value(3.0, label="x")
    (x * 6.0).backward()
    out = x * 2.0 + x
    out.backward()
    page.open(render(out, "html"))
    steps = page.run("return pluggrad.state.steps")
    shown = [page.run(f"pluggrad.goTo({s}); return pluggrad.gradient(0)") for s in range(steps + 1)]
    assert shown[0] == 6.0, "what it held"
    assert shown[-1] == x.grad == 9.0
    assert all(a <= b for a, b in pairwise(shown))
    assert "held 6.0 besides: another backward(), or set by hand" in page.state["formula"]


def test_n_goes_first_to_where_nan_began(page: Browser) -> None:
    x = Value(0.0, label="x")
    y = (1.0 / x) * x
    (y * 2.0 + y).backward()
    page.open(render(y * 2.0 + y, "html"))
    page.press("n")
    assert page.state["chosen"] == 2, "1 / x"
    page.press("n")
    assert page.state["chosen"] == 3, "inf * 0"


def test_an_output_that_got_its_gradient_from_another_one_begins_nothing(page: Browser) -> None:
    x = Value(3.0, label="x")
    h = x * 2.0
    h.label = "h"
    out = h * 5.0
    out.label = "out"
    out.backward()
    page.open(render([out, h], "html"))
    page.run("pluggrad.goTo(3)")
    assert "out.grad = 1.0" in page.state["formula"]
    assert "h.grad" not in page.state["formula"]


# ----- Legible -----


def chain(length: int) -> Value:
    x = Value(0.1, label="x")
    for _ in range(length):
        x = x.tanh()
    x.label = "y"
    x.backward()
    return x


@pytest.mark.parametrize("length", [8, 13, 60])
def test_a_chain_opens_in_lines_with_its_output_at_nine_pixels(page: Browser, length: int) -> None:
    page.open(render(chain(length), "html", collapse=False))
    assert page.state["camera"]["k"] * 11.5 >= 9
    x, y = page.run("return pluggrad.screenPlace(arguments[0])", length)
    size = page.find("#canvas").size
    assert 0 < x < size["width"]
    assert 0 < y < size["height"]


def test_a_phone_reads_from_top_to_bottom(page: Browser) -> None:
    try:
        page.driver.set_window_size(420, 860)
        page.open(render(chain(13), "html"))
        time.sleep(0.3)
        places = [page.run("return pluggrad.screenPlace(arguments[0])", i) for i in range(14)]
        assert all(a[1] < b[1] for a, b in pairwise(places))
        assert max(x for x, _ in places) - min(x for x, _ in places) < 1
        assert page.state["camera"]["k"] * 11.5 >= 9
        assert 0 < places[-1][1] < page.find("#canvas").size["height"]
    finally:
        page.driver.set_window_size(1280, 900)


@pytest.fixture
def phone(chrome: Browser) -> Iterator[Browser]:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    chrome.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    yield chrome
    chrome.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def two_scopes() -> Value:
    x = Value(0.5, label="x")
    with scope("inner"):
        y = x.exp() * 2.0
    with scope("outer"):
        return (y + 1.0) * 2.0


@pytest.mark.parametrize("build", [neuron, two_scopes, lambda: chain(5)])
def test_a_phone_opens_with_its_output_at_nine_pixels(phone: Browser, build) -> None:
    out = build()
    phone.open(render(out, "html"))
    time.sleep(0.3)  # the bar below gets its lines, and the picture less room
    assert phone.state["camera"]["k"] * 11.5 >= 9
    x, y = phone.run("return pluggrad.screenPlace(arguments[0])", len(Graph(out)) - 1)
    size = phone.find("#canvas").size
    assert 0 < x < size["width"]
    assert 0 < y < size["height"]


def test_an_edge_goes_around_what_stands_in_its_way_on_a_phone_too(phone: Browser) -> None:
    (x, start, level, end), names = edge_around_p(phone)
    assert level == x
    assert float(start) < float(names["p"].get("y")) < float(end)


def test_a_slope_is_a_formula_with_names_and_numbers(page: Browser) -> None:
    x = Value(0.8813735870195432, label="x")
    w = Value(-3.0, label="w")
    y = (x.tanh() * w) ** 2.0
    y.backward()
    page.open(render(y, "html"))
    slopes = [page.run("return pluggrad.slopeOf(arguments[0])", e) for e in range(5)]
    assert slopes[0] == "1 - tanh(x)^2 = 1 - 0.7071^2 = 0.5"
    assert slopes[1] == "w = -3.0"
    assert slopes[3] == "2.0 n3^(2.0 - 1) = 2.0 (-2.121)^(2.0 - 1) = -4.243"


def test_the_panel_follows_the_steps_and_adds_up_the_gradient(page: Browser) -> None:
    x = Value(3.0, label="x")
    y = x * x + x
    y.backward()
    page.open(render(y, "html"))
    page.run("pluggrad.goTo(pluggrad.state.steps - 1)")
    panel = page.find("#panel").text
    assert "GRADIENT, ADDED UP" in panel
    assert "LOCAL DERIVATIVE" in panel
    sums = page.run("return [...document.querySelectorAll('.sum b')].map((b) => b.textContent)")
    assert sums == ["+ 3.0", "+ 3.0", "+ 1.0"]
    assert page.find("#panel .total").text == "= 4.0", "one contribution is still to come"


def test_why_lights_the_paths_by_their_share(page: Browser) -> None:
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    y = x * w + x
    y.label = "y"
    y.backward()
    page.open(render(y, "html"))
    page.run("pluggrad.choose(0, {})")
    page.press("w")
    shares = [page.run("return pluggrad.whyShare(arguments[0])", e) for e in range(4)]
    assert shares == [1.5, 0, 1.5, -0.5]
    text = page.find("#panel").text
    assert "d(y)/d(x) = -2.0: if x grows a little, y falls 2.0 times as much." in text
    assert "-3.0 (150.0 %) through * (n2)" in text


def two_ways() -> Value:
    """Go from x to the output through two groups, of which one sends back three times as much."""
    x = Value(0.5, label="x")
    parts = []
    for name, factor in (("narrow", 1.0), ("wide", 3.0)):
        with scope(name):
            parts.append((x * (factor * 0.5) + x * (factor * 0.5)) * 1.0)
    out = parts[0] + parts[1]
    out.label = "out"
    out.backward()
    return out


def test_why_goes_through_folded_groups_and_says_their_share(page: Browser) -> None:
    page.open(render(two_ways(), "html"))
    page.press("c")
    page.run("pluggrad.choose(0, {})")
    page.press("w")
    shares = sorted(page.run("return pluggrad.whyBundles()"))
    assert shares == [0.25, 0.25, 0.75, 0.75], "into each group, and out of it"
    lines = page.run(
        "return [...document.querySelectorAll('#panel .why')].map((p) => p.textContent)"
    )
    assert lines[1:] == [
        "3.0 (75.0 %) through wide (2 edges)",
        "1.0 (25.0 %) through narrow (2 edges)",
    ]
    wide = page.run("return pluggrad.nodes") + 2
    page.run("pluggrad.choose(arguments[0], {})", wide)
    text = page.find("#panel").text
    assert "75.0 % of it comes through wide." in text
    assert len(page.run("return pluggrad.whyBundles()")) == 4, "they stay lit"


def test_why_of_a_group_is_asked_of_the_largest_gradient_in_it(page: Browser) -> None:
    page.open(render(layered(), "html"))
    page.press("c")
    page.run("pluggrad.choose(arguments[0], {})", page.run("return pluggrad.nodes") + 1)
    largest = page.run("return document.querySelectorAll('#panel dd')[2].textContent")
    assert " of " in largest
    page.press("w")
    name = largest.partition(" of ")[2]
    assert f"/d({name}) = " in page.find("#panel .why").text
    page.press("w")
    assert page.run("return document.querySelectorAll('#panel .why').length") == 0


def test_one_key_steps_over_a_folded_group_and_another_one_into_it(page: Browser) -> None:
    page.open(render(layered(), "html"))
    page.press("c")
    page.run("pluggrad.goTo(0)")
    page.press("\ue014")
    assert page.state["step"] == 72, "the whole of the first layer"
    page.press("\ue014")
    assert page.state["step"] == 144
    page.press("\ue012")
    assert page.state["step"] == 72
    shown = page.state["shown"]
    page.press("i")
    assert page.state["step"] == 73
    assert page.state["shown"] > shown
    page.press("u")
    assert page.state["step"] > 73


def test_the_address_links_to_a_moment(page: Browser) -> None:
    page.open(render(neuron(), "html"))
    page.run("pluggrad.goTo(4)")
    page.run(f"pluggrad.choose({PRODUCT}, {{}})")
    page.press("h")
    time.sleep(0.5)
    address = page.run("return location.hash")
    assert "step=4" in address
    assert f"at=n{PRODUCT}" in address
    page.driver.get("about:blank")
    page.driver.get((page.folder / "page.html").as_uri() + address)
    state = page.state
    assert (state["step"], state["chosen"], state["heat"]) == (4, PRODUCT, True)


def test_a_dark_page_is_printed_on_white_and_is_dark_again(page: Browser) -> None:
    page.run("pluggrad.switchTheme(true)")
    page.run(
        "window.seen = []; addEventListener('beforeprint', () => seen.push(pluggrad.state.dark))"
    )
    page.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert page.run("return seen") == [False]
    assert page.state["dark"]


def test_in_print_there_is_the_picture_and_the_panel_and_no_button(page: Browser) -> None:
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        shown = {
            name: page.find(name).is_displayed()
            for name in ("#title", "#canvas", "#panel", "#formula", "#play", "#search", "#heat")
        }
        fit = page.run("return getComputedStyle(document.getElementById('canvas')).objectFit")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert [name for name, is_shown in shown.items() if is_shown] == [
        "#title",
        "#canvas",
        "#panel",
        "#formula",
    ]
    assert fit == "contain", "stretched letters"


def test_the_view_is_saved_as_png_beside_svg(page: Browser) -> None:
    path = page.folder / "graph.png"
    path.unlink(missing_ok=True)
    page.click("#pixels")
    until(path.exists)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_fingers_are_told_to_tap_and_mice_to_click(phone: Browser) -> None:
    phone.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        phone.open(render(layered(), "html"))
        text = phone.find("#panel").text
        assert "a double tap unfolds" in text
        assert "Tap a value" in text
        assert "click" not in text.lower()
        assert "hover" not in text.lower()
    finally:
        phone.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    phone.open(render(layered(), "html"))
    assert "Hover over a value" in phone.find("#panel").text


def test_one_runs_on_until_the_chosen_value_and_until_nan(page: Browser) -> None:
    x = Value(0.0, label="x")
    y = (x + 2.0) * 3.0
    y.label = "y"
    z = y + x.log() * 0.0
    z.backward()
    graph = Graph(z)
    page.open(render(graph, "html"))
    (at,) = [i for i, node in enumerate(graph.nodes) if node.label == "y"]
    page.run("pluggrad.goTo(0)")
    page.run("pluggrad.choose(arguments[0], {})", at)
    page.press("r")
    assert page.state["formula"].startswith("y = ")
    page.press("x")
    assert page.state["formula"].endswith("log(x) = log(0.0) = -inf")
    page.press("x")
    assert page.state["formula"].endswith("= nan")


def test_arrows_go_from_value_to_value(page: Browser) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.open(render(neuron(), "html"))
    page.run("pluggrad.choose(0, {})")
    for key, chosen in ((Keys.ARROW_RIGHT, PRODUCT), (Keys.ARROW_LEFT, X1)):
        chain = ActionChains(page.driver).key_down(Keys.SHIFT).send_keys(key).key_up(Keys.SHIFT)
        chain.perform()
        assert page.state["chosen"] == chosen
    page.press(Keys.ARROW_DOWN)
    assert page.state["chosen"] == W1


@pytest.mark.parametrize("build", [neuron, lambda: chain(5)])
def test_the_terminal_takes_the_same_steps_in_the_same_words(page: Browser, build) -> None:
    out = build()
    page.open(render(out, "html"))
    shown = page.run(
        "return Array.from({ length: pluggrad.state.steps }, (_, i) => "
        "{ pluggrad.goTo(i + 1); return pluggrad.state.formula; })"
    )
    assert shown == [step.text for step in steps(Graph(out))]
