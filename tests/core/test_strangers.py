"""What stands beside a Value in an expression keeps the history, or an error says what to write."""

import operator

import numpy as np
import pytest
from pluggrad import ForwardError, LostGradientWarning, Op, Value, compile, func, grad
from pluggrad.ops import atan2, maximum, where

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
NUMBERS = ["Rational(1, 2)", "Float(0.5)", "Integer(2)"]


@pytest.mark.parametrize("apply", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_sympy_keep_the_history_on_either_side(number, apply):
    sympy = pytest.importorskip("sympy")
    number = eval(number, vars(sympy))
    for f in (lambda x, n: apply(x, n), lambda x, n: apply(n, x)):
        x, y = Value(3.0), Value(3.0)
        out, expected = f(x, number), f(y, float(number))
        assert isinstance(out, Value)
        assert (out.data, grad(out, x)) == (expected.data, grad(expected, y))


@pytest.mark.parametrize("expression", ["Symbol('a')", "pi", "Symbol('a') + 1", "sqrt(2)"])
def test_expressions_of_sympy_are_refused_on_either_side(expression):
    sympy = pytest.importorskip("sympy")
    expression = eval(expression, vars(sympy))
    x = Value(3.0)
    for apply in OPERATORS:
        for a, b in ((x, expression), (expression, x)):
            with pytest.raises(
                TypeError, match=r"a Value combines with real numbers .* float\(value\)"
            ):
                apply(a, b)
    with pytest.raises(ValueError, match="a Value; float"):
        sympy.exp(x)


@pytest.mark.parametrize(
    "thing", [*NUMBERS, "Symbol('a')", "I", "true", "Interval(0, 1)", "pi", "Symbol('a') + 1"]
)
def test_nothing_of_sympy_is_equal_to_a_value(thing):
    sympy = pytest.importorskip("sympy")
    thing = eval(thing, vars(sympy))
    x = Value(0.5)
    assert not x == thing  # noqa: SIM201
    assert not thing == x  # noqa: SIM201
    assert x != thing
    assert thing != x
    assert x not in [thing]
    assert thing not in [x]


def test_whole_numbers_of_gmp_are_compared_though_they_have_a_length():
    gmpy2 = pytest.importorskip("gmpy2")
    x = Value(3.0)
    for number in (2, 3, 4, 10**400):
        whole = gmpy2.mpz(number)
        assert [x < whole, x <= whole, x > whole, x >= whole] == [
            x < number, x <= number, x > number, x >= number
        ]  # fmt: skip
        assert [whole < x, whole >= x] == [number < x, number >= x]
    assert max(x, gmpy2.mpz(5)) == 5


@pytest.mark.parametrize("make", ["Series([1.0, 2.0])", "col('a')", "lit(2.0)"])
def test_polars_is_refused_on_either_side(make):
    polars = pytest.importorskip("polars")
    stranger = eval(make, vars(polars))
    x = Value(3.0)
    with pytest.raises(TypeError, match=r"not (Series|Expr): .*series\.to_numpy\(\) combines"):
        x * stranger
    with pytest.raises(TypeError):
        stranger * x
    with pytest.raises(TypeError):
        stranger + x


@pytest.mark.parametrize("make", ["Series([1.0])", "col('a')", "DataFrame({'a': [1.0]})['a']"])
def test_a_remainder_in_polars_is_not_taken_for_text_with_numbers_in_it(make):
    polars = pytest.importorskip("polars")
    stranger = eval(make, vars(polars))
    x = Value(3.0)
    with pytest.raises(TypeError):
        stranger % x
    with pytest.warns(LostGradientWarning, match="would cut the gradient"):
        divmod(stranger, x)
    with pytest.warns(LostGradientWarning, match="would cut the gradient"):
        operator.mod(stranger, x)


def test_an_interval_of_mpmath_is_refused():
    mpmath = pytest.importorskip("mpmath")
    with pytest.raises(TypeError, match=r"one real number .*not ivmpf"):
        Value(3.0) + mpmath.iv.mpf([1, 2])


def test_a_masked_array_without_dimensions_says_what_has_some():
    with pytest.raises(AttributeError, match=r"numpy\.array\(\[x, y\]\) has dimensions"):
        np.ma.array(2.0) + Value(3.0)


def test_what_the_message_for_polars_says_keeps_the_history():
    polars = pytest.importorskip("polars")
    x = Value(3.0)
    assert [grad(y, x) for y in x * polars.Series([1.0, 2.0]).to_numpy()] == [1.0, 2.0]


@pytest.mark.parametrize("apply", OPERATORS, ids=lambda f: f.__name__)
def test_a_masked_number_and_a_matrix_are_refused(apply):
    x = Value(3.0)
    with pytest.raises(TypeError, match=r"not MaskedConstant: masked; .*\.filled"):
        apply(x, np.ma.masked)
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0]])
    with pytest.raises(TypeError, match=r"not matrix: .*numpy\.asarray\(matrix\) combines"):
        apply(x, matrix)


def test_a_matrix_is_refused_on_the_left():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix([[1.0, 2.0]])
    with pytest.raises(TypeError, match="not matrix"):
        matrix * Value(3.0)


@pytest.mark.parametrize("apply", OPERATORS[:3], ids=lambda f: f.__name__)
def test_a_masked_array_keeps_mask_and_history(apply):
    x = Value(3.0)
    masked = np.ma.array([2.0, 5.0], mask=[False, True])
    for out in (apply(x, masked), apply(masked, x)):
        assert out.mask.tolist() == [False, True]
        assert grad(out[0], x) != 0.0


@pytest.mark.parametrize("apply", OPERATORS[3:], ids=lambda f: f.__name__)
def test_where_numpy_looks_for_finite_numbers_a_masked_array_is_refused(apply):
    x = Value(3.0)
    masked = np.ma.array([2.0, 5.0], mask=[False, True])
    with pytest.raises(TypeError, match=r"not MaskedArray: .*filled\(1\.0\) combines"):
        apply(x, masked)
    with pytest.raises(TypeError):
        apply(masked, x)
    assert [grad(y, x) != 0.0 for y in apply(x, masked.filled(1.0))] == [True, True]


@pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")
@pytest.mark.parametrize("unit", ["Y", "M", "D", "s", "ms", "ns", "ps", "generic"])
def test_a_timedelta_is_no_number_whatever_its_unit(unit):
    time, x = np.timedelta64(3, unit), Value(3.0)
    ways = [
        lambda: Value(time),
        lambda: x * time,
        lambda: x**time,
        lambda: maximum(x, time),
        lambda: setattr(x, "data", time),
        lambda: func.grad(lambda x: x * x)(time),
        lambda: Op("three", lambda x: time, lambda g, out, x: g)(1.0),
    ]
    for way in ways:
        with pytest.raises((TypeError, ForwardError), match="timedelta64"):
            way()
    assert x.data == 3.0


def test_numpys_true_is_a_number_wherever_pythons_is():
    x = Value(np.True_)
    assert (type(x.data), x.data) == (float, 1.0)
    x.data = np.False_
    assert (type(x.data), x.data) == (float, 0.0)


def test_a_message_shows_a_guest_on_one_line():
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError) as raised:
        Value(3.0) * polars.Series(range(100))
    assert "\n" not in str(raised.value)
    with pytest.raises(TypeError) as raised:
        Value(3.0).maximum([[1.0] * 9] * 9)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "name", ["pandas array", "pandas Series", "xarray Dataset", "NumPy", "list"]
)
@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_what_holds_several_numbers_is_not_compared_as_one(name, compare):
    if name.startswith("pandas"):
        pandas = pytest.importorskip("pandas")
        other = pandas.array([0.0, 5.0]) if name == "pandas array" else pandas.Series([0.0, 5.0])
    elif name == "xarray Dataset":
        other = pytest.importorskip("xarray").Dataset({"a": ("t", [0.0, 5.0])})
    else:
        other = np.array([0.0, 5.0]) if name == "NumPy" else [0.0, 5.0]
    with pytest.raises(TypeError, match="a Value is compared with one number, not with"):
        compare(Value(1.0), other)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_one_number_is_compared_though_its_kind_may_hold_several(compare):
    quantity = pytest.importorskip("pint").UnitRegistry().Quantity
    for x, y in ((1.0, 2.0), (2.0, 2.0), (3.0, 2.0)):
        answer = compare(x, y)
        assert compare(Value(x), quantity(y, "")) is answer
        assert func.jvp(lambda v: v * compare(v, quantity(y, "")), (x,), (1.0,))[1] == answer  # noqa: B023
    with pytest.raises(TypeError, match="a Value is compared with one number, not with Quantity"):
        compare(Value(1.0), quantity([2.0], ""))


@pytest.mark.parametrize("flag", [np.True_, np.False_, np.array([0.5, 2.0])[1] > 1.0])
def test_numpys_flags_are_operands_of_every_op_as_pythons_are(flag):
    def f(x, flag):
        return where(flag, x * x, 2.0 * x) + maximum(flag, x) * atan2(x, flag) + flag * x

    for way in (func.value_and_grad, lambda g: lambda x: func.jvp(g, (x,), (1.0,)), func.hessian):
        assert way(lambda x: f(x, flag))(0.5) == way(lambda x: f(x, bool(flag)))(0.5)
    assert where(flag, 1.0, 2.0) == where(bool(flag), 1.0, 2.0)
    assert compile(lambda x: f(x, flag)).grad(0.5) == func.grad(lambda x: f(x, bool(flag)))(0.5)


@pytest.mark.parametrize("flag", [np.True_, np.False_])
def test_numpys_flags_are_arguments_and_results_of_transforms_as_pythons_are(flag):
    ways = [
        lambda b: func.value_and_grad(lambda x, y: x * y, (0, 1))(b, 2.0),
        lambda b: func.grad(lambda v: v[0] * v[1])([b, 2.0]),
        lambda b: func.grad(lambda x: b)(1.0),
        lambda b: func.jvp(lambda x: (x * x, b), (b,), (b,)),
        lambda b: func.vjp(lambda x: x * x, b)[1](b),
        lambda b: func.jacrev(lambda x: [b, x])(1.0),
        lambda b: func.hvp(lambda x: x * x * x, (b,), (b,)),
        lambda b: compile(lambda x, y: x * y if x else y).value_and_grad(b, 2.0),
        lambda b: compile(lambda x: (b, x)).jvp((2.0,), (1.0,)),
        lambda b: compile(lambda x: func.grad(lambda v: v * x)(b))(2.0),
    ]
    for way in ways:
        assert repr(way(flag)) == repr(way(bool(flag)))
