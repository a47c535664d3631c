"""Pages for everybody: looked at by axe, on a phone, by night, and with the keyboard alone."""

import os
import random
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from browser import Browser
from pluggrad import Film, Value, render
from pluggrad.nn import MLP, SGD, mse

from ..labels import neuron

DOCS = Path(__file__).parents[3] / "docs"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = """
const [tags, done] = arguments;
const asked = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] };
axe.run(document, asked).then(({ violations }) => done(
  violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)));
"""
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


@pytest.fixture
def phone(chrome: Browser) -> Iterator[Browser]:
    chrome.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    yield chrome
    chrome.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.fixture(scope="module")
def axe() -> str:
    """The program of axe-core."""
    folder = Path(os.environ.get("PLUGGRAD_AXE") or "nowhere")
    path = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip("no axe-core: npm install axe-core, and PLUGGRAD_AXE is the folder")
    return path.read_text(encoding="utf-8")


def film_page() -> str:
    points = [([0.2, -0.7], 1.0), ([-0.4, 0.9], -1.0)]
    model = MLP(2, [3, 1], rng=random.Random(5))

    def loss() -> Value:
        return mse([model(x) for x, _ in points], [y for _, y in points])

    film, optimizer = Film(loss()), SGD(model.parameters(), lr=0.1)
    for _ in range(10):
        optimizer.zero_grad()
        loss().backward()
        film.shoot()
        optimizer.step()
    return render(film, "html")


def mistake_pages() -> dict[str, str]:
    sys.path.insert(0, str(DOCS))
    try:
        from generate.mistakes import files
    finally:
        sys.path.remove(str(DOCS))
    return files()


MAKERS = {
    "page": lambda: render(neuron(), "html"),
    "live": lambda: render(neuron(), "html", live=True),
    "film": film_page,
    "mistake": lambda: mistake_pages()["pages/mistake-zero_grad.html"],
}


@cache
def page_of(kind: str) -> str:
    """A page of a kind, made once."""
    return MAKERS[kind]()


NUDGE = "[...document.querySelectorAll('#panel button')].find((b) => b.textContent === 'Nudge')"
SEARCH = (
    "const box = document.getElementById('search'); box.focus(); box.value = '{}';"
    "box.dispatchEvent(new Event('input'));"
)
STATES = {
    "as it opens": "",
    "heat": "pluggrad.setHeat(true); pluggrad.choose(0, {show: true});",
    "keys": "document.getElementById('help').click();",
    "found": SEARCH.format("x"),
    "nothing found": SEARCH.format("not there"),
    "nudged": f"pluggrad.choose(0, {{show: true}}); {NUDGE}.click();",
    "a step": "pluggrad.goTo(7);",
}
LOOKS = [
    ("page", "as it opens"),
    ("page", "heat"),
    ("page", "keys"),
    ("page", "found"),
    ("page", "nothing found"),
    ("page", "a step"),
    ("live", "nudged"),
    ("film", "as it opens"),
    ("film", "nudged"),
    ("mistake", "as it opens"),
]


def violations(chrome: Browser, axe: str, state: str, *, dark: bool) -> list[str]:
    chrome.run(f"pluggrad.switchTheme({str(dark).lower()}); {STATES[state]}")
    chrome.run(f"{axe}; window.axe = axe;")
    return chrome.driver.execute_async_script(AXE, TAGS)


@pytest.mark.parametrize(("kind", "state"), LOOKS)
def test_axe_finds_nothing_by_day_and_by_night(
    chrome: Browser, axe: str, kind: str, state: str
) -> None:
    for dark in (False, True):
        chrome.open(page_of(kind))
        assert violations(chrome, axe, state, dark=dark) == []


@pytest.mark.parametrize(("kind", "state"), [LOOKS[0], LOOKS[3], LOOKS[6], LOOKS[7], LOOKS[9]])
def test_axe_finds_nothing_on_a_phone(phone: Browser, axe: str, kind: str, state: str) -> None:
    phone.open(page_of(kind))
    assert violations(phone, axe, state, dark=False) == []


def test_axe_looks(chrome: Browser, axe: str) -> None:
    chrome.open("<!DOCTYPE html><html><title>t</title><body><img src='data:,'><button></button>")
    chrome.run(f"{axe}; window.axe = axe;")
    found = chrome.driver.execute_async_script(AXE, TAGS)
    assert {line.partition(":")[0] for line in found} >= {"image-alt", "button-name"}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_phone_shows_everything_without_scrolling_aside(phone: Browser, kind: str) -> None:
    phone.open(page_of(kind))
    phone.run("pluggrad.choose(0, {show: true})")
    assert phone.run("return document.documentElement.scrollWidth") <= PHONE["width"]
    for part in ("header", "#stage", "#panel", "footer"):
        left, right = phone.run(
            "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [box.left, box.right]",
            part,
        )
        assert (left, right) == (0, PHONE["width"]), part
    assert phone.run("return document.getElementById('stage').clientHeight") > 200


def test_what_a_finger_has_to_hit_is_large_enough(phone: Browser) -> None:
    for kind in ("live", "film"):
        phone.open(page_of(kind))
        phone.run("pluggrad.choose(0, {show: true})")
        small = phone.run(
            "return [...document.querySelectorAll('button')].filter((b) => b.offsetParent)"
            ".filter((b) => b.offsetWidth < 24 || b.offsetHeight < 24).map((b) => b.outerHTML)"
        )
        assert small == []


def test_the_keyboard_alone_gets_everywhere_and_always_shows_where_it_is(chrome: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    chrome.open(page_of("film"))
    chrome.run("pluggrad.choose(0, {show: true})")
    reachable = set(
        chrome.run(
            "return [...document.querySelectorAll('button, input, canvas[tabindex]')]"
            ".filter((x) => x.offsetParent && !x.disabled)"
            ".map((x) => x.id || x.ariaLabel || x.textContent)"
        )
    )
    seen = set()
    for _ in range(len(reachable) + 4):
        chrome.press(Keys.TAB)
        name, outline = chrome.run(
            "const x = document.activeElement;"
            "return [x.id || x.ariaLabel || x.textContent, getComputedStyle(x).outlineStyle]"
        )
        seen.add(name)
        assert name not in reachable or outline == "solid", name
    assert reachable <= seen


def test_a_graph_is_gone_through_with_the_keyboard_alone(chrome: Browser) -> None:
    from selenium.webdriver.common.keys import Keys

    chrome.open(page_of("live"))
    chrome.press("/", "b", Keys.ENTER, Keys.ESCAPE)
    assert chrome.find("#panel h2").text == "b"
    held = chrome.run("return pluggrad.value(7)")
    chrome.run("document.querySelector('#panel input[type=range]').focus()")
    chrome.press(Keys.ARROW_RIGHT)
    assert chrome.run("return pluggrad.value(7)") != held


def test_the_pages_of_what_goes_wrong_first_are_live(chrome: Browser) -> None:
    pages = mistake_pages()
    assert len(pages) == 5
    for name, page in pages.items():
        chrome.open(page)
        assert chrome.run("return [pluggrad.live.on, pluggrad.live.why]") == [True, ""], name
        assert len(chrome.run("return [...document.querySelectorAll('#panel .about')]")) == 3
        assert chrome.complaints() == []
