"""Reading a document: nothing in it is believed before it was looked at."""

from __future__ import annotations

import math
from array import array
from typing import Any

from pluggrad.errors import quoted

LONGEST = 1000
NAMED = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}  # which JSON has no numbers for


class DocumentError(ValueError):
    """What stands in a document is not what should stand there."""


class Fields:
    """An object of a document, whose entries are taken out by name.

    Parameters:
        data: what stands there.
        where: how messages call it.

    Raises:
        DocumentError: when it is no object; each method when the entry is not of its kind.
    """

    def __init__(self, data: Any, where: str) -> None:
        if type(data) is not dict:
            raise DocumentError(f"{where} is {_kind(data)}, not an object")
        self._left = dict(data)
        self.where = where

    def has(self, name: str) -> bool:
        """Tell whether there is an entry of this name."""
        return name in self._left

    def take(self, name: str, *kinds: type) -> Any:
        """Take out an entry of one of these kinds, of any if none are named."""
        if name not in self._left:
            raise DocumentError(f"{self.where} has no {name!r}")
        found = self._left.pop(name)
        if kinds and type(found) not in kinds:
            wanted = " or ".join(_NAMES[kind] for kind in kinds)
            raise DocumentError(f"{self.where}.{name} is {_kind(found)}, not {wanted}")
        return found

    def text(self, name: str) -> str:
        """Take out a text that may be shown anywhere."""
        found: str = self.take(name, str)
        if len(found) > LONGEST or not found.isprintable():
            raise DocumentError(f"{self.where}.{name} is no text of one line")
        return found

    def fields(self, name: str) -> Fields:
        """Take out an object."""
        return Fields(self.take(name), f"{self.where}.{name}")

    def parts(self, name: str) -> list[tuple[Any, str]]:
        """Take out a list; give its parts, each with how messages call it."""
        return [(x, f"{self.where}.{name}[{i}]") for i, x in enumerate(self.take(name, list))]

    def integer(self, name: str, least: int, most: int) -> int:
        """Take out an integer in a range."""
        found: int = self.take(name, int)
        if not least <= found <= most:
            raise DocumentError(
                f"{self.where}.{name} is {_kind(found)}, not between {least} and {most}"
            )
        return found

    def integers(self, name: str, least: int, most: int) -> array[int]:
        """Take out a list of integers in a range."""
        given = self.take(name, list)
        for i, x in enumerate(given):
            if type(x) is not int or not least <= x <= most:
                raise DocumentError(
                    f"{self.where}.{name}[{i}] is {_kind(x)}, not an integer between {least} "
                    f"and {most}"
                )
        return array("q", given)

    def numbers(self, name: str, count: int) -> array[float]:
        """Take out a list of so many numbers, in which nan and infinity have names."""
        given = self.take(name, list)
        if len(given) != count:
            raise DocumentError(f"{self.where}.{name} has {len(given)} numbers, not {count}")
        return array("d", [self._number(x, f"{name}[{i}]") for i, x in enumerate(given)])

    def one_of(self, name: str, choices: tuple[Any, ...]) -> Any:
        """Take out one of a few choices."""
        found = self.take(name)
        if not any(type(found) is type(x) and found == x for x in choices):
            told = ", ".join(map(repr, choices))
            raise DocumentError(f"{self.where}.{name} is {_kind(found)}; possible: {told}")
        return found

    def end(self) -> None:
        """Refuse what nobody asked for, which this version does not know."""
        if self._left:
            raise DocumentError(f"{self.where} has {min(self._left)[:60]!r}, which is unknown here")

    def _number(self, x: Any, what: str) -> float:
        if type(x) is float:
            return x
        try:
            if type(x) is int:
                return float(x)
            if type(x) is str:
                return NAMED[x]
        except (KeyError, OverflowError):
            pass
        raise DocumentError(f"{self.where}.{what} is {_kind(x)}, not a number")


def number_text(x: float) -> float | str:
    """Return a number as JSON has it."""
    return x if math.isfinite(x) else str(x)


_NAMES = {
    dict: "an object", list: "a list", str: "text", int: "an integer", float: "a number",
    bool: "true or false", type(None): "null",
}  # fmt: skip


def _kind(x: Any) -> str:
    """Say what something is, in a few words whatever it is."""
    name = _NAMES[type(x)]
    if type(x) is int:
        return str(x) if abs(x) < 1 << 63 else name
    return f"{name} ({quoted(x)})" if type(x) in (str, float, bool) else name
