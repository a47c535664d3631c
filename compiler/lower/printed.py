"""Numbers as the C library prints and reads them, in the machine code that numba makes.

These are the functions of the same names in decimals.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils as untyped
from numba.core import types
from numba.extending import intrinsic

from . import decimals

cgutils: Any = untyped
ROOM = 800  # characters: the largest float has 309 before the point, and LAST may come after it
NUMBER, BYTE, COUNT = ir.DoubleType(), ir.IntType(8), ir.IntType(32)
TEXT: Any = cgutils.voidptr_t


def _text(builder: Any, format: str, *given: Any) -> tuple[Any, Any]:
    """Print numbers; return the text, and how long it is."""
    room = cgutils.alloca_once(builder, ir.ArrayType(BYTE, ROOM))
    text = builder.bitcast(room, TEXT)
    numbers = [x if x.type == NUMBER else builder.trunc(x, COUNT) for x in given]
    return text, cgutils.snprintf(builder, text, cgutils.intp_t(ROOM), format, *numbers)


def _number(builder: Any, text: Any) -> Any:
    """Read a number."""
    kind = ir.FunctionType(NUMBER, [TEXT, TEXT])
    read = cgutils.get_or_insert_function(builder.module, kind, "strtod")
    return builder.call(read, [text, cgutils.get_null_value(TEXT)])


def _is_over_half(builder: Any, size: Any) -> Any:
    text, _ = _text(builder, "%.*e", COUNT(decimals.LAST), size)
    end = builder.gep(text, [COUNT(decimals.LAST + 2)])
    builder.store(BYTE(0), end)
    first = builder.load(text)
    rest = _number(builder, builder.gep(text, [COUNT(1)]))
    five = BYTE(ord("5"))
    some = builder.fcmp_ordered(">", rest, NUMBER(0.0))
    is_five = builder.icmp_signed("==", first, five)
    return builder.or_(builder.icmp_signed(">", first, five), builder.and_(is_five, some))


def _printed(signature: Any, write: Callable[..., Any]) -> Any:
    """Return what numba calls for a function of one or two numbers."""

    def typed(write_down: Callable[..., Any]) -> Any:
        return signature, lambda _, builder, __, given: write_down(builder, *given)

    if len(signature.args) == 1:
        return intrinsic(lambda typing, x: typed(write))
    return intrinsic(lambda typing, x, places: typed(write))


PRINTED: dict[Any, Any] = {
    decimals.to_places: _printed(
        types.float64(types.float64, types.int64),
        lambda builder, size, places: _number(builder, _text(builder, "%.*f", places, size)[0]),
    ),
    decimals.to_figures: _printed(
        types.float64(types.float64, types.int64),
        lambda builder, size, places: _number(builder, _text(builder, "%.*e", places, size)[0]),
    ),
    decimals.length: _printed(
        types.int64(types.float64),
        lambda builder, size: builder.sext(_text(builder, "%.0f", size)[1], ir.IntType(64)),
    ),
    decimals.is_over_half: _printed(types.boolean(types.float64), _is_over_half),
    decimals.ten_to: _printed(
        types.float64(types.int64),
        lambda builder, power: _number(builder, _text(builder, "1e%d", power)[0]),
    ),
}
