"""The pages that the documentation shows in frames are live, and in the colours around them."""

from pathlib import Path
from typing import Any

import pytest
from browser import Browser

DOCS = Path(__file__).parents[2] / "docs"
HOST = """<!DOCTYPE html><title>docs</title><body data-theme="dark"><script>SCRIPT</script>
<iframe class="steps" src="page.html" title="a page" width="800" height="600"></iframe>"""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Those of a neuron, of a film, and of the steps of backprop."""
    from generate import live_pages, pictures

    return {**live_pages.files(), "pages/backprop-steps.html": pictures.steps()}


def test_each_page_in_a_frame_is_made_and_each_page_made_stands_in_one(
    pages: dict[str, str],
) -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))
    for name in pages:
        assert f'src="{name.removeprefix("pages/")}"' in texts


def test_they_are_live(chrome: Browser, pages: dict[str, str]) -> None:
    for name, page in pages.items():
        chrome.open(page)
        assert chrome.run("return [pluggrad.live.on, pluggrad.live.why]") == [True, ""], name
        assert chrome.complaints() == []


def test_they_take_the_colours_of_the_documentation(chrome: Browser, pages: dict[str, str]) -> None:
    host = HOST.replace("SCRIPT", (DOCS / "_static" / "frames.js").read_text(encoding="utf-8"))
    (chrome.folder / "host.html").write_text(host, encoding="utf-8")
    (chrome.folder / "page.html").write_text(pages["pages/neuron.html"], encoding="utf-8")
    chrome.driver.get((chrome.folder / "host.html").as_uri())
    for theme in ("dark", "light"):
        chrome.run("document.body.dataset.theme = arguments[0]", theme)
        assert wait_for_dark(chrome, theme == "dark")


def wait_for_dark(chrome: Browser, dark: bool) -> Any:
    """Return whether the page in the frame is dark, or light, in the end."""
    chrome.driver.switch_to.frame(chrome.find("iframe"))
    try:
        return chrome.driver.execute_async_script(
            "const [dark, done] = arguments; let tries = 500;"
            "const look = () => (window.pluggrad?.state.dark === dark ? done(true) :"
            "  tries-- ? setTimeout(look, 20) : done(false)); look();",
            dark,
        )
    finally:
        chrome.driver.switch_to.default_content()
