"""A graph checked against its record: numbers that no longer follow from each other, and why.

A graph is drawn after the fact. By then an optimizer may have changed leaves, gradients may have
been added up over several passes, a hook may have stepped in. So every result is computed again
from its operands, and every gradient from those of its users; what differs is noted with its
reason, and so is the place where nan or infinity began. One pass over the nodes, one over the
edges, when a picture first asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pluggrad import strong_zero
from pluggrad.errors import GraphError, PluggradError
from pluggrad.gradient import hooks
from pluggrad.graph import Graph, Node
from pluggrad.op import Op
from pluggrad.topology import topological_order
from pluggrad.value import Value

from .applied import applied
from .decisions import Decision, decisions_of
from .lines import lines, lines_of

CLOSE = 1e-9  # of the numbers involved; what differs by less was rounded otherwise


Kind = Literal["older", "gradient", "nan", "inf", "added", "removed", "changed"]


class Note(NamedTuple):
    """Something to know about a node before believing its numbers.

    Attributes:
        kind: "older" for a value that its operands no longer give, "gradient" for a gradient that
            its users do not give, "nan" and "inf" for a node where these began; "added", "removed"
            and "changed" in a comparison.
        text: what there is to know, without a full stop.
        brief: the same in two or three words, for where there is little room.
    """

    kind: Kind
    text: str
    brief: str


@dataclass(frozen=True)
class Record:
    """What a graph's numbers are worth.

    Attributes:
        fresh: for each node whose value has changed since, what it would be now; nan where that
            is not known.
        broken: the ids of results that do not follow from the numbers of their operands.
        before: the gradients that did not come from users: what an output began with, and what a
            leaf held before the pass.
        after: leaves whose gradient was changed after the pass, and what the pass gave.
        notes: for each node what is to be known about it.
        lines: for nodes made inside `recording_lines()`, the line of the program.
        locals: the derivative along each edge of the graph, in order; nan where no gradient flows.
        decisions: for nodes that Python compared inside `recording_lines()`, what came out: another
            answer would have been another graph.
    """

    fresh: Mapping[str, float]
    broken: frozenset[str]
    before: Mapping[str, float]
    after: Mapping[str, float]
    notes: Mapping[str, tuple[Note, ...]]
    locals: Sequence[float]
    lines: Mapping[str, str]
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """Return in one line what all pictures of this graph say; "" where all is well.

        >>> from pluggrad import Graph, Value
        >>> x = Value(2.0)
        >>> y = x * 3.0
        >>> x.data = 5.0
        >>> Graph(y).record.summary
        '1 value was computed from older data; Graph(..., refresh=True) computes anew'
        """
        every = [note for notes in self.notes.values() for note in notes]
        texts = [note.text for note in every if note.kind == "gradient"]
        older = sum(any(n.kind == "older" for n in notes) for notes in self.notes.values())
        parts = [f"{older:,} {_was(older, 'value')} computed from older data"] if older else []
        for sign, one, many in GRADIENTS:
            count = sum(sign in text for text in texts)
            if count:
                parts.append(f"1 gradient {one}" if count == 1 else f"{count:,} gradients {many}")
        mendable = older or any("hook:" not in text for text in texts if _is_of_gradient(text))
        return ", ".join(parts) + (ANEW if parts and mendable else "")


ANEW = "; Graph(..., refresh=True) computes anew"
# What notes on gradients have in them, and how many such are summed up.
GRADIENTS = (
    ("held ", "is of an earlier backward()", "are of an earlier backward()"),
    ("of another backward()", "is of another backward()", "are of another backward()"),
    ("changed after backward()", "was changed afterwards", "were changed afterwards"),
    ("changed by a hook: ", "was changed by a hook", "were changed by a hook"),
)


def _is_of_gradient(text: str) -> bool:
    return any(sign in text for sign, _, _ in GRADIENTS)


OLDER_GRADIENT = "gradient computed from older data"


def older_values(graph: Graph) -> str:
    """Return how many values were computed from other data than there is now; "" where none was."""
    count = len(_Values(graph).fresh)
    return f"{count:,} {_was(count, 'value')} computed from older data" if count else ""


def again(node: Value) -> float | None:
    """Compute a result again from its operands; None where that gives what it holds."""
    op = node.op
    if op is None or op.is_composite:
        return None
    try:
        number = op.evaluate(*[x.data for x in node.prev])
    except Exception:
        return None
    return None if is_close(number, node.data) else number


def record_of(graph: Graph) -> Record:
    """Check a graph; a part or a summary of one has what was found out about the whole."""
    whole = graph.whole
    return checked(graph) if whole is None else _restricted(whole.record, whole, graph)


def checked(graph: Graph) -> Record:
    """Compute every node again from its operands, and every gradient from its users."""
    values = _Values(graph)
    gradients = _Gradients(graph, values.broken)
    notes: dict[str, list[Note]] = {}
    for found in (values.notes(), gradients.notes()):
        for id, note in found:
            notes.setdefault(id, []).append(note)
    order = topological_order(graph._roots) if lines else []
    return Record(
        values.fresh,
        frozenset(values.broken),
        gradients.before,
        gradients.after,
        {node.id: tuple(notes[node.id]) for node in graph.nodes if node.id in notes},
        gradients.locals,
        lines_of(order),
        decisions_of(order),
    )


# ----- Values -----


class _Values:
    """The forward pass, once more."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.fresh: dict[str, float] = {}
        self.broken: set[str] = set()
        held = {node.id: node.data for node in graph.nodes}
        operands, ops = graph.operands, graph.ops
        for node in graph.nodes:
            op = ops.get(node.id)
            if op is None:
                continue
            xs = operands[node.id]
            changed = bool(self.fresh) and any(x in self.fresh for x in xs)
            if op.is_composite:
                if changed:
                    self.fresh[node.id] = math.nan
                continue
            try:
                numbers = [held[x] for x in xs]
                if not changed and op.forward(*numbers) == node.data:
                    continue
            except Exception:  # which evaluate() may have an answer to
                pass
            try:
                now = op.evaluate(*numbers)
                if not is_close(now, node.data):
                    self.broken.add(node.id)
                if changed:
                    now = op.evaluate(*[self.fresh.get(x, held[x]) for x in xs])
            except Exception:  # an op that fails now cannot tell what it would give
                continue
            if not is_close(now, node.data):
                self.fresh[node.id] = now

    def notes(self) -> Iterable[tuple[str, Note]]:
        graph = self.graph
        for node in graph.nodes:
            if node.id in self.broken or node.id in self.fresh:
                yield node.id, Note("older", *self._older(node))
            if not math.isfinite(node.data):
                kind: Literal["nan", "inf"] = "nan" if math.isnan(node.data) else "inf"
                operands = [graph.node(x).data for x in graph.operands[node.id]]
                if not any(math.isnan(x) if kind == "nan" else math.isinf(x) for x in operands):
                    yield node.id, Note(kind, self._began(node, operands), f"{kind} began here")

    def _older(self, node: Node) -> tuple[str, str]:
        now = self.fresh.get(node.id, node.data)
        if node.id in self.broken:
            numbers = [self.graph.node(x).data for x in self.graph.operands[node.id]]
            result = self.graph.ops[node.id].evaluate(*numbers)
            formula = applied(node.symbol or "", [short(x) for x in numbers])
            text = f"computed from older data: {formula} is {short(result)} now"
            return text, f"now {short(now)}"
        if math.isnan(now):
            return "computed from older data", "of older data"
        return f"computed from older data: {short(now)} now", f"now {short(now)}"

    def _began(self, node: Node, operands: Sequence[float]) -> str:
        number = short(node.data)
        if not operands:
            return f"{number} began here: this number was put in"
        return f"{number} began here: {applied(node.symbol or '', list(map(short, operands)))}"


# ----- Gradients -----


class _Gradients:
    """What each node gets from its users, and where it began with more than that."""

    def __init__(self, graph: Graph, broken: set[str]) -> None:
        self.graph, self.broken = graph, broken
        self.before: dict[str, float] = {}
        self.after: dict[str, float] = {}
        self.locals: list[float] = [math.nan] * len(graph.edges)
        self._sums: dict[str, float] = {}
        self._sizes: dict[str, float] = {}
        self._unknown: set[str] = set()
        self._older: set[str] = set()
        self._origins: list[tuple[str, Note]] = []
        self._hooked = _hooked(graph)
        self._collect()
        self._doubted = list(self._compare())

    def _collect(self) -> None:
        graph = self.graph
        nodes = {node.id: node for node in graph.nodes}
        operands, ops = graph.operands, graph.ops
        for i in range(len(graph.edges) - 1, -1, -1):
            source, target, index = graph.edges[i]
            node, x = nodes[target], nodes[source]
            if node.grad is None or not x.requires_grad:
                continue
            op = ops[target]
            if op.is_composite:
                self._unknown.add(source)
                continue
            numbers = [nodes[y].data for y in operands[target]]
            try:
                local = _slope(op, index, node.data, numbers)
                part = node.grad * local
                if not math.isfinite(part):
                    part = strong_zero.partial(op, index, node.grad, node.data, numbers)
            except PluggradError:
                self._unknown.add(source)
                continue
            self.locals[i] = local
            self._sums[source] = self._sums.get(source, 0.0) + part
            self._sizes[source] = self._sizes.get(source, 0.0) + abs(part)
            if target in self.broken:
                self._older.add(source)
            if not math.isfinite(part) and math.isfinite(node.grad):
                self._note_origin(node, x, numbers, local, part)

    def _note_origin(
        self, node: Node, x: Node, numbers: Sequence[float], local: float, part: float
    ) -> None:
        """Note where a gradient stopped being finite although all that went in was."""
        if not all(map(math.isfinite, [node.data, *numbers])):
            return
        kind: Literal["nan", "inf"] = "nan" if math.isnan(part) else "inf"
        name = x.label or x.id
        text = f"the gradient of {name:.40} became {short(part)} here: {short(local)}"
        assert node.grad is not None
        brief = f"sends {short(part)} back"
        self._origins.append((node.id, Note(kind, f"{text} times {short(node.grad)}", brief)))

    def _compare(self) -> Iterable[tuple[str, str, str]]:
        """Find gradients that are not the sum of what came in, and say why."""
        outputs = set(self.graph.outputs)
        for node in self.graph.nodes:
            held = node.grad
            if held is None or node.id in self._unknown:
                continue
            given = self._sums.get(node.id)
            rest = held - (given or 0.0)
            if given is not None and _near(held, given, self._sizes[node.id]):
                continue
            hooked = node.id in self._hooked
            passed_on = self._passes_on(node)
            if passed_on and not hooked and (node.id in outputs or given is None):
                self.before[node.id] = rest  # here backprop began
            elif hooked and given is not None:
                yield node.id, f"changed by a hook: {short(given)} came in", "by a hook"
            elif node.id in self._older:
                yield node.id, OLDER_GRADIENT, "of older data"
            elif passed_on:
                text = f"its users give {short(given)}: of another backward(), or changed by a hook"
                yield node.id, text, "other pass"
            elif given is None and not held:
                continue
            elif given and (held == 0.0 or 0.0 < held / given < 1.0):
                self.after[node.id] = given
                text = f"changed after backward(), which gave {short(given)}"
                yield node.id, text, f"pass gave {short(given)}"
            else:
                self.before[node.id] = rest
                yield node.id, self._held(rest), f"held {short(rest)}"

    def _passes_on(self, node: Node) -> bool:
        """Return whether a pass begins anew here; gradients add up where nothing flows on."""
        op = self.graph.ops.get(node.id)
        return op is not None and (op.is_composite or any(op.rules))

    def _held(self, rest: float) -> str:
        whole = any(self.graph.node(id).grad == 1.0 for id in self.graph.outputs)
        reached = any(self.graph.node(id).grad is not None for id in self.graph.outputs)
        if whole or not reached:
            return f"held {short(rest)} before: an earlier backward()"
        return f"held {short(rest)} more than comes in here: an earlier backward(), or other uses"

    def notes(self) -> Iterable[tuple[str, Note]]:
        for id, text, brief in self._doubted:
            yield id, Note("gradient", text, brief)
        # From the outputs on; a gradient that met an infinite one went wrong there already.
        seen: set[tuple[str, str]] = set()
        for id, note in self._origins:
            if (id, note.kind) not in seen:
                seen.add((id, note.kind))
                yield id, note


def _hooked(graph: Graph) -> set[str]:
    """Find the nodes that have gradient hooks."""
    if not hooks:
        return set()
    return {f"n{i}" for i, x in enumerate(topological_order(graph._roots)) if x in hooks}


def _slope(op: Op, index: int, out: float, numbers: Sequence[float]) -> float:
    """Compute a local derivative, the short way where that is a plain finite number."""
    rule = op.rules[index]
    try:
        if (
            rule is not None
            and isinstance(local := rule(1.0, out, *numbers), float)
            and local - local == 0.0
        ):
            return local
    except Exception:  # which partial() has an answer to, or a name for
        pass
    return op.partial(index, 1.0, out, *numbers)


# ----- Parts and summaries -----


def _restricted(record: Record, whole: Graph, graph: Graph) -> Record:
    """Return what is known about the nodes that a part or a summary shows."""
    shown = {node.id for node in graph.nodes}
    notes: dict[str, list[tuple[str, Note]]] = {}
    for id, found in record.notes.items():
        place = graph.place_of(id)
        if place is not None:
            notes.setdefault(place, []).extend([(id, note) for note in found])
    return Record(
        {id: x for id, x in record.fresh.items() if id in shown},
        frozenset(record.broken & shown),
        {id: x for id, x in record.before.items() if id in shown},
        {id: x for id, x in record.after.items() if id in shown},
        {
            place: tuple([note for _, note in found]) if place in record.notes else _merged(found)
            for place, found in notes.items()
        },
        [math.nan] * len(graph.edges),
        {id: line for id, line in record.lines.items() if id in shown},
        {id: found for id, found in record.decisions.items() if id in shown},
    )


BRIEF = {"older": "of older data", "gradient": "other gradients"}


def _merged(found: Sequence[tuple[str, Note]]) -> tuple[Note, ...]:
    """Return in few words what is to be known about the members of a group."""
    merged = []
    for kind in ("nan", "inf", "older", "gradient"):
        notes = [(id, note) for id, note in found if note.kind == kind]
        if notes:
            id, first = notes[0]
            more = f", and {len(notes) - 1:,} more in here" if len(notes) > 1 else ""
            brief = f"{len(notes):,} {BRIEF[kind]}" if kind in BRIEF else f"{kind} began here"
            merged.append(Note(first.kind, f"{id}: {first.text}{more}", brief))
    return tuple(merged)


# ----- Computing anew -----


def refreshed(graph: Graph) -> tuple[Node, ...]:
    """Return a graph's nodes as if all were computed from today's leaves, by one backward pass.

    Gradients are computed where the graph has any: from outputs that a pass has reached, from what
    they began with. Hooks do not run.

    Raises:
        GraphError: when a function recorded as one node would have to run again.
    """
    record, operands, ops = graph.record, graph.operands, graph.ops
    data = {node.id: record.fresh.get(node.id, node.data) for node in graph.nodes}
    for id, op in ops.items():
        if op.is_composite:
            raise GraphError(
                f"{id} cannot be computed anew: {op.name} is a Python function, and only "
                "running the program again runs it"
            )
    grads: dict[str, float] = {}
    if any(node.grad is not None for node in graph.nodes):
        for id in dict.fromkeys(graph.outputs):
            node = graph.node(id)
            if node.grad is not None and node.kind == "op":
                grads[id] = record.before.get(id, 0.0)
        for node in reversed(graph.nodes):
            if node.id not in ops or node.id not in grads:
                continue
            g = grads[node.id]
            numbers = [data[x] for x in operands[node.id]]
            for index, x in enumerate(operands[node.id]):
                if graph.node(x).requires_grad:
                    part = strong_zero.partial(ops[node.id], index, g, data[node.id], numbers)
                    grads[x] = grads.get(x, 0.0) + part
    return tuple(
        [node._replace(data=data[node.id], grad=grads.get(node.id)) for node in graph.nodes]
    )


# ----- Numbers -----


def short(number: float | None) -> str:
    """Write a number in a note, as Python writes floats.

    >>> short(3.0), short(-0.123456), short(1e9)
    ('3.0', '-0.1235', '1e+09')
    """
    if number is None:
        return "nothing"
    text = format(number, ".4g")
    return f"{text}.0" if text.lstrip("-").isdigit() else text


def is_close(a: float, b: float) -> bool:
    """Say whether two numbers are the same but for rounding."""
    return a == b or abs(a - b) <= CLOSE * max(abs(a), abs(b)) or (a != a and b != b)


def _near(a: float, b: float, size: float) -> bool:
    return a == b or abs(a - b) <= CLOSE * (abs(a) + size) or (a != a and b != b)


def _was(count: int, noun: str) -> str:
    return f"{noun} was" if count == 1 else f"{noun}s were"
