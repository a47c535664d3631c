"""The ops, found through the entry point and compared with mpmath at 50 digits."""

import math

import mpmath
import pytest
from pluggrad import Value, grad, plugins

PROBABILITIES = [1e-300, 1e-9, 0.1, 0.25, 0.4999999, 0.5, 0.5000001, 0.75, 0.9, 1 - 1e-9]


@pytest.fixture(autouse=True)
def fifty_digits():
    with mpmath.workdps(50):
        yield


def exact_cloglog(p):
    return mpmath.log(-mpmath.log1p(-p))


def exact_huber(x, delta):
    return x * x / 2 if abs(x) <= delta else delta * (abs(x) - delta / 2)


def test_the_entry_point_offers_both_ops():
    (plugin,) = [plugin for plugin in plugins if plugin.name == "example.ops"]
    assert plugin.distribution == "pluggrad-example 0.1.0"
    assert [op.name for op in plugin.ops] == ["cloglog", "huber"]
    assert plugin.failure == ""


@pytest.mark.parametrize("p", PROBABILITIES)
def test_cloglog_and_its_first_two_derivatives_are_right_to_the_last_digits(p):
    x = Value(p)
    y = x.cloglog()
    (first,) = grad(y, [x], create_graph=True)
    (second,) = grad(first, [x])
    exact = mpmath.mpf(p)
    assert y.data == pytest.approx(float(exact_cloglog(exact)), rel=1e-15)
    size = -mpmath.log1p(-exact)
    slope = 1 / ((1 - exact) * size)
    assert first.data == pytest.approx(float(slope), rel=1e-15)
    curved = slope * slope * (size - 1)
    if abs(curved) < 1e300:  # beyond, a float has no room for it
        assert float(second) == pytest.approx(float(curved), rel=1e-12)


def test_cloglog_undoes_the_chance_of_at_least_one_event():
    chance = 1.0 - (-Value(1.25).exp()).exp()
    assert chance.cloglog().data == pytest.approx(1.25, rel=1e-14)


def test_cloglog_has_its_limits_at_the_edges_and_none_outside():
    cloglog = plugins.op("cloglog")
    assert (cloglog(0.0), cloglog(1.0)) == (-math.inf, math.inf)
    assert math.isnan(cloglog(1.5))
    assert math.isnan(cloglog(-0.5))
    assert math.isnan(cloglog(math.nan))


@pytest.mark.parametrize("x", [-1e9, -3.0, -0.5, 0.0, 1e-9, 0.7, 4.0])
@pytest.mark.parametrize("delta", [0.6, 1.0, 2.5])
def test_huber_and_both_its_partials_agree_with_differences(x, delta):
    operand, width = Value(x), Value(delta)
    loss = operand.huber(width)
    loss.backward()
    assert loss.data == pytest.approx(float(exact_huber(mpmath.mpf(x), mpmath.mpf(delta))))
    slope = mpmath.diff(lambda t: exact_huber(t, mpmath.mpf(delta)), x)
    by_delta = mpmath.diff(lambda t: exact_huber(mpmath.mpf(x), t), delta)
    assert operand.grad == pytest.approx(float(slope), rel=1e-12, abs=1e-12)
    assert width.grad == pytest.approx(float(by_delta), rel=1e-12, abs=1e-12)


def test_huber_without_delta_takes_one_as_a_constant():
    x = Value(3.0)
    loss = x.huber()
    loss.backward()
    assert (loss.data, x.grad) == (2.5, 1.0)
