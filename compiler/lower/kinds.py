"""What the nodes of a program compute: the functions of its ops, by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pluggrad import Op, plugins
from pluggrad.recording import computed_once

from ..native.library import library
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
    """Return this process's translated ops: of those that rules and forwards mean now."""
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

    Attributes:
        addresses: those of the kernels that were asked for, by variant, see codegen/code.py.
    """

    ops: list[Op]
    width: int
    strong: bool = False
    forwards: list[Function] = field(default_factory=list)
    rules: list[list[Function | None]] = field(default_factory=list)
    addresses: dict[int, int] = field(default_factory=dict, repr=False)

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

    @computed_once
    def reads(self) -> NDArray[np.int64]:
        """Which columns each function reads, a bit for each; see codegen/emission.py."""
        bits = np.zeros((len(self.forwards), self.width + 1), np.int64)
        for kind, forward in enumerate(self.forwards):
            for number, function in enumerate([forward, *self.rules[kind]]):
                if function is not None:
                    bits[kind, number] = sum(1 << column(x, self.width) for x in function.used)
        return bits


def column(parameter: str, width: int) -> int:
    """Return in which column of a nest a parameter stands."""
    if parameter in ("out", "g"):
        return 0 if parameter == "out" else width + 1
    return 1 + int(parameter.removeprefix("a"))
