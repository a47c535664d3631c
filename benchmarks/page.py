"""The page of renderer "html" in a real browser: size, time until it can be used, frames a second.

    python benchmarks/page.py           # 2,000, 10,000 and 100,000 nodes
    python benchmarks/page.py --live    # live pages and films, 10 to 100,000 nodes; a film's cost
    python benchmarks/page.py --short   # either with 2,000 nodes at most

Needs Chromium with chromedriver, and selenium. A page counts as usable when it has drawn itself
and the browser has shown that frame; times are from the start of the navigation. Frames are
counted while the view moves by a few pixels each frame, for a second or two, in four views:
as the page opens, everything unfolded seen from afar, halfway, and close up. The goals at 100,000
nodes: below 10 MB, usable within 1 s, 30 frames a second.

With --live, a step is one of the page's steps with its drawing; a drag moves a leaf, computes
everything anew, forward and backward, and draws; a frame of a film does so with all leaves. Times
are medians of 15; the shortest drag is what it takes where nothing else runs. What a film costs is
the time of `film.shoot()` beside that of a step of training, measured in turns. The goals: 2 MB for
100 steps of moons, shot at 5 % of a step at most; a drag at 66,000 nodes within two frames, 33 ms.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from moons import Moons
from pluggrad import Film, Graph, Value, compile, nn, render, scope

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1360,860"
).split()

FRAMES = """
const [seconds, done] = arguments;
let frames = 0, worst = 0, last = performance.now();
const start = last;
function tick(now) {
  worst = Math.max(worst, now - last);
  last = now;
  frames++;
  if (now - start > seconds * 1000) return done([frames / ((now - start) / 1000), worst]);
  pluggrad.panBy(Math.sin(frames / 20) * 12, Math.cos(frames / 20) * 9);
  requestAnimationFrame(tick);
}
requestAnimationFrame(tick);
"""
USABLE = """
const [done] = arguments;
requestAnimationFrame(() => requestAnimationFrame(() => done([
  pluggrad.ready, performance.getEntriesByType("paint").map((p) => p.startTime)[0] ?? -1,
])));
"""
VIEWS = {
    "as it opens": "",
    "all, from afar": "pluggrad.setAll(true)",
    "halfway": "pluggrad.zoomAt(500, 350, 0.2 / pluggrad.state.camera.k)",
    "close up": "pluggrad.zoomAt(500, 350, 1 / pluggrad.state.camera.k)",
}


def mlp(nodes: int) -> Value:
    """Run samples through an MLP 2-16-16-1, in scopes, until there are about so many nodes."""
    rng = random.Random(1)
    layers = [
        [[Value(rng.uniform(-1, 1), label=f"w{i}") for i in range(size)] for _ in range(outputs)]
        for size, outputs in ((2, 16), (16, 16), (16, 1))
    ]
    scores = []
    for sample in range(max(1, nodes // 665)):
        with scope(f"sample {sample}"):
            x = [Value(rng.gauss(0, 1), label=f"x{i}") for i in range(2)]
            for number, layer in enumerate(layers):
                outputs = []
                for i, weights in enumerate(layer):
                    with scope(f"layer {number}"), scope(f"neuron {i}"):
                        total = sum(
                            (w * v for w, v in zip(weights, x, strict=True)), Value(0.0, label="b")
                        )
                        outputs.append(total.relu())
                x = outputs
            scores.append(x[0])
    with scope("loss"):
        loss: Value = sum(((1.0 - s).relu() for s in scores), Value(0.0)) * (1 / len(scores))
    loss.label = "loss"
    return loss


def chain(nodes: int) -> Value:
    """Repeat one operation."""
    x = Value(0.5, label="x")
    for _ in range(nodes - 1):
        x = x.tanh()
    return x


def fan(nodes: int) -> Value:
    """Add up many products of neighbours, without any scope."""
    rng = random.Random(2)
    leaves = [Value(rng.gauss(0, 1), label=f"a{i}") for i in range(nodes // 4)]
    terms = [a * b for a, b in zip(leaves, leaves[1:] + leaves[:1], strict=True)]
    while len(terms) > 1:
        terms = [
            terms[i] + terms[i + 1] if i + 1 < len(terms) else terms[i]
            for i in range(0, len(terms), 2)
        ]
    return terms[0].tanh()


GRAPHS = {"mlp": mlp, "chain": chain, "fan": fan}


def driver(folder: Path) -> Any:
    """Start a browser without a window."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        raise SystemExit(_nothing("selenium is missing: pip install selenium")) from None
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None or shutil.which("chromedriver") is None:
        raise SystemExit(_nothing("there is no Chromium with chromedriver on the PATH"))
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def _nothing(reason: str) -> int:
    print(f"nothing measured: {reason}")
    return 0


def measure(browser: Any, name: str, nodes: int, folder: Path, seconds: float) -> None:
    """Print one row."""
    loss = GRAPHS[name](nodes)
    loss.backward()
    graph = Graph(loss)
    start = time.perf_counter()
    page = render(graph, "html")
    rendered = time.perf_counter() - start
    path = folder / f"{name}-{nodes}.html"
    path.write_text(page, encoding="utf-8")
    usable = []
    for _ in range(3):
        browser.get("about:blank")
        browser.get(path.as_uri())
        ready, painted = browser.execute_async_script(USABLE)
        usable.append(max(ready, painted))
    frames = []
    for view in VIEWS.values():
        browser.execute_script(view)
        rate, worst = browser.execute_async_script(FRAMES, seconds)
        frames.append(f"{rate:5.0f} ({worst:4.0f})")
    print(
        f"{name:6}{len(graph):>9,}{rendered:9.2f} s{len(page) / 1e6:8.2f} MB"
        f"{min(usable):9.0f} ms   {'   '.join(frames)}",
        flush=True,
    )


# ----- Live pages and films -----

REPEATED = """
const [name, done] = arguments, times = [];
const leaf = pluggrad.leaves()[0], { frames } = pluggrad.state.film ?? {};
const work = {
  step: (i) => { pluggrad.goTo(i + 1); pluggrad.draw(); },
  drag: (i) => pluggrad.moveLeaves([[leaf, 0.1 * i]]),
  frame: (i) => pluggrad.showFrame(i % frames),
}[name];
for (let i = 0; i < 15; i++) {
  const from = performance.now();
  work(i);
  times.push(performance.now() - from);
}
times.sort((a, b) => a - b);
done([times[7], times[0]]);
"""
BEGUN = """
const [done] = arguments;
const look = () => (window.pluggrad ? done(pluggrad.ready) : setTimeout(look, 5));
look();
"""


def tiny() -> Value:
    """Compute one neuron: ten nodes."""
    x, w, b = ([Value(0.5 * i, label=f"{name}{i}") for i in range(1, 3)] for name in "xwb")
    return (x[0] * w[0] + x[1] * w[1] + b[0]).tanh()


def filmed(loss: Value, frames: int) -> Film:
    """Make a film in which all leaves move."""
    film, rng = Film(loss), random.Random(3)
    leaves = [x for x in film.leaves if x.requires_grad]
    for _ in range(frames):
        for x in leaves:
            x.data += rng.gauss(0.0, 1e-3)
        film.shoot()
    return film


def measure_live(browser: Any, nodes: int, folder: Path) -> None:
    """Print one row of the table of live pages."""
    loss = tiny() if nodes < 100 else mlp(nodes)
    loss.backward()
    graph = Graph(loss)
    pages = {
        "plain": render(graph, "html", max_nodes=None),
        "live": render(graph, "html", max_nodes=None, live=True),
        "film": render(filmed(loss, 100), "html", max_nodes=None),
    }
    found: dict[str, float] = {}
    for kind, names in (("live", ["step", "drag"]), ("film", ["frame"])):
        path = folder / f"{kind}-{nodes}.html"
        path.write_text(pages[kind], encoding="utf-8")
        browser.get(path.as_uri())
        found[f"open {kind}"] = browser.execute_async_script(BEGUN)
        for name in names:
            found[name], found[f"{name} at best"] = browser.execute_async_script(REPEATED, name)
    sizes = "".join(f"{len(page) / 1e6:7.2f}" for page in pages.values())
    times = "".join(f"{found[key]:14.1f}" for key in LIVE_COLUMNS)
    print(f"{len(graph):9,}{sizes}{times}", flush=True)


LIVE_COLUMNS = ("open live", "open film", "step", "drag", "drag at best", "frame")


def live_pages(browser: Any, sizes: list[int], folder: Path) -> None:
    """Print the table of live pages."""
    print("sizes in MB: plain, live, film of 100 frames; times in ms")
    print("    nodes  plain   live   film" + "".join(f"{name:>14}" for name in LIVE_COLUMNS))
    for nodes in sizes:
        measure_live(browser, nodes, folder)


def cost_of_filming(seconds: float) -> None:
    """Print what `shoot()` costs beside a step of moons, eager and compiled."""
    model = Moons(Value)
    program = compile(model.loss(), wrt=model.parameters)
    optimizer = nn.SGD(program, lr=1e-4)
    eager_film, film = Film(model.loss()), Film(program)

    def eager() -> None:
        for p in model.parameters:
            p.grad = 0.0
        model.loss().backward()

    def compiled() -> None:
        program.step()
        optimizer.step()

    for name, step, shoot in (
        ("eager", eager, eager_film.shoot),
        ("compiled", compiled, film.shoot),
    ):
        steps, shots = in_turns(step, shoot, seconds)
        share = shots / steps
        print(f"moons, {name}: a step {steps:.1f} us, shoot() {shots:.2f} us, {share:.2%} of it")


def in_turns(
    first: Callable[[], None], second: Callable[[], None], seconds: float
) -> tuple[float, float]:
    """Return the median time of each in microseconds, measured in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for work, taken in zip((first, second), times, strict=True):
            start = time.perf_counter()
            work()
            taken.append((time.perf_counter() - start) * 1e6)
    return median(times[0]), median(times[1])


def main() -> None:
    """Measure the graphs in the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="2,000 nodes at most")
    parser.add_argument("--live", action="store_true", help="live pages and films")
    options = parser.parse_args()
    short = options.short
    if options.live:
        cost_of_filming(0.5 if short else 5.0)
        with TemporaryDirectory(ignore_cleanup_errors=True) as name:
            browser = driver(Path(name))
            browser.set_script_timeout(120)
            try:
                sizes = [10, 1000] if short else [10, 1000, 66_000, 100_000]
                live_pages(browser, sizes, Path(name))
            finally:
                browser.quit()
        return
    print("frames a second while panning (longest frame in ms):", ", ".join(VIEWS))
    print("graph     nodes   rendered      size    usable", *VIEWS, sep="   ")
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        browser = driver(Path(name))
        browser.set_script_timeout(60)
        try:
            for size in [2000] if short else [2000, 10_000, 100_000]:
                for graph in GRAPHS:
                    measure(browser, graph, size, Path(name), 0.5 if short else 2.0)
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
