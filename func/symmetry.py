"""Whether rules are derivatives of one function, as forward mode over reverse mode assumes.

A gradient that moves is computed as the gradient of what moves: the derivative of rule i by operand
j takes the place of that of rule j by operand i. Both are second derivatives of the forward
function. Rules that are no derivatives, such as that of a product whose second operand gets no
gradient, differ there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pluggrad.errors import GradientError
from pluggrad.recording import call_seen_by
from pluggrad.value import Value

from .custom import Arguments, Custom
from .dual import Dual, tangent_of
from .tree import rebuild

TOLERANCE = 1e-6
MOST = 3  # nodes of one op that are looked at
ONE = 1 << 62  # a level above all others: nothing that moves elsewhere is here


def check_symmetry(order: Iterable[Value]) -> None:
    """Check the rules of all ops with several operands, but for pluggrad's own.

    Raises:
        GradientError: naming the op.
    """
    seen: Counter[Any] = Counter()
    for node in order:
        op = node.op
        if op is None or seen[op] == MOST:
            continue
        seen[op] += 1
        if not (isinstance(op, Custom) or (not op.is_composite and _is_foreign(op))):
            seen[op] = MOST
            continue
        try:
            is_symmetric = call_seen_by((), _is_symmetric, op, node._number, node.prev)
        except Exception:  # it cannot be told
            continue
        if not is_symmetric:
            what = f"custom_rule {op.name}" if isinstance(op, Custom) else f"op {op.name!r}"
            raise GradientError(
                f"the rules of {what} are not the derivatives of one function, so forward mode "
                "does not lead through its gradient. Differentiate the gradient in reverse mode, "
                "as jacrev(grad(f)) does"
            )


def _is_foreign(op: Any) -> bool:
    rules = [rule for rule in op.rules if rule is not None]
    return len(op.rules) > 1 and not all(
        str(getattr(rule, "__module__", "")).startswith("pluggrad.") for rule in rules
    )


def _is_symmetric(op: Any, out: float, operands: Sequence[Value]) -> bool:
    numbers = [x._number for x in operands]
    moving = [i for i, x in enumerate(operands) if x.requires_grad]
    slopes = _rules_of(op)(out, numbers)
    rows = []
    for j in moving:
        given: list[Any] = [*numbers]
        given[j] = Dual(numbers[j], 1.0, ONE)
        parts = _rules_of(op)(Dual(out, float(slopes[j]), ONE), given)
        rows.append([float(tangent_of(parts[i], ONE)) for i in moving])
    return all(_are_close(rows[i][j], rows[j][i]) for i in range(len(rows)) for j in range(i))


def _are_close(a: float, b: float) -> bool:
    is_known = math.isfinite(a) and math.isfinite(b)
    return not is_known or math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _rules_of(op: Any) -> Callable[[Any, Sequence[Any]], list[Any]]:
    """Return the function that gives the derivatives by all operands, from the result and them."""

    def of_op(out: Any, operands: Sequence[Any]) -> list[Any]:
        return [0.0 if rule is None else rule(1.0, out, *operands) for rule in op.rules]

    def of_custom(out: Any, operands: Sequence[Any]) -> list[Any]:
        source = iter(operands)
        filled = [next(source) if x is None else x[0] for x in op.fixed]
        found = op.custom.gradients(
            rebuild(op.structure, iter([1.0])),
            rebuild(op.structure, iter([out])),
            Arguments(rebuild(op.arguments, iter(filled))),
        )
        return [part or 0.0 for part, x in zip(found, op.fixed, strict=True) if x is None]

    return of_custom if isinstance(op, Custom) else of_op
