"""SVG text as PNG and PDF files, without Graphviz and without a browser.

resvg draws the pixels and svg2pdf the vectors (both Apache-2.0 or MIT, as are their Python packages
resvg-py and svg2pdf-py). Text is set in a font of this machine.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from math import sqrt
from typing import Any

from pluggrad import RenderError

from .themes import FONT

PACKAGES = {".png": "resvg_py", ".pdf": "svg2pdf_py"}
# Metrics like Helvetica's first; then what systems have, since these two know no fallback.
FONTS = (
    "Helvetica,Arial,Liberation Sans,Nimbus Sans,Arimo,Segoe UI,Helvetica Neue,DejaVu Sans,"
    "Noto Sans,Verdana,Roboto,Ubuntu,sans-serif"
)
SHARPNESS = 2.0  # pixels for a pixel of the SVG
MOST_PIXELS = 40e6  # in all
POINT = 4 / 3  # pixels
SAMPLE = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" font-family="{FONTS}">%s</svg>'
)


def can_convert(suffix: str) -> bool:
    """Return whether the package that makes such files is installed."""
    return find_spec(PACKAGES[suffix]) is not None


def converted(svg: str, suffix: str) -> bytes:
    """Convert an SVG of renderer "svg" or "graphviz".

    Parameters:
        svg: the text.
        suffix: of the file to make, `.png` or `.pdf`.

    Raises:
        RenderError: when it cannot be converted, or when no font of this machine fits.
    """
    if not _has_font(suffix):
        raise RenderError(
            f"no font was found for the text of a {suffix} file; install one of {FONTS}"
        )
    return _written(_in_pixels(svg).replace(FONT, FONTS), suffix)


@cache
def _has_font(suffix: str) -> bool:
    """Return whether text leaves a trace."""
    blank, text = SAMPLE % "", SAMPLE % '<text y="8">x</text>'
    return _written(blank, suffix) != _written(text, suffix)


def _written(svg: str, suffix: str) -> bytes:
    try:
        return _png(svg) if suffix == ".png" else _pdf(svg)
    except (ValueError, RuntimeError) as cause:
        raise RenderError(f"{PACKAGES[suffix]} cannot draw the {suffix} file: {cause}") from cause


def _png(svg: str) -> bytes:
    import resvg_py

    width, height = (float(x) for x in _size(svg).groups()[1:])
    zoom = min(SHARPNESS, sqrt(MOST_PIXELS / (width * height)))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom))


def _pdf(svg: str) -> bytes:
    import svg2pdf_py

    return bytes(svg2pdf_py.svg_to_pdf(svg, _fonts()))


@cache
def _fonts() -> Any:
    import svg2pdf_py

    return svg2pdf_py.FontDatabase.system()


def _size(svg: str) -> re.Match[str]:
    found = re.search(r'(<svg[^>]*?)\swidth="([\d.]+)(?:pt)?"\sheight="([\d.]+)(?:pt)?"', svg)
    if found is None:
        raise RenderError("an SVG without a size cannot be converted")
    return found


def _in_pixels(svg: str) -> str:
    """Return the size in pixels where Graphviz gives it in points, which resvg does not take."""
    found = _size(svg)
    if "pt" not in found[0]:
        return svg
    width, height = (float(x) * POINT for x in found.groups()[1:])
    return svg.replace(found[0], f'{found[1]} width="{width:g}" height="{height:g}"', 1)
