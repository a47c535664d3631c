"""Labels made safe to show: any text in, one line of printable text out."""

from __future__ import annotations

import re
import unicodedata

# What a terminal or an XML file cannot hold or would obey: control characters, line separators,
# marks that reverse the reading direction, lone surrogates, byte order mark, noncharacters.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
# What XML 1.0 has no way to write (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: str, limit: int) -> str:
    """Return a text as one printable line of at most `limit` characters, ending in … if shortened.

    Control characters, and others that a terminal would obey, are shown as escapes: a newline as
    the two characters `\\n`, a lone surrogate as `\\ud800`.
    """
    shown = _UNSAFE.sub(_escape, text[: limit + 1])
    return shown if len(shown) <= limit and len(text) <= limit else shown[: limit - 1] + "…"


def xml_text(text: str) -> str:
    """Return a text with escapes for the few characters that no XML file can hold."""
    return _NOT_XML.sub(_escape, text)


def columns(text: str) -> int:
    """Count the columns that a printable text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def cut(text: str, room: int) -> str:
    """Shorten a printable text to so many columns of a terminal, ending in … then.

    >>> cut("sigmoid", 4), cut("sigmoid", 7)
    ('sig…', 'sigmoid')
    """
    if columns(text) <= room:
        return text
    kept, left = [], room - 1
    for character in text:
        left -= _columns(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
