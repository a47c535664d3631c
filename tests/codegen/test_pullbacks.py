"""Large graphs take code in which their frequent ops are written out; small ones take calls."""

import random

import pytest
from pluggrad import Op, Value, grad, ops, plugins
from pluggrad.codegen.pullbacks import LARGE


def graph(size: int, seed: int) -> tuple[list[Value], Value]:
    """Record a random graph of well-behaved ops of one, two and three operands."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(0.5, 1.5)) for _ in range(10)]
    nodes = list(leaves)
    for _ in range(size):
        a, b, c = rng.choices(nodes[-30:], k=3)
        make = rng.choice(
            [
                lambda a, b, c: a * b - c,
                lambda a, b, c: a + 0.5 * b,
                lambda a, b, c: ops.tanh(a) / (1.0 + ops.exp(-b)),
                lambda a, b, c: ops.clip(a, -2.0, 2.0),
                lambda a, b, c: ops.where(a > 1.0, b, c),
            ]
        )
        nodes.append(ops.tanh(make(a, b, c)))
    return leaves, sum(nodes[-40:], Value(0.0))


@pytest.mark.parametrize("size", [5, LARGE // 2, 3 * LARGE])
@pytest.mark.parametrize("seed", range(5))
def test_backward_gives_the_very_numbers_of_the_rules_called_one_by_one(
    size: int, seed: int
) -> None:
    leaves, loss = graph(size, seed)
    loss.backward()
    # grad() calls rule by rule. Contributions meet in the same order, so not even rounding differs.
    assert [x.grad for x in leaves] == grad(loss, leaves)


def test_a_large_graph_of_one_op_that_cannot_be_written_out_still_calls_its_rule() -> None:
    branching = Op("branching", lambda a: 3.0 * a, lambda g, out, a: 3.0 * g if a > 0 else g * 3.0)
    x = y = Value(1e-300)
    for _ in range(2 * LARGE):
        y = branching(y) * (1 / 3.0)
    y.backward()
    assert x.grad == pytest.approx(1.0, rel=1e-12)


def test_an_op_replaced_under_the_same_name_is_not_confused_with_the_old_one() -> None:
    def chain(op: Op) -> float:
        x = y = Value(1.0)
        for _ in range(2 * LARGE):
            y = op(y)
        y.backward()
        return x.grad

    same = Op("stays", lambda a: a, lambda g, out, a: g)
    other = Op("stays", lambda a: a, lambda g, out, a: -g)
    plugins.register_op(same)
    try:
        assert chain(same) == 1.0
    finally:
        plugins.unregister("stays")
    assert chain(other) == 1.0  # an even number of changes of sign
    vanishing = Op("stays", lambda a: a, lambda g, out, a: 0.0 * g)
    assert chain(vanishing) == 0.0
