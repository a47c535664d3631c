"""The colours of a page: those of a theme, and what follows from them for everything else."""

from __future__ import annotations

from collections.abc import Mapping

from ..themes import AUTO, THEMES, Theme, theme_of

# Heat means the same in every theme: blue and orange stay apart for every eye.
DAY = {"minus": "#4896d6", "plus": "#f0943a"}
NIGHT = {"minus": "#2270b2", "plus": "#ba620a"}


def page_theme(renderer: str, given: str | Mapping[str, str]) -> tuple[str, str]:
    """Return how a page starts, "light", "dark" or "auto", and the CSS of its day and its night.

    Parameters:
        renderer: whose option it is, for messages.
        given: the name of a theme, or a table of colours.

    Raises:
        RenderError: naming what is wrong and what is possible.

    >>> start, style = page_theme("html", {"base": "dark", "leaf": "#00334d"})
    >>> start, "--leaf:#00334d" in style
    ('dark', True)
    """
    theme, auto = theme_of(renderer, given, auto=True)
    day, night = THEMES["light"], THEMES["dark"]
    start = AUTO if auto else "dark" if _is_dark(theme) else "light"
    if start == "dark":
        night = theme
    else:
        day = theme
    return start, f":root{{{_tokens(day)}}}\n:root[data-dark]{{{_tokens(night)}}}"


def _tokens(theme: Theme) -> str:
    """Return the custom properties of one theme; the script reads its colours from them."""
    dark = _is_dark(theme)
    named = {
        **{name.replace("_", "-"): colour for name, colour in theme._asdict().items()},
        "result-edge": theme.line,
        "accent": theme.group_edge,
        "accent-soft": theme.group,
        "back": _mix(theme.paper, theme.ink, 0.04 if not dark else -0.25),
        "rule": _mix(theme.paper, theme.line, 0.35),
        "badge": _mix(theme.result, theme.line, 0.16),
        "frame": _mix(theme.paper, theme.line, 0.12),
        "frame-edge": _mix(theme.paper, theme.line, 0.6),
        "zero": theme.result,
        **(NIGHT if dark else DAY),
    }
    named["alarm-soft"] = _mix(theme.paper, named["alarm"], 0.12)
    scheme = "dark" if dark else "light"
    return f"color-scheme:{scheme};" + ";".join(f"--{name}:{named[name]}" for name in named)


def _is_dark(theme: Theme) -> bool:
    return sum(_rgb(theme.paper)) < sum(_rgb(theme.ink))


def _mix(a: str, b: str, share: float) -> str:
    """Go from a colour some way to another one; below 0, away from it to black."""
    to = _rgb(b) if share > 0 else (0, 0, 0)
    mixed = [round(x + (y - x) * abs(share)) for x, y in zip(_rgb(a), to, strict=True)]
    return "#" + "".join(f"{x:02x}" for x in mixed)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
