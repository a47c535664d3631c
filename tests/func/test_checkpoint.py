"""checkpoint: the same numbers and gradients for less memory."""

import itertools
import math
import tracemalloc
from weakref import ref

import pytest
from pluggrad import (
    GradientError,
    Op,
    RuleError,
    Value,
    checkpoint,
    grad,
    no_grad,
    on_gradient,
    scope,
)
from pluggrad import func as F
from pluggrad.ops import exp, log, sin, sqrt, tanh


def swish(x, y):
    return x * y / (1.0 + exp(-x))


def test_result_and_gradients_are_those_without():
    x, y = Value(0.7), Value(-1.3)
    plain = swish(x, y)
    expected = grad(plain, [x, y])
    kept = checkpoint(swish, x, y)
    kept.backward()
    assert kept.data == plain.data
    assert [x.grad, y.grad] == expected == grad(checkpoint(swish, x, y), [x, y])


def test_the_call_is_one_node_whose_operands_are_its_arguments():
    x, y = Value(0.7), Value(-1.3)
    z = checkpoint(swish, x, y)
    assert (z.op.name, z.prev) == ("checkpoint", (x, y))


def test_what_is_computed_on_the_way_is_not_kept():
    kept = []

    def f(x):
        y = x * x
        kept.append(ref(y))
        return y * x

    z = checkpoint(f, Value(2.0))
    assert kept[0]() is None
    z.backward()
    assert len(kept) == 2
    assert kept[1]() is None


def test_several_results_in_any_nesting_get_their_gradients_together():
    calls = []

    def f(p, scale):
        calls.append(1)
        return {"a": p[0] * p[1], "rest": [sin(p[0]) * scale, 7.0, None, "text"]}

    x, y = Value(0.7), Value(2.0)
    out = checkpoint(f, [x, y], scale=3.0)
    assert out["rest"][1:] == [7.0, None, "text"]
    (out["a"] * 5.0 + out["rest"][0] * out["a"]).backward()
    a, s, c = 1.4, 3 * math.sin(0.7), 3 * math.cos(0.7)
    assert x.grad == pytest.approx((5 + s) * 2.0 + a * c)
    assert y.grad == pytest.approx((5 + s) * 0.7)
    assert len(calls) == 2
    assert grad(out["a"], [x, y]) == [2.0, 0.7]
    assert grad(out["a"], out["rest"][0]) == 0.0


def test_values_that_are_closed_over_get_their_gradients_once():
    w = Value(3.0)
    u = w * w  # an interior value, and its own source besides
    x = Value(2.0)
    z = checkpoint(lambda x: x * u + w, x)
    assert set(z.prev) == {x, u, w}
    z.backward()
    assert (x.grad, w.grad, u.grad) == (9.0, 13.0, 2.0)
    assert grad(z, [x, w, u]) == [9.0, 13.0, 2.0]
    dz = grad(z, w, create_graph=True)
    assert (dz.data, grad(dz, w)) == (13.0, 4.0)


DERIVATIVES_INSIDE = {
    "grad": lambda f, a: grad(f(a), a, create_graph=True),
    "func.grad": lambda f, a: F.grad(f)(a),
    "jvp": lambda f, a: F.jvp(f, (a,), (1.0,))[1],
    "linearize": lambda f, a: F.linearize(f, a)[1](1.0),
    "hvp": lambda f, a: F.hvp(f, (a,), (1.0,)),
}


@pytest.mark.parametrize("inside", DERIVATIVES_INSIDE.values(), ids=list(DERIVATIVES_INSIDE))
def test_what_is_closed_over_by_a_derivative_inside_gets_its_gradient(inside):
    def f(w, a):
        return inside(lambda b: b * b * sin(w * b), a)

    w, a = Value(0.7), Value(1.3)
    z = checkpoint(lambda a: f(w, a), a)
    assert z.prev == (a, w)
    assert grad(z, [w, a]) == pytest.approx(grad(f(w, a), [w, a]), rel=1e-14)
    z.backward()
    assert w.grad == pytest.approx(grad(f(w, a), w), rel=1e-14)


@pytest.mark.parametrize("transform", [F.hessian, lambda f: F.jacrev(F.jacfwd(f))])
def test_hessians_see_what_is_closed_over_and_computed_from_both_arguments(transform):
    def f(v):
        x = v[0] * v[1]
        return checkpoint(lambda y: checkpoint(lambda z: sin(z) * y, y) * x, x)

    def without(v):
        x = v[0] * v[1]
        return sin(x) * x * x

    expected = F.hessian(without)([0.7, 1.3])
    for row, right in zip(transform(f)([0.7, 1.3]), expected, strict=True):
        assert row == pytest.approx(right, rel=1e-13)


def test_a_result_may_be_an_argument_or_a_closed_over_value_itself():
    x, w = Value(2.0), Value(3.0)
    a, b, c = checkpoint(lambda x: (x, w, x * w), x)
    (a * 10.0 + b * 100.0 + c).backward()
    assert (x.grad, w.grad) == (13.0, 102.0)


MODES = {
    "grad": F.grad,
    "jvp": lambda f: lambda x: F.jvp(f, (x,), (1.0,))[1],
    "linearize": lambda f: lambda x: F.linearize(f, x)[1](1.0),
    "vjp": lambda f: lambda x: F.vjp(f, x)[1](1.0)[0],
}


@pytest.mark.parametrize("modes", list(itertools.product(MODES, repeat=3)), ids="-".join)
def test_third_derivatives_are_those_without_in_any_mix(modes):
    def pair(x):
        return {"t": tanh(x * x), "e": [exp(-x)]}

    def with_checkpoints(x):
        made = checkpoint(pair, x)
        return checkpoint(lambda y: y * made["e"][0] * x, made["t"])

    def without(x):
        made = pair(x)
        return made["t"] * made["e"][0] * x

    f, g = with_checkpoints, without
    for mode in modes:
        f, g = MODES[mode](f), MODES[mode](g)
    assert f(0.6) == pytest.approx(g(0.6), rel=1e-12)


def test_checkpoints_nest():
    def inner(x):
        return sin(x) * x

    def outer(x):
        return checkpoint(inner, checkpoint(inner, x)) * x

    x = Value(0.8)
    checkpoint(outer, x).backward()
    assert x.grad == pytest.approx(F.grad(lambda x: inner(inner(x)) * x)(0.8), rel=1e-14)


def test_transforms_work_inside():
    x = Value(0.8)
    z = checkpoint(lambda x: F.grad(lambda y: sin(x * y))(x), x)
    z.backward()
    assert x.grad == pytest.approx(F.grad(lambda x: F.grad(lambda y: sin(x * y))(x))(0.8))


def test_a_chain_needs_the_memory_of_one_part():
    def part(x):
        for _ in range(300):
            x = sin(x) * 1.1
        return x

    def peak(call):
        x = Value(0.5)
        tracemalloc.start()
        y = x
        for _ in range(20):
            y = call(part, y)
        y.backward()
        high = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return high, x.grad

    peak(checkpoint)
    low, checkpointed = peak(checkpoint)
    high, plain = peak(lambda f, x: f(x))
    assert checkpointed == plain
    assert low < high / 5


def test_constants_and_numbers_are_just_computed():
    assert checkpoint(swish, 1.0, 2.0) == swish(1.0, 2.0)
    z = checkpoint(lambda x: x * 2.0, Value(3.0, requires_grad=False))
    assert (z.data, z.requires_grad) == (6.0, False)
    with no_grad():
        z = checkpoint(lambda x: x * 2.0, Value(3.0))
    assert (z.data, z.prev) == (6.0, ())


def test_backward_under_no_grad_works():
    x = Value(2.0)
    z = checkpoint(lambda x: x * x * x, x)
    with no_grad():
        z.backward()
    assert x.grad == 12.0


def test_ieee_754_holds_inside():
    x = Value(0.0)
    checkpoint(sqrt, x).backward()
    assert x.grad == math.inf
    assert grad(checkpoint(log, x), x) == math.inf


def test_hooks_inside_and_outside_are_called():
    x = Value(3.0)

    def f(x):
        y = x * x
        on_gradient(y, lambda g: g * 10)
        return y * 1.0

    z = checkpoint(f, x)
    with on_gradient(z, lambda g: g * 100):
        z.backward()
    assert x.grad == 6000.0


def test_the_node_keeps_the_scope_it_was_made_in():
    with scope("layer"):
        z = checkpoint(swish, Value(1.0), Value(2.0))
    assert z.scope == ("layer",)


def test_a_function_that_gives_something_else_the_second_time_is_reported():
    numbers = iter([1.0, 2.0, 3.0, 4.0])
    x = Value(3.0)
    z = checkpoint(lambda x: x * next(numbers), x)
    with pytest.raises((GradientError, RuleError), match=r"gave 6.0, but 3.0 before"):
        z.backward()
    assert x.grad == 0.0


@pytest.mark.parametrize(("first", "then"), [(0.0, -0.0), (-0.0, 0.0), (math.nan, math.nan)])
def test_zeros_of_either_sign_and_nans_are_the_same_number(first, then):
    factors = itertools.chain([first], itertools.repeat(then))
    x = Value(3.0)
    checkpoint(lambda x: x * next(factors), x).backward()
    assert repr(x.grad) == repr(then + 0.0)


def test_data_that_changed_between_is_reported():
    x = Value(3.0)
    z = checkpoint(swish, x, 2.0)
    x.data = 4.0
    with pytest.raises(GradientError, match=r"checkpoint\(swish\): computed again .* before\. It"):
        grad(z, x)


def test_an_exception_in_the_function_arrives():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match=r"mine"):
        checkpoint(f, Value(1.0))


def test_pickling_says_why_not():
    import pickle

    with pytest.raises(TypeError, match=r"checkpoint cannot be pickled: it remembers the function"):
        pickle.dumps(checkpoint(swish, Value(1.0), 2.0))


def test_deep_copies_have_gradients_of_their_own():
    from copy import deepcopy

    x = Value(3.0)
    x2, z2 = deepcopy([x, checkpoint(lambda x: (x * x, x), x)[0]])
    z2.backward()
    assert (x.grad, x2.grad) == (0.0, 6.0)


@pytest.mark.parametrize("create_graph", [False, True])
def test_stop_iteration_from_a_hook_inside_is_that_error(create_graph):
    def stop(g):
        raise StopIteration("enough")

    def hooked(x):
        y = x * x
        on_gradient(y, stop)
        return y * 2.0

    x = Value(3.0)
    with pytest.raises(StopIteration, match="enough"):
        grad(checkpoint(hooked, x), x, create_graph=create_graph)


def test_stop_iteration_from_a_rule_is_told_as_an_error_of_that_rule():
    def rule(g, out, x):
        raise StopIteration("no more")

    x = Value(3.0)
    for create_graph in (False, True):
        with pytest.raises(RuleError, match=r"rule of operand 0: no more \(StopIteration"):
            grad(Op("ends", lambda x: x, rule)(x), x, create_graph=create_graph)


def test_a_decorated_function_is_told_how_it_is_called() -> None:
    with pytest.raises(TypeError, match=r"as a decorator does: write checkpoint\(square, x\)"):

        @checkpoint
        def square(x: Value) -> Value:
            return x * x
