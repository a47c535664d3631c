"""The kit on broken ops: which check finds it, and what the one line says."""

import itertools
import math
import operator
import random
import signal
import sys

import numpy as np
import pytest
from pluggrad import Op, PluginError, Value, ops, plugins
from pluggrad.ops import cos, exp, sign, step, tanh
from pluggrad.testing import CHECKS, ConformanceError, check_op, op_suite, patience
from pluggrad.testing.subject import Subject

from .broken import line, no_sine_of_infinity, op, square

# ----- What a rule is made of -----


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            lambda g, out, x: g * math.cos(x),
            "turns an operand into a float, as math.* functions",
        ),
        (lambda g, out, x: g * 2 * int(x), "turns an operand into an int; use an op such as floor"),
        (lambda g, out, x: g if x > 0 else -g, "compares its operands (<, >, ==); use where()"),
        (
            lambda g, out, x: g if x else -g,
            "branches on an operand (if, and, or, not); use wh",
        ),
        (lambda g, out, x: 2 * g * x.data, "uses .data, which cuts the result off"),
        (lambda g, out, x: 2 * g * x.detach(), "uses .detach, which cuts the result off"),
        (
            lambda g, out, x: 2 * g * x.frobnicate,
            "a number in a rule has no 'frobnicate'; use oper",
        ),
        (lambda g, out, x: g * x.exp(), "uses the method .exp(), which floats do not have"),
        (lambda g, out, x: 2 * g * "x", "computes with a str: 'x'"),
        (lambda g, out, x: g * np.cos(x), "calls NumPy's cos; use the op cos"),
        (lambda g, out, x: np.multiply(g, x), "calls NumPy's multiply; write a * b"),
        (lambda g, out, x: g / np.square(x), "calls NumPy's square; write a * a"),
        (lambda g, out, x: g * np.arctan2(x, 1.0), "calls NumPy's arctan2; use the op atan2"),
        (lambda g, out, x: g * np.heaviside(x, x), "heaviside; no installed op is that function"),
        (lambda g, out, x: [][0], "the rule fails: IndexError: list index out of range; it has"),
        (lambda g, out, x: "g", "the rule gives 'g', which is no number"),
        (lambda g, out, x: 2 * x, "the rule does not use g, the gradient of the result; multiply"),
        (lambda g, out, x: 2.0, "the rule does not use g"),
    ],
)
def test_a_rule_of_anything_but_operators_and_ops_is_told_what_to_use(rule, says):
    check, text, error = line(op(square, rule))
    assert check == "rules_use_only_operators_and_ops"
    assert says in text
    assert (error.operand, error.at) == (0, None)


def test_a_rule_that_changes_an_operand_or_the_result_is_found():
    def spoil(what, name="data"):
        def rule(g, out, x):
            spoiled = {"operand": x, "result": out, "gradient": g}[what]
            if isinstance(spoiled, Value):
                setattr(spoiled, name, 7.0)
            return 2 * g * x

        return rule

    check, text, _ = line(op(square, spoil("operand")))
    assert check == "operands_are_left_alone"
    assert "operand 0 (x), at x = 1.0: the operand is changed by the op or its rules" in text
    for name in ("data", "grad", "label"):
        assert "the operand is changed" in line(op(square, spoil("operand", name)))[1]
        assert "the rules change the result" in line(op(square, spoil("result", name)))[1]
        assert (
            "change the gradient that they are given"
            in line(op(square, spoil("gradient", name)))[1]
        )


def test_a_rule_that_is_not_linear_in_g_says_where_and_what_to_do():
    check, text, _ = line(op(lambda x: 2 * x, lambda g, out, x: 2 * g * g))
    assert check == "rules_are_linear_in_g"
    assert "2 for g = 1, but 8 for g = 2 instead of 4; each term has the factor g once" in text


def test_a_rule_that_gives_two_results_for_the_same_is_found():
    calls = itertools.count()
    check, text, _ = line(op(lambda x: x, lambda g, out, x: g * (1 + 1e-14 * (next(calls) % 2))))
    assert check == "rules_are_linear_in_g"
    assert "the rule gives two results for the same operands" in text


# ----- Forward -----


def test_a_forward_that_is_not_deterministic_is_found():
    chance = random.Random(0)
    check, text, _ = line(op(lambda x: x + 1e-9 * chance.random(), lambda g, out, x: g))
    assert check == "forward_is_the_same_every_way"
    assert "calling the op again" in text


def test_a_registered_op_is_compared_with_its_method_and_operator(monkeypatch):
    bad = op(square, lambda g, out, x: 2 * g * x)
    plugins.register_op(bad)
    try:
        check_op(bad)
        monkeypatch.setattr(Value, "bad", lambda x: x * x * 2.0)
        assert "op(...) gives 1.0, the method 2.0" in line(bad)[1]
        monkeypatch.setattr(Value, "bad", lambda x: [][0])
        assert "the method raises IndexError" in line(bad)[1]
    finally:
        monkeypatch.undo()
        plugins.unregister("bad")


def test_a_forward_that_raises_where_ieee_754_has_an_answer_is_told_how_to_give_it():
    broken = op(math.log, lambda g, out, x: g / x, domain=(0.0, math.inf))
    check, text, error = line(broken)
    assert check == "odd_numbers_raise_nothing"
    assert "outside of its domain the forward raises ValueError: math domain error" in text
    assert "Say what the result is where it raises, inf or nan: Op(..., ieee=lambda x: " in text
    assert error.at == (0.0,)


@pytest.mark.parametrize(
    ("forward", "says"),
    [
        (lambda x: 1 / (x - 2.0), "at x = 2.0: the forward raises ZeroDivisionError: float div"),
        (math.factorial, "at x = 1.0: the forward raises TypeError: 'float' object cannot be"),
        (
            lambda x: None,
            "at x = 1.0: it gave None for 1.0; a forward function gives a real number",
        ),
    ],
)
def test_a_forward_that_does_not_take_or_give_floats_says_where(forward, says):
    check, text, _ = line(op(forward, lambda g, out, x: g))
    assert check == "forward_is_the_same_every_way"
    assert says in text


def endless(x):
    while abs(x) > 1e10:
        pass
    return x


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
def test_a_forward_that_does_not_come_back_is_told_with_its_operands(monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.05)
    _, text, error = line(op(endless, lambda g, out, x: g))
    assert "the forward has not come back after 0.05 seconds. Let it raise a ValueError" in text
    assert abs(error.at[0]) > 1e10
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
def test_a_reference_that_does_not_come_back_is_not_asked_again(monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.05)
    asked = []

    def reference(x):
        asked.append(x)
        return endless(x) if abs(x) > 1e10 else 3 * x

    check_op(op(lambda x: 3 * x, lambda g, out, x: 3 * g), reference=reference)
    assert sum(abs(x) > 1e10 for x in asked) == 1
    assert (
        "the rule says 2, the truth is 3 (finite"
        in line(op(lambda x: 3 * x, lambda g, out, x: 2 * g), reference=lambda x: endless(1e12))[1]
    )


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
def test_a_timer_of_somebody_else_is_left_alone():
    before = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    try:
        check_op(op(square, lambda g, out, x: 2 * g * x), checks=CHECKS[:2])
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 900.0
        assert signal.getsignal(signal.SIGALRM) is before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def test_a_rule_that_raises_for_odd_numbers_is_named():
    def rule(g, out, x):
        if type(g) is float and g != g:
            raise KeyError("nan")
        return g

    check, text, _ = line(op(lambda x: x, rule))
    assert check == "odd_numbers_raise_nothing"
    assert "the rule raises KeyError: 'nan'" in text


def test_a_forward_that_hides_a_nan_is_found():
    hides = op(lambda x: x if x > 0 else 0.0, lambda g, out, x: g * step(x), kinks=(0.0,))
    assert "a nan goes in and a number comes out" in line(hides)[1]


@pytest.mark.parametrize(
    "forward",
    [lambda a, b: b if b > a else a, lambda a, b: max(a, b), lambda a, b: a if a > b else b],
)
def test_a_forward_that_hides_the_nan_of_one_of_several_operands_is_found(forward):
    hides = Op(
        "bad",
        forward,
        lambda g, out, a, b: g * (0.5 + 0.5 * sign(a - b)),
        lambda g, out, a, b: g * (0.5 - 0.5 * sign(a - b)),
        kinks=lambda a, b: a - b,
    )
    assert line(hides)[0] == "a_nan_passes_through"


def test_a_nan_that_the_result_does_not_depend_on_is_not_hidden():
    def fmax(a, b):
        return b if a != a else a if b != b else max(a, b)

    ignores = Op("fmax", fmax, ops.maximum.rules[0], ops.maximum.rules[1])
    for each in (ops.where, ops.pow, ops.copysign, ops.maximum, ignores):
        check_op(each, checks=checks_called("a_nan_passes_through"))


@pytest.mark.parametrize(
    ("forward", "at", "tends"),
    [
        (lambda x: 0.0 if math.isinf(x) else math.tanh(x), "inf", "1.0"),
        (lambda x: 1.0 if math.isinf(x) else math.tanh(x), "-inf", "-1.0"),
        (lambda x: 0.0 if math.isinf(x) else math.asinh(x), "inf", "inf"),
        (lambda x: 1.0 if x == -math.inf else x * x, "-inf", "inf"),
    ],
)
def test_a_result_at_infinity_that_others_do_not_tend_to_is_found(forward, at, tends):
    check, text, _ = line(op(forward, lambda g, out, x: g))
    assert check == LIMITS
    assert f"at x = {at}: " in text
    assert text.endswith(f"where the result tends to {tends}")


@pytest.mark.parametrize(
    "forward",
    [lambda x: x / (1 + x), lambda x: math.nan if math.isinf(x) else 3.0, math.atan, math.asinh],
)
def test_a_result_at_infinity_may_be_the_limit_or_nan(forward):
    check_op(op(forward, lambda g, out, x: g), checks=checks_called(LIMITS))


def test_a_constant_hides_no_nan():
    check_op(op(lambda x: 5.0, lambda g, out, x: 0.0 * g))


LIMITS = "results_at_infinity_are_what_others_tend_to"


def checks_called(*names):
    return [check for check in CHECKS if check.__name__ in names]


IEEE = [check for check in CHECKS if check.__name__.startswith("ieee")]


@pytest.mark.parametrize(
    ("forward", "said", "wanted"),
    [
        (math.exp, -math.inf, "inf"),
        (math.exp, 0.0, "inf"),
        (math.log, math.inf, "-inf"),
        (math.sinh, math.inf, "-inf"),
        (math.atanh, math.inf, "-inf"),
        (lambda x: x**-2, -math.inf, "inf"),
    ],
)
def test_what_ieee_says_of_a_pole_or_of_what_is_too_large_has_the_sign_of_the_truth(
    forward, said, wanted
):
    wrong = Op("wrong", forward, lambda g, out, x: g, ieee=lambda x: said)
    with pytest.raises(ConformanceError, match=f"ieee= says {said}.*the result tends to {wanted}"):
        check_op(wrong, checks=IEEE)


@pytest.mark.parametrize(
    ("forward", "ieee"),
    [
        (lambda x: 1 / x, lambda x: math.inf),
        (lambda x: 1 / x, lambda x: 0.0),
        (lambda x: 1 / (x - 1), lambda x: -math.inf),
        (math.exp, lambda x: sys.float_info.max),
        (math.atanh, lambda x: math.copysign(math.inf, x)),
        (math.log, lambda x: -math.inf),
        (math.sqrt, lambda x: math.nan),
    ],
)
def test_ieee_may_have_either_side_of_a_pole_and_any_number_there(forward, ieee):
    check_op(Op("right", forward, lambda g, out, x: g, ieee=ieee), checks=IEEE)


# ----- Partials -----


@pytest.mark.parametrize("off", [1e-6, 1e-7, 1e-8])
@pytest.mark.parametrize(
    "wrong", [lambda x, off: 1 + off, lambda x, off: 1 + off * ops.step(-x)], ids=["all", "below 0"]
)
def test_a_rule_that_is_off_by_more_than_rtol_is_wrong(wrong, off):
    cube = op(lambda x: x * x * x, lambda g, out, x: 3 * g * x * x * wrong(x, off))
    assert line(cube)[0] == "partials_are_true"
    check_op(cube, rtol=2e-6, checks=checks_called("partials_are_true"))


def test_a_rule_that_is_wrong_where_it_is_huge_is_wrong():
    wrong = op(
        math.exp,
        lambda g, out, x: g * ops.exp(ops.minimum(x, 700.0)),
        domain=(0.0, 709.7),
        ieee=lambda x: math.inf,
    )
    assert line(wrong)[0] == "partials_are_true"


def test_a_rule_that_is_wrong_at_a_border_of_the_domain_alone_is_wrong():
    root = op(
        lambda x: x * math.sqrt(x),
        lambda g, out, x: g * (1.5 * ops.sqrt(x) + 1 - sign(x)),
        domain=(0.0, math.inf),
        ieee=lambda x: math.nan,
    )
    check, text, _ = line(root)
    assert check == "rules_are_true_at_edges"
    assert "at x = 0.0: d/dx is 1, and the truth tends to 0" in text


@pytest.mark.parametrize("whole", [0.0, 1.0])
def test_rules_that_lose_or_double_the_gradient_at_a_tie_are_wrong(whole):
    def larger(a, b):
        return max(a, b) if a == a and b == b else math.nan

    def part(x):
        return ops.step(x) + whole * (1 - sign(x) * sign(x))

    check, text, _ = line(
        Op(
            "bad",
            larger,
            lambda g, out, a, b: g * part(a - b),
            lambda g, out, a, b: g * part(b - a),
            kinks=lambda a, b: a - b,
        )
    )
    assert check == "gradients_at_kinks_fit_together"
    assert f"the rules together say {2 * whole:g} " in text


@pytest.mark.parametrize("root", [math.cbrt, lambda x: float(np.cbrt(x))])
def test_a_vertical_tangent_is_no_fault_of_the_rule(root):
    check_op(op(root, lambda g, out, x: g / (3 * out * out)))


def test_a_vertical_tangent_of_the_other_sign_is():
    wrong = op(math.cbrt, lambda g, out, x: g / (3 * out * out) - 2 * g / (3 * out * out))
    assert "the truth is" in line(wrong)[1]


@pytest.mark.parametrize(
    ("forward", "rules", "says", "guess"),
    [
        (square, [lambda g, out, x: 4 * g * x], "says 4, the truth is 2", "a factor 2 too much"),
        (square, [lambda g, out, x: g * x], "says 1, the truth is 2", "a factor 2 is missing"),
        (square, [lambda g, out, x: -2 * g * x], "says -2, the truth is 2", "the sign is wrong"),
        (square, [lambda g, out, x: 0 * g], "says 0, the truth is 2", "the rule is always zero"),
        (square, [lambda g, out, x: 2 * g * x + g], "says 3, the truth is 2", "1 too much (+ g"),
        (
            square,
            [lambda g, out, x: 2 * g],
            "at x = -1.0: the rule says 2",
            "a factor x is missing",
        ),
        (square, [lambda g, out, x: 2.5 * g * x], "says 2.5", "1.25 times the derivative"),
        (square, [lambda g, out, x: g * (2 * x + 0.5)], "says 2.5", "off by 0.5 everywhere"),
        (math.tanh, [lambda g, out, x: g * out], "", "it is out itself, not the derivative"),
        (math.tanh, [lambda g, out, x: g * (1 + out * out)], "", "1 + something where 1 - somet"),
        (lambda x: round(x * x, 6), [lambda g, out, x: 2 * g * x], "truth is 0", "does it round"),
        (
            operator.mul,
            [lambda g, out, a, b: g * a, lambda g, out, a, b: g * b],
            "operand 0 (a)",
            "it is the gradient of b: swapped?",
        ),
        (
            operator.mul,
            [lambda g, out, a, b: -g * a, lambda g, out, a, b: g * b],
            "says -1, the truth is 1",
            "it is the gradient of b, negated: swapped?",
        ),
        (
            square,
            [lambda g, out, x: 2 * g * x * (1 + step(x - 50))],
            "the rule says",
            "wrong only for a large operand, above",
        ),
        (
            square,
            [lambda g, out, x: 2 * g * x * (1 + step(-x - 50))],
            "the rule says",
            "wrong only for a small operand, below",
        ),
        (
            operator.add,
            [lambda g, out, a, b: g, None],
            "operand 1 (b), at a = 1.0, b = 1.0: the rule says 0, the truth is 1",
            "its rule is None, but the result changes with it",
        ),
        (
            lambda x: x * x,
            [lambda g, out, x: 2 * g * x * exp(x * x) / exp(x * x)],
            "says nan",
            "0/0 or inf - inf on the way; rearrange",
        ),
    ],
)
def test_a_wrong_partial_is_told_with_place_truth_and_a_guess(forward, rules, says, guess):
    check, text, error = line(op(forward, *rules))
    assert check == "partials_are_true"
    assert says in text
    assert guess in text.partition("; guess: ")[2]
    assert error.at is not None


def test_a_constant_factor_is_guessed_though_the_truth_is_zero_somewhere():
    third = Op("bad", lambda x: x * x * x, lambda g, out, x: g * x * x)
    assert "guess: 0.333333 times the derivative everywhere" in line(third)[1]


def test_mixed_up_functions_are_guessed():
    sine = op(math.sin, lambda g, out, x: -g * cos(x), ieee=no_sine_of_infinity)
    assert "guess: the sign is wrong" in line(sine)[1]
    sine = op(
        math.cos,
        lambda g, out, x: g * cos(x),
        ieee=no_sine_of_infinity,
    )
    assert "guess: it is out itself" in line(sine)[1]


def test_an_op_that_can_be_tried_nowhere_is_told_to_declare_its_domain():
    check, text, _ = line(op(lambda x: math.nan, lambda g, out, x: g))
    assert check == "partials_are_true"
    assert "not a single point at which it could be tried" in text


def test_an_operand_that_is_a_whole_number_and_has_no_rule_needs_no_neighbours():
    def multiple(n, x):
        return n * x if n % 1.0 == 0.0 and abs(n) < 1e6 else math.nan

    check_op(op(multiple, None, lambda g, out, n, x: g * n))


def test_a_mixed_second_derivative_is_looked_at_on_every_side_of_a_seam():
    def seamed(a, b):  # two formulas that differ in the seventeenth digit
        return a * b * (1.0 + 1e-17 * (1.0 if a > 2.0 else 0.0) + 1e-17 * (1.0 if b > 2.0 else 0.0))

    product = op(seamed, lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)
    second = [check for check in CHECKS if check.__name__ == "second_derivatives_are_true"]
    check_op(product, checks=second)


def test_a_forward_without_many_digits_is_differenced_in_floats():
    import ctypes.util

    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.sin.restype, library.sin.argtypes = ctypes.c_double, [ctypes.c_double]

    def compiled(x):
        return library.sin(x) if abs(x) < 1e6 else math.nan

    check_op(op(compiled, lambda g, out, x: g * cos(x), domain=(-1e6, 1e6)))
    _, text, _ = line(op(compiled, lambda g, out, x: 2 * g * cos(x), domain=(-1e6, 1e6)))
    assert "finite differences" in text
    assert "a factor 2 too much" in text


def test_a_reference_in_many_digits_can_be_given():
    from pluggrad.testing.counterparts import MP

    def compiled(x, table=(0.0, 1.0, 4.0)):
        return table[int(x)] if x in (0.0, 1.0, 2.0) else x * x

    broken = op(lambda x: compiled(x), lambda g, out, x: 2.0000001 * g * x)
    assert "(mpmath)" in line(broken, reference=lambda x: MP.mpf(x) ** 2)[1]


@pytest.mark.parametrize("at", [39.0, 40.0, 60.0])
def test_a_function_that_is_too_small_for_floats_has_no_jump_there(at):
    Subject(plugins.op("log_ndtr"), 0, 20).compare(0, (at,))


def test_a_forward_whose_terms_cancel_near_zero_is_not_called_wrong():
    def log_cosh(x):
        return abs(x) + math.log1p(math.exp(-2 * abs(x))) - math.log(2)

    check_op(Op("log_cosh", log_cosh, lambda g, out, x: g * tanh(x)))


@pytest.mark.parametrize(
    "effort",
    [
        {"examples": 0},
        {"examples": -1},
        {"examples": 2.5},
        {"seed": "a"},
        {"seed": None},
        {"rtol": math.nan},
        {"rtol": -1e-9},
        {"rtol": math.inf},
        {"rtol": "1e-9"},
    ],
)
def test_nothing_is_said_of_an_op_that_is_tried_with_nonsense(effort):
    (name,) = effort
    with pytest.raises(PluginError, match=f"^{name} is a .*, not "):
        check_op(op(square, lambda g, out, x: 2 * g * x), **effort)
    with pytest.raises(PluginError, match=f"^{name} is a .*, not "):
        op_suite("exp", **effort)
