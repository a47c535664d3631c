"""Texts that notebooks show as what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Self


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


class Page(Shown):
    """A whole HTML page, which notebooks show in a frame that shares nothing with them.

    The frame is of an origin of its own: its script sees neither the notebook nor its cookies.
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
            f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{escape(self)}" '
            f'width="100%" height="{self.height}" style="border:0" loading="lazy" '
            f'title="{escape(self.plain)}"></iframe>'
        )
        return {"text/html": frame, "text/plain": self.plain}
