"""Checks of what a rule is made of: operators and ops, linear in g, and no side effects."""

from __future__ import annotations

import math

from pluggrad import Value
from pluggrad.errors import TraceError, quoted
from pluggrad.trace import Symbol, Trace

from .numpy_words import instead_of
from .subject import Subject
from .truth import same


def rules_use_only_operators_and_ops(subject: Subject) -> None:
    """Run each rule on numbers whose values nobody may look at."""
    op = subject.op
    for index, rule in enumerate(op.rules):
        if rule is None:
            continue
        trace = Trace()
        arguments = [trace.parameter(name) for name in ("g", "out", *subject.operand_names)]
        try:
            result = rule(*arguments)
        except TraceError as cause:
            instead = f"; {instead_of(cause.numpy)}" if cause.numpy else ""
            raise subject.failure(
                f"the rule does not work on Values and in compiled code: {cause}{instead}", index
            ) from cause
        except Exception as cause:
            raise subject.failure(
                f"the rule fails: {type(cause).__name__}: {cause}; it has to work on any kind of "
                "number, not on floats alone",
                index,
            ) from cause
        if not isinstance(result, Symbol | int | float):
            raise subject.failure(f"the rule gives {quoted(result, 40)}, which is no number", index)
        if "g" not in trace.parameters_of([result]) and (isinstance(result, Symbol) or result != 0):
            raise subject.failure(
                "the rule does not use g, the gradient of the result; multiply by it", index
            )


def rules_are_linear_in_g(subject: Subject) -> None:
    """Compare rule(c * g) with c * rule(g), which forward mode relies on."""
    op = subject.op
    for at in subject.points[:60]:
        out = subject.forward(at)
        for index, rule in enumerate(op.rules):
            if rule is None:
                continue
            once = subject.partial(index, at, out)
            if not same(once, subject.partial(index, at, out)):
                raise subject.failure("the rule gives two results for the same operands", index, at)
            if not math.isfinite(once) or not math.isfinite(out):
                continue
            slack = 2e-12 * abs(once) + 2e-307
            for g in (2.0, -1.0, 0.0, 1.375):
                got = subject.partial(index, at, out, g)
                if not math.isfinite(1.375 * once * 2) or abs(got - g * once) <= slack:
                    continue
                if not abs(got - g * once) <= slack + 8 * subject.rounding(index, at, out):
                    raise subject.failure(
                        f"the rule is not linear in g: {once:.10g} for g = 1, but {got:.10g} for "
                        f"g = {g:g} instead of {g * once:.10g}; each term has the factor g once",
                        index,
                        at,
                    )


def operands_are_left_alone(subject: Subject) -> None:
    """Compute and differentiate on Values and see that the operands are as they were."""
    op = subject.op
    for at in subject.points[:20]:
        values = [Value(x, f"operand {i}") for i, x in enumerate(at)]
        before = [*map(_state, values)]
        out, g = op(*values), Value(1.0)
        result, gradient = _state(out), _state(g)
        for rule in op.rules:
            if rule is not None:
                rule(g, out, *values)
        for index, (old, value) in enumerate(zip(before, values, strict=True)):
            if _is_changed(old, value):
                raise subject.failure("the operand is changed by the op or its rules", index, at)
        if _is_changed(result, out):
            raise subject.failure("the rules change the result", at=at)
        if _is_changed(gradient, g):
            raise subject.failure("the rules change the gradient that they are given", at=at)


def _state(value: Value) -> tuple[object, ...]:
    return value.data, value.grad, value.label, value.requires_grad, value.prev


def _is_changed(before: tuple[object, ...], value: Value) -> bool:
    return any(not same(old, new) for old, new in zip(before, _state(value), strict=True))
