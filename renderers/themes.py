"""Themes: the colours of pictures, as plain data that all renderers share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple

from pluggrad import RenderError
from pluggrad.errors import quoted

FONT = "Helvetica,Arial,sans-serif"
AUTO = "auto"


class Theme(NamedTuple):
    """The colours of one theme, each as "#rrggbb".

    Attributes:
        paper: behind everything.
        ink: names, numbers and operations.
        muted: what is said beside them: "data", "grad", local derivatives, notes.
        line: edges of the graph, and borders of results.
        result, leaf, constant, output, group: the inside of nodes of each kind.
        leaf_edge, constant_edge, output_edge, group_edge: their borders.
        alarm: what is wrong, and the border of the node where it is.
    """

    paper: str
    ink: str
    muted: str
    line: str
    result: str
    leaf: str
    leaf_edge: str
    constant: str
    constant_edge: str
    output: str
    output_edge: str
    group: str
    group_edge: str
    alarm: str

    def of_kind(self, kind: str, output: bool) -> tuple[str, str]:
        """Return the colours of a node and its border; results are "op", outputs come first."""
        looks = {
            "leaf": (self.leaf, self.leaf_edge),
            "constant": (self.constant, self.constant_edge),
            "group": (self.group, self.group_edge),
        }
        if output and kind != "group":
            return self.output, self.output_edge
        return looks.get(kind, (self.result, self.line))


# Blue, grey, amber, violet and magenta stay apart under every common colour blindness.
THEMES: dict[str, Theme] = {
    "light": Theme(
        paper="#ffffff",
        ink="#1f2933",
        muted="#5c6976",
        line="#7b93ab",
        result="#ffffff",
        leaf="#e0effa",
        leaf_edge="#2b6cb0",
        constant="#f5f7fa",
        constant_edge="#cbd2d9",
        output="#fdf0d5",
        output_edge="#b7791f",
        group="#ede9f7",
        group_edge="#6b46c1",
        alarm="#b3175e",
    ),
    # The same hues, dark where they were light.
    "dark": Theme(
        paper="#161c24",
        ink="#e4e7eb",
        muted="#a3aeba",
        line="#7b8794",
        result="#222b36",
        leaf="#173a5e",
        leaf_edge="#63a4e0",
        constant="#2b3440",
        constant_edge="#4b5866",
        output="#4d3a10",
        output_edge="#e0a83c",
        group="#3a3166",
        group_edge="#d9c2ff",
        alarm="#ff7eb6",
    ),
    # For weak eyes and projectors: letters at least seven times as bright or dark as what they
    # stand on (WCAG AAA), and borders that differ in lightness, too.
    "contrast": Theme(
        paper="#ffffff",
        ink="#000000",
        muted="#2f3640",
        line="#3a4552",
        result="#ffffff",
        leaf="#cfe6fb",
        leaf_edge="#00549f",
        constant="#eceff2",
        constant_edge="#6c7782",
        output="#ffdf9e",
        output_edge="#7a4a00",
        group="#e6d5f7",
        group_edge="#3f1173",
        alarm="#8a0045",
    ),
    # For paper without colours.
    "print": Theme(
        paper="#ffffff",
        ink="#000000",
        muted="#404040",
        line="#606060",
        result="#ffffff",
        leaf="#e8e8e8",
        leaf_edge="#000000",
        constant="#ffffff",
        constant_edge="#b0b0b0",
        output="#ffffff",
        output_edge="#000000",
        group="#d8d8d8",
        group_edge="#000000",
        alarm="#000000",
    ),
}
NAMES = (*THEMES, AUTO)
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def theme_of(renderer: str, given: object, *, auto: bool = False) -> tuple[Theme, bool]:
    """Find the theme that an option names, or make the one that it describes.

    Parameters:
        renderer: whose option it is, for messages.
        given: a name; or a table of some colours, in which `base` names the theme to take the
            others from, "light" if not given.
        auto: whether the renderer can follow the reader's system.

    Returns:
        The theme, and whether by night it becomes the dark one.

    Raises:
        RenderError: naming what is wrong and what is possible.

    >>> theme_of("svg", {"base": "dark", "leaf": "#00334d"})[0].leaf
    '#00334d'
    """
    known = NAMES if auto else tuple(THEMES)
    if isinstance(given, str):
        if given not in known:
            raise RenderError(
                f"renderer {renderer!r}: option theme is one of {', '.join(map(repr, known))}, or "
                f"a table of colours, not {quoted(given)}"
            )
        return THEMES["light" if given == AUTO else given], given == AUTO
    if not isinstance(given, Mapping):
        raise RenderError(
            f"renderer {renderer!r}: option theme is a name or a table of colours, not "
            f"{type(given).__name__}"
        )
    base = given.get("base", "light")
    if not isinstance(base, str) or base not in THEMES:
        raise RenderError(
            f"renderer {renderer!r}: the base of a theme is one of "
            f"{', '.join(map(repr, THEMES))}, not {quoted(base)}"
        )
    colours = {key: value for key, value in given.items() if key != "base"}
    for key, value in colours.items():
        _check(renderer, key, value)
    return THEMES[base]._replace(**colours), False


def _check(renderer: str, key: object, value: object) -> None:
    if key not in Theme._fields:
        close = get_close_matches(str(key), Theme._fields, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise RenderError(
            f"renderer {renderer!r}: a theme has no colour {quoted(key)}; {hint}"
            f"(available: base, {', '.join(Theme._fields)})"
        )
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise RenderError(
            f"renderer {renderer!r}: theme: {key} is a colour such as '#1f2933', "
            f"not {quoted(value)}"
        )


def night_style() -> str:
    """Return the CSS that turns a light picture dark where the reader's system is."""
    return f"@media (prefers-color-scheme:dark){{{_night_rules('')}}}"


def notebook_style() -> str:
    """Return the CSS that turns light pictures dark where the notebook around them is.

    JupyterLab, VS Code and Colab each say it in their own way; the classic notebook is always
    light, and others are as the reader's system.
    """
    told = f":is({','.join(NIGHT_HOSTS)}) .pluggrad "
    system = f":root:not([theme]) body:not({','.join(HOSTS)}) .pluggrad "
    return f"{_night_rules(told)}@media (prefers-color-scheme:dark){{{_night_rules(system)}}}"


NIGHT_HOSTS = (
    '[data-jp-theme-light="false"]',
    ".vscode-dark",
    ".vscode-high-contrast:not(.vscode-high-contrast-light)",
    '[theme="dark"]',
)
HOSTS = ("[data-jp-theme-light]", "[data-vscode-theme-kind]", ".notebook_app")


def _night_rules(around: str) -> str:
    """Pair the colours of day and night.

    The inside of a result is as white as the paper, but not as dark: there, paper is "white".
    """
    pairs = [*zip(THEMES["light"], THEMES["dark"], strict=True)][1:]
    pairs.append(("white", THEMES["dark"].paper))
    return "".join(
        [
            f'{around}[{attribute}="{day}"]{{{attribute}:{night}}}'
            for day, night in pairs
            for attribute in ("fill", "stroke")
        ]
    )
