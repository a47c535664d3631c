"""Make docs/gallery.md: what every renderer makes of the same two graphs.

    python docs/gallery.py

Texts stand in the page, pictures in docs/gallery/. Pictures of the interactive page and of Mermaid
need Chromium, and are left as they are where it is missing; look at each one that changed.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pluggrad import Graph, Value, explain, nn, render, save
from pluggrad.cli.demo import neuron

HERE = Path(__file__).parent
PICTURES = HERE / "gallery"
sys.path[:0] = [str(HERE), str(HERE.parent / "benchmarks")]
from generate.live_pages import film_page  # noqa: E402  # it lies in this folder
from generate.mistakes import MISTAKES  # noqa: E402  # it lies in this folder
from moons import two_moons  # noqa: E402  # it lies in the other folder


def moons(points: int = 2) -> Value:
    """Run an MLP 2-16-16-1 on some points of two moons, with its loss and gradients."""
    rng = random.Random(3)
    model = nn.MLP(2, [16, 16, 1], rng=rng)
    inputs, targets = two_moons(points, rng)
    scores = [model(x) for x in inputs]
    loss = nn.hinge(scores, targets)
    loss.label = "loss"
    loss.backward()
    return loss


def sections(o: Value, loss: Value) -> Iterator[str]:
    """Write the page, one renderer after the other."""
    graph = Graph(loss)
    small = graph.collapse()
    yield (
        "# Gallery\n\nEvery renderer on the same two graphs: one neuron, `o = tanh(x1*w1 + x2*w2 + "
        f"b)`, and an MLP 2-16-16-1 on two points of two moons with its loss, {len(graph):,} nodes."
        "\nMade by `python docs/gallery.py`.\n"
    )
    yield from section(
        "text", "For a terminal.", code(render(o, "text")), code(render(small, "text"))
    )
    yield from section(
        "svg",
        "A picture after `pip install` alone; a larger graph is summarised. It follows the light "
        "or dark of the reader's system.",
        picture(o, "neuron.svg", "svg", engine="layered"),
        picture(loss, "moons.svg", "svg", engine="layered"),
    )
    yield '\nIn other [themes](pictures.md), `theme="dark"`, `"contrast"` and `"print"`:\n\n'
    for theme in ("dark", "contrast", "print"):
        yield picture(o, f"neuron-{theme}.svg", "svg", engine="layered", theme=theme)
    yield from section(
        "graphviz",
        "Cards with ports, laid out by Graphviz: SVG, PNG, PDF and DOT files.",
        picture(o, "neuron-graphviz.svg", "graphviz"),
        picture(small, "moons-graphviz.svg", "graphviz"),
    )
    yield from section(
        "html",
        "One page that works offline. Here it is in the middle of backprop; the second is the MLP "
        "as it opens, by night, coloured by gradient.",
        "![The page of the neuron](gallery/neuron-page.png)\n\n"
        '<a href="neuron.html">Move its leaves on a live page</a>\n',
        "![The page of the MLP](gallery/moons-page.png)\n",
    )
    yield (
        "\n### A film of training\n\nAn MLP 2-6-6-1 on 24 points of two moons, 100 steps: above "
        "the graph as it was at one of them, below it the loss, the largest gradient in each layer "
        "over time, and in red the share of dead units.\n\n"
        "![The page of a film](gallery/film-page.png)\n\n"
        '<a href="film.html">Play it</a>\n'
    )
    yield (
        "\n## In a notebook\n\nThe last line of a cell is a picture, in the colours of the "
        "notebook: here JupyterLab, by day with a Value, and by night with "
        "`pluggrad.widget(o)`, on which moving a leaf sets the Value in Python.\n\n"
        "![A Value in JupyterLab](gallery/notebook.png)\n\n"
        "![A widget in JupyterLab, by night](gallery/notebook-dark.png)\n"
    )
    yield from section(
        "mermaid",
        "For Markdown; GitHub draws it.",
        code(render(o, "mermaid"), "mermaid"),
        code(render(small, "mermaid", direction="TB"), "mermaid"),
    )
    yield from section(
        "latex",
        "The formula.",
        code(render(o, "latex"), "math"),
        code(render(small, "latex"), "math"),
    )
    yield from section(
        "matplotlib",
        "A figure for a paper, drawn by networkx.",
        picture(o, "neuron-matplotlib.png", "matplotlib"),
        picture(small, "moons-matplotlib.png", "matplotlib"),
    )
    networks = [repr(str(render(x, "networkx", derivatives=True))) for x in (o, loss)]
    yield from section(
        "networkx",
        "A `MultiDiGraph` for any of networkx's algorithms.",
        *(code(text.strip("'")) for text in networks),
    )
    for name, about in (
        ("json", "All that a graph knows, in node-link form."),
        ("graphml", "For yEd and Cytoscape."),
        ("gexf", "For Gephi."),
        ("dot", "The source of the picture, in Graphviz's own language."),
    ):
        yield from section(name, about, code(cut(render(o, name), 14)), "")
    yield (
        "\n## explain\n\nNot a renderer: `print(pluggrad.explain(o, x1))` tells the chain rule in "
        "words and numbers.\n"
    )
    yield code(str(explain(o, next(x for x in leaves(o) if x.label == "x1"))))
    yield (
        "\n## Five things that go wrong\n\nWhat most people meet in their first week, and how it "
        "looks here. Each is a live page too, on which it can be tried.\n"
    )
    for mistake in MISTAKES:
        made, told = mistake.make()
        yield f"\n### {mistake.title}\n\n{mistake.about}\n\n"
        yield picture(made, f"{mistake.name}.svg", "svg")
        yield f"\n{mistake.attempt} {mistake.cure}\n\n"
        yield f'<a href="{mistake.link}">Try it on a live page</a>\n'
        if told:
            yield f"\n{code(told)}"


def leaves(value: Value) -> list[Value]:
    """List the leaves below a value."""
    stack, found = [value], []
    while stack:
        node = stack.pop()
        stack += node.prev
        if not node.prev:
            found.append(node)
    return found


def section(name: str, about: str, neuron_part: str, moons_part: str) -> Iterator[str]:
    """Write one renderer's section."""
    yield f"\n## {name}\n\n{about}\n\n"
    yield neuron_part
    if moons_part:
        yield f"\n{moons_part}"


def code(text: str, language: str = "text") -> str:
    """Write a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def cut(text: str, lines: int) -> str:
    """Return the first lines of a text, each of a length that fits a page."""
    found = text.splitlines()
    shown = [line if len(line) <= 110 else f"{line[:109]}…" for line in found[:lines]]
    return "\n".join([*shown, "…"] if len(found) > lines else shown)


def picture(values: Any, file: str, renderer: str, **options: Any) -> str:
    """Save a picture and write the link to it."""
    save(values, PICTURES / file, renderer, **options)
    return f"![{escape(file.partition('.')[0])}](gallery/{file})\n"


# ----- Pictures of pages -----


def page_pictures(o: Value, loss: Value) -> None:
    """Take pictures of pages, where there is a browser."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        print("no Chromium: the pictures of pages stay as they are")
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as name, browser(Path(name)) as driver:
        page = Path(name) / "page.html"
        for file, text, script in (
            (
                "neuron-page.png",
                render(o, "html", theme="light"),
                "pluggrad.goTo(pluggrad.state.steps - 1); pluggrad.choose(0)",
            ),
            (
                "moons-page.png",
                render(loss, "html", theme="light"),
                "pluggrad.switchTheme(true); pluggrad.setHeat(true)",
            ),
            (
                "film-page.png",
                film_page(),
                "pluggrad.showFrame(40); pluggrad.setHeat(true); pluggrad.choose(5)",
            ),
        ):
            page.write_text(text, encoding="utf-8")
            driver.get(page.as_uri())
            driver.execute_async_script(BEGUN)
            driver.execute_script(script)
            driver.execute_async_script(
                "const [done] = arguments;"
                "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 300)))"
            )
            take(driver, file)


def take(driver: Any, file: str) -> None:
    """Save what the browser shows."""
    target = str(PICTURES / file)
    driver.save_screenshot(target)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "-o", target, target], check=False)


CELLS = [
    "from pluggrad import Value\nimport pluggrad\n\n"
    "x, w, b = Value(2.0, label='x'), Value(-0.5, label='w'), Value(1.5, label='b')\n"
    "o = (x * w + b).tanh()\no.label = 'o'\no.backward()\no",
    "pluggrad.widget(o)",
]


def notebook_pictures() -> None:
    """Take pictures of a notebook, where there is JupyterLab."""
    if find_spec("jupyterlab") is None or find_spec("anywidget") is None:
        print("no JupyterLab, or no anywidget: the pictures of notebooks stay as they are")
        return
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]
    from browser import Browser

    from tests.drawing.jupyter import Notebook, server

    with TemporaryDirectory(ignore_cleanup_errors=True) as name, server(Path(name)) as address:
        browser = Browser(Path(name))
        try:
            notebook = Notebook(browser, address, Path(name) / "neuron.ipynb", CELLS)
            notebook.open("lab")
            for file, cell, theme in (("", 0, "Light"), ("-dark", 1, "Dark")):
                notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
                notebook.cell(cell)
                time.sleep(3)  # the page in its frame is shown, and follows
                take(browser.driver, f"notebook{file}.png")
        finally:
            browser.driver.quit()


# The page of a film unpacks itself first.
BEGUN = """
const [done] = arguments;
const look = () => (window.pluggrad ? done() : setTimeout(look, 10));
look();
"""


@contextmanager
def browser(folder: Path) -> Iterator[Any]:
    """Start a browser without a window."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
        "--disable-background-networking --disable-component-update --window-size=1280,840 "
        f"--user-data-dir={folder / 'profile'}"
    ).split():
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def main() -> None:
    """Write the page and its pictures."""
    PICTURES.mkdir(exist_ok=True)
    o, _ = neuron()
    o.backward()
    loss = moons()
    (HERE / "gallery.md").write_text("".join(sections(o, loss)), encoding="utf-8")
    save(o, HERE / "images" / "neuron.svg")  # of README
    page_pictures(o, loss)
    notebook_pictures()
    print(HERE / "gallery.md")


if __name__ == "__main__":
    main()
