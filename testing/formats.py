"""What a label may not change: the structure of a picture, read by a parser of its format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any, NamedTuple
from xml.etree import ElementTree


class Read(NamedTuple):
    """A text as a parser sees it.

    Attributes:
        structure: all that labels have no part in.
        texts: what labels may be in; None where the parser does not tell it from the rest.
    """

    structure: Any
    texts: list[str] | None


class FormatError(ValueError):
    """A text is not what its format says."""


class Format(NamedTuple):
    """A format: its name, and how a text of it is read. Reading raises FormatError."""

    name: str
    read: Callable[[str], Read]


def format_of(text: str, suffix: str) -> Format:
    """Find out which format a text is in, from the text itself and its file's suffix."""
    start = text.lstrip()[:15].lower()
    if start.startswith(("<!doctype html", "<html")):
        return Format("HTML", _html)
    if start.startswith("<"):
        return Format("XML", _xml)
    if start.startswith(("{", "[")) and _is_json(text):
        return Format("JSON", _json)
    if suffix in (".csv", ".tsv"):
        delimiter = _delimiter(text)
        return Format("table", lambda text: _table(text, delimiter))
    return Format("text", _lines)


def _xml(text: str) -> Read:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as cause:
        raise FormatError(f"it is no XML: {cause}") from cause
    structure, texts = [], []
    for element in root.iter():
        structure.append((element.tag, sorted(element.attrib)))
        texts += [*element.attrib.values(), element.text or "", element.tail or ""]
    return Read(structure, texts)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.structure: list[Any] = []
        self.texts: list[str] = []
        self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.structure.append((tag, [name for name, _ in attrs]))
        self.texts += [value or "" for _, value in attrs]
        self._code = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.structure.append(f"/{tag}")
        self._code = False

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.structure.append("comment")

    def unknown_decl(self, data: str) -> None:
        self.structure.append("declaration")


def _html(text: str) -> Read:
    tags = _Tags()
    tags.feed(text)
    tags.close()
    return Read(tags.structure, tags.texts)


def _is_json(text: str) -> bool:
    try:
        _json(text)
    except FormatError:
        return False
    return True


def _json(text: str) -> Read:
    def refused(word: str) -> None:
        raise FormatError(f"it is no JSON: {word} is no number")

    try:
        data = json.loads(text, parse_constant=refused)
    except json.JSONDecodeError as cause:
        raise FormatError(f"it is no JSON: {cause}") from cause
    texts: list[str] = []
    return Read(list(_parts(data, texts)), texts)


def _parts(data: Any, texts: list[str]) -> Iterator[Any]:
    stack = [data]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            yield list(part)
            stack += part.values()
        elif isinstance(part, list):
            yield len(part)
            stack += part
        elif isinstance(part, str):
            texts.append(part)
        yield type(part).__name__


def _delimiter(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text.partition("\n")[0]).delimiter
    except csv.Error:
        return ","


def _table(text: str, delimiter: str) -> Read:
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return Read([len(row) for row in rows], [cell for row in rows for cell in row])


def _lines(text: str) -> Read:
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        for character in line.replace("\t", ""):
            if not character.isprintable():
                raise FormatError(f"line {number} has the character {character!r}")
    return Read(f"{len(lines)} lines", None)
