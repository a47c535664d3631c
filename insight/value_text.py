"""Words for values in an explanation: their names, numbers and formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pluggrad.value import Value

from .applied import applied
from .lines import made_at
from .record import again

if TYPE_CHECKING:
    from .paths import Between

LABEL = 40  # characters of a label that are shown


class Wording:
    """How the values of one explanation are called.

    Parameters:
        between: the graph that is explained.
        digits: significant digits of numbers.
    """

    def __init__(self, between: Between, digits: int) -> None:
        self.between, self.digits = between, digits

    def short(self, number: float) -> str:
        """Write a number."""
        return format(number, f".{self.digits}g")

    def name(self, value: Value) -> str:
        """Return a label, the name of a variable, the number of a constant, or an id."""
        label = str(value.label) or self.between.names.get(value, "")
        if label:
            shown = label if label.isprintable() else repr(label)[1:-1]
            return shown if len(shown) <= LABEL else f"{shown[: LABEL - 1]}…"
        if value.op is None and not value.requires_grad:
            return self.short(value.data)
        return self.id(value)

    def id(self, value: Value) -> str:
        """Return the id that pictures of the graph show; "x" for what is not in it."""
        place = self.between.position.get(value)
        return "x" if place is None else f"n{place}"

    def described(self, value: Value) -> str:
        """Write `x = 2`."""
        name, number = self.name(value), self.short(value.data)
        return name if name == number else f"{name} = {number}"

    def formula(self, node: Value) -> str:
        """Write `n2 = x * w = 2 * -3 = -6`."""
        assert node.op is not None
        symbol = node.op.symbol
        names = applied(symbol, [self.name(x) for x in node.prev])
        numbers = applied(symbol, [self.short(x.data) for x in node.prev])
        middle = names if names == numbers else f"{names} = {numbers}"
        where = f"    ({line})" if (line := made_at(node)) else ""
        now = again(node)
        if now is not None:
            end = f"{self.short(now)} now, not {self.short(node.data)}"
            return f"{self.name(node)} = {middle} = {end}: computed from older data{where}"
        return f"{self.name(node)} = {middle} = {self.short(node.data)}{where}"
