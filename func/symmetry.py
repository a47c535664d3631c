"""Whether rules are derivatives of one function, as forward mode over reverse mode assumes.

A gradient that moves is computed as the gradient of what moves: the derivative of rule i by operand
j takes the place of that of rule j by operand i. Both are second derivatives of the forward
function. Rules that are no derivatives, such as that of a product whose second operand gets no
gradient, differ there. So what counts is each pair of an operand that the gradient flows to and
another one that moves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from pluggrad.errors import GradientError
from pluggrad.recording import call_seen_by
from pluggrad.value import Value

from .dual import Dual, tangent_of
from .moved import Moved, calls_behind

TOLERANCE = 1e-6
MOST = 3  # calls of one op that are looked at
ONE = 1 << 62  # a level above all others: nothing that moves elsewhere is here


def check_symmetry(order: Iterable[Value], copies: Iterable[Value]) -> None:
    """Check the rules that a pass goes through and that forward mode moves.

    Parameters:
        order: nodes, operands before users.
        copies: where the pass ends.

    Raises:
        GradientError: naming the op.
    """
    if not calls_behind:
        return
    seen: Counter[str] = Counter()
    reached = set(copies)
    for node in order:
        if reached.isdisjoint(node.prev):
            continue
        reached.add(node)
        call, number = calls_behind.get(node, (None, 0))
        if call is None or seen[call.what] == MOST:
            continue
        seen[call.what] += 1
        try:
            is_symmetric = call_seen_by((), _is_symmetric, call, number, reached)
        except Exception:  # it cannot be told
            continue
        if not is_symmetric:
            raise GradientError(
                f"the rules of {call.what} are not the derivatives of one function, so forward "
                "mode does not lead through its gradient. Differentiate the gradient in reverse "
                "mode, as jacrev(grad(f)) does"
            )


def _is_symmetric(call: Moved, number: int, reached: Collection[Value]) -> bool:
    numbers = [x._number if isinstance(x, Value) else x for x in call.operands]
    active = [i for i, x in enumerate(call.operands) if isinstance(x, Value) and x in reached]
    pairs = [(i, j) for i in active for j in call.moving if i != j]
    if not pairs:
        return True
    slopes = [call.slopes(k, call.results, numbers) for k in range(len(call.results))]
    rows: dict[int, list[float]] = {}
    for j in {j for pair in pairs for j in pair}:
        given: list[Any] = [*numbers]
        given[j] = Dual(numbers[j], 1.0, ONE)
        results = [
            Dual(result, float(by_operand[j] or 0.0), ONE)
            for result, by_operand in zip(call.results, slopes, strict=True)
        ]
        parts = call.slopes(number, results, given)
        rows[j] = [float(tangent_of(part or 0.0, ONE)) for part in parts]
    return all(_are_close(rows[i][j], rows[j][i]) for i, j in pairs)


def _are_close(a: float, b: float) -> bool:
    is_known = math.isfinite(a) and math.isfinite(b)
    return not is_known or math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
