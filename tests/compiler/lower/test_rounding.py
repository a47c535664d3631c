"""What the planner must not change: the order of sums, and the sign of zero."""

import itertools
import math
import random

import pytest
from pluggrad import Value, compile, no_grad
from pluggrad.ops import tanh

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")


def test_a_sum_of_different_addends_keeps_its_order_to_the_last_bit() -> None:
    rng = random.Random(1)
    for _ in range(50):
        leaves = [Value(rng.uniform(-1, 1) * 10.0 ** rng.randint(-8, 8)) for _ in range(6)]
        products = [a * b for a, b in itertools.pairwise(leaves)]
        constants = [Value(rng.uniform(-1, 1) * 1e6, requires_grad=False) for _ in range(2)]
        # Leaves, stored results, results used nowhere else, constants and numbers, mixed.
        addends = [*leaves, *products, *constants, tanh(leaves[0]), leaves[1] * 3.0, 1e7, -1e7]
        total = sum(rng.choices(addends, k=30), 0.1)
        program = compile([total, *products])
        assert program.forward()[0] == total.data


def test_zeros_of_both_signs_stay_apart() -> None:
    x = Value(1.0)
    program = compile([x / 0.0, x / -0.0, x * 0.0, x * -0.0])
    assert program.forward().tolist() == [math.inf, -math.inf, 0.0, -0.0]
    assert math.copysign(1.0, program.forward()[3]) == -1.0


def test_gradients_of_one_number_used_everywhere_are_summed_up() -> None:
    x = Value(0.5)
    y = sum(x * float(i) for i in range(1000)) + sum([x] * 1000) + x * x * x
    y.backward()
    program = compile(y)
    program.step()
    assert program.gradients[0] == pytest.approx(x.grad, rel=1e-14)


def test_a_graph_recorded_partly_without_gradients_is_the_same() -> None:
    x = Value(2.0)
    with no_grad():
        frozen = x * x
    y = x * frozen
    program = compile(y)
    x.data = 3.0
    assert (program(), x.grad) == (12.0, 4.0)
