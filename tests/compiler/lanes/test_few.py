"""Calls on a few lanes are short after the first, and have its numbers."""

import numpy as np
import pytest
from pluggrad import CompileError, Value, compile
from pluggrad.ops import exp, sin


def smooth(x, y):
    return exp(x) * y + x * x / y


def cases():
    x, y = np.linspace(-1.0, 1.0, 24), np.linspace(1.0, 2.0, 24)
    return {
        "rows": (x, y),
        "tables": (x.reshape(4, 6), y.reshape(4, 6)),
        "a number": (x, 1.5),
        "a whole number": (2, y),
        "broadcast": (x[:6, None], y[:5]),
        "singles": (x.astype(np.float32), y),
        "integers": (np.arange(24), y),
        "gaps": (x[::2], y[::2]),
        "one lane": (x[:1], y[:1]),
        "without dimensions": (x, np.array(1.5)),
    }


@pytest.mark.parametrize("case", cases())
def test_a_short_call_has_the_bits_of_the_first(case, short_calls_alone):
    args = cases()[case]
    compiled = compile(smooth)
    value, (by_x, by_y) = compiled.value_and_grad(*args)
    alone = compiled(*args)
    with short_calls_alone():
        again, slopes = compiled.value_and_grad(*args)
        alone_again = compiled(*args)
    for a, b in zip((value, by_x, by_y, alone), (again, *slopes, alone_again), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.shape == b.shape
        assert a.dtype == b.dtype


def test_many_lanes_after_few_take_their_own_way(short_calls_alone):
    compiled = compile(smooth)
    x, y = np.linspace(-1.0, 1.0, 600), np.linspace(1.0, 2.0, 600)
    few = compiled(x[:20], y[:20])
    many = compiled(x, y)
    with short_calls_alone():
        np.testing.assert_array_equal(compiled(x, y), many)
        np.testing.assert_array_equal(compiled(x[:20], y[:20]), few)


def test_one_argument_has_one_gradient(short_calls_alone):
    compiled = compile(lambda x: sin(x) * x)
    x = np.linspace(0.0, 1.0, 9)
    first = compiled.value_and_grad(x)
    with short_calls_alone():
        np.testing.assert_array_equal(compiled.value_and_grad(x), first)


def test_lanes_that_take_another_way_are_right_each_time():
    compiled = compile(lambda x: exp(x) if x > 0.0 else x * x)
    x = np.linspace(0.1, 1.0, 10)
    turned = x - 0.5
    for _ in range(20):
        np.testing.assert_allclose(compiled(x), np.exp(x), rtol=1e-14)
        exact = np.where(turned > 0.0, np.exp(turned), turned * turned)
        np.testing.assert_allclose(compiled(turned), exact, rtol=1e-14)


def test_a_value_from_outside_is_read_in_each_call():
    scale = Value(2.0)
    compiled = compile(lambda x: x * scale)
    x = np.linspace(0.0, 1.0, 5)
    for number in (2.0, 2.0, 3.0):
        scale.data = number
        np.testing.assert_array_equal(compiled(x), x * number)


def test_arrays_that_do_not_go_together_are_refused_as_before():
    compiled = compile(smooth)
    compiled(np.ones(3), np.ones(3))
    with pytest.raises(CompileError, match="broadcast"):
        compiled(np.ones(3), np.ones(4))


@pytest.mark.parametrize("count", [5, 1000])
@pytest.mark.parametrize("large", [10**400, -(10**400)])
def test_an_int_too_large_for_a_float_is_refused_in_each_call(count, large):
    compiled = compile(smooth)
    for _ in range(2):
        compiled(np.ones(count), 2.0)
        with pytest.raises(CompileError, match="too large for a float"):
            compiled(np.ones(count), large)


def test_arrays_need_no_machine_for_single_numbers():
    f = compile(lambda x, y: x * y + x)
    x = np.linspace(1.0, 2.0, 5)
    f.value_and_grad(x, x)
    (recording,) = f.recordings
    assert recording._executor is None
    assert f(2.0, 3.0) == 8.0
    assert recording.executor.name == "numba"
    assert f(x, x).tolist() == (x * x + x).tolist()
