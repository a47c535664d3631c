"""Notebooks in a real JupyterLab, in Notebook 7 and in the classic one: what their reader sees.

Each runs the same cells, once, in a real Chromium; what a cell shows is looked at there.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser
from pluggrad import plugins

from .jupyter import Notebook, server, until

PROGRAMS = {"lab": "jupyterlab", "notebook": "notebook", "classic": "nbclassic"}
SET_UP = """
import pluggrad
from pathlib import Path
from pluggrad import Graph, Value, draw_dot, render

x, w = Value(2.0, label="x"), Value(-0.5, label="w")
o = (x * w).tanh()
o.label = "o"
o.backward()
o
"""
WIDGET = """
widget = pluggrad.widget(o)

def moved(value):
    Path("moved.txt").write_text(f"{value.label} {value.data}")
    w.data = 0.25
    widget.update()

widget.on_move(moved)
widget
"""
RENDERERS = [
    name for name, kind in plugins.renderers.items() if kind.__module__.startswith("pluggrad.")
]
CELLS = {
    "value": SET_UP,
    "graph": "Graph(o)",
    "draw_dot": "draw_dot(o, 'drawn.svg')",
    "widget": WIDGET,
    **{name: f"render(o, {name!r})" for name in RENDERERS},
}
PICTURES = {
    "value": "svg",
    "graph": "svg",
    "draw_dot": "svg",
    "svg": "svg",
    "graphviz": "svg",
    "matplotlib": "img",
    "html": "iframe",
    "widget": "iframe",
    "latex": "math, .MathJax, mjx-container",
}
NUMBER = {name: i for i, name in enumerate(CELLS)}
DARK_SYSTEM = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("notebooks")
    with server(folder) as found:
        yield found, folder


@pytest.fixture(scope="module", params=PROGRAMS)
def notebook(
    request: pytest.FixtureRequest,
    address: tuple[str, Path],
    chrome: Browser,
) -> Iterator[Notebook]:
    """The cells, run in one of the programs, of which the browser remembers no other.

    They run in one kernel: a server has one for each path.
    """
    program = request.param
    pytest.importorskip(PROGRAMS[program], reason=f"{PROGRAMS[program]} is not installed")
    pytest.importorskip("anywidget", reason="anywidget is not installed")
    served, folder = address
    (folder / "moved.txt").unlink(missing_ok=True)
    found = Notebook(chrome, served, folder / "cells.ipynb", list(CELLS.values()))
    found.open(program)
    yield found
    chrome.open("")  # what the program says at its end is no word of the next page


def in_frame(notebook: Notebook, cell: str, script: str) -> Any:
    """Run a script in the page that a cell shows."""
    driver = notebook.browser.driver
    driver.switch_to.frame(notebook.picture(NUMBER[cell], "iframe"))
    try:
        until(lambda: notebook.run("return Boolean(window.pluggrad)"), "the page in the frame")
        return notebook.run(script)
    finally:
        driver.switch_to.default_content()


def test_the_last_line_of_each_cell_is_a_picture_or_readable_lines(notebook: Notebook) -> None:
    for name, selector in PICTURES.items():
        until(lambda: notebook.picture(NUMBER[name], selector).size["height"] > 10, name)  # noqa: B023
    text = notebook.text(NUMBER["text"])
    assert [line.split()[0] for line in text.splitlines() if line.startswith("n")] == [
        "n3",
        "n2",
        "n0",
        "n1",
    ]
    for name in RENDERERS:
        shown = notebook.text(NUMBER[name])
        assert not shown.partition(":")[2].strip().startswith(("'", '"')), f"{name} is quoted"
        assert "object at 0x" not in shown, name
        assert "Traceback" not in shown, name


def test_the_wheel_over_a_page_scrolls_the_notebook(notebook: Notebook) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    in_frame(notebook, "html", "return 0")
    frame = notebook.picture(NUMBER["html"], "iframe")
    top = "return arguments[0].getBoundingClientRect().top"
    before = notebook.run(top, frame)
    origin = ScrollOrigin.from_element(frame, 0, -150)
    ActionChains(notebook.browser.driver).scroll_from_origin(origin, 0, 150).perform()
    until(lambda: notebook.run(top, frame) < before - 50, "the notebook scrolls")
    assert in_frame(notebook, "html", "return pluggrad.state.camera.fitted"), "it zoomed"


def test_pictures_and_pages_take_the_colours_of_the_notebook(notebook: Notebook) -> None:
    driver = notebook.browser.driver
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", DARK_SYSTEM)
    fill = (
        "const drawn = arguments[0].querySelector('.pluggrad svg rect') ?? arguments[0];"
        "return getComputedStyle(drawn).fill"
    )
    for dark in (False,) if notebook.classic else (True, False):
        if not notebook.classic:
            theme = f"JupyterLab {'Dark' if dark else 'Light'}"
            notebook.command("apputils:change-theme", theme=theme)
        for cell in ("html", "widget"):
            until(lambda: in_frame(notebook, cell, "return pluggrad.state.dark") is dark, cell)  # noqa: B023
        paint = notebook.run(fill, notebook.cell(NUMBER["value"]))
        assert (max(map(int, paint[4:-1].split(","))) < 100) is dark, paint
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_what_is_moved_in_a_widget_is_moved_in_python_and_back(notebook: Notebook) -> None:
    opening = in_frame(notebook, "widget", "return pluggrad.state.formula")
    assert "plays it from the start" in opening
    in_frame(
        notebook,
        "widget",
        "pluggrad.choose(0, {show: true});"
        "const field = document.querySelector('#panel input[type=number]');"
        "field.value = 4; field.dispatchEvent(new Event('input'));",
    )
    moved = notebook.folder / "moved.txt"
    until(moved.exists, "the Value is moved")
    time.sleep(0.1)
    assert moved.read_text(encoding="utf-8") == "x 4.0"
    values = "return [0, 1].map((i) => pluggrad.value(i))"
    until(lambda: in_frame(notebook, "widget", values) == [4, 0.25], "the page follows")


def test_any_kernel_sends_pictures_and_readable_lines(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="runs notebooks")
    pytest.importorskip("ipykernel", reason="runs notebooks")
    import nbformat

    names = [name for name in CELLS if name != "widget"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELLS[n]) for n in names])
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(made, timeout=None, kernel_name="python3", resources=where).execute()
    for name, cell in zip(names, made.cells, strict=True):
        (output,) = cell.outputs
        text = output["data"]["text/plain"]
        assert text[0] not in "'\"", name
        if PICTURES.get(name) == "svg":
            assert "<svg" in output["data"]["text/html"]
        if PICTURES.get(name) == "iframe":
            assert "<iframe" in output["data"]["text/html"]
        if PICTURES.get(name) == "img":
            assert output["data"]["image/png"]
