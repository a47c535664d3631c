"""widget: a live page in a notebook, which moves the Values themselves and follows them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pluggrad.errors import RenderError
from pluggrad.graph import Graph
from pluggrad.registry import plugins
from pluggrad.topology import topological_order
from pluggrad.value import Value

PAUSE = 0.04  # seconds between two pictures at least
NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

# The page stands in a frame of its own origin, as every page in a notebook does; what it has to say
# is handed on to Python, and the other way round.
FRAME = """
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.className = "pluggrad";
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.style.cssText = `width:100%;height:${model.get("height")}px;border:0`;
  frame.title = model.get("title");
  const read = (x) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[x] ?? x;
  const written = (x) => (Number.isFinite(x) ? x : String(x).toLowerCase().slice(0, x < 0 ? 4 : 3));
  const pairs = (numbers, f) => numbers.map(([i, x]) => [i, f(x)]);
  const show = () => frame.contentWindow?.postMessage(
    { pluggrad: { leaves: pairs(model.get("leaves"), read) } }, "*");
  const hear = ({ data, source }) => {
    if (source !== frame.contentWindow) return;
    const moved = data?.pluggrad?.moved;
    if (Array.isArray(moved)) model.send({ moved: pairs(moved, written) });
  };
  addEventListener("message", hear);
  model.on("change:leaves", show);
  frame.addEventListener("load", show);
  frame.srcdoc = model.get("page");
  el.append(frame);
  return () => {
    removeEventListener("message", hear);
    model.off("change:leaves", show);
  };
}
export default { render };
"""


def widget(
    loss: Value | Iterable[Value], *, names: Mapping[str, Any] | None = None, **options: Any
) -> Any:
    """Return a live page for a notebook: moving a leaf there sets `data` of its Value here.

    `widget.update()` in a loop of training shows what the leaves hold now, some 25 times a second
    at most. Results and gradients on the page are computed by the page; Values that are no leaves
    stay as they are until the program computes them again. Needs `pip install pluggrad[widget]`.

    Parameters:
        loss: a Value, or several.
        names: labels for Values without one, from a dict such as `locals()`.
        options: those of the renderer "html".

    Returns:
        An anywidget. `on_move(function)` calls a function with the Value, each time one was moved.

    Raises:
        RenderError: when anywidget is not installed.
        TypeError: for what is no Value.
    """
    graph = Graph(loss, names=names)
    roots = [loss] if isinstance(loss, Value) else list(loss)
    leaves = {i: x for i, x in enumerate(topological_order(roots)) if x.op is None}
    page = plugins.renderer("html")(**{"live": True, **options})(graph)
    return _kind()(leaves, str(page), page.plain, page.height)


@cache
def _kind() -> Any:
    """Make the class of widgets, where there is anywidget."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise RenderError(
            "a widget needs anywidget, which is not installed: pip install pluggrad[widget]"
        ) from None

    base: Any = anywidget.AnyWidget

    class PageWidget(base):  # type: ignore[misc]
        """A page in a notebook, and the leaves that it moves."""

        _esm = FRAME
        page = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int(560).tag(sync=True)
        leaves: Any = traitlets.List().tag(sync=True)

        def __init__(self, values: Mapping[int, Value], page: str, title: str, height: int) -> None:
            self._values = values
            self._heard: list[Callable[[Value], object]] = []
            self._shown, self._waits = 0.0, False
            super().__init__(page=page, title=title, height=height, leaves=self._numbers())
            self.on_msg(self._hear)

        def _numbers(self) -> list[list[float | str]]:
            return [[i, _written(x._number)] for i, x in self._values.items()]

        def on_move(self, function: Callable[[Value], object]) -> None:
            """Call a function with each Value that is moved on the page."""
            self._heard.append(function)

        def update(self) -> None:
            """Show what the leaves hold now; the last of many calls is always shown."""
            wait = self._shown + PAUSE - time.monotonic()
            if wait <= 0:
                self._show()
            elif not self._waits:
                self._waits = _later(wait, self._show)

        def _show(self) -> None:
            self._waits, self._shown = False, time.monotonic()
            self.leaves = self._numbers()

        def _hear(self, _: object, content: Any, buffers: object) -> None:
            moved = content.get("moved", []) if isinstance(content, dict) else []
            for i, number in moved:
                value = self._values.get(i)
                if value is not None:
                    value.data = NUMBERS[number] if isinstance(number, str) else float(number)
                    for function in self._heard:
                        function(value)

    return PageWidget


def _written(number: float) -> float | str:
    return number if math.isfinite(number) else str(number)


def _later(wait: float, work: Callable[[], None]) -> bool:
    """Let the event loop of a notebook call something; without one, call it at once."""
    import asyncio

    try:
        asyncio.get_running_loop().call_later(wait, work)
    except RuntimeError:
        work()
        return False
    return True
