"""Whatever is assigned to `data`, the engine computes with floats."""

from fractions import Fraction

import numpy as np
import pytest
from pluggrad import Value, func, grad
from pluggrad.ops import atan, exp, hypot, sin, where

FUNCTIONS = {
    "product": lambda x: x * x,
    "sum": lambda x: x + 1.0,
    "quotient": lambda x: x / 3,
    "negative": lambda x: -x,
    "power": lambda x: x**2,
    "atan": lambda x: atan(x),
    "sin": lambda x: sin(x) * 3,
    "hypot": lambda x: hypot(x, 2.0),
    "where": lambda x: where(x, exp(x), 1.0),
}
NUMBERS = [np.float32(0.1), np.float16(0.3), np.int64(3), 3, True, Fraction(1, 3)]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda x: f"{type(x).__name__}")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_real_number_counts_as_the_float_it_is(name, number):
    f = FUNCTIONS[name]
    expected, slope = func.value_and_grad(f)(float(number))
    x = Value(1.0)
    x.data = number
    y = f(x)
    y.backward()
    assert (y.data, x.grad) == (expected, slope)
    assert (type(y.data), type(x.grad)) == (float, float)
    x = Value(1.0)
    x.data = number
    assert grad(f(x), x) == slope


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_float_that_was_assigned_after_the_recording_is_used_as_one(name):
    x = Value(float(np.float32(0.1)))
    y = FUNCTIONS[name](x)
    y.backward()
    expected, x.grad = x.grad, 0.0
    x.data = np.float32(0.1)
    y.backward()
    assert x.grad == expected
    assert type(x.grad) is float


NO_NUMBERS = [None, "a", 1j, [1.0], Value(1.0), np.array([1.0, 2.0])]


@pytest.mark.parametrize("thing", NO_NUMBERS, ids=lambda x: type(x).__name__)
def test_what_is_no_real_number_is_refused_where_it_is_assigned(thing):
    x = Value(1.0)
    with pytest.raises(TypeError, match=f"holds one real number .*, not {type(thing).__name__}"):
        x.data = thing
    with pytest.raises(TypeError, match=f"is one real number, .* not {type(thing).__name__}"):
        x.grad = thing
    with pytest.raises(TypeError):
        x.grad += thing
    assert (x.data, x.grad) == (1.0, 0.0)


@pytest.mark.parametrize("name", ["data", "grad", "prev", "_backward"])
def test_what_makes_a_value_cannot_be_deleted(name):
    x = Value(1.0)
    with pytest.raises(AttributeError):
        delattr(x, name)
    assert (x.data, x.grad, x.prev) == (1.0, 0.0, ())


@pytest.mark.parametrize("number", NUMBERS, ids=lambda x: f"{type(x).__name__}")
def test_what_is_assigned_reads_as_a_float(number):
    x = Value(1.0)
    x.data = x.grad = number
    assert (x.data, x.grad) == (float(number), float(number))
    assert (type(x.data), type(x.grad)) == (float, float)
