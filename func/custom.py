"""custom_rule: a derivative of one's own for a function, without making an op of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from numbers import Real
from typing import Any

from pluggrad import strong_zero
from pluggrad.errors import GradientError, RuleError, TraceError, quoted
from pluggrad.recording import always_recording, call_inside, keeper, no_grad, recording
from pluggrad.topology import topological_order
from pluggrad.value import Value, as_float, constant, recorded

from .composite import Composite, Cotangents, Pick
from .dual import Dual, behind, is_nan
from .moved import Moved, keep_moved
from .tree import Structure, leaves, numbers, rebuild, structure_of
from .wrapping import look_like


def custom_rule(fun: Callable[..., Any], rule: Callable[..., Any] | None = None) -> CustomRule:
    """Make a function with its own derivative rule, in place of the chain rule through its steps.

    Use it where the steps should not be differentiated: an iteration that converges, a table, a
    formula whose derivative loses digits. One rule serves reverse and forward mode.

    Parameters:
        fun: any function of numbers, nested lists, tuples and dicts, and anything else. It may use
            any Python; Values reach it as constants.
        rule: `rule(g, out, *args)` returns the gradient of the argument from the gradient `g` of
            the result `out`, or a tuple for several arguments. Each has the shape of its argument;
            None means that no gradient flows there. It is linear in `g` and made of operators and
            ops, so that higher derivatives follow from it. `@fun.rule` sets it later.

    Raises:
        GradientError: in a call, when `fun` uses a Value that is not among its arguments, whose
            gradient would be lost; or when there is no rule.
        RuleError: when the rule fails, or returns gradients of another shape.

    >>> from pluggrad import Value, custom_rule
    >>> @custom_rule
    ... def cube_root(x):
    ...     return float(x) ** (1 / 3)
    >>> @cube_root.rule
    ... def _(g, out, x):
    ...     return g / (3.0 * out * out)
    >>> x = Value(8.0)
    >>> y = cube_root(x)
    >>> y.backward()
    >>> y.data, round(x.grad, 12)
    (2.0, 0.083333333333)
    """
    if not callable(fun):
        raise TypeError(f"custom_rule() takes a function, not {quoted(fun)}")
    return CustomRule(fun, rule)


class CustomRule:
    """A function with a derivative rule of its own; see `custom_rule`."""

    def __init__(self, fun: Callable[..., Any], rule: Callable[..., Any] | None) -> None:
        self._fun = fun
        self._rule = rule
        self._name: str = getattr(fun, "__qualname__", repr(fun))
        self._made: dict[Any, Any] = {}  # what the compiler made of it
        look_like(self, fun)

    def rule(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Put the rule on, as a decorator; see `custom_rule`."""
        self._rule = rule
        return rule

    def __repr__(self) -> str:
        return f"<custom_rule {self._name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, and record the call as one node."""
        if kwargs:
            bound = signature(self._fun).bind(*args, **kwargs)
            bound.apply_defaults()
            if bound.kwargs:
                raise TypeError(
                    f"{self._name}: arguments of a custom_rule function are passed to its rule by "
                    f"position, which {', '.join(bound.kwargs)} cannot be"
                )
            args = bound.args
        arguments = Arguments(args)
        level = max([x.level for x in arguments.leaves if isinstance(x, Dual)], default=None)
        if level is not None:
            return self._moved(arguments, level)
        watcher: Any = keeper()
        if watcher is not None and any(isinstance(x, Value) for x in arguments.leaves):
            return watcher.call_with_rule(self, arguments)
        held = [constant(x._number) if isinstance(x, Value) else x for x in arguments.leaves]
        out = run(self._fun, self._name, arguments.with_leaves(held))
        if not (recording.get() and any(map(differentiable, arguments.leaves))):
            return out
        structure, results = numbers(out, "the result", f"custom_rule {self._name} gives")
        op = Custom(self, arguments, structure, [float(x) for x in results])
        operands = tuple([x for x in arguments.leaves if isinstance(x, Value)])
        return rebuild(structure, iter(op.record_results(operands, op.data)))

    def _moved(self, arguments: Arguments, level: int) -> Any:
        """Forward mode: with the gradients of a result, its tangent is their sum with tangents."""
        moving = [isinstance(x, Dual) and x.level == level for x in arguments.leaves]
        primals = Arguments(
            arguments.with_leaves(
                [x.primal if m else x for x, m in zip(arguments.leaves, moving, strict=True)]
            )
        )
        out = self(*primals.args)
        if not recording.get():
            return out
        structure, results = numbers(out, "the result", f"custom_rule {self._name} gives")
        keep_moved([behind(x) for x in results], self._call(primals, structure, moving))
        moved = []
        for index, result in enumerate(results):
            seeds = [constant(1.0 if i == index else 0.0) for i in range(len(results))]
            row = self.gradients(rebuild(structure, iter(seeds)), out, primals)
            tangent: Any = 0.0
            for x, part, moves in zip(arguments.leaves, row, moving, strict=True):
                if moves and part is not None:
                    tangent = _moved(_plain(part), x.tangent) + tangent
            moved.append(Dual(_plain(result), _plain(tangent), level))
        return rebuild(structure, iter(moved))

    def _call(self, arguments: Arguments, structure: Structure, moving: Sequence[bool]) -> Moved:
        """Describe a call of which some arguments move."""

        def slopes(number: int, results: Sequence[Any], operands: Sequence[Any]) -> list[Any]:
            seeds = [float(k == number) for k in range(len(results))]
            return self.gradients(
                rebuild(structure, iter(seeds)),
                rebuild(structure, iter(results)),
                Arguments(arguments.with_leaves(operands)),
            )

        positions = {i for i, moves in enumerate(moving) if moves}
        return Moved(
            f"custom_rule {self._name}", slopes, [behind(x) for x in arguments.leaves], positions
        )

    def gradients(self, g: Any, out: Any, arguments: Arguments) -> list[Any]:
        """Ask the rule for the gradient of each leaf of the arguments; None where none flows."""
        return gradients(self._rule, self._name, g, out, arguments)


def run(
    fun: Callable[..., Any],
    name: str,
    args: Iterable[Any],
    keep: Callable[[Value], Any] = Value.detach,
    flows: Callable[[Any], bool] | None = None,
) -> Any:
    """Call the function of a `custom_rule`; what it gives are constants.

    Parameters:
        fun: the function.
        name: what messages call it.
        args: its arguments, whose Values are constants.
        keep: makes a constant of a Value in its result.
        flows: tells whether a gradient flows on from a number in its result.

    Raises:
        GradientError: when it used a Value that is none of its arguments.
    """
    # Recorded, so that what comes in from elsewhere shows.
    out = call_inside(always_recording(), fun, *args)
    structure = structure_of(out)
    found = [x for _, x in leaves(structure, out, "")]
    for x in found:
        if (flows or differentiable)(x):
            raise GradientError(
                f"custom_rule {name} used {_origin(x)}, which is none of its arguments: "
                "its rule could not give it a gradient. Pass it as an argument, or use "
                "stop_gradient()"
            )
    given = [keep(x) if isinstance(x, Value) else x for x in found]
    return rebuild(structure, iter(given))


def gradients(
    rule: Callable[..., Any] | None, name: str, g: Any, out: Any, arguments: Arguments
) -> list[Any]:
    """Ask a rule for the gradient of each leaf of the arguments; None where none flows.

    Raises:
        GradientError: where there is no rule.
        RuleError: when it fails, or returns gradients of another shape.
    """
    if rule is None:
        raise GradientError(f"custom_rule {name} has no rule; give it one with @{name}.rule")
    count = len(arguments.args)
    try:
        found = rule(g, out, *arguments.args)
    except TraceError:  # on symbols
        raise
    except Exception as cause:
        where = f"({type(cause).__name__}, for {quoted(arguments.args, 200)})"
        raise RuleError(f"the rule of custom_rule {name}: {cause} {where}") from cause
    if count == 1:
        found = (found,)
    if not isinstance(found, tuple) or len(found) != count:
        raise RuleError(
            f"the rule of custom_rule {name} gave {quoted(found)}; it gives a tuple with "
            f"one gradient, or None, for each of the {count} arguments"
        )
    try:
        listed = leaves(
            arguments.structure, list(found), "the gradient", "the arguments", optional=True
        )
        parts = list(listed)
    except TypeError as cause:
        raise RuleError(f"the rule of custom_rule {name}: {cause}") from None
    return [_checked(name, place, x) for place, x in parts]


def _checked(name: str, place: str, x: Any) -> Any:
    if x is None or isinstance(x, Value) or hasattr(type(x), "__pluggrad_op__"):
        return x
    try:
        return as_float(x)
    except TypeError:
        what = f"{quoted(x)}, no number"
    except OverflowError:
        what = "too large for a float"
    raise RuleError(f"the rule of custom_rule {name}: {place} is {what}")


class Arguments:
    """Arguments, and their leaves.

    Attributes:
        args: the arguments.
        structure: how they are built.
        leaves: the numbers and other things in them.
    """

    def __init__(self, args: Sequence[Any]) -> None:
        self.args = list(args)
        self.structure = structure_of(self.args)
        self.leaves = [x for _, x in leaves(self.structure, self.args, "")]

    def with_leaves(self, replaced: Iterable[Any]) -> list[Any]:
        """Return arguments of the same build with other leaves."""
        args: list[Any] = rebuild(self.structure, iter(replaced))
        return args


class Custom(Composite):
    """A call of a `custom_rule` function."""

    def __init__(
        self, custom: CustomRule, arguments: Arguments, structure: Structure, data: Sequence[float]
    ) -> None:
        fixed = [None if isinstance(x, Value) else (x,) for x in arguments.leaves]
        super().__init__(custom._name.rpartition(".")[2], fixed.count(None), len(data))
        self.custom = custom
        self.arguments = arguments.structure
        self.fixed = fixed
        self.structure = structure
        self.data = list(data)

    # What a composite does is described there.

    def gradients(  # noqa: D102
        self, g: Any, node: Value, operands: Sequence[Value], *, create_graph: bool
    ) -> Sequence[Any]:
        if create_graph:
            make = lambda: self._shares(g, self._outputs(node), operands)
            return call_inside(always_recording(), make)
        held = [constant(x._number) for x in operands]
        outputs = [constant(x) for x in self.data]
        parts = call_inside(no_grad(), self._shares, g, outputs, held)
        return [None if part is None else float(part) for part in parts]

    def _shares(self, g: Any, out: Sequence[Any], operands: Sequence[Value]) -> list[Any]:
        """Compute gradients, of which one of 0 stays 0, as does what a slope of 0 makes of it."""
        parts = self._gradients(g, out, operands)
        if self.results == 1 and any(map(is_nan, parts)):
            slopes = self._gradients(constant(1.0), out, operands)
            pairs = zip(parts, slopes, strict=True)
            parts = [_product(g, slope) if is_nan(part) else part for part, slope in pairs]
        return parts

    def _outputs(self, node: Value) -> list[Value]:
        if self.results == 1:
            return [node]
        return [
            recorded(Pick(self.name, index), (node,), data) for index, data in enumerate(self.data)
        ]

    def _gradients(self, g: Any, out: Sequence[Any], operands: Sequence[Value]) -> list[Any]:
        cotangents = g if isinstance(g, Cotangents) else {0: g}
        seeds = [_boxed(cotangents.get(i, 0.0)) for i in range(self.results)]
        source = iter(operands)
        filled = [next(source) if x is None else x[0] for x in self.fixed]
        found = self.custom.gradients(
            rebuild(self.structure, iter(seeds)),
            rebuild(self.structure, iter(out)),
            Arguments(rebuild(self.arguments, iter(filled))),
        )
        return [part for part, x in zip(found, self.fixed, strict=True) if x is None]


def differentiable(x: object) -> bool:
    """Return whether a gradient flows to something."""
    return isinstance(x, Dual) or (isinstance(x, Value) and x.requires_grad)


def _moved(slope: Any, tangent: Any) -> Any:
    moved = slope * tangent
    return strong_zero.PRODUCT(slope, tangent) if is_nan(moved) else moved


def _product(g: Any, slope: Any) -> Any:
    return None if slope is None else strong_zero.PRODUCT(g, slope)


def _boxed(x: Any) -> Any:
    return constant(x) if isinstance(x, Real) else x


def _plain(x: Any) -> Any:
    """Return a constant as a float, where numbers may leave the graph."""
    is_constant = isinstance(x, Value) and not x.requires_grad
    return x._number if is_constant and keeper() is None else x


def _origin(x: Value | Dual) -> str:
    if isinstance(x, Dual):
        return f"a number of a forward-mode transform ({float(x)})"
    sources = [node for node in topological_order([x], differentiable=True) if node.op is None]
    labels = [node.label for node in sources if node.label]
    return repr(labels[0]) if labels else repr(sources[0] if sources else x)
