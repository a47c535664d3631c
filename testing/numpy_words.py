"""What a rule says in place of a function of NumPy."""

from __future__ import annotations

from pluggrad import plugins
from pluggrad.insight.replacements import SAME

# What NumPy's functions are in plain arithmetic.
WRITTEN = {
    "add": "a + b", "divide": "a / b", "floor_divide": "a // b", "multiply": "a * b",
    "negative": "-a", "positive": "a", "power": "a ** b", "reciprocal": "1 / a",
    "remainder": "a % b", "square": "a * a", "subtract": "a - b", "degrees": "a * (180 / math.pi)",
    "rad2deg": "a * (180 / math.pi)", "radians": "a * (math.pi / 180)",
    "deg2rad": "a * (math.pi / 180)", "fabs": "abs(a)", "absolute": "abs(a)", "rint": "round(a)",
    "float_power": "a ** b", "matmul": "a * b",
}  # fmt: skip


def instead_of(name: str) -> str:
    """Say what a rule does in place of a NumPy function."""
    if name in WRITTEN:
        return f"write {WRITTEN[name]}"
    op = SAME.get(name, name)
    if op in plugins.ops:
        return f"use the op {op}"
    return "no installed op is that function; write it with operators and ops, or make an op of it"
