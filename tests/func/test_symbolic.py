"""SymPy's own derivatives are those of functions made from it, and of graphs written in it."""

import math
import subprocess
import sys

import pytest
from pluggrad import Op, Value, compile, from_sympy, func, grad, plugins, to_sympy
from pluggrad.errors import TraceError
from pluggrad.func.symbolic import RENAMED, _functions, _ops

sympy = pytest.importorskip("sympy", reason="compares with SymPy")
X, Y = sympy.symbols("x y", real=True)

# An operand at which each op is smooth; others are taken at 0.3, 0.7 and so on.
PLACES = {
    "acosh": (1.7,), "gamma": (2.3,), "lgamma": (2.3,), "beta": (1.2, 2.3), "betaln": (1.2, 2.3),
    "digamma": (2.3,), "polygamma": (2.0, 2.3), "log_ndtr": (0.4,),
}  # fmt: skip
WRITTEN = sorted(set(_ops(sympy)) & set(plugins.ops))


def close(a, b):
    return math.isclose(float(a), float(b), rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize("name", WRITTEN)
def test_an_op_and_its_gradients_are_those_of_its_expression(name):
    op = plugins.op(name)
    numbers = PLACES.get(name, (0.3, 0.7, 1.1)[: op.arity])
    values = [Value(x, f"v{i}") for i, x in enumerate(numbers)]
    varied = values[1:] if name == "polygamma" else values  # its order is a whole number
    varied = [] if name in ("floor", "ceil") else varied  # SymPy knows no slope of a step
    symbols = {v: sympy.Symbol(v.label, real=True) for v in values}
    y = op(*values)
    expression = to_sympy(y, symbols)
    at = {symbols[v]: v.data for v in values}
    if name == "polygamma":
        at[symbols[values[0]]] = 2
    assert close(expression.subs(at).evalf(), y.data)
    for value, slope in zip(varied, grad(y, varied), strict=True):
        assert close(sympy.diff(expression, symbols[value]).subs(at).evalf(), slope)


EXPRESSIONS = [
    sympy.sin(X) * Y**2 + sympy.cos(X * Y),
    sympy.exp(-(X**2)) / (1 + Y**2) + sympy.pi * X,
    sympy.log(X) * sympy.atan2(Y, X) - sympy.sqrt(X + Y),
    sympy.Max(X, Y) * sympy.Min(X, 2 * Y) + sympy.Abs(X - 2),
    sympy.Piecewise((X**3, X < Y), (X * Y, True)) + sympy.tan(X) + sympy.cot(Y),
    sympy.gamma(X) * sympy.erf(Y) + sympy.loggamma(X + 1) + sympy.digamma(Y),
    sympy.sinh(X) + sympy.asinh(Y) * sympy.sec(X) + sympy.csc(Y) + X ** sympy.Rational(1, 3),
    sympy.E**X + X**Y + sympy.erfc(X) + sympy.beta(X, Y),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@pytest.mark.parametrize("at", [(0.4, 1.3), (1.1, 0.6)], ids=str)
def test_a_function_from_an_expression_has_its_value_and_its_derivatives(expression, at):
    f = from_sympy(expression, X, Y)
    put = dict(zip((X, Y), at, strict=True))
    assert close(f(*at), expression.subs(put).evalf())
    slopes = func.grad(f, argnums=(0, 1))(*at)
    for symbol, slope in zip((X, Y), slopes, strict=True):
        assert close(slope, sympy.diff(expression, symbol).subs(put).evalf())
    curvature = func.hessian(f)(*at)
    assert close(curvature, sympy.diff(expression, X, 2).subs(put).evalf())


@pytest.mark.parametrize("expression", EXPRESSIONS[:4], ids=str)
def test_there_and_back_is_the_same_function(expression):
    x, y = Value(0.4, "x"), Value(1.3, "y")
    again = to_sympy(from_sympy(expression, X, Y)(x, y), {x: X, y: Y})
    assert close(again.subs({X: 0.8, Y: 1.1}).evalf(), expression.subs({X: 0.8, Y: 1.1}).evalf())


def test_every_function_that_is_named_is_an_op_or_a_formula():
    assert [name for name, function in _functions().items() if function is None] == []
    assert set(RENAMED.values()) <= set(plugins.ops)


def test_sinc_is_not_normalized_there_and_is_here():
    assert from_sympy(sympy.sinc(X), X)(0.4) == pytest.approx(math.sin(0.4) / 0.4, rel=1e-15)
    assert to_sympy(Value(0.5, "x").sinc()) == sympy.sinc(sympy.pi * X)


def test_a_function_from_an_expression_can_be_compiled():
    f = compile(from_sympy(X * sympy.exp(Y), X, Y), executor="interpreter")
    assert f.value_and_grad(2.0, 0.0) == (2.0, (1.0, 2.0))


def test_a_list_of_expressions_gives_a_list():
    f = from_sympy([X * Y, X + Y], X, Y)
    assert f(2.0, 3.0) == [6.0, 5.0]
    assert func.jacfwd(lambda v: f(*v))([2.0, 3.0]) == [[3.0, 2.0], [1.0, 1.0]]


def test_leaves_are_called_by_their_labels_and_never_by_one_of_another():
    a, b, c = Value(1.0, "a"), Value(2.0, "a"), Value(3.0)
    expression = to_sympy(a * b + c)
    assert sorted(map(str, expression.free_symbols)) == ["a", "n1", "n3"]


def test_an_op_of_a_plugin_is_run_on_expressions():
    cube = Op("cubed", lambda x: x * x * x, lambda g, out, x: 3 * g * x * x)
    assert to_sympy(cube(Value(2.0, "x"))) == X**3


def test_an_op_that_only_takes_floats_says_so():
    odd = Op("odd", lambda x: math.sin(x), lambda g, out, x: g)
    with pytest.raises(TraceError, match="op 'odd' has no counterpart in SymPy, and its forward"):
        to_sympy(odd(Value(2.0, "x")))


def test_what_cannot_be_computed_is_named_at_once():
    with pytest.raises(TraceError, match="no installed op computes SymPy's LambertW, zeta"):
        from_sympy(sympy.LambertW(X) + sympy.zeta(X), X)
    with pytest.raises(TypeError, match="symbols that are no arguments: y"):
        from_sympy(X * Y, X)
    with pytest.raises(TypeError, match="takes a Value, not float"):
        to_sympy(2.0)


def test_a_deep_graph_is_written_without_recursion_of_ours():
    y = Value(1.0, "x")
    for _ in range(3000):
        y = y + 1.0
    assert to_sympy(y) == X + 3000


def test_nothing_loads_sympy_before_it_is_used():
    program = "import sys, pluggrad; pluggrad.from_sympy; print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
