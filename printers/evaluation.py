"""What a `Function` computes, in Python: how functions are checked before they are printed."""

from __future__ import annotations

from collections.abc import Mapping

from .code import Apply, Assign, Call, Expression, Function, If, Name, Number, Return, Statement
from .meanings import MEANINGS


def evaluate(
    function: Function, operands: tuple[float, ...], others: Mapping[str, Function]
) -> float:
    """Compute a function on floats.

    Parameters:
        function: any.
        operands: one for each parameter.
        others: the functions that it may call, by name.

    Raises:
        KeyError: when it needs a word that has no meaning here.
    """
    scope = dict(zip(function.parameters, operands, strict=True))
    result = _run(function.body, scope, others)
    assert result is not None  # every body ends in a Return
    return result


def _run(
    body: tuple[Statement, ...], scope: dict[str, float], others: Mapping[str, Function]
) -> float | None:
    for statement in body:
        if isinstance(statement, Return):
            return _value(statement.value, scope, others)
        if isinstance(statement, Assign):
            scope[statement.name] = _value(statement.value, scope, others)
            continue
        if isinstance(statement, If):
            holds = _value(statement.condition, scope, others)
            result = _run(statement.body if holds else statement.otherwise, scope, others)
            if result is not None:
                return result
            continue
        while _value(statement.condition, scope, others):
            result = _run(statement.body, scope, others)
            if result is not None:
                return result
    return None


def _value(
    expression: Expression, scope: Mapping[str, float], others: Mapping[str, Function]
) -> float:
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return scope[expression.name]
    if isinstance(expression, Call) and expression.word in ("and", "or", "select"):
        return _lazily(expression, scope, others)
    assert isinstance(expression, Call | Apply)
    operands = tuple([_value(x, scope, others) for x in expression.operands])
    if isinstance(expression, Apply):
        return evaluate(others[expression.function], operands, others)
    result: float = MEANINGS[expression.word](*operands)
    return result


def _lazily(call: Call, scope: Mapping[str, float], others: Mapping[str, Function]) -> float:
    first = _value(call.operands[0], scope, others)
    if call.word == "select":
        return _value(call.operands[1 if first else 2], scope, others)
    if bool(first) == (call.word == "or"):
        return first
    return _value(call.operands[1], scope, others)
