"""Functions of `custom_rule` in what is recorded: what they compute, with a rule of its own.

The function is recorded like any other, on constants, and its result becomes the operand of an op
that hands it on unchanged, and has the rule. A function that turns its arguments into plain floats
could only be recorded for those; it is an op of its own then, and called in each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pluggrad import Value
from pluggrad.func.custom import (
    Arguments,
    Custom,
    CustomRule,
    differentiable,
    gradients,
    run,
)
from pluggrad.func.dual import Dual
from pluggrad.func.tree import Structure, is_number, leaves, numbers, rebuild, structure_of
from pluggrad.op import call_any, made
from pluggrad.recording import call_inside, no_grad, recording
from pluggrad.topology import topological_order
from pluggrad.value import constant

from .arguments import is_symbolic
from .contents import PLAIN
from .guards import fixed
from .outside import World
from .places import unchanged
from .plain import is_float
from .recorded import CUT, AsItStands, Recorded
from .slots import refusal

MOST = 100  # ops that are kept for one function


class Ruled(AsItStands):
    """An op with the rule of a `custom_rule` function, of any number of operands.

    Parameters:
        name: of the function.
        forward: computes its result.
        rules: one for each operand, or None.
        is_total: whether it has a result for all numbers.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., float],
        rules: Sequence[Callable[..., Any] | None],
        *,
        is_total: bool,
    ) -> None:
        self.name = self.symbol = name.rpartition(".")[2]
        self.calls = f"custom_rule {name}"
        self.forward = forward
        self.rules = tuple(rules)
        self.ieee = forward if is_total else None
        self.operator = None
        self.domain = (None,) * len(rules)
        self.kinks = ()
        self.defaults = ()
        self.__doc__ = f"What {name} gives."
        self.codes = {}
        self.function = call_any


class _Shape(NamedTuple):
    """What a call looks like, but for its numbers.

    Attributes:
        arguments: how they are built.
        fixed: for each leaf of them None for a Value, else the thing itself in a tuple.
        floats: for each Value whether the function gets a float.
        results: how they are built.
    """

    arguments: Structure
    fixed: tuple[tuple[Any] | None, ...]
    floats: tuple[bool, ...]
    results: Structure

    def filled(self, operands: Sequence[Any]) -> Arguments:
        """Put the arguments together from the operands."""
        source = iter(operands)
        found = [next(source) if x is None else x[0] for x in self.fixed]
        return Arguments(rebuild(self.arguments, iter(found)))

    def only_operands(self, found: Sequence[Any]) -> list[Any]:
        """Choose those of things for each leaf that are for operands."""
        return [x for x, fixed in zip(found, self.fixed, strict=True) if fixed is None]


class Calls:
    """The calls of `custom_rule` functions in one recording.

    Parameters:
        looks: the watcher of the recording.

    Attributes:
        are_ops: whether any function is called as it stands.
    """

    def __init__(self, looks: Any) -> None:
        self.are_ops = False
        self._looks = looks
        self._worlds: dict[tuple[int, ...], World] = {}

    def call(self, custom: CustomRule, arguments: Arguments) -> Any:
        """Call a function, and record what it computes under its rule.

        Raises:
            CompileError: when the rule uses numbers of the recording that are no arguments.
        """
        looks = self._looks
        given = [x for x in arguments.leaves if isinstance(x, Value)]
        others = [x for x in arguments.leaves if not isinstance(x, Value)]
        kept = iter([looks.number(x) if is_float(x) else looks.kept(x) for x in given])
        held = [next(kept) if isinstance(x, Value) else x for x in arguments.leaves]
        world = self._world(custom._fun, others)
        seen, exact = dict(looks.seen), looks.exact
        args = arguments.with_leaves(held)
        out = run(custom._fun, custom._name, args, self._constant, _leads_on)
        flows = recording.get() and any(map(differentiable, arguments.leaves))
        if flows:
            structure, results = numbers(out, "the result", f"custom_rule {custom._name} gives")
            self._check_rule(custom, others)
        else:
            structure = structure_of(out)
            results = [x for _, x in leaves(structure, out, "")]
        shape = _Shape(
            arguments.structure,
            tuple([None if isinstance(x, Value) else (x,) for x in arguments.leaves]),
            tuple(map(is_float, given)),
            structure,
        )
        is_called = looks.exact > exact and self._is_alone(world, results, flows=flows)
        if is_called:
            self.are_ops = True
            looks.seen, looks.exact = seen, exact
            operands = given
        elif flows:
            operands = [*map(self._boxed, results), *given]
        else:
            return out
        ops = _ops(custom, shape, len(results), is_called=is_called)
        if is_called:
            looks.raising.update(ops)
        nodes = [
            made(op, tuple(operands), float(x._number if isinstance(x, Value) else x))
            for op, x in zip(ops, results, strict=True)
        ]
        if not flows:
            nodes = [
                x if isinstance(y, Value) and not is_float(y) else looks.number(x)
                for x, y in zip(nodes, results, strict=True)
            ]
        return rebuild(structure, iter(nodes))

    def _world(self, fun: Callable[..., Any], others: Sequence[Any]) -> World:
        """Find what a function reads; what it was found to read last time, if that still holds."""
        others = [x for x in others if x.__class__ not in PLAIN]
        key = (id(fun), *map(id, others))
        world = self._worlds.get(key)
        if world is None or not unchanged(world.places):
            world = self._worlds[key] = World(fun, *others)
        return world

    def _is_alone(self, world: World, results: Sequence[Any], *, flows: bool) -> bool:
        """Return whether a call of the function tells nothing but its results, of its arguments.

        It may have read other numbers of the recording, or changed something that the program
        reads afterwards.
        """
        is_pure = not (world.holds(Recorded) or world.holds(Dual)) and unchanged(world.places)
        return is_pure and (flows or all(isinstance(x, float | Value) for x in results))

    def _check_rule(self, custom: CustomRule, others: Sequence[Any]) -> None:
        if custom._rule is None:
            return  # which is said when it is needed
        world = self._world(custom._rule, others)
        if world.holds(Recorded) or world.holds(Dual):
            raise refusal(
                f"custom_rule {custom._name}",
                "its rule uses a number that is computed here and is none of its arguments. Pass "
                "it as an argument, for which the rule may return None",
            )

    def _constant(self, x: Value) -> Any:
        return self._looks.number(x) if is_float(x) else self._looks.kept(x)

    def _boxed(self, x: Any) -> Value:
        return x if isinstance(x, Value) else fixed(float(x))


def _leads_on(x: Any) -> bool:
    """Return whether a gradient flows on from a result, to a Value that is no argument.

    What transforms give on the way is recorded on their copies of constants.
    """
    if not isinstance(x, Value):
        return differentiable(x)
    order = topological_order([x], differentiable=True)
    return any(node.op is None or node.op is CUT for node in order)


# ----- Ops -----


def op_of(call: Any) -> Ruled | None:
    """Return the op that computes again what a `custom_rule` function gave.

    Parameters:
        call: what the call was recorded as, outside of compiled functions.

    Returns:
        The op; None for other calls, and where it gave several results.
    """
    if not isinstance(call, Custom) or call.results != 1:
        return None
    floats = (False,) * call.fixed.count(None)
    shape = _Shape(call.arguments, tuple(call.fixed), floats, call.structure)
    return _ops(call.custom, shape, 1, is_called=True)[0]


def _ops(custom: CustomRule, shape: _Shape, count: int, *, is_called: bool) -> list[Ruled]:
    """Return an op for each result of a function, made when they are first needed."""
    known: dict[Any, list[Ruled]] = custom._made
    key = (custom._fun, custom._rule, _key(shape), count, is_called)
    try:
        found = known.get(key)
    except TypeError:  # something in it has no hash
        return _new_ops(custom, shape, count, is_called=is_called)
    if found is None:
        if len(known) >= MOST:
            known.clear()
        found = known[key] = _new_ops(custom, shape, count, is_called=is_called)
    return found


def _key(shape: _Shape) -> tuple[Any, ...]:
    """Return a key that is equal where shapes are; the shape keeps the things alive."""
    things = [
        x and ((type(x[0]), repr(x[0])) if x[0].__class__ in PLAIN else (id(x[0]), _Same(x[0])))
        for x in shape.fixed
    ]
    return shape.arguments, tuple(things), shape.floats, shape.results


class _Same:
    """Something by its identity, kept alive."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _new_ops(custom: CustomRule, shape: _Shape, count: int, *, is_called: bool) -> list[Ruled]:
    fun, rule, name = custom._fun, custom._rule, custom._name
    arity = shape.fixed.count(None)
    behind = 0 if is_called else count  # the operands that are results come first
    ops: list[Ruled] = []
    others = ops if count > 1 else None
    for number in range(count):
        forward = _called(fun, name, shape, number) if is_called else _handed_on(number)
        rules = [_rule(rule, name, shape, number, i, behind, others) for i in range(arity)]
        for function in (forward, *rules):
            # What it reads is looked at, as in functions of the program.
            function.__module__ = getattr(fun if rule is None else rule, "__module__", "") or ""
        ops.append(Ruled(name, forward, [*[None] * behind, *rules], is_total=not is_called))
    return ops


def _handed_on(number: int) -> Callable[..., float]:
    def forward(*operands: float) -> float:
        return operands[number]

    return forward


def _called(fun: Callable[..., Any], name: str, shape: _Shape, number: int) -> Callable[..., float]:
    def forward(*operands: float) -> float:
        pairs = zip(operands, shape.floats, strict=True)
        given = [
            x if is_plain or x.__class__ is not float else constant(x) for x, is_plain in pairs
        ]
        out = run(fun, name, shape.filled(given).args)
        if structure_of(out) != shape.results:
            raise ValueError(f"{name} gives a result of another build")
        found = [x for _, x in leaves(shape.results, out, "")]
        if not all(is_number(x) or is_symbolic(x) for x in found):
            raise ValueError(f"{name} gives something else than numbers")
        x = found[number]
        return float(x) if is_number(x) else x

    return forward


def _rule(
    rule: Callable[..., Any] | None,
    name: str,
    shape: _Shape,
    number: int,
    index: int,
    behind: int,
    ops: list[Ruled] | None,
) -> Callable[..., Any]:
    """Make the rule of one result for one operand.

    Parameters:
        rule: that of the function.
        name: what messages call the function.
        shape: of the calls.
        number: which result.
        index: which operand.
        behind: how many operands come before those that are arguments.
        ops: those of all results, where there are several.
    """

    def part(g: Any, out: Any, *operands: Any) -> Any:
        count = 1 if ops is None else len(ops)
        outs = [out if ops is None or k == number else ops[k](*operands) for k in range(count)]
        seeds = [g if k == number else 0.0 for k in range(count)]
        found = gradients(
            rule,
            name,
            rebuild(shape.results, iter(seeds)),
            rebuild(shape.results, iter(outs)),
            shape.filled(operands[behind:]),
        )
        share = shape.only_operands(found)[index]
        return 0.0 if share is None else share

    def apply(g: Any, out: Any, *operands: Any) -> Any:
        given = (g, out, *operands)
        kinds = {*map(type, given)}
        if kinds == {float}:
            return float(call_inside(no_grad(), part, *map(constant, given)))
        if any(issubclass(kind, Value | Dual) for kind in kinds):
            given = tuple([constant(x) if x.__class__ is float else x for x in given])
        return part(*given)

    return apply
