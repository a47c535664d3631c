"""A deep copy inside of a function that is differentiated is worth as much as what it copies."""

import copy

import pytest
from pluggrad import Value, func, grad
from pluggrad.ops import exp


def of_the_argument(x):
    return copy.deepcopy(x) * x


def of_a_result(x):
    return copy.deepcopy(exp(x) * x) * x / exp(x)


def of_a_list(x):
    state = [x, 2.0, {"square": x * x}]
    others = copy.deepcopy(state)
    return others[0] * others[2]["square"] / x


@pytest.mark.parametrize("f", [of_the_argument, of_a_result, of_a_list])
def test_every_mode_differentiates_through_it(f):
    close = lambda x: pytest.approx(x, rel=1e-14)
    assert func.grad(f)(3.0) == close(6.0)
    assert func.value_and_grad(f)(3.0) == close((9.0, 6.0))
    assert func.vjp(f, 3.0)[1](1.0) == (close(6.0),)
    assert func.jvp(f, (3.0,), (1.0,)) == close((9.0, 6.0))
    assert func.hvp(f, (3.0,), (1.0,)) == close(2.0)
    assert func.hessian(f)(3.0) == close(2.0)
    assert func.grad(func.grad(f))(3.0) == close(2.0)


def test_elsewhere_it_is_another_value_with_a_history_of_its_own():
    x = Value(3.0)
    y = of_the_argument(x)
    assert grad(y, x) == 3.0
    slope = func.grad(of_the_argument)(x)
    again = copy.deepcopy(slope)
    assert (grad(slope, x), grad(again, x)) == (2.0, 0.0)
