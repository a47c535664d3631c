"""An operation on texts, as a program writes it."""

from __future__ import annotations

from collections.abc import Sequence


def applied(symbol: str, operands: Sequence[str]) -> str:
    """Write an operation on texts: `2 * -3`, `-x`, `tanh(x)`."""
    if len(operands) == 2 and not symbol.isidentifier():
        return f"{operands[0]} {symbol} {operands[1]}"
    if len(operands) == 1 and not symbol.isidentifier():
        (only,) = operands
        return f"{symbol}({only})" if only.startswith("-") else f"{symbol}{only}"
    return f"{symbol}({', '.join(operands)})"
