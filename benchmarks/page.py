"""The page of renderer "html" in a real browser: size, time until it can be used, frames a second.

    python benchmarks/page.py           # 2,000, 10,000 and 100,000 nodes
    python benchmarks/page.py --short   # 2,000 nodes

Needs Chromium with chromedriver, and selenium. A page counts as usable when it has drawn itself
and the browser has shown that frame; times are from the start of the navigation. Frames are
counted while the view moves by a few pixels each frame, for a second or two, in four views:
as the page opens, everything unfolded seen from afar, halfway, and close up. The goals at 100,000
nodes: below 10 MB, usable within 1 s, 30 frames a second.
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pluggrad import Graph, Value, render, scope

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


def main() -> None:
    """Measure the graphs in the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="2,000 nodes only")
    short = parser.parse_args().short
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
