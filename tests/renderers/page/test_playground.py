"""The playground of the documentation in a real browser: Python runs there, and draws a page."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import Browser

ROOT = Path(__file__).parents[3]
DONE = "return !document.getElementById('run').disabled"
SHOWN = "return document.getElementById('page').srcdoc"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server on this machine, for the playground alone."""
    packages = Path(os.environ.get("PLUGGRAD_PYODIDE") or "nowhere") / "node_modules" / "pyodide"
    if not packages.exists():
        pytest.skip("no Pyodide: npm install pyodide, and PLUGGRAD_PYODIDE is the folder")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "docs" / "playground.py"), str(folder)]
    subprocess.run(command, check=True, capture_output=True)

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(folder), **kwargs)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def page(address: str, chrome: Browser) -> Browser:
    chrome.requests()  # those of the pages before it
    chrome.driver.get(f"{address}playground/index.html")
    until(chrome, f"{DONE} && {SHOWN.removeprefix('return ')}.length > 0")
    return chrome


def until(page: Browser, script: str) -> None:
    """Wait for Python, which takes its time on a busy machine."""
    for _ in range(1500):
        if page.run(script):
            return
        time.sleep(0.1)
    raise AssertionError(page.find("#state").text)


def run(page: Browser, program: str) -> str:
    page.run(
        "document.getElementById('program').value = arguments[0];"
        "document.getElementById('run').click()",
        program,
    )
    until(page, DONE)
    return page.find("#printed").text


def test_a_program_is_run_and_its_live_page_shown(page: Browser, address: str) -> None:
    assert page.find("#printed").text == "d(out)/d(w) = 1.5729"
    page.driver.switch_to.frame(page.find("#page"))
    assert page.run("return pluggrad.live.on")
    page.driver.switch_to.default_content()
    asked = [url for url in page.requests() if url.startswith("http")]
    assert asked
    assert [url for url in asked if not url.startswith(address)] == []


def test_an_error_is_printed_from_the_line_of_the_program_on(page: Browser) -> None:
    printed = run(page, "from pluggrad import Value\nx = Value(1.0) / 'a'\n")
    assert printed.startswith('Traceback (most recent call last):\n  File "program.py", line 2')
    assert "not str: 'a'" in printed


def test_what_draws_nothing_says_so(page: Browser) -> None:
    assert run(page, "1 + 1") == "There is nothing to draw: let the last line be a Value."


def test_every_example_runs(page: Browser) -> None:
    for name in page.run("return [...document.querySelectorAll('option')].map((o) => o.value)"):
        page.run(
            "const box = document.getElementById('examples'); box.value = arguments[0];"
            "box.dispatchEvent(new Event('change'))",
            name,
        )
        until(page, DONE)
        assert "wrong" not in page.find("#printed").get_attribute("class"), name
