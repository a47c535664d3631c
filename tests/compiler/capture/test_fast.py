"""Recorded numbers have methods of their own, which give what the engine's own give."""

import math
import threading

import pytest
from pluggrad import Op, Value, grad, no_grad, ops, plugins, scope
from pluggrad.compiler import compile
from pluggrad.compiler.capture.fast import is_fast

OUTSIDE = Value(3.0, label="outside")


def recorded_twice(f, *numbers):
    """Record a function with ops that are new, and again when they are known."""
    return [compile(f, executor="interpreter").value_and_grad(*numbers) for _ in range(2)]


def eagerly(f, *numbers):
    values = [Value(x) for x in numbers]
    y = f(*values)
    y.backward()
    slopes = tuple([x.grad for x in values])
    return y.data, slopes if len(slopes) > 1 else slopes[0]


WAYS = [
    lambda x, y: x * y + x - y / x,
    lambda x, y: 2.0 * x + 3 * y - True / x + x / 7 - y * 2.5,
    lambda x, y: OUTSIDE * x + y * OUTSIDE - OUTSIDE * OUTSIDE + 0.0 * x,
    lambda x, y: ops.maximum(x, y) + ops.maximum(2.0, x) + ops.maximum(OUTSIDE, y),
    lambda x, y: x.maximum(y) + x.exp() + ops.exp(y) + y.log(),
    lambda x, y: ops.where(x - y, x, 2.0) + ops.where(1, x, OUTSIDE) + x**y + 2**x,
    lambda x, y: x.data * y + y.detach() * Value(x.data) + -x + abs(-y),
    lambda x, y: grad(x * y * ops.tanh(x), x) + y,
    lambda x, y: sum([x, y, 1, 2.0, OUTSIDE]) * divmod(x, 0.3)[1] + round(y, 1),
]


@pytest.mark.parametrize("f", WAYS)
def test_what_is_recorded_is_what_the_engine_records(f):
    truth = eagerly(f, 0.7, 1.9)
    for value, gradient in recorded_twice(f, 0.7, 1.9):
        assert value == truth[0]
        assert gradient == pytest.approx(truth[1], rel=1e-14)


def test_blocks_inside_hold_for_ops_that_are_known_too():
    def f(x):
        with no_grad():
            constant = x * x
        with scope("inside"):
            y = x * x
        return constant * y + x * x

    assert recorded_twice(f, 2.0) == [(20.0, 20.0)] * 2  # 4 * 2 x + 2 x


def test_a_value_that_outlives_its_recording_is_one_from_outside_in_the_next():
    kept = []

    def keep(x):
        kept.append(x * 3.0)
        return x

    for number in (1.0, 2.0):
        compile(keep, executor="interpreter")(number)
    first, second = kept
    product = first * second
    with no_grad():
        assert not (first * second).requires_grad
        assert not ops.exp(first).requires_grad
    assert product.__class__ is not first.__class__
    compiled = compile(lambda x: first * second * x + ops.exp(first), executor="interpreter")
    for number in (2.0, 3.0):
        assert compiled(number) == 18.0 * number + math.exp(3.0)


def test_another_thread_may_compute_with_recorded_numbers():
    def f(x):
        made = []
        thread = threading.Thread(target=lambda: made.append(x * x + ops.exp(x)))
        thread.start()
        thread.join()
        return made[0]

    assert [compile(f)(number) for number in (1.0, 1.0)] == [1.0 + math.e] * 2


def test_an_op_of_anybody_s_is_fast_when_it_was_seen_once():
    mine = Op("mine", lambda a, b: a * b + 1.0, lambda g, out, a, b: g * b, lambda g, out, a, b: g)
    risky = Op("risky", lambda a: 1.0 / a, lambda g, out, a: -g * out * out)

    def f(x):
        return mine(x, mine(2.0, x)) + risky(x)

    assert [value for value, _ in recorded_twice(f, 2.0)] == [11.5, 11.5]
    assert is_fast(mine)
    assert not is_fast(risky)  # whose errors are looked for


def test_another_op_in_the_place_of_a_known_one_is_used():
    compiled = compile(lambda x: x * 2.0 + ops.exp(x), executor="interpreter")
    assert compiled(0.0) == compile(lambda x: x * 2.0 + ops.exp(x))(0.0) == 1.0
    other = Op("exp", lambda x: 5.0, lambda g, out, x: g * 0.0)
    plugins.register_op(other, replace=True)
    try:
        assert compiled(0.0) == 5.0
    finally:
        plugins.unregister("exp")
    assert compiled(0.0) == 1.0


def test_an_op_with_the_operator_of_another_does_not_take_its_place():
    stranger = Op(
        "stranger", lambda a, b: 7.0, lambda g, out, a, b: g, lambda g, out, a, b: g, operator="*"
    )
    for _ in range(2):
        assert compile(lambda x: stranger(x, x) + x * x)(3.0) == 16.0
