import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pluggrad import Value, grad
from pluggrad.ops import clip, compare, maximum, minimum, sign, step, where

numbers = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(-1e6, 1e6)


def gradients(op, *operands):
    values = [Value(x) for x in operands]
    op(*values).backward()
    return [x.grad for x in values]


@given(numbers, numbers)
def test_minimum_and_maximum_follow_numpy(a, b):
    np.testing.assert_array_equal(minimum(a, b), np.minimum(a, b))
    np.testing.assert_array_equal(maximum(a, b), np.maximum(a, b))


@given(numbers, numbers, numbers)
def test_clip_follows_numpy(x, low, high):
    np.testing.assert_array_equal(clip(x, low, high), np.clip(x, low, high))


@given(numbers)
def test_sign_and_step_follow_numpy(x):
    np.testing.assert_array_equal(sign(x), np.sign(x))
    np.testing.assert_array_equal(step(x), np.heaviside(x, 0.0))


@given(numbers, numbers, numbers)
def test_where_follows_numpy(condition, a, b):
    np.testing.assert_array_equal(where(condition, a, b), np.where(condition != 0, a, b))


@given(numbers, numbers)
def test_compare_orders_what_has_an_order(a, b):
    wanted = math.nan if a != a or b != b else float((a > b) - (a < b))
    np.testing.assert_array_equal(compare(a, b), wanted)


def test_gradient_goes_to_the_chosen_operand():
    assert gradients(minimum, 1.0, 2.0) == [1.0, 0.0]
    assert gradients(maximum, 1.0, 2.0) == [0.0, 1.0]
    assert gradients(clip, 0.5, 0.0, 1.0) == [1.0, 0.0, 0.0]
    assert gradients(clip, -0.5, 0.0, 1.0) == [0.0, 1.0, 0.0]
    assert gradients(clip, 1.5, 0.0, 1.0) == [0.0, 0.0, 1.0]
    assert gradients(clip, 0.5, 2.0, 1.0) == [0.0, 0.0, 1.0]
    assert gradients(where, 1.0, 5.0, 6.0) == [0.0, 1.0, 0.0]
    assert gradients(where, 0.0, 5.0, 6.0) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("x", [0.0, 1.0, math.inf, -math.inf])
def test_operands_that_tie_share_the_gradient(x):
    assert gradients(minimum, x, x) == [0.5, 0.5]
    assert gradients(maximum, x, x) == [0.5, 0.5]


@given(finite, finite, finite)
def test_gradients_of_clip_add_up_to_one(x, low, high):
    assert sum(gradients(clip, x, low, high)) == 1.0


@given(finite, finite, finite)
def test_clip_moves_as_far_as_its_operands_do(x, low, high):
    assume(min(abs(p - q) for p, q in itertools.combinations((x, low, high), 2)) > 1e-3)
    h = 2.0**-12
    for index, slope in enumerate(gradients(clip, x, low, high)):
        up, down = [x, low, high], [x, low, high]
        up[index] += h
        down[index] -= h
        assert (clip(*up) - clip(*down)) / (2 * h) == pytest.approx(slope, abs=1e-5)


def test_jumps_have_no_slope_even_for_an_infinite_gradient():
    for op in (sign, step):
        x = Value(3.0)
        op(x).backward(math.inf)
        assert x.grad == 0.0
    a, b = Value(1.0), Value(2.0)
    compare(a, b).backward(math.inf)
    assert (a.grad, b.grad) == (0.0, 0.0)


def test_where_keeps_a_nan_of_the_other_side_out_of_the_gradient():
    x = Value(-1.0)
    y = where(step(x), x, 2.0 * x)
    y.backward(math.inf)
    assert x.grad == math.inf


def test_choices_have_second_derivatives_of_what_they_chose():
    x = Value(2.0)
    y = maximum(x * x * x, 1.0) + clip(x * x, 0.0, 100.0) + where(x, x * x, 0.0)
    dy = grad(y, x, create_graph=True)
    assert (dy.data, grad(dy, x)) == (12.0 + 4.0 + 4.0, 12.0 + 2.0 + 2.0)


def test_condition_may_be_true_or_false():
    assert where(True, Value(1.0), 2.0).data == 1.0
    assert where(False, Value(1.0), 2.0).data == 2.0
