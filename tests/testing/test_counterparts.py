"""Functions of NumPy, SciPy and mpmath, and references: right ops pass, wrong ones are found."""

import math

import mpmath
import numpy as np
import pytest
from pluggrad import Op, PluginError, ops
from pluggrad.testing import CHECKS, ConformanceError, check_op, counterparts, op_suite, subject
from pluggrad.testing.counterparts import MP, counterpart
from pluggrad.testing.multiprecision import multiprecision

special = pytest.importorskip("scipy.special")

SLOPE = 2 / math.sqrt(math.pi)


def erf_rule(g, out, x):
    return g * SLOPE * ops.exp(-x * x)


def erf_of_mpmath(x):
    return float(mpmath.erf(x))


def in_fifty_digits(x):
    with mpmath.workdps(50):
        return mpmath.erf(x)


def own_context():
    context = mpmath.MPContext()
    context.dps = 30
    return context


zeta = Op("zeta", lambda x: float(special.zeta(2, x)), None)
sinc = Op("sinc", lambda x: float(np.sinc(x / math.pi)), None)
y0 = Op("y0", lambda x: float(special.y0(x)), None)
j1 = Op("j1", lambda x: float(special.j1(x)), lambda g, out, x: g * (j0(x) - out / x))
j0 = Op("j0", lambda x: float(special.j0(x)), lambda g, out, x: -g * j1(x))

RIGHT = [
    Op("sin", lambda x: float(np.sin(x)), lambda g, out, x: g * ops.cos(x)),
    Op("cos", lambda x: np.cos(x), lambda g, out, x: -g * ops.sin(x)),
    Op("ndtr", lambda x: float(special.ndtr(x)), lambda g, out, x: g * 0.5 * SLOPE / math.sqrt(2)
       * ops.exp(-x * x / 2)),
    Op("erf", lambda x: float(special.erf(x)), erf_rule),
    Op("logaddexp", lambda a, b: float(np.logaddexp(a, b)),
       lambda g, out, a, b: g * ops.sigmoid(a - b), lambda g, out, a, b: g * ops.sigmoid(b - a)),
    Op("larger", lambda a, b: float(np.maximum(a, b)),
       lambda g, out, a, b: g * ops.step(a - b), lambda g, out, a, b: g * (1 - ops.step(a - b)),
       kinks=lambda a, b: a - b),
    j0,
    Op("digamma", lambda x: float(special.digamma(x)), lambda g, out, x: g * zeta(x),
       domain=(0.0, math.inf)),
    Op("fresnel", lambda x: float(special.fresnel(x)[0]),
       lambda g, out, x: g * ops.sin(math.pi * x * x / 2)),
    Op("sine_integral", lambda x: float(special.sici(x)[0]), lambda g, out, x: g * sinc(x)),
]  # fmt: skip
y1 = Op(
    "y1",
    lambda x: float(special.y1(x)),
    lambda g, out, x: g * (y0(x) - out / x),
    domain=(0.0, math.inf),
)
NAMES = [op.name for op in RIGHT]
FIRST = [
    check
    for check in CHECKS
    if check.__name__ in ("partials_are_true", "rules_jump_only_at_declared_kinks")
]


@pytest.mark.parametrize("op", RIGHT, ids=NAMES)
def test_a_right_op_of_numpy_or_scipy_passes(op):
    check_op(op, checks=FIRST, examples=10)


@pytest.mark.parametrize("op", RIGHT, ids=NAMES)
def test_a_right_op_passes_where_only_differences_of_floats_tell(op, monkeypatch):
    monkeypatch.setattr(subject, "multiprecision", lambda forward: None)
    check_op(op, checks=FIRST, examples=10)


@pytest.mark.parametrize("op", RIGHT, ids=NAMES)
@pytest.mark.parametrize("digits", ["many", "floats"])
def test_a_rule_that_is_off_by_a_thousandth_is_found_either_way(op, digits, monkeypatch):
    if digits == "floats":
        monkeypatch.setattr(subject, "multiprecision", lambda forward: None)
    rule, *others = op.rules
    wrong = Op(
        "wrong",
        op.forward,
        lambda *a: 1.001 * rule(*a),
        *others,
        kinks=op.kinks,
        domain=op.domain,
    )
    with pytest.raises(ConformanceError, match="the rule says"):
        check_op(wrong, checks=FIRST, examples=10)


@pytest.mark.parametrize(
    "reference",
    [
        mpmath.erf,
        own_context().erf,
        in_fifty_digits,
        mpmath.workdps(50)(lambda x: mpmath.erf(x)),
    ],
    ids=["erf", "own context", "with", "decorated"],
)
def test_a_reference_of_mpmath_computes_with_the_digits_of_the_kit(reference):
    check_op(Op("erf", math.erf, erf_rule), reference=reference, checks=FIRST, examples=10)
    with pytest.raises(ConformanceError, match=r"the truth is .*mpmath"):
        check_op(
            Op("erf", math.erf, lambda *a: 1.0001 * erf_rule(*a)),
            reference=reference,
            checks=FIRST,
            examples=10,
        )
    assert mpmath.mp.dps == 15


def test_a_forward_of_mpmath_passes_with_and_without_a_reference():
    check_op(Op("erf", erf_of_mpmath, erf_rule), checks=FIRST, examples=10)
    check_op(Op("erf", erf_of_mpmath, erf_rule), reference=mpmath.erf, checks=FIRST, examples=10)


@pytest.mark.parametrize("digits", [15, 30, 50])
def test_a_reference_with_few_digits_is_not_believed_and_that_is_told(digits):
    def coarse(x):
        return mpmath.mpf(str(mpmath.nstr(mpmath.erf(x), digits)))

    told = []
    check_op(
        Op("erf", math.erf, erf_rule), reference=coarse, checks=FIRST, examples=10, note=told.append
    )
    assert "the reference does not use the digits it is given, so it tells nothing" in told


def test_a_reference_of_floats_is_not_believed_either():
    check_op(Op("erf", math.erf, erf_rule), reference=special.erf, checks=FIRST, examples=10)
    check_op(
        Op("erf", math.erf, erf_rule),
        reference=lambda x: math.erf(float(x)),
        checks=FIRST,
        examples=10,
    )


def test_what_cannot_be_judged_is_told_and_not_called_wrong():
    told = []
    wavy = Op("wavy", lambda x: math.sin(np.array([x])[0]), lambda g, out, x: g * ops.cos(x))
    check_op(wavy, checks=FIRST, examples=10, note=told.append)
    assert any("points cannot be judged, such as x = " in text for text in told)


def test_a_reference_whose_last_digits_are_wrong_is_no_reason_to_call_a_rule_wrong():
    def noisy(x):
        return MP.erf(x) + MP.mpf(10) ** (-0.6 * MP.dps) * MP.sin(x * MP.mpf(10) ** MP.dps)

    check_op(Op("erf", math.erf, erf_rule), reference=noisy, checks=FIRST, examples=10)


@pytest.mark.parametrize("x", [1.3e15, 6.7e15, 1e17])
def test_far_out_a_rule_that_is_no_more_wrong_than_the_forward_is_not_called_wrong(x):
    subject.Subject(y1).compare(0, (x,))
    with pytest.raises(ConformanceError):
        subject.Subject(Op("wrong", y1.forward, lambda g, out, x: g * 2.0)).compare(0, (x,))


# ----- The tables -----

AT = {1: (0.4,), 2: (1.7, 0.6), 3: (1.2, 0.7, 0.3), 4: (1.2, 0.7, 1.9, 0.3)}
WHOLE = {"jn": 2, "yn": 2, "kn": 2, "expn": 2, "poch": 2, "binom": 3}
NO_FUNCTIONS = {"round", "clip", "where", "isclose", "ldexp", "fsum", "prod", "dist", "modf"}


@pytest.mark.parametrize("name", sorted(set(counterparts._SCIPY) - {"loggamma"}))
def test_counterparts_of_scipy_give_the_floats_they_stand_for(name):
    function = getattr(special, name)
    arity = getattr(function, "nin", 1)
    at = AT[arity] if name not in WHOLE else (WHOLE[name], *AT[arity][1:])
    if name == "zeta":
        at = (2.5,)
    found = counterpart(function)(*map(MP.mpf, at))
    assert float(found) == pytest.approx(float(function(*at)), rel=1e-13)


@pytest.mark.parametrize(
    "name", sorted(n for n, f in counterparts._NUMPY.items() if callable(f) and hasattr(np, n))
)
def test_counterparts_of_numpy_give_the_floats_they_stand_for(name):
    function = getattr(np, name)
    if name in NO_FUNCTIONS:
        return
    at = AT[getattr(function, "nin", 1)]
    if name in ("acosh", "arccosh"):
        at = (1.7,)
    found = counterpart(function)(*map(MP.mpf, at))
    assert float(found) == pytest.approx(float(function(*at)), rel=1e-13)


def test_a_partial_function_has_the_counterpart_of_the_function():
    from functools import partial

    bessel = multiprecision(partial(special.jv, 0))
    assert float(bessel(MP.mpf(1))) == pytest.approx(float(special.j0(1.0)), rel=1e-14)


# ----- Several ops -----


def test_a_suite_takes_a_reference_for_one_op_and_a_dict_for_several():
    good = Op("good", math.erf, erf_rule)
    other = Op("other", math.sin, lambda g, out, x: g * ops.cos(x))
    assert op_suite(good, reference=mpmath.erf, rtol=1e-6)
    assert op_suite([good, other], reference={"good": mpmath.erf})
    with pytest.raises(PluginError, match=r"one reference for 2 ops \(good, other\): say which"):
        op_suite([good, other], reference=mpmath.erf)
    with pytest.raises(PluginError, match=r"a reference for god, but the ops are good, other"):
        op_suite([good, other], reference={"god": mpmath.erf})


def test_a_suite_hands_tolerance_and_reference_to_each_check():
    rough = Op("rough", lambda x: sorted([x * x])[0], lambda g, out, x: 2.0001 * g * x)
    (check,) = [check for check in FIRST if check.__name__ == "partials_are_true"]
    op_suite(rough, rtol=1e-3, reference=lambda x: x * x)(rough, check)
    with pytest.raises(pytest.fail.Exception, match="the truth is 2"):
        op_suite(rough, reference=lambda x: x * x)(rough, check)


# ----- Near 0 -----

NEAR_AND_FAR = [sign * x for x in (0.3, 2e-9, 3e-60, 4e-300, 0.999999) for sign in (1, -1)] + [50.0]


@pytest.mark.parametrize("digits", [30, 80, 200])
@pytest.mark.parametrize(
    ("name", "truth"),
    [("expm1", lambda x: mpmath.exp(x) - 1), ("log1p", lambda x: mpmath.log(1 + x))],
)
def test_digits_that_cancel_near_0_are_there(name, truth, digits):
    for x in NEAR_AND_FAR:
        with MP.workdps(digits):
            found = getattr(MP, name)(MP.mpf(x))
        with mpmath.workdps(digits + 400):
            expected = truth(mpmath.mpf(x))
            assert abs(mpmath.mpf(found) - expected) < abs(expected) * mpmath.mpf(10) ** (
                2 - digits
            )


def test_the_ends_are_those_of_mpmath():
    assert (MP.expm1(MP.inf), MP.expm1(-MP.inf), MP.expm1(MP.zero)) == (MP.inf, -1, 0)
    assert (MP.log1p(MP.inf), MP.log1p(MP.mpf(-1)), MP.log1p(MP.zero)) == (MP.inf, -MP.inf, 0)
    assert MP.isnan(MP.expm1(MP.nan))
    assert MP.isnan(MP.log1p(MP.nan))
    assert isinstance(MP.log1p(MP.mpf(-2)), MP.mpc)
    assert MP.expm1(MP.mpf("-1e50")) == -1
    assert MP.expm1(1) == MP.expm1(MP.one)
