"""Which kernel an instruction is for: numbers of kernels, as `emission.emit` writes them."""

from __future__ import annotations

from ..lower.kinds import HAND_ON, Kinds
from ..plan.loops import Ints, zeros
from .kernels import Kernel


def reads(kinds: Kinds) -> Ints:
    """Say which columns each function reads, a bit for each; see `emission.emit`."""
    bits = zeros(len(kinds.forwards), kinds.width + 1)
    column = {"out": 0, "g": kinds.width + 1} | {f"a{k}": 1 + k for k in range(kinds.width)}
    for kind, forward in enumerate(kinds.forwards):
        functions = [forward, *kinds.rules[kind]]
        for f, function in enumerate(functions):
            if function is not None:
                bits[kind, f] = sum(1 << column[x] for x in function.used)
    return bits


def kernel(kinds: Kinds, variant: int) -> Kernel:
    """Read back what `emission.emit` wrote about the kernel it wants."""
    variant, bits = divmod(variant, 512)
    variant, shape = divmod(variant, 8)
    variant, exact = divmod(variant, 2)
    variant, adding = divmod(variant, 2)
    kind, f = divmod(variant, kinds.width + 1)
    arity = len(kinds.rules[kind])
    operands = tuple(f"a{k}" for k in range(arity))
    if f == 0:
        function, parameters = kinds.forwards[kind], operands
    else:
        rule = kinds.rules[kind][f - 1]
        assert rule is not None
        function = rule
        parameters = ("g",) if rule is HAND_ON else ("g", "out", *operands)
    order = sorted(
        (x for x in parameters if x in function.used),
        key=lambda x: kinds.width + 1 if x == "g" else 0 if x == "out" else 1 + int(x[1:]),
    )
    contiguous = tuple(bool(bits >> i & 1) for i in range(1 + len(order)))
    return Kernel(
        function,
        parameters,
        tuple(order),
        None if bits == 511 or shape == 0 else contiguous,
        summing=shape >= 3,
        jammed=shape in (2, 4),
        adding=bool(adding),
        exact=bool(exact) or shape < 3,
        single=shape == 0,
    )


def source_kind(kinds: Kinds, variant: int) -> int:
    """Tell whose code a variant is: the number of the op."""
    return int(variant // (512 * 8 * 2 * 2) // (kinds.width + 1))
