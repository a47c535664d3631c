"""Second derivatives at borders of the domain, at 0 and at kinks."""

import math
import sys
from functools import cache

import mpmath
import pytest
from pluggrad import Op, Value, grad, plugins
from pluggrad.ops import beta, clip, digamma, elu, leaky_relu, log, polygamma_rise, relu, where
from pluggrad.testing import CHECKS, ConformanceError, check_op

EDGES = [check for check in CHECKS if check.__name__.endswith("at_edges")]
OPS = list(plugins.ops.values())


@cache
def polygamma(n, x, bits):
    return mpmath.polygamma(n, x)


# Its own series ends where floats do, far above what is left of the difference of two of them.
REFERENCES = {
    "polygamma_rise": lambda n, a, b: (
        polygamma(int(n), a + b, mpmath.mp.prec) - polygamma(int(n), a, mpmath.mp.prec)
        if n == int(n) and 0 <= n < 10_000  # beyond that, mpmath does not come back
        else mpmath.nan
    )
}


def found(op):
    with pytest.raises(ConformanceError) as caught:
        check_op(op, checks=EDGES)
    return caught.value


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_built_in_ops_have_true_and_symmetric_hessians_at_edges(op):
    check_op(op, checks=EDGES, reference=REFERENCES.get(op.name))


def test_a_hessian_that_is_not_symmetric_at_a_border_names_both_numbers():
    power = Op(
        "power",
        math.pow,
        lambda g, out, a, b: g * b * power(a, b - 1),
        lambda g, out, a, b: g * where(a, out * log(where(a, a, 1.0)), 0.0),
        domain=((0.0, math.inf), None),
        ieee=lambda a, b: math.inf,
    )
    error = found(power)
    assert error.check == "hessians_are_symmetric_at_edges"
    assert error.at[0] == 0.0
    assert "d2/dadb is 1 by differentiating the rule of a, and 0 by differentiating th" in str(
        error
    )


def test_on_a_border_rules_may_say_nan():
    def xlogy(x, y):
        return 0.0 if x == 0 and y == y else x * math.log(y) if y > 0 else math.nan

    check_op(
        Op(
            "xlogy",
            xlogy,
            lambda g, out, x, y: g * log(y),
            lambda g, out, x, y: g * x / y,
            domain=(None, (0.0, math.inf)),
        ),
        checks=EDGES,
    )


def test_a_slope_that_is_cut_out_at_0_has_lost_its_second_derivative():
    error = found(Op("square", lambda x: x * x, lambda g, out, x: g * where(x, 2 * x, 0.0)))
    assert error.check == "second_derivatives_are_true_at_edges"
    assert error.at == (0.0,)
    assert "is 0, and the truth tends to 2 towards this point (mpmath)" in str(error)


def test_a_second_derivative_outside_of_both_sides_of_a_kink_is_found():
    bent = Op("bent", lambda x: x * x if x > 0 else 0.0, lambda g, out, x: g * crooked(x))
    crooked = Op("crooked", lambda x: 2 * max(x, 0.0), lambda g, out, x: g * where(x, half(x), 3.0))
    half = Op("half", lambda x: 2.0 * (x > 0), lambda g, out, x: 0.0)
    assert "is 3, and the truth tends to 2 or 0 towards" in str(found(bent))


def test_a_kink_may_have_anything_between_both_sides():
    check_op(Op("u", lambda x: x * abs(x), lambda g, out, x: 2 * g * abs_(x)), checks=EDGES)


abs_ = plugins.op("abs")


def test_at_a_kink_the_order_of_two_differentiations_may_make_a_difference():
    def huber(x, delta):
        return 0.5 * x * x if abs(x) <= delta else delta * (abs(x) - 0.5 * delta)

    check_op(
        Op(
            "huber",
            huber,
            lambda g, out, x, delta: g * clip(x, -delta, delta),
            lambda g, out, x, delta: g * relu(abs_(x) - delta),  # 0 at the kink, clip has 1/2
            domain=(None, (0.0, math.inf)),
            kinks=lambda x, delta: abs(x) - delta,
        )
    )


def test_infinite_second_derivatives_have_their_sign():
    root = Op(
        "root",
        lambda x: x * math.sqrt(x),
        lambda g, out, x: 1.5 * g * x**0.5,
        domain=(0.0, math.inf),
        ieee=lambda x: math.nan,
    )
    check_op(root, checks=EDGES)
    sqrt = plugins.op("sqrt")
    slope = Op("slope", lambda x: 1.5 * math.sqrt(x), lambda g, out, x: -g * (0.75 / sqrt(x)))
    wrong = Op(
        "wrong", root.forward, lambda g, out, x: g * slope(x), domain=root.domain, ieee=root.ieee
    )
    assert "is -inf, and the truth tends to inf" in str(found(wrong))


def test_forward_mode_that_says_something_else_is_found(monkeypatch):
    from pluggrad import func

    right = func.jvp

    def wrong(function, primals, tangents):
        out, tangent = right(function, primals, tangents)
        return out, 2 * tangent

    monkeypatch.setattr(sys.modules["pluggrad.func"], "jvp", wrong)
    error = found(Op("square", lambda x: x * x, lambda g, out, x: 2 * g * x))
    assert error.check == "forward_mode_has_the_same_hessians_at_edges"
    assert "d2/dxdx is 8 in forward mode, and 2 in reverse mode" in str(error)


@pytest.mark.parametrize("op", [leaky_relu, elu], ids=lambda op: op.name)
def test_slope_and_operand_of_a_corner_give_the_same_mixed_derivative(op):
    x, slope = Value(0.0), Value(0.3)
    by_x, by_slope = grad(op(x, slope), [x, slope], create_graph=True)
    assert grad(by_x, [x, slope])[1] == grad(by_slope, [x, slope])[0] == 1.0
    for at in (math.inf, -math.inf):
        assert grad(op(Value(at), slope), slope) == (0.0 if at > 0 else op(at, 1.0))
    assert math.isnan(grad(op(Value(math.nan), slope), slope))


def test_where_the_result_is_infinite_a_second_derivative_may_be_nan():
    cloglog = plugins.op("cloglog")
    p = Value(1.0)
    slope = grad(cloglog(p), p, create_graph=True)
    assert math.isnan(grad(slope, p))
    assert cloglog(1.0) == math.inf
    check_op(cloglog, checks=EDGES)


BETA = {
    "as it is defined": (
        lambda g, out, a, b: g * out * (digamma(a) - digamma(a + b)),
        lambda g, out, a, b: g * out * (digamma(b) - digamma(a + b)),
    ),
    "with all digits": (
        lambda g, out, a, b: -g * out * polygamma_rise(0.0, a, b),
        lambda g, out, a, b: -g * out * polygamma_rise(0.0, b, a),
    ),
}


@pytest.mark.parametrize("rules", BETA.values(), ids=BETA)
def test_at_a_pole_on_a_border_a_difference_of_infinite_terms_is_not_called_wrong(rules):
    positive = (0.0, math.inf)
    pole = Op("pole", beta.forward, *rules, domain=(positive, positive))
    a, b = Value(0.0), Value(1.0)
    slopes = grad(pole(a, b), [a, b], create_graph=True)
    assert [grad(slopes[0], b), grad(slopes[1], a)] != [-1.0, -1.0]  # no rule can say so
    check_op(pole)


def test_beside_a_pole_and_at_one_with_another_sign_a_wrong_number_is_found():
    wrong = Op(
        "wrong",
        beta.forward,
        lambda g, out, a, b: g * out * out,
        lambda g, out, a, b: g * out * (digamma(b) - digamma(a + b)),
        domain=((0.0, math.inf), (0.0, math.inf)),
    )
    assert "d/da is inf, and the truth tends to -inf" in str(found(wrong))
