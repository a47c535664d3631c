"""Which function a kernel applies, and what that reads from memory."""

from __future__ import annotations

from ..lower.kinds import HAND_ON, Kinds
from ..lower.translation import Function
from ..plan.columns import Ints, zeros
from .instructions import ANY, Variant
from .kernels import Kernel


def reads(kinds: Kinds) -> Ints:
    """Return which columns each function reads, a bit for each; see `emission.emit`."""
    bits = zeros(len(kinds.forwards), kinds.width + 1)
    for kind, forward in enumerate(kinds.forwards):
        for number, function in enumerate([forward, *kinds.rules[kind]]):
            if function is not None:
                bits[kind, number] = sum(1 << _column(x, kinds.width) for x in function.used)
    return bits


def _column(parameter: str, width: int) -> int:
    """Return in which column of a nest a parameter stands."""
    if parameter in ("out", "g"):
        return 0 if parameter == "out" else width + 1
    return 1 + int(parameter.removeprefix("a"))


def kernel_of(kinds: Kinds, variant: Variant) -> Kernel:
    """Make the kernel that an instruction is for."""
    function, parameters = _function(kinds, variant)
    used = (x for x in parameters if x in function.used)
    columns = tuple(sorted(used, key=lambda x: _column(x, kinds.width)))

    def said(bits: int) -> tuple[bool, ...]:
        return tuple(bool(bits >> i & 1) for i in range(1 + len(columns)))

    return Kernel(
        function,
        parameters,
        columns,
        None if variant.single or variant.strides == ANY else said(variant.strides),
        summing=bool(variant.summing),
        jammed=bool(variant.jammed),
        adding=bool(variant.adding),
        fused=bool(variant.fused),
        exact=bool(variant.exact) or not variant.summing,
        single=bool(variant.single),
        blocks=said(variant.blocks) if variant.blocks else (),
        turned=said(variant.turned) if variant.turned else (),
        shared=said(variant.shared) if variant.shared else (),
    )


def _function(kinds: Kinds, variant: Variant) -> tuple[Function, tuple[str, ...]]:
    """Find the function, and the names of its parameters."""
    rules = kinds.rules[variant.kind]
    operands = tuple(f"a{k}" for k in range(len(rules)))
    if variant.function == 0:
        return kinds.forwards[variant.kind], operands
    rule = rules[variant.function - 1]
    assert rule is not None
    return rule, ("g",) if rule is HAND_ON else ("g", "out", *operands)
