"""Machine code means what Python says, or the op is not translated."""

import math
import operator

import pytest
from pluggrad import CompileError, CompileWarning, Op, Value, compile, grad, plugins
from pluggrad.compiler.lower.probing import points, same
from pluggrad.ops import exp

pytest.importorskip("numba", reason="compiled code needs numba")


def by_exception(x):
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return math.inf


def by_exception_to_zero(x):
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return 0.0


def by_helper(x):
    return by_exception(x) + 1.0


def product_of_integers(x):
    result = 1
    for i in range(2, int(x) + 1 if 0 < x < 100 else 1):
        result *= i
    return float(result)


UNTRANSLATABLE = {
    "floor": (Op("f", lambda x: float(math.floor(x)) if math.isfinite(x) else x, None), "floor"),
    "ceil": (Op("f", lambda x: float(math.ceil(x)) if math.isfinite(x) else x, None), "ceil"),
    "factorial": (Op("f", lambda x: float(math.factorial(int(x))), None), "factorial"),
    "a loop of integers": (Op("f", product_of_integers, None), "integers"),
    "a cube of an integer": (
        Op("f", lambda x: float(int(x) ** 3) if abs(x) < 1e90 else x, None), "instead of",
    ),
    "try": (Op("f", by_exception, None), "exceptions"),
    "try, to zero": (Op("f", by_exception_to_zero, None), "exceptions"),
    "try in a helper": (Op("f", by_helper, None), "exceptions"),
    "is": (Op("f", lambda x: 1.0 if x is exp else x, None), "object"),
    "another 1 / 0": (
        Op("f", operator.truediv, None, None, ieee=lambda a, b: 0.0), "instead of 0.0",
    ),
    "another root": (Op("f", math.sqrt, None, ieee=lambda a: 0.0), "instead of 0.0"),
    "another logarithm": (Op("f", math.log, None, ieee=lambda a: -1.0), "instead of -1.0"),
    "1 / 0 is an error": (Op("f", lambda x: 1.0 / x, None), "no result for 0.0"),
    "log 0 is an error": (Op("f", math.log, None), "no result"),
    "a missing function": (
        Op("f", math.remainder, None, None, ieee=lambda a, b: math.nan), "numba",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNTRANSLATABLE)
def test_what_python_means_otherwise_is_not_translated(name):
    op, why = UNTRANSLATABLE[name]
    numbers = [2.5] * op.arity
    with pytest.raises(CompileError, match=why):
        compile(op, executor="numba")(*numbers)
    with pytest.warns(CompileWarning, match=r"op 'f'.*interpreter"):
        assert compile(op)(*numbers) == op(*numbers)


@pytest.mark.parametrize(
    "op",
    [
        Op("f", math.lgamma, None, ieee=lambda x: math.inf),
        Op("f", lambda x: math.ldexp(math.frexp(x)[0], 3), None, ieee=lambda x: x),
        Op("f", math.fmod, None, None, ieee=lambda a, b: math.nan),
    ],
    ids=["lgamma", "frexp", "fmod"],
)
def test_functions_of_c_that_are_no_instructions_are_called(op):
    numbers = [7.5, 2.0][: op.arity]
    assert compile(op, executor="numba")(*numbers) == pytest.approx(op(*numbers), rel=1e-15)


def test_in_the_interpreter_it_means_what_python_says():
    for op in (UNTRANSLATABLE["try"][0], UNTRANSLATABLE["floor"][0]):
        compiled = compile(op, executor="interpreter")
        for x in (-0.0, 0.0, 1e19, -1e19, math.inf, 2.5, -2.5):
            assert same(compiled(x), op(x))


@pytest.mark.parametrize("op", plugins.ops.values(), ids=lambda op: op.name)
def test_every_built_in_op_is_the_same_at_every_probe(op):
    compiled = compile(lambda *xs: op(*xs), executor="numba")
    for numbers in list(points(op.arity))[:: 1 if op.arity == 1 else 37]:
        assert same(compiled(*numbers), op(*numbers)), numbers


# ----- Powers -----


POWERS = {
    "a fraction": (lambda g, out, a: g * 1.5 * a**0.5),
    "a negative whole number": (lambda g, out, a: g * a**-2),
    "a number to an operand": (lambda g, out, a: g * 2.0**a),
    "an operand to another": (lambda g, out, a: g * a**out),
}


@pytest.mark.parametrize("name", POWERS)
def test_powers_in_a_rule_mean_what_the_op_pow_means(name):
    op = Op("q", lambda a: a + 1.0, POWERS[name])
    for executor in ("interpreter", "numba"):
        compiled = compile(op, executor=executor)
        for number in (4.0, -4.0, 0.0, 0.25, math.inf):
            a = Value(number)
            expected = POWERS[name](Value(1.0), op(a), a).data
            by_backward = Value(number)
            op(by_backward).backward()
            leaf = Value(number)
            for found in (compiled.grad(number), by_backward.grad, grad(op(leaf), leaf)):
                assert same(found, expected), (executor, number)


def test_a_forward_that_leaves_the_real_numbers_has_its_ieee_result():
    op = Op("root", lambda a: a**0.5, lambda g, out, a: g * 0.5 / out, ieee=lambda a: math.nan)
    assert math.isnan(op(-4.0))
    assert math.isnan(compile(op)(-4.0))
    assert op(4.0) == compile(op)(4.0) == 2.0


# ----- Ops that change -----


def test_a_compiled_function_follows_an_op_that_is_registered_anew():
    plugins.register_op(Op("scaled_by", lambda x: 3.0 * x, lambda g, out, x: 3.0 * g))
    try:
        compiled = compile(lambda x: x.scaled_by() * x)
        assert compiled.value_and_grad(2.0) == (12.0, 12.0)
        assert compiled(2.0) == 12.0
        plugins.unregister("scaled_by")
        plugins.register_op(Op("scaled_by", lambda x: 5.0 * x, lambda g, out, x: 5.0 * g))
        assert compiled.value_and_grad(2.0) == (20.0, 20.0)
        assert compiled(2.0) == 20.0
    finally:
        plugins.unregister("scaled_by")


def test_a_forward_that_numba_compiled_itself_is_an_op():
    import numba

    forward = numba.njit(lambda x: x * x + 1.0)
    op = Op("jitted", forward, lambda g, out, x: 2.0 * g * x)
    assert compile(op, executor="numba").value_and_grad(3.0) == (10.0, 6.0)
