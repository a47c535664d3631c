"""The graphs that every renderer is tried on: small ones of each kind, unusual labels, deep ones.

Their ops are made here and in no plugin, so that the kit needs none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from pluggrad import Graph, Op, Value, scope

add = Op("add", operator.add, lambda g, out, a, b: g, lambda g, out, a, b: g, operator="+")
mul = Op("mul", operator.mul, lambda g, out, a, b: g * b, lambda g, out, a, b: g * a, operator="*")
half = Op("half", lambda x: 0.5 * x, lambda g, out, x: 0.5 * g)


def neuron() -> Value:
    """Record x w + b, halved, in scopes; no backward pass."""
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(7.0, label="b")
    with scope("layer"), scope("neuron 0"):
        out: Value = half(add(mul(x, w), b))
    out.label = "out"
    return out


def after_backward() -> Value:
    """Record the neuron, and its gradients."""
    out = neuron()
    out.backward()
    return out


def labelled(label: str) -> Value:
    """Record x * x in a scope, all three with this label."""
    x = Value(3.0, label=label)
    with scope(label):
        out: Value = mul(x, x)
    out.label = label
    out.backward()
    return out


def chain(depth: int) -> Value:
    """Halve a number again and again."""
    x = Value(0.5, label="x")
    for _ in range(depth):
        x = half(x)
    return x


def tower(depth: int) -> Value:
    """Double a number again and again: the paths double, too, the nodes do not."""
    x = Value(1.0, label="x")
    for _ in range(depth):
        x = add(x, x)
    return x


def _odd_numbers() -> list[Value]:
    odd = (math.nan, math.inf, -math.inf, -0.0, 5e-324, -1.7976931348623157e308)
    return [mul(Value(number, label=f"x{i}"), 1.0) for i, number in enumerate(odd)]


def _two_outputs() -> Graph:
    x = Value(2.0, label="x")
    first = half(x)
    return Graph([first, mul(first, x), first])


def _used_often() -> Graph:
    x = Value(0.5, label="x")
    out = half(x)
    for _ in range(50):
        out = add(out, x)
    out.backward()
    return Graph(out)


SAMPLES: dict[str, Callable[[], Graph]] = {
    "a leaf alone": lambda: Graph(Value(3.0, label="x")),
    "a leaf without a label": lambda: Graph(Value(3.0)),
    "a constant alone": lambda: Graph(Value(3.0, requires_grad=False)),
    "a graph without nodes": lambda: Graph([]),
    "one operand used twice": lambda: Graph(mul(x := Value(3.0, label="x"), x)),
    "one operand used 50 times": _used_often,
    "a neuron before backward()": lambda: Graph(neuron()),
    "a neuron after backward()": lambda: Graph(after_backward()),
    "several outputs, one of them twice": _two_outputs,
    "numbers that are not finite": lambda: Graph(_odd_numbers()),
    "a summary in groups": lambda: Graph(after_backward()).collapse("scope"),
    "a part, in which operands are missing": lambda: Graph(neuron()).around("n2", 0),
}

PLAIN = "plain"
# Each means something to some format, or to a terminal. None is longer than a picture can show.
LABELS: dict[str, str] = {
    "tags": "<b>&</b>",
    "an end of text and script": "</text></script><script>",
    "an entity": "&lt;i&gt;",
    "quotes": "\"a\" 'b' `c`",
    "backslashes": "\\n \\N \\",
    "line ends": "a\nb\r\nc",
    "brackets and bars": "{a|b} [c] (d)",
    "commas and semicolons": "a,b;c\td",
    "signs of markup": "$x^2$ #1 %s _e_ *s*",
    "other alphabets": "数学 é ☃",
    "terminal escapes": "\x1b[31mred\x07",
    "control characters": "a\x00b\x7f",
    "a lone surrogate": "a\ud800b",
    "reversed direction": "a\u202eb",
}
LONG = "long " * 4000
