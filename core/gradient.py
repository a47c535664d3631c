"""Reverse-mode differentiation: `backward` into the Values, `grad` beside them.

Both go through the recorded graph once, users before operands, and hand each node's gradient on to
its operands as the rules say. `backward` first takes the short way, the fused code of pullback.py;
where anything goes wrong there (Python raises for 1.0 / 0.0, or a rule is faulty), it starts
again the careful way, rule by rule, which follows IEEE 754 or names the rule that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, SupportsFloat, overload

from .errors import GradientError
from .topology import topological_order
from .value import NOT_RUN, Value, as_float


def backward(output: Value, gradient: SupportsFloat = 1.0) -> None:
    """Do the work of `Value.backward`."""
    if not isinstance(output, Value):
        raise TypeError(f"backward() starts from a Value, not {type(output).__name__}")
    try:
        seed = as_float(gradient)
    except TypeError:
        raise TypeError(
            f"backward() takes the gradient of the output, one real number, not "
            f"{type(gradient).__name__}"
        ) from None
    _require_gradient([output])
    order = topological_order([output], differentiable=True)
    leaves = [(node, node.grad) for node in order if node.op is None]
    try:
        _run_fused(output, order, seed)
        _check_leaves(leaves)
    except Exception:
        _reset(order, leaves)
        gradients = _propagate([(output, seed)], order, create_graph=False)
        for node in order:
            node.grad = gradients.get(node, 0.0) + (node.grad if node.op is None else 0.0)
    except BaseException:  # interrupted: leave no half-summed gradients behind
        _reset(order, leaves)
        raise


def _run_fused(output: Value, order: list[Value], seed: float) -> None:
    for node in order:
        if node.op is not None:
            node.grad = 0.0
        else:
            node.grad += 0.0  # so that a leaf without any contribution reads as computed
    output.grad += seed
    for node in reversed(order):
        if node.op is not None:
            node.op.pullback(node)


def _check_leaves(leaves: list[tuple[Value, float]]) -> None:
    for leaf, _ in leaves:
        if leaf.grad.__class__ is not float:
            leaf.grad = as_float(leaf.grad)  # a rule that gave a complex number ends here


def _reset(order: list[Value], leaves: list[tuple[Value, float]]) -> None:
    for node in order:
        node.grad = NOT_RUN
    for leaf, before in leaves:
        leaf.grad = before


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
    inputs: Value | Sequence[Value],
    gradient: SupportsFloat = 1.0,
    *,
    create_graph: bool = False,
) -> Any:
    """Compute d(output)/d(input) without touching any `grad`.

    Parameters:
        output: the Value to differentiate.
        inputs: one Value, or a sequence of them; leaves or interior values. An input that
            `output` does not depend on has the gradient 0.
        gradient: what to start from, d(something)/d(output).
        create_graph: record the gradients too, so that they can be differentiated again.

    Returns:
        A float for one input, a list of floats for a sequence; Values with `create_graph`.

    Raises:
        GradientError: when an input does not require a gradient.
        RuleError: when a derivative rule fails.

    >>> from pluggrad import Value, grad
    >>> x = Value(3.0)
    >>> dy = grad(x * x * x, x, create_graph=True)
    >>> dy.data, grad(dy, x)
    (27.0, 18.0)
    """
    wanted = [inputs] if isinstance(inputs, Value) else list(inputs)
    for x in [output, *wanted]:
        if not isinstance(x, Value):
            raise TypeError(f"grad() takes Values, not {type(x).__name__}")
    _require_gradient(wanted)
    seed: Any = gradient if create_graph and isinstance(gradient, Value) else as_float(gradient)
    order = topological_order([output], differentiable=True)
    found = _propagate([(output, seed)], order, create_graph=create_graph)
    results = [found.get(x, 0.0) for x in wanted]
    if create_graph:
        results = [
            x if isinstance(x, Value) else Value(x, requires_grad=False) for x in results
        ]
    return results[0] if isinstance(inputs, Value) else results


def _propagate(
    seeds: Iterable[tuple[Value, Any]], order: list[Value], *, create_graph: bool
) -> dict[Value, Any]:
    """Collect the gradient of every node in `order` that one flows to, rule by rule.

    Gradients are floats; with `create_graph` they are Values, because the rules are given Values.
    """
    gradients: dict[Value, Any] = dict(seeds)
    for node in reversed(order):
        op = node.op
        if op is None or node not in gradients:
            continue
        g = gradients[node]
        operands = node.prev
        numbers = [] if create_graph else [x.data for x in operands]
        for index, x in enumerate(operands):
            rule = op.rules[index]
            if rule is None or not x.requires_grad:
                continue
            if create_graph:
                try:
                    part = rule(g if isinstance(g, Value) else _lifted(g), node, *operands)
                except Exception as cause:
                    raise op.rule_error(index, cause) from cause
                if not isinstance(part, Value | float | int):
                    raise op.rule_error(index, f"gave {part!r:.60}, which is no number")
            else:
                part = op.partial(index, g, node.data, *numbers)
            gradients[x] = gradients[x] + part if x in gradients else part
    return gradients


def _lifted(g: float) -> Value:
    return Value(g, requires_grad=False)


def _require_gradient(values: list[Value]) -> None:
    for x in values:
        if not x.requires_grad:
            what = f"{x.label!r} " if x.label else ""
            raise GradientError(
                f"{what}({x!r}) does not require a gradient: it is a constant, or was computed "
                "from constants only, or under no_grad()"
            )


