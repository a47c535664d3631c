"""Composite: a node of the graph that stands for a whole function.

An `Op` has one rule per operand and one result. What `checkpoint` and `custom_rule` record has any
number of both, and finds the gradients of all operands at once. Several results are recorded as one
node that holds nothing but the connection, and a `Pick` for each result; on the way back the picks
collect what flows into them as `Cotangents`, which the node gets as its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pluggrad.errors import RuleError
from pluggrad.op import Op, call_any, made
from pluggrad.recording import Watcher, call_seen_by
from pluggrad.value import Value, as_float, recorded


class Cotangents(dict[int, Any]):
    """The gradients of several results, by number; they add up like one gradient."""

    def __add__(self, other: Any) -> Cotangents:
        if not isinstance(other, Cotangents):
            return self if other == 0.0 else NotImplemented  # 0.0 is where a node's sum begins
        total = Cotangents(self)
        for index, g in other.items():
            total[index] = total[index] + g if index in total else g
        return total

    __radd__ = __add__


class Composite(Op):
    """An op that finds the gradients of all its operands at once.

    Parameters:
        name: what pictures and messages call it.
        arity: the number of operands.
        results: the number of results.

    Attributes:
        is_program: whether its gradients come from going through a program again, rather than from
            a rule.
    """

    is_composite = True
    is_program = False
    given: tuple[float, ...] | None = None

    def __init__(self, name: str, arity: int, results: int) -> None:
        self.name = name
        self.results = results
        self.operator = None
        self.symbol = name
        self.ieee = None
        self.domain = (None,) * arity
        self.kinks = ()
        self.defaults = ()
        self.__doc__ = f"The results of a function, recorded as one node by {name}."
        self.codes = {}
        self.function = call_any
        self._arity = arity

    # All that refers to the op itself is made when it is asked for: kept in the op, it would keep
    # alive the op and the Values that its function mentions.

    @property
    def rules(self) -> _Rules:  # type: ignore[override]
        """A rule for each operand, by number."""
        return _Rules(self, self._arity)

    def gradients(
        self, g: Any, node: Value, operands: Sequence[Value], *, create_graph: bool
    ) -> Sequence[Any]:
        """Compute the gradient of each operand; None where none flows.

        Parameters:
            g: the gradient of the one result, or `Cotangents`.
            node: the node this op was recorded as.
            operands: its operands.
            create_graph: whether gradients are Values, and recorded.
        """
        raise NotImplementedError

    def parts(
        self,
        node: Value,
        g: Any,
        wanted: set[Value] | None,
        create_graph: bool,
        watching: Sequence[Watcher],
    ) -> list[tuple[int, Value, Any]]:
        """List what a node hands on: operand number, operand and gradient."""
        operands = node.prev
        seeing = watching if self.is_program else ()
        found = call_seen_by(seeing, self.gradients, g, node, operands, create_graph=create_graph)
        if g == 0.0 and not create_graph:
            found = [part if part is None or part == part else 0.0 for part in found]
        return [
            (index, x, part)
            for index, (x, part) in enumerate(zip(operands, found, strict=True))
            if part is not None and x.requires_grad and (wanted is None or x in wanted)
        ]

    def record_results(self, operands: tuple[Value, ...], results: Sequence[float]) -> list[Value]:
        """Make the node, and a Value for each result."""
        self.given = tuple([x._number for x in operands])
        if self.results == 1:
            return [made(self, operands, results[0])]
        node = made(self, operands, 0.0)
        return [made(Pick(self.name, index), (node,), data) for index, data in enumerate(results)]

    def was_given(self, numbers: Sequence[float]) -> bool:
        """Say whether these are the operands that the function was called with."""
        return self.given is None or all(map(same, self.given, numbers))

    def partial(self, index: int, g: Any, out: float, *operands: float) -> float:
        """Compute one operand's gradient from numbers; all the others are computed with it."""
        return float(self._rule(index, g, out, *operands))

    def _rule(self, index: int, g: Any, out: Any, *operands: Any) -> Any:
        boxed = tuple([x if isinstance(x, Value) else Value(x) for x in operands])
        node = out if isinstance(out, Value) else recorded(self, boxed, out)
        symbolic = isinstance(g, Value) or any(isinstance(x, Value) for x in operands)
        part = self.gradients(g, node, boxed, create_graph=symbolic)[index]
        return 0.0 if part is None else part

    def pullback(self, node: Value) -> None:
        """Add to the operands' `grad` what the function makes of the node's."""
        g: Any = node._grad
        if self.results != 1:
            node._grad = 0.0
            if not isinstance(g, Cotangents):
                return
        operands = node.prev
        parts = self.gradients(g, node, operands, create_graph=False)
        for x, part in zip(operands, parts, strict=True):
            if part is not None and x.requires_grad:
                gathered: Any = x._grad  # Cotangents in a node of several results
                x._grad = gathered + (part if isinstance(part, Cotangents) else as_float(part))

    def forward(self, *operands: float) -> float:
        """Refuse: no function of the operands alone is known."""
        raise RuleError(
            f"{self.name} is a Python function and not an op: it cannot be computed again from "
            "its operands alone"
        )

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(f"{self.name} cannot be pickled: it remembers the function it called")


class _Rules(Sequence[Callable[..., Any]]):
    """The rules of a composite."""

    def __init__(self, op: Composite, arity: int) -> None:
        self._op = op
        self._arity = arity

    def __len__(self) -> int:
        return self._arity

    def __getitem__(self, index: Any) -> Any:
        return partial(self._op._rule, range(self._arity)[index])


class Pick(Composite):
    """One of several results."""

    def __init__(self, name: str, index: int) -> None:
        super().__init__(name, 1, 1)
        self.index = index

    def gradients(
        self, g: Any, node: Value, operands: Sequence[Value], *, create_graph: bool
    ) -> Sequence[Any]:
        """Return `g` under the number of its result."""
        return [Cotangents({self.index: g})]


def same(a: float, b: float) -> bool:
    """Say whether two numbers are equal, or both no number."""
    return a == b or (a != a and b != b)
