"""A real Chromium without a window, for the tests of pages; they skip where there is none."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Two features cost each page something and show nothing here: a frame of its own for each document,
# and a process in reserve.
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars "
    "--window-size=1280,900 --disable-features=RenderDocument,SpareRendererForSitePerProcess"
).split()
ANSWER = 30  # seconds to the answer that it has stopped; selenium asks four times

# The page of a film unpacks itself first; others have begun when they are loaded. What does not
# begin says so in the console, which tests look at.
BEGUN = """
const [done] = arguments, end = performance.now() + 60000;
const look = () => (window.pluggrad || !document.getElementById("data") || performance.now() > end ?
  done() : setTimeout(look, 10));
look();
"""


class Browser:
    """One browser that opens page after page, and tells what went on in them."""

    def __init__(self, folder: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shell(folder) or chromium()
        for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        options.add_experimental_option("perfLoggingPrefs", {"enablePage": False})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(folder)},
        )
        self.folder = folder

    def quit(self) -> None:
        """Stop it; a driver that does not answer is killed, for which selenium would wait."""
        self.driver.command_executor.client_config.timeout = ANSWER
        self.driver.quit()

    def open(self, page: str) -> None:
        """Show a page, given as text, from a file."""
        path = self.folder / "page.html"
        path.write_text(page, encoding="utf-8", errors="replace")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(path.as_uri())
        self.driver.set_script_timeout(90)
        self.driver.execute_async_script(BEGUN)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page; `return` gives its result."""
        return self.driver.execute_script(script, *arguments)

    def each(self, function: str, arguments: Iterable[Any]) -> list[Any]:
        """Call a function of the page with each argument, without going to and fro for each."""
        return list(self.run(f"return arguments[0].map((x) => ({function})(x))", list(arguments)))

    @property
    def state(self) -> dict[str, Any]:
        """What the page says about itself."""
        return self.run("return pluggrad.state")

    def press(self, *keys: str) -> None:
        """Type keys."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def click(self, selector: str) -> None:
        """Click an element."""
        self.find(selector).click()

    def find(self, selector: str) -> Any:
        """Find an element by a CSS selector."""
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def point_at(self, item: int, *, click: int = 0) -> None:
        """Move the mouse over an item of the graph, and click it."""
        from selenium.webdriver.common.action_chains import ActionChains

        x, y = self.run("return pluggrad.screenPlace(arguments[0])", item)
        canvas = self.find("#canvas")
        size = canvas.size
        chain = ActionChains(self.driver).move_to_element_with_offset(
            canvas, round(x - size["width"] / 2), round(y - size["height"] / 2)
        )
        {0: chain, 1: chain.click, 2: chain.double_click}[click]() if click else None
        chain.perform()

    def complaints(self) -> list[str]:
        """What the console said."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for, since the page was opened."""
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]


def until(look: Callable[[], Any]) -> Any:
    """Look again and again until something is found, for a minute at most; return it."""
    end = time.monotonic() + 60.0
    while not (found := look()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
    return found


def chromium() -> str:
    """Find the browser's program, or ""."""
    return first("chromium", "chromium-browser", "google-chrome")


def shell(folder: Path) -> str:
    """Make a program of the shell that only shows pages, which costs half of a browser; or "".

    It opens no page by itself, and the driver waits for one.
    """
    if not (path := first("chromium-headless-shell", "chrome-headless-shell")):
        return ""
    made = folder / "shell"
    made.write_text(f'#!/bin/sh\nexec "{path}" "$@" about:blank\n', encoding="utf-8")
    made.chmod(0o755)
    return str(made)


def first(*names: str) -> str:
    """Find the first of some programs that is here, or ""."""
    return next((path for name in names if (path := shutil.which(name))), "")


def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile, and stop it in the end."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    if not (shell(folder) or chromium()) or not shutil.which("chromedriver"):
        pytest.skip("no Chromium with chromedriver on the PATH, so no page can be shown")
    started = Browser(folder)
    try:
        yield started
    finally:
        started.quit()
