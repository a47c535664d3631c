"""Which function a kernel applies, and what that reads from memory."""

from __future__ import annotations

from ..lower.kinds import HAND_ON, Kinds, column
from ..lower.translation import Function
from .instructions import ANY, Variant
from .kernels import Kernel


def kernel_of(kinds: Kinds, variant: Variant) -> Kernel:
    """Make the kernel that an instruction is for."""
    function, parameters = _function(kinds, variant)
    used = (x for x in parameters if x in function.used)
    columns = tuple(sorted(used, key=lambda x: column(x, kinds.width)))

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
