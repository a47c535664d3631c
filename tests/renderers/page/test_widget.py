"""A widget: what is moved on the page sets Values, and the page follows them.

The page and its frame run in a real Chromium; between them and Python stand the messages that a
notebook's kernel carries, which the tests carry themselves.
"""

import asyncio
import json
import math
import sys
from typing import Any

import pluggrad
import pytest
from browser import Browser, until
from pluggrad import RenderError, Value
from pluggrad.drawing.page_widget import FRAME

HOST = """<!DOCTYPE html><html><title>host</title><body><div id="cell"></div><script type="module">
const heard = {};
window.state = STATE;
window.sent = [];
window.model = {
  get: (name) => state[name],
  on: (name, f) => { heard[name] = f; },
  off: (name) => { delete heard[name]; },
  send: (message) => sent.push(message),
  change: (name, x) => { state[name] = x; heard[`change:${name}`]?.(); },
};
FRAME
window.clear = render({ model, el: document.getElementById("cell") });
</script></body></html>"""


@pytest.fixture(scope="module")
def chrome(chrome: Browser) -> Browser:
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    return chrome


def parabola() -> tuple[Value, Value]:
    w = Value(3.0, label="w")
    loss = (w - 1.0) ** 2
    loss.label = "loss"
    loss.backward()
    return w, loss


def made(loss: Value, **options: Any) -> Any:
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    return pluggrad.widget(loss, **options)


def receive(widget: Any, message: object) -> None:
    """What a kernel does with a message from the page."""
    widget._handle_msg(
        {"content": {"data": {"method": "custom", "content": message}}, "buffers": []}
    )


def shown(chrome: Browser, widget: Any) -> None:
    """Show a widget as a notebook does, and go into its frame once it has begun."""
    state = {name: getattr(widget, name) for name in ("page", "title", "height", "leaves")}
    text = json.dumps(state).replace("</", "<\\/")
    frame = FRAME.replace("export default { render };", "")
    chrome.open(HOST.replace("STATE", text).replace("FRAME", frame))
    chrome.driver.switch_to.frame(chrome.find("iframe"))
    until(lambda: chrome.run("return Boolean(window.pluggrad)"))


def test_what_is_moved_on_the_page_sets_the_value(chrome: Browser) -> None:
    w, loss = parabola()
    widget = made(loss)
    heard = []
    widget.on_move(heard.append)
    shown(chrome, widget)
    chrome.run("pluggrad.moveLeaves([[0, -2.5]])")
    chrome.driver.switch_to.default_content()
    for message in until(lambda: chrome.run("return sent")):
        receive(widget, message)
    assert w.data == -2.5
    assert heard == [w]
    assert chrome.complaints() == []


def test_the_page_follows_a_running_loop(chrome: Browser) -> None:
    w, loss = parabola()
    widget = made(loss)
    shown(chrome, widget)
    for _ in range(3):
        w.data -= 0.5
        widget._shown = 0.0
        widget.update()
        chrome.driver.switch_to.default_content()
        chrome.run("model.change('leaves', arguments[0])", widget.leaves)
        chrome.driver.switch_to.frame(chrome.find("iframe"))
        wanted = (w.data - 1.0) ** 2
        until(lambda: chrome.run("return pluggrad.value(4)") == wanted)  # noqa: B023
        assert chrome.run("return pluggrad.gradient(0)") == 2.0 * (w.data - 1.0)
    chrome.driver.switch_to.default_content()
    assert chrome.run("return sent") == []  # what comes from Python does not go back


def test_a_widget_that_is_shown_late_has_the_numbers_of_now(chrome: Browser) -> None:
    w, loss = parabola()
    widget = made(loss)
    w.data = 7.0
    widget.update()
    widget._show()
    shown(chrome, widget)
    until(lambda: chrome.run("return pluggrad.value(0)") == 7.0)
    chrome.driver.switch_to.default_content()


def test_the_page_hears_nobody_but_its_own_frame(chrome: Browser) -> None:
    _, loss = parabola()
    shown(chrome, made(loss))
    chrome.driver.switch_to.default_content()
    chrome.run("window.postMessage({ pluggrad: { moved: [[0, 1]] } }, '*')")
    chrome.run("return new Promise((done) => setTimeout(done, 50))")
    assert chrome.run("return sent") == []


def test_nan_and_infinity_come_through_in_both_directions() -> None:
    w, loss = parabola()
    widget = made(loss)
    for text, number in (("inf", math.inf), ("-inf", -math.inf)):
        receive(widget, {"moved": [[0, text]]})
        assert w.data == number
    receive(widget, {"moved": [[0, "nan"]]})
    assert math.isnan(w.data)
    widget._show()
    assert widget.leaves[0] == [0, "nan"]


def test_what_is_no_leaf_is_not_moved() -> None:
    _, loss = parabola()
    widget = made(loss)
    receive(widget, {"moved": [[4, 9.0], [99, 1.0]]})
    receive(widget, "something else")
    assert loss.data == 4.0


def test_many_updates_are_few_pictures_and_the_last_is_shown() -> None:
    w, loss = parabola()
    widget = made(loss)
    pictures = []
    widget.observe(lambda change: pictures.append(change["new"]), "leaves")

    async def loop() -> None:
        for i in range(1000):
            w.data = float(i)
            widget.update()
        await asyncio.sleep(0.2)

    asyncio.run(loop())
    assert 1 <= len(pictures) < 100
    assert pictures[-1][0] == [0, 999.0]


def test_a_widget_without_anywidget_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    sys.modules[pluggrad.widget.__module__]._kind.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(RenderError, match=r"pip install pluggrad\[widget\]"):
        pluggrad.widget(parabola()[1])
