"""A graph as a program: what is computed, in order, forward and backward."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pluggrad import Graph, Node, Op, RenderError
from pluggrad.errors import TraceError

from .code import Apply, Call, Expression, Function, Item, Number
from .functions import Functions


class Step(NamedTuple):
    """One assignment: forward `v[place] = value`, backward `g[place] += value`."""

    place: int | str
    value: Expression
    label: str = ""

    @property
    def operands(self) -> tuple[Expression, ...]:
        """What it is computed from: elements and numbers."""
        return self.value.operands if isinstance(self.value, Call | Apply) else (self.value,)

    def over(self, place: int | str, operands: tuple[Expression, ...]) -> Step:
        """Return the same on others."""
        if isinstance(self.value, Call | Apply):
            return Step(place, self.value._replace(operands=operands))
        return Step(place, operands[0])


class Table(NamedTuple):
    """Many steps as data: a few kinds of step, and where each takes its operands from.

    A row of `code` begins with the number of a case; then comes the index of what is assigned, and
    those of the operands. The case calls them `p[1]`, `p[2]` and so on. Numbers are elements of an
    array `c`.
    """

    cases: tuple[Step, ...]
    code: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """A graph as a list of assignments to two arrays, `v` of values and `g` of gradients.

    Attributes:
        size: the length of either array.
        leaves: the leaves, which are the inputs, in the order of the graph.
        places: where they stand in the arrays.
        outputs: for each output its value, an element of `v` or a number; and where its gradient
            begins in `g`, -1 for a constant.
        forward: what computes the values.
        backward: what adds up the gradients, users before operands.
        functions: what these call, callees before callers.
    """

    size: int
    leaves: tuple[Node, ...]
    places: tuple[int, ...]
    outputs: tuple[tuple[Expression, int], ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    functions: tuple[Function, ...]

    def tables(self) -> tuple[Table, Table, tuple[float, ...]]:
        """Return the steps forward and backward as tables, and the numbers that occur in them.

        Compilers take minutes for a hundred thousand assignments, and a moment for tables.
        """
        numbers: dict[str, int] = {}
        tables = _tabled(self.forward, numbers), _tabled(self.backward, numbers)
        return *tables, tuple(map(float.fromhex, numbers))

    @classmethod
    def of(cls, graph: Graph, words: Collection[str], language: str = "c") -> Program:
        """Write a graph down.

        Parameters:
            graph: any graph. A summary stands for its graph; what is left out in a part stays what
                it is.
            words: those that the language has, see `Functions`.
            language: its name, for messages.

        Raises:
            RenderError: when an op cannot be written in another language, naming it and why.
        """
        return _Writer(_without_groups(graph), Functions(words, language)).program()


def _tabled(steps: Iterable[Step], numbers: dict[str, int]) -> Table:
    cases: dict[Any, int] = {}
    made: list[Step] = []
    code: list[int] = []
    for step in steps:
        operands = step.operands
        arrays = tuple([x.array if isinstance(x, Item) else "c" for x in operands])
        key = step.value[0] if isinstance(step.value, Call | Apply) else "", arrays
        if key not in cases:
            cases[key] = len(made)
            places = tuple([Item(array, f"p[{k}]") for k, array in enumerate(arrays, 2)])
            made.append(step.over("p[1]", places))
        code += (cases[key], step.place)  # type: ignore[arg-type]  # it is a number here
        for x in operands:
            if isinstance(x, Item):
                code.append(x.place)  # type: ignore[arg-type]
            else:
                code.append(numbers.setdefault(x.value.hex(), len(numbers)))  # type: ignore[union-attr]
    return Table(tuple(made), tuple(code))


def _without_groups(graph: Graph) -> Graph:
    """Return the graph that a summary stands for."""
    while graph.whole is not None and any(node.kind == "group" for node in graph.nodes):
        graph = graph.whole
    return graph


def _outermost(graph: Graph) -> Graph:
    return graph if graph.whole is None else _outermost(graph.whole)


class _Writer:
    def __init__(self, graph: Graph, functions: Functions) -> None:
        self.graph = graph
        self.whole = _outermost(graph)
        self.functions = functions
        self.values: dict[str, Item | Number] = {}
        self.gradients: dict[str, Item] = {}
        slots = 0
        for node in graph.nodes:
            if node.kind == "constant":
                self.values[node.id] = Number(node.data)
                continue
            self.values[node.id] = Item("v", slots)
            if node.requires_grad:
                self.gradients[node.id] = Item("g", slots)
            slots += 1
        self.size = slots

    def program(self) -> Program:
        leaves = tuple([node for node in self.graph.nodes if node.kind == "leaf"])
        try:
            forward = tuple(self.forward())
            backward = tuple(self.backward())
        except TraceError as cause:
            raise RenderError(str(cause)) from cause
        return Program(
            self.size,
            leaves,
            tuple([self.gradients[leaf.id].place for leaf in leaves]),  # type: ignore[misc]
            tuple([(self.values[id], self.start(id)) for id in self.graph.outputs]),
            forward,
            backward,
            tuple(self.functions.needed()),
        )

    def start(self, id: str) -> Any:
        return self.gradients[id].place if id in self.gradients else -1

    def value(self, id: str) -> Item | Number:
        """Return the element of a node; the number of one that is left out."""
        return self.values.get(id) or Number(self.whole.node(id).data)

    def forward(self) -> Iterator[Step]:
        for node in self.graph.nodes:
            if node.kind in ("leaf", "constant"):
                continue
            operands = tuple(map(self.value, self.whole.operands[node.id]))
            place: Any = self.values[node.id][1]  # type: ignore[misc]  # no constant
            value = self.functions.call(self.graph.ops[node.id], operands)
            yield Step(place, value, node.label)

    def backward(self) -> Iterator[Step]:
        for node in reversed(self.graph.nodes):
            if node.kind == "op" and node.requires_grad:
                yield from self.shares(node, self.graph.ops[node.id], self.whole.operands[node.id])

    def shares(self, node: Node, op: Op, operands: tuple[str, ...]) -> Iterator[Step]:
        """Write what a node hands on to each of its operands."""
        given = [self.gradients[node.id], self.values[node.id], *map(self.value, operands)]
        for index, id in enumerate(operands):
            rule = self.functions.rule(op, index) if id in self.gradients else None
            if rule is not None:
                name, takes = rule
                taken: Any = tuple([given[i] for i in takes])
                value: Expression = Apply(name, taken) if name else taken[0]
                yield Step(self.gradients[id].place, value)
