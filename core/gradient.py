"""Reverse-mode differentiation: `backward` into the Values, `grad` beside them.

Both go through the recorded graph once, users before operands, and hand each node's gradient on to
its operands as the rules say. `backward` first takes the short way, the fused code of
codegen/pullbacks.py. Where anything goes wrong there (Python raises for 1.0 / 0.0, a rule is
faulty, a gradient is nan), it starts again the careful way, rule by rule, which follows IEEE 754,
knows that a gradient of 0 stays 0 (strong_zero.py), or names the rule that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, Literal, SupportsFloat, overload
from weakref import WeakSet

from . import strong_zero
from .errors import GradientError
from .index import call_hints, pullbacks, value_hints
from .recording import Watcher, call_seen_by, keeper, switch, watchers, watching_rules
from .topology import alone, leaves_and_results, topological_order
from .value import NOT_RUN, Value, above, as_float, constant

_SEED = "backward() takes the gradient of the output, one real number"


def backward(output: Value, gradient: SupportsFloat = 1.0) -> None:
    """Do the work of `Value.backward`."""
    if not isinstance(output, Value):
        hint = value_hints.moving_hint(output)
        raise TypeError(f"backward() starts from a Value, not {type(output).__name__}{hint}")
    if switch.active and (watcher := keeper()) is not None:
        _require_gradient([output])
        watcher.backward(output, gradient)
        return
    seed = as_float(gradient, _SEED)
    _require_gradient([output])
    leaves, results = leaves_and_results(output)
    values = (leaves, results)
    if is_watched(leaves) or is_watched(results):
        # Hooks and watchers are a user's code, which may well wait for other threads.
        alone("backward()", values, _forget, results)
        gradients = propagate([(output, seed)], [*leaves, *results], create_graph=False)
        alone("backward()", values, _store, leaves, results, gradients)
    else:
        alone("backward()", values, _run, output, leaves, results, seed)


# What rules raise on floats where they do not on Values, and the careful way has an answer.
_NUMERICAL = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _run(output: Value, leaves: list[Value], results: list[Value], seed: float) -> None:
    before = [leaf._grad for leaf in leaves]
    try:
        is_nan = _run_fused(output, leaves, results, seed)
    except GradientError:  # of a function recorded as one node; again it would say the same
        _reset(leaves, results, before)
        raise
    except Exception as cause:
        _run_carefully(output, leaves, results, before, seed)
        if not isinstance(cause, _NUMERICAL):  # it came from elsewhere, such as a signal handler
            _reset(leaves, results, before)
            raise
    except BaseException:  # interrupted: leave no half-summed gradients behind
        _reset(leaves, results, before)
        raise
    else:
        if is_nan:
            _run_carefully(output, leaves, results, before, seed)


def is_leaf(node: Value) -> bool:
    """Return whether nothing flows on from a node, so that gradients add up there."""
    op = node.op
    return op is None or not any(op.rules)


class HookedValues(WeakSet[Value]):
    """The Values that have a hook."""

    changes = 0  # how often one was added

    def add(self, value: Value) -> None:
        """Add a Value that has one."""
        super().add(value)
        self.changes += 1  # afterwards: who has read this number finds the value


hooks = HookedValues()  # while there is none, a pass looks at nothing but this


def hooked(order: Iterable[Value]) -> bool:
    """Return whether any of these nodes has a hook."""
    return bool(hooks) and any(node in hooks for node in order)


def is_watched(order: Sequence[Value]) -> bool:
    """Return whether hooks or watchers have to see gradients one by one."""
    return hooked(order) or bool(switch.active and watchers.get())


def _run_fused(output: Value, leaves: list[Value], results: list[Value], seed: float) -> bool:
    """Run the fused code; return whether any gradient may have become nan."""
    for leaf in leaves:
        leaf._grad += 0.0  # so that a leaf without any contribution reads as computed
    for node in results:
        node._grad = 0.0
    output._grad += seed
    pullbacks.pull_back(results)
    total = 0.0
    for leaf in leaves:
        if leaf._grad.__class__ is not float:
            leaf._grad = as_float(leaf._grad)  # a rule that gave a complex number ends here
        total += leaf._grad
    return total != total


def _run_carefully(
    output: Value, leaves: list[Value], results: list[Value], before: list[float], seed: float
) -> None:
    _reset(leaves, results, before)
    gradients = propagate([(output, seed)], [*leaves, *results], create_graph=False)
    _store(leaves, results, gradients)


def _store(leaves: list[Value], results: list[Value], gradients: dict[Value, Any]) -> None:
    sums = [leaf._grad + gradients.get(leaf, 0.0) for leaf in leaves]
    for leaf, total in zip(leaves, sums, strict=True):
        leaf._grad = total
    for node in results:
        g = gradients.get(node, 0.0)
        node._grad = float(g) if isinstance(g, Real) else 0.0  # those of several results


def _forget(results: list[Value]) -> None:
    for node in results:
        node._grad = NOT_RUN


def _reset(leaves: list[Value], results: list[Value], before: list[float]) -> None:
    _forget(results)
    for leaf, grad in zip(leaves, before, strict=True):
        leaf._grad = grad


@overload
def grad(
    output: Value,
    inputs: Value,
    gradient: SupportsFloat = ...,
    *,
    create_graph: Literal[False] = False,
) -> float: ...
@overload
def grad(
    output: Value,
    inputs: Sequence[Value],
    gradient: SupportsFloat = ...,
    *,
    create_graph: Literal[False] = False,
) -> list[float]: ...
@overload
def grad(
    output: Value, inputs: Value, gradient: SupportsFloat = ..., *, create_graph: Literal[True]
) -> Value: ...
@overload
def grad(
    output: Value,
    inputs: Sequence[Value],
    gradient: SupportsFloat = ...,
    *,
    create_graph: Literal[True],
) -> list[Value]: ...
def grad(
    output: Value,
    inputs: Value | Sequence[Value] | None = None,
    gradient: SupportsFloat = 1.0,
    *,
    create_graph: bool = False,
    **others: Any,
) -> Any:
    """Compute d(output)/d(input) without touching any `grad`.

    Parameters:
        output: the Value to differentiate.
        inputs: one Value or a sequence of them, leaves or interior values. The gradient is 0 for
            an input that `output` does not depend on.
        gradient: d(something)/d(output), from which the pass starts.
        create_graph: whether to record the gradients, so that they can be differentiated again.
        others: none; a keyword of another engine is answered with what to write instead.

    Returns:
        A float for one input, a list of floats for a sequence; Values with `create_graph`.

    Raises:
        GradientError: when an input does not require a gradient.
        RuleError: when a derivative rule fails.
        TypeError: for what is no Value, such as a function: `func.grad` differentiates those.

    >>> from pluggrad import Value, grad
    >>> x = Value(3.0)
    >>> dy = grad(x * x * x, x, create_graph=True)
    >>> dy.data, grad(dy, x)
    (27.0, 18.0)
    """
    several: Any = None if isinstance(inputs, Value) else inputs
    single = not isinstance(several, Iterable)
    wanted: list[Any] = [inputs] if single else list(several)
    if others or not all(isinstance(x, Value) for x in (output, *wanted)):
        raise call_hints.wrong_grad(output, wanted, others)
    _require_gradient(wanted)
    watcher = None if create_graph else keeper()
    create_graph = create_graph or watcher is not None
    seed: Any = gradient if create_graph and isinstance(gradient, Value) else as_float(gradient)
    order = topological_order([output], differentiable=True)
    found = propagate([(output, seed)], order, create_graph=create_graph, wanted=wanted)
    results = [found.get(x, 0.0) for x in wanted]
    if create_graph:
        results = [_boxed(x) for x in results]
        for x in results:
            strong_zero.is_nan(x)
    if watcher is not None:
        results = [watcher.number(x) for x in results]
    return results[0] if isinstance(inputs, Value) else results


def propagate(
    seeds: Iterable[tuple[Value, Any]],
    order: Sequence[Value],
    *,
    create_graph: bool,
    wanted: Iterable[Value] | None = None,
) -> dict[Value, Any]:
    """Collect the gradient of every node in `order` that one flows to, rule by rule.

    Parameters:
        seeds: where gradients begin: values, and what to start from at each.
        order: the nodes to visit, operands before users.
        create_graph: whether gradients are Values, because the rules are given Values, and
            recorded; else they are floats.
        wanted: nodes whose gradients are all that is asked for: none is computed for a node that
            they do not go into.
    """
    watching = watchers.get() if switch.active else ()
    if not watching:
        return _propagate(seeds, order, create_graph, wanted, ())
    for watcher in watching:
        watcher.starts(order)
    seeing = watching_rules(watching)
    return call_seen_by(seeing, _propagate, seeds, order, create_graph, wanted, watching)


def _propagate(
    seeds: Iterable[tuple[Value, Any]],
    order: Sequence[Value],
    create_graph: bool,
    wanted: Iterable[Value] | None,
    watching: Sequence[Watcher],
) -> dict[Value, Any]:
    needed = None if wanted is None else _users_of(wanted, order)
    gradients: dict[Value, Any] = {}
    for node, g in seeds:
        if needed is None or node in needed:
            g = _boxed(g) if create_graph else g
            gradients[node] = gradients[node] + g if node in gradients else g
    for node in reversed(order):
        if node not in gradients:
            continue
        if hooks and node in hooks:
            for hook in node._hooks:
                gradients[node] = hook(node, gradients[node])
        if node.op is None:
            continue
        g = gradients[node]
        is_hook = not node.op.is_linear
        for index, x, part in _parts(node, g, None if is_hook else needed, create_graph, watching):
            gradients[x] = gradients[x] + part if x in gradients else part
            if is_hook:
                gradients[node] = part
            for watcher in watching:
                watcher.flowed(node, index, g, part)
    return gradients


def step_back(node: Value) -> None:
    """Add to the `grad` of each operand what it gets from the `grad` of a node, and go no further.

    `backward()` in slow motion: call it for every node, users before operands. A leaf has no
    operands.

    >>> from pluggrad import Value
    >>> a, b = Value(2.0), Value(-3.0)
    >>> o = a * b
    >>> o.grad = 1.0
    >>> o._backward()
    >>> a.grad, b.grad
    (-3.0, 2.0)
    """
    if node.op is not None:
        for _, x, part in _parts(node, node._grad, None, False, ()):
            x._grad += part


def _parts(
    node: Value,
    g: Any,
    needed: set[Value] | None,
    create_graph: bool,
    watching: Sequence[Watcher],
) -> list[tuple[int, Value, Any]]:
    """List what a node hands on: operand number, operand and gradient."""
    op: Any = node.op
    operands = node.prev
    if op.is_composite:
        return op.parts(node, g, needed, create_graph, watching)  # type: ignore[no-any-return]
    found: list[tuple[int, Value, Any]] = []  # a generator would swallow a rule's StopIteration
    numbers = [] if create_graph else [x._number for x in operands]
    for index, x in enumerate(operands):
        rule = op.rules[index]
        if rule is None or not x.requires_grad or (needed is not None and x not in needed):
            continue
        if not create_graph:
            found.append((index, x, strong_zero.partial(op, index, g, node._number, numbers)))
            continue
        try:
            part = _checked(rule(g, node, *operands))
            if part._number != part._number and op.is_linear and strong_zero.is_nan(part):
                part = strong_zero.share(rule, g, node, operands)
        except Exception as cause:
            raise op.rule_error(index, cause, operands) from cause
        found.append((index, x, part))
    return found


def _boxed(g: Any) -> Any:
    return g if isinstance(g, Value) else constant(g)


def _checked(part: Any) -> Value:
    return part if isinstance(part, Value) else constant(as_float(part, "it gives one real number"))


def _users_of(wanted: Iterable[Value], order: Iterable[Value]) -> set[Value]:
    """Find the nodes of `order` that any of `wanted` goes into, those themselves included."""
    found = set(wanted)
    for node in order:
        if node.op is not None and node not in found and not found.isdisjoint(node.prev):
            found.add(node)
    return found


def _require_gradient(values: list[Value]) -> None:
    for x in values:
        if not x.requires_grad:
            raise value_hints.no_gradient(x)


above.backward = backward
