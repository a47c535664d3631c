"""Every result computed again from its operands, and every gradient from those of its users."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from inspect import signature
from typing import Any, Literal

from pluggrad import strong_zero
from pluggrad.errors import PluggradError
from pluggrad.gradient import hooks
from pluggrad.graph import Graph, Node
from pluggrad.op import Op
from pluggrad.recording import computed_once
from pluggrad.topology import topological_order
from pluggrad.trace import Trace

from .applied import applied
from .record_notes import Note, digits_apart, is_close, is_near, short

OLDER_GRADIENT = "gradient computed from older data"


class Values:
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
            if op.is_composite:  # which only running a program again would compute
                composite: Any = op
                if not composite.was_given([held[x] for x in xs]):
                    self.broken.add(node.id)
                if changed or node.id in self.broken:
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
        """Yield what is to be said of values, with the nodes' ids."""
        graph = self.graph
        for node in graph.nodes:
            if node.id in self.broken or node.id in self.fresh:
                yield node.id, Note("older", *self._older(node))
            if not math.isfinite(node.data) and node.id not in self.broken:
                kind: Literal["nan", "inf"] = "nan" if math.isnan(node.data) else "inf"
                operands = [graph.node(x).data for x in graph.operands[node.id]]
                if not any(math.isnan(x) if kind == "nan" else math.isinf(x) for x in operands):
                    yield node.id, Note(kind, self._began(node, operands), f"{kind} began here")

    def _older(self, node: Node) -> tuple[str, str]:
        now = self.fresh.get(node.id, node.data)
        if node.id in self.broken and not self.graph.ops[node.id].is_composite:
            numbers = [self.graph.node(x).data for x in self.graph.operands[node.id]]
            result = self.graph.ops[node.id].evaluate(*numbers)
            digits = digits_apart(result, node.data)
            formula = applied(node.symbol or "", [short(x, digits=digits) for x in numbers])
            text = f"computed from older data: {formula} is {short(result, digits=digits)} now"
            return text, f"now {short(now, node.data)}"
        if math.isnan(now):
            return "computed from older data", "of older data"
        text = f"now {short(now, node.data)}"
        return f"computed from older data: {text[4:]} now", text

    def _began(self, node: Node, operands: Sequence[float]) -> str:
        number = short(node.data)
        if not operands:
            return f"{number} began here: this number was put in"
        return f"{number} began here: {applied(node.symbol or '', list(map(short, operands)))}"


class Gradients:
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
            if given is not None and is_near(held, given, self._sizes[node.id]):
                continue
            hooked = node.id in self._hooked
            passed_on = self._passes_on(node)
            if passed_on and not hooked and (node.id in outputs or given is None):
                self.before[node.id] = rest  # here backprop began
            elif hooked and given is not None:
                yield node.id, f"changed by a hook: {short(given, held)} came in", "by a hook"
            elif node.id in self._older:
                yield node.id, OLDER_GRADIENT, "of older data"
            elif node.id in self._read_anew:
                now = short(given, held)
                yield node.id, f"its users give {now} now: a rule reads other numbers", f"now {now}"
            elif passed_on:
                come = f"its users give {short(given, held)}"
                yield node.id, f"{come}: of another backward(), or changed by a hook", "other pass"
            elif given is None and not held:
                continue
            elif given and (held == 0.0 or 0.0 < held / given < 1.0):
                self.after[node.id] = given
                gave = short(given, held)
                text = f"changed after backward(), which gave {gave}"
                yield node.id, text, f"pass gave {gave}"
            else:
                self.before[node.id] = rest
                yield node.id, self._held(rest), f"held {short(rest)}"

    @computed_once
    def _read_anew(self) -> set[str]:
        """The nodes of which a user's rule reads numbers that may be others now."""
        graph = self.graph
        reading = {op for op in set(graph.ops.values()) if any(map(_reads, op.rules))}
        return {edge.source for edge in graph.edges if graph.ops[edge.target] in reading}

    def _passes_on(self, node: Node) -> bool:
        """Return whether a pass begins anew here; gradients add up where nothing flows on."""
        op = self.graph.ops.get(node.id)
        return op is not None and (op.is_composite or any(op.rules))

    def _held(self, rest: float) -> str:
        whole = any(self.graph.node(id).grad == 1.0 for id in self.graph.outputs)
        reached = any(self.graph.node(id).grad is not None for id in self.graph.outputs)
        if whole or not reached:
            return f"held {short(rest)} besides: another backward(), or set by hand"
        other = "another backward(), other uses, or set by hand"
        return f"held {short(rest)} more than comes in here: {other}"

    def notes(self) -> Iterable[tuple[str, Note]]:
        """Yield what is to be said of gradients, with the nodes' ids."""
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


def _reads(rule: Any) -> bool:
    """Return whether a rule reads numbers from outside, or does what cannot be written down."""
    if rule is None:
        return False
    trace = Trace()
    try:
        trace.run(rule, *map(trace.parameter, signature(rule).parameters))
    except Exception:
        return True
    return any(step.name == "read" for step in trace.steps)


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
