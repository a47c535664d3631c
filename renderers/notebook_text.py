"""Texts that notebooks show as what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Self

from .themes import notebook_style


class Shown(str):
    """A text, for every purpose; a notebook shows what it means.

    Parameters:
        text: the text.
        plain: what is shown where nothing but text can be.
        bundle: what else it is, by MIME type.
    """

    plain: str
    bundle: Mapping[str, str]

    def __new__(cls, text: str, plain: str, bundle: Mapping[str, str]) -> Self:
        """Make the text."""
        made = super().__new__(cls, text)
        made.plain, made.bundle = plain, bundle
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {**self.bundle, "text/plain": self.plain}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        # IPython knows how to write texts, and would write this one with quotes and escapes.
        printer.text(self.plain)

    @classmethod
    def lines(cls, text: str) -> Self:
        """Make a text that notebooks show as it is, line by line."""
        return cls(text, text, {})


class Picture(Shown):
    """SVG text, which notebooks show as a picture in the colours of their theme."""

    @classmethod
    def of(cls, svg: str, plain: str) -> Self:
        """Make a picture.

        Parameters:
            svg: the text; a `<style>` in it, for files, is what this class does for notebooks.
            plain: what is shown where nothing but text can be.
        """
        drawn, follows = re.subn(r"<style>@media.*?</style>\n?", "", svg, count=1, flags=re.S)
        drawn = drawn[drawn.index("<svg") :]
        style = f"<style>{notebook_style()}</style>" if follows else ""
        html = f'<div class="pluggrad" style="overflow-x:auto">{style}{drawn}</div>'
        return cls(svg, plain, {"text/html": html, "image/svg+xml": svg})


# Tells the pages in a notebook's frames whether the notebook is dark, now and whenever it changes.
TELL_THEME = """
(() => {
  const isDark = () => {
    const { body, documentElement: root } = document, { classList } = body;
    if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
    if (body.dataset.vscodeThemeKind) {
      return classList.contains("vscode-dark") || classList.contains("vscode-high-contrast");
    }
    if (classList.contains("notebook_app")) return false; // the classic one
    const theme = root.getAttribute("theme");
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const tell = () => {
    for (const frame of document.querySelectorAll("iframe.pluggrad")) {
      frame.contentWindow?.postMessage({ pluggrad: { dark: isDark() } }, "*");
    }
  };
  addEventListener("message", (event) => { if (event.data === "pluggrad is ready") tell(); });
  for (const element of [document.body, document.documentElement]) {
    new MutationObserver(tell).observe(element, { attributes: true });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  tell();
})();
"""


class Page(Shown):
    """A whole HTML page, which notebooks show in a frame that shares nothing with them.

    The frame is of an origin of its own: its script sees neither the notebook nor its cookies. It
    is told whether the notebook is dark.
    """

    @classmethod
    def of_height(cls, text: str, plain: str, height: int) -> Self:
        """Make a page; its height in a notebook is in pixels."""
        made = cls(text, plain, {})
        made.height = height
        return made

    height: int

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        frame = (
            '<iframe class="pluggrad" sandbox="allow-scripts allow-downloads" '
            f'srcdoc="{escape(self)}" '
            f'width="100%" height="{self.height}" style="border:0" loading="lazy" '
            f'title="{escape(self.plain)}"></iframe><script>{TELL_THEME}</script>'
        )
        return {"text/html": frame, "text/plain": self.plain}
