"""What the nodes of a program compute: the functions of its ops, by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from pluggrad import Op, plugins

from .kernels import Kernel
from .loops import Ints, zeros
from .native import library
from .translation import Function, Translator

COPY = Function(
    "f_copy",
    "define internal double @f_copy(double %a0) alwaysinline nounwind {\n  ret double %a0\n}\n",
    frozenset(["a0"]),
)
HAND_ON = Function(
    "r_copy",
    "define internal double @r_copy(double %g) alwaysinline nounwind {\n  ret double %g\n}\n",
    frozenset(["g"]),
    is_identity=True,
)


def translator() -> Translator:
    """Give this process's translated ops: of those that rules and forwards mean now."""
    return _translator(plugins.successions)


@lru_cache(maxsize=1)
def _translator(_: int) -> Translator:
    return Translator(library().cache)


@dataclass
class Kinds:
    """The functions of a program's ops, by number; the last kind copies.

    Parameters:
        ops: the ops.
        width: the most operands that any of them has.
        strong: whether the rules let 0 win where they would give nan.
    """

    ops: list[Op]
    width: int
    strong: bool = False
    forwards: list[Function] = field(default_factory=list)
    rules: list[list[Function | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        translate = translator()
        for op in self.ops:
            self.forwards.append(translate.forward(op))
            rules = [translate.rule(op, k) for k in range(op.arity)]
            if self.strong:
                rules = [translate.strong(rule, op.arity) for rule in rules]
            self.rules.append(rules)
        self.forwards.append(COPY)
        self.rules.append([HAND_ON])

    def reads(self) -> Ints:
        """Say which columns each function reads, a bit for each; see `emission.emit`."""
        bits = zeros(len(self.forwards), self.width + 1)
        column = {"out": 0, "g": self.width + 1} | {f"a{k}": 1 + k for k in range(self.width)}
        for kind, forward in enumerate(self.forwards):
            functions = [forward, *self.rules[kind]]
            for f, function in enumerate(functions):
                if function is not None:
                    bits[kind, f] = sum(1 << column[x] for x in function.used)
        return bits

    def kernel(self, variant: int) -> Kernel:
        """Read back what `emission.emit` wrote about the kernel it wants."""
        variant, bits = divmod(variant, 512)
        variant, shape = divmod(variant, 8)
        variant, exact = divmod(variant, 2)
        variant, adding = divmod(variant, 2)
        kind, f = divmod(variant, self.width + 1)
        arity = len(self.rules[kind])
        operands = tuple(f"a{k}" for k in range(arity))
        if f == 0:
            function, parameters = self.forwards[kind], operands
        else:
            rule = self.rules[kind][f - 1]
            assert rule is not None
            function = rule
            parameters = ("g",) if rule is HAND_ON else ("g", "out", *operands)
        order = sorted(
            (x for x in parameters if x in function.used),
            key=lambda x: self.width + 1 if x == "g" else 0 if x == "out" else 1 + int(x[1:]),
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

    def source_kind(self, variant: int) -> int:
        """Tell whose code a variant is: the number of the op."""
        return int(variant // (512 * 8 * 2 * 2) // (self.width + 1))
