"""Dropping a graph frees it by reference count alone: nothing in it holds what was made above."""

import functools
import gc
import weakref

import pytest
from pluggrad import (
    AnomalyError,
    ForwardError,
    Op,
    RuleError,
    Value,
    checkpoint,
    custom_rule,
    detect_anomaly,
    grad,
    no_grad,
    on_gradient,
    scope,
)
from pluggrad.codegen.pullbacks import LARGE
from pluggrad.gradient import hooks

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def operators(x):
    y = (x * x + 2.0).exp()
    y.backward()
    return y


@case
def higher_derivatives(x):
    slope = grad((x * x).exp(), x, create_graph=True)
    grad(slope, x)
    return slope


@case
def a_hook_that_mentions_its_value(x):
    on_gradient(x, lambda g: g * x.data)
    y = x * x
    y.backward()
    assert x.grad == 4.5
    return y


@case
def a_hook_whose_default_is_its_value(x):
    def hook(g, x=x, *, again=x):
        return g * x.data * again.data

    on_gradient(x, hook)
    y = x * 2.0
    y.backward()
    assert x.grad == 4.5
    return y


@case
def a_hook_that_is_a_partial_of_its_value(x):
    def hook(g, value, *, factor):
        return g * value.data * factor.data

    on_gradient(x, functools.partial(hook, value=x, factor=x))
    y = x * 2.0
    y.backward()
    assert x.grad == 4.5
    return y


@case
def a_partial_of_a_function_that_mentions_its_value(x):
    on_gradient(x, functools.partial(lambda factor, g: g * x.data * factor, 3.0))
    y = x * 2.0
    y.backward()
    assert x.grad == 9.0
    return y


@case
def a_hook_that_removes_itself(x):
    def hook(g):
        handle.remove()
        return g * x.data

    y = x * x
    handle = on_gradient(y, hook)
    y.backward()
    return y


@case
def a_hook_that_raises(x):
    y = x * x
    on_gradient(y, lambda g: y.data / 0)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    return y


@case
def a_checkpoint(x):
    y = checkpoint(lambda x: x * x, x)
    y.backward()
    return y


@case
def a_checkpoint_of_a_tree(x):
    y, z = checkpoint(lambda p: (p["x"][0] * p["x"][0], p["x"][1].exp()), {"x": [x, x]})
    (y + z).backward()
    grad(grad(y, x, create_graph=True), x)
    return y


@case
def a_custom_rule(x):
    y = custom_rule(lambda a: float(a) ** 2, lambda g, out, a: 2 * g * a)(x)
    y.backward()
    return y


@case
def a_custom_rule_of_several_results(x):
    square = custom_rule(lambda a: (float(a) ** 2, 1.0), lambda g, out, a: 2 * g[0] * a)
    y, z = square(x)
    (y + z).backward()
    return y


@case
def an_op_whose_rule_mentions_a_value(x):
    w = x * 2.0
    y = Op("scaled", lambda a: a * float(w), lambda g, out, a: g * w)(x)
    y.backward()
    return y


@case
def a_large_graph_of_an_op_whose_rule_mentions_a_value(x):
    w = x * 2.0
    scaled = Op("scaled", lambda a: a * float(w.data), lambda g, out, a: g * w)
    y = x
    for _ in range(3 * LARGE):
        y = scaled(y) * 0.25
    y.backward()
    return y


@case
def a_rule_that_fails(x):
    y = Op("bad", lambda a: a, lambda g, out, a: None)(x)
    with pytest.raises(RuleError):
        y.backward()
    return y


@case
def a_forward_that_fails(x):
    with pytest.raises(ForwardError):
        Op("bad", lambda a: 1 / 0, lambda g, out, a: g)(x)
    return x * x


@case
def a_detected_anomaly(x):
    with pytest.raises(AnomalyError), detect_anomaly():
        (x * 0.0).log()
    return x * x


@case
def contexts(x):
    with scope("layer"), no_grad():
        x * x
    with scope("layer"), detect_anomaly():
        return x * x


@pytest.fixture
def _no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("name", CASES)
def test_dropped_it_is_free(name):
    x = Value(1.5, label="x")
    y = CASES[name](x)
    z = y * 2.0
    kept = [weakref.ref(node) for node in (x, y, z)]
    del x, y, z
    assert [node() for node in kept] == [None, None, None]


def test_a_hook_that_mentions_a_value_above_its_own_is_left_to_the_collector():
    x = Value(1.5)
    y = x * x
    on_gradient(x, lambda g: g * y.data)
    y.backward()
    assert x.grad == 3.0 * 2.25
    kept = weakref.ref(y)
    x = y = None
    gc.collect()
    assert kept() is None
    assert not hooks


def test_a_hook_sees_the_value_it_was_put_on():
    h = Value(2.0)
    on_gradient(h, lambda g: g * h.data)
    x, h = h, h * 10.0
    h.backward()
    assert x.grad == 20.0
