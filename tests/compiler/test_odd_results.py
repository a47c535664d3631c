"""What rules and forward functions give that is no float: every way refuses it, or all agree."""

import math
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pluggrad import CompileError, Op, Value, checkpoint, compile, func, grad, on_gradient
from pluggrad.func import custom_rule

AT = -0.4  # where rules and forwards give something odd; above 0 they do not


def raising(kind):
    def give():
        raise kind("on purpose")

    return give


# What is given, and whether it counts as a number.
NUMBERS = {
    "a bool": lambda: True,
    "a bool_": lambda: np.bool_(True),
    "an int": lambda: 3,
    "an int beyond 2**53": lambda: 2**53 + 1,
    "a Fraction": lambda: Fraction(1, 3),
    "a float64": lambda: np.float64(0.1),
    "a float32": lambda: np.float32(0.1),
    "a float16": lambda: np.float16(0.1),
    "a longdouble": lambda: np.longdouble("0.1"),
    "an int64": lambda: np.int64(2**62 + 1),
    "an int8": lambda: np.int8(100),
    "infinity": lambda: math.inf,
    "nan": lambda: math.nan,
}
SINGLE = ("a float32", "a float16")  # in which a hook computes, if it wants to
OTHERS = {
    "a complex": lambda: 1 + 2j,
    "a complex128": lambda: np.complex128(1 + 2j),
    "None": lambda: None,
    "text": lambda: "1.5",
    "a tuple": lambda: (1.0, 2.0),
    "an array": lambda: np.array([1.0, 2.0]),
    "an array of no axes": lambda: np.array(1.5),
    "a Decimal": lambda: Decimal("1.5"),
    "a signalling nan": lambda: Decimal("sNaN"),
    "NotImplemented": lambda: NotImplemented,
    "a function": lambda: len,
    "an int too large for a float": lambda: 10**400,
    "a Fraction too large for a float": lambda: Fraction(10**400),
    **{f"a {kind.__name__}": raising(kind) for kind in (
        ValueError, ZeroDivisionError, OverflowError, KeyError, TypeError, AttributeError,
        RuntimeError, RecursionError, AssertionError,
    )},
}  # fmt: skip


def outcome(run):
    """Return the number that comes of it, or the class of the error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = run()
        except Exception as cause:
            return type(cause)
    found = found.data if isinstance(found, Value) else found
    assert isinstance(found, float)
    return float(found)


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-13) or (a != a and b != b)
    return a is b


def recorded(f):
    """Differentiate a recorded graph, in each way there is."""

    def backward(hooked=False):
        x = Value(AT)
        if hooked:
            on_gradient(x, lambda g: None)
        f(x).backward()
        return x.grad

    def gradient(**options):
        x = Value(AT)
        return grad(f(x), x, **options)

    yield "grad", gradient
    yield "backward", backward
    yield "backward with a hook", lambda: backward(hooked=True)
    yield "create_graph", lambda: gradient(create_graph=True)


def first_order(f):
    yield from recorded(f)
    yield "func.grad", lambda: func.grad(f)(AT)
    yield "func.vjp", lambda: func.vjp(f, AT)[1](1.0)[0]
    yield "func.jvp", lambda: func.jvp(f, (AT,), (1.0,))[1]
    yield "func.jvp of a Value", lambda: func.jvp(f, (Value(AT),), (1.0,))[1]
    yield "jacfwd", lambda: func.jacfwd(f)(AT)
    yield "linearize", lambda: func.linearize(f, AT)[1](1.0)
    for name, run in recorded(lambda x: checkpoint(f, x)):
        yield f"checkpoint, {name}", run
    yield "checkpoint, jvp", lambda: func.jvp(lambda x: checkpoint(f, x), (AT,), (1.0,))[1]
    for executor in ("interpreter", "numba"):
        yield from compiled(f, executor)


def compiled(f, executor):
    """Differentiate in compiled code that was recorded where nothing is odd."""

    def warmed(make):
        call = make(compile(f, executor=executor))
        outcome(lambda: call(0.5))
        return call(AT)

    def rows():
        fit = compile(lambda w, x: f(w * x), in_axes=(None, 0), executor=executor)
        outcome(lambda: fit.grad(1.0, [0.5]))
        return fit.grad(1.0, [AT]) / AT

    def program():
        x = Value(0.5)
        run = compile(f(x), executor=executor)
        x.data = AT
        run()
        return x.grad

    yield f"{executor}, grad", lambda: warmed(lambda c: c.grad)
    yield f"{executor}, lanes", lambda: warmed(lambda c: lambda x: c.grad(np.array([x, 0.7]))[0])
    if executor == "interpreter":  # the same translations, which take their time
        yield "interpreter, jvp", lambda: warmed(lambda c: lambda x: c.jvp((x,), (1.0,))[1])
        yield "interpreter, rows", rows
        yield "interpreter, program", program


def second_order(f):
    yield "func.hvp", lambda: func.hvp(f, (AT,), (1.0,))
    yield "hessian", lambda: func.hessian(f)(AT)
    yield "grad of grad", lambda: func.grad(func.grad(f))(AT)
    yield "jvp of jvp", lambda: func.jvp(lambda x: func.jvp(f, (x,), (1.0,))[1], (AT,), (1.0,))[1]
    yield "checkpoint, hvp", lambda: func.hvp(lambda x: checkpoint(f, x), (AT,), (1.0,))
    made = compile(f, executor="interpreter")
    outcome(lambda: made.hvp((0.5,), (1.0,)))
    yield "interpreter, hvp", lambda: made.hvp((AT,), (1.0,))


def check(ways):
    (_, truth), *others = [(name, outcome(run)) for name, run in ways]
    for name, found in others:
        is_refused = name.startswith(("interpreter", "numba")) and found is CompileError
        assert same(truth, found) or is_refused, f"{name}: {found} instead of {truth}"


def program_of(op):
    return lambda x: op(x * 1.5) * 2.0


@pytest.mark.parametrize("what", [*NUMBERS, *OTHERS])
def test_what_a_rule_gives_is_a_number_in_all_ways_or_in_none(what):
    give = (NUMBERS | OTHERS)[what]
    if what in NUMBERS:
        rule = lambda g, out, x: g * give() if x < 0 else g
    else:
        rule = lambda g, out, x: give() if x < 0 else g
    f = program_of(Op("odd", lambda x: x * 2.0, rule))
    check(first_order(f))
    check(second_order(f))


@pytest.mark.parametrize("what", [*NUMBERS, *OTHERS])
def test_what_a_forward_function_gives_is_a_number_in_all_ways_or_in_none(what):
    give = (NUMBERS | OTHERS)[what]
    forward = lambda x: give() if x < 0 else x * 2.0
    check(first_order(program_of(Op("odd", forward, lambda g, out, x: g * out))))


@pytest.mark.parametrize("what", [x for x in (*NUMBERS, *OTHERS) if x not in SINGLE])
def test_what_a_hook_gives_is_a_number_in_all_ways_or_in_none(what):
    give = (NUMBERS | OTHERS)[what]
    hook = (lambda g: g * give()) if what in NUMBERS else (lambda g: give())

    def f(x):
        y = x * 1.5
        on_gradient(y, hook)
        return y * y

    check(
        (name, run)
        for name, run in first_order(f)
        if not any(word in name for word in ("jvp", "jacfwd", "linearize", "hook", "program"))
        and not (what == "None" and name == "grad")
    )


@pytest.mark.parametrize("what", [*NUMBERS, *OTHERS])
def test_what_a_custom_rule_gives_is_a_number_in_all_ways_or_in_none(what):
    give = (NUMBERS | OTHERS)[what]
    square = custom_rule(lambda x: x * x)
    square.rule((lambda g, out, x: g * give()) if what in NUMBERS else (lambda g, out, x: give()))
    check(
        (name, run)
        for name, run in first_order(lambda x: square(x * 1.5) * 2.0)
        if "program" not in name
    )


def test_a_rule_that_leaves_the_real_numbers_gives_nan_in_all_ways_whatever_moves():
    """Python's `a**0.5` is complex below 0; that of Values, and so of all ways, is nan."""
    root = Op("root", lambda a, b: a + b, lambda g, out, a, b: g * a**0.5, lambda g, out, a, b: g)
    w = Value(1.0)
    check(first_order(lambda x: root(x, 2.0)))
    check(first_order(lambda x: root(x, w * 3.0)))
    assert math.isnan(func.jvp(lambda x, y: root(x, y * w), (AT, 1.0), (1.0, 0.5))[1])


def test_machine_code_gives_no_number_where_a_rule_raises():
    rule = lambda g, out, x: g * math.sqrt(x) if x > -9.0 else g
    f = program_of(Op("odd", lambda x: x * 2.0, rule))
    with pytest.raises(CompileError, match=r"rule of operand 0: it has no result for .*Use ops"):
        compile(f, executor="numba").grad(1.0)
    check(first_order(f))
