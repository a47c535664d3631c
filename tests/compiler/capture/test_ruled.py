"""custom_rule functions in compiled functions: the numbers of the engine, in every call."""

import gc
import itertools
import math
import warnings
import weakref

import numpy as np
import pytest
from custom_rules import cube_root, polar
from pluggrad import (
    CompileError,
    CompileWarning,
    GradientError,
    Op,
    RuleError,
    Value,
    compile,
    custom_rule,
    func,
    grad,
    no_grad,
    stop_gradient,
)
from pluggrad.func.tree import leaves, structure_of
from pluggrad.ops import cos, exp, log1p

AT = (0.7, 1.3, 31.0, -0.4, 0.7)


@custom_rule
def softplus(x):
    return log1p(exp(x)) if x < 30 else x


@softplus.rule
def _(g, out, x):
    return g / (1.0 + exp(-x))


@custom_rule
def plain_polar(p, scale=1.0):
    r, angle = float(p["r"]), float(p["angle"])
    return scale * r * math.cos(angle), scale * r * math.sin(angle)


plain_polar.rule(polar._rule)
straight = custom_rule(lambda x: float(round(float(x))), lambda g, out, x: g)
reversed_gradient = custom_rule(lambda x: x, lambda g, out, x: -g)
clipped = custom_rule(lambda x: x, lambda g, out, x: max(-1.0, min(1.0, float(g))))


def through(function, scale):
    def f(x):
        a, b = function({"r": x * x, "angle": x}, scale(x))
        return a * b + a

    return f


def newton(x):
    @custom_rule
    def root(a):
        r = 1.0
        while abs(r * r - float(a)) > 1e-9:
            r = (r + float(a) / r) / 2
        return r

    root.rule(lambda g, out, a: g / (2.0 * out))
    return root(x * x + 1.0) * x


def penalty(x):
    y = cube_root(x * x + 1.0)
    return y * y + grad(y, x) ** 2


FUNCTIONS = {
    "recorded, with a branch": lambda x: softplus(x) * x,
    "of plain floats": lambda x: cube_root(x * x + 1.0) * x,
    "several results": through(polar, exp),
    "several results of floats": through(plain_polar, lambda x: 2.0),
    "straight-through": lambda x: straight(x * 3.0) * x,
    "gradient reversal": lambda x: reversed_gradient(x) * x,
    "clipped gradient": lambda x: clipped(x * x) * 3.0,
    "made inside": newton,
    "one inside the other": lambda x: custom_rule(
        lambda a: cube_root(a) * 2.0, lambda g, out, a: g * cube_root(a)
    )(x),
    "with a gradient inside": penalty,
    "a float": lambda x: cube_root(x.data) * x,
    "no gradient for one": lambda x: custom_rule(
        lambda a, b: a * b, lambda g, out, a, b: (g * b, None)
    )(x, x * 2.0),
    "other arguments": lambda x: custom_rule(
        lambda f, a, n: f(a) * n, lambda g, out, f, a, n: (None, g * f(a), None)
    )(cos, x, 3),
}


def engine(f, x):
    leaf = Value(x)
    y = f(leaf)
    y.backward()
    return y.data, leaf.grad


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("executor", ["auto", "interpreter"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_gradients_are_those_of_the_engine(name, executor):
    f = FUNCTIONS[name]
    compiled = compile(f, executor=executor)
    for x in AT:
        expected = engine(f, x)
        assert compiled(x) == expected[0]
        assert compiled.value_and_grad(x) == pytest.approx(expected, rel=1e-12)
        assert compiled.value_and_grad(x) == pytest.approx(expected, rel=1e-12)
    assert len(compiled.recordings) <= 2


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_lanes_are_those_of_the_engine(name):
    f = FUNCTIONS[name]
    lanes = np.linspace(-2.0, 2.1, 300)
    values, gradients = compile(f).value_and_grad(lanes)
    expected = [engine(f, x) for x in lanes.tolist()]
    assert np.allclose(values, [value for value, _ in expected], rtol=1e-12)
    assert np.allclose(gradients, [gradient for _, gradient in expected], rtol=1e-10)


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"with a gradient inside"}))
def test_derivatives_of_second_order_are_those_of_the_engine(name):
    f = FUNCTIONS[name]
    if name == "clipped gradient":  # its rule is not linear, and float() ends the second
        return
    compiled = compile(f)
    for x in AT:
        expected = func.hvp(f, (x,), (1.0,))
        assert compiled.hvp((x,), (1.0,)) == pytest.approx(expected, rel=1e-9)
    moved = compile(lambda x: func.jvp(f, (x,), (1.0,))[1])
    slope = compile(func.grad(func.grad(f)))
    for x in AT:
        assert moved(x) == pytest.approx(func.jvp(f, (x,), (1.0,))[1], rel=1e-9)
        assert slope(x) == pytest.approx(func.grad(func.grad(f))(x), rel=1e-9)


def test_what_is_written_in_ops_runs_in_machine_code():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("recorded, with a branch", "several results", "gradient reversal"):
            compiled = compile(FUNCTIONS[name])
            compiled.grad(0.7)
            assert compiled.recordings[0].executor.name == "numba"


def test_it_does_so_where_classes_are_registered_with_optree():
    pytest.importorskip("optree")
    ruled = custom_rule(lambda v: v[0] * exp(v[1]), lambda g, out, v: [g * exp(v[1]), g * out])
    compiled = compile(lambda x: ruled([x, x * 2.0]), executor="numba")
    assert compiled.grad(0.5) == pytest.approx(2.0 * math.e)


def test_a_function_of_floats_is_called_as_it_stands_and_one_warning_says_why():
    compiled = compile(lambda x: cube_root(x))
    with pytest.warns(CompileWarning, match=r"custom_rule cube_root is called as it stands"):
        assert [compiled(x) for x in (8.0, 27.0)] == [2.0, pytest.approx(3.0)]
    assert len(compiled.recordings) == 1


# ----- What it and its rule read -----

strength = 2.0
scale = Value(3.0, requires_grad=False)


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("number", [lambda x: x, float], ids=["a Value", "a float"])
def test_numbers_from_outside_are_those_of_now(number):
    ruled = custom_rule(
        lambda x: number(x) * strength * scale.data, lambda g, out, x: g * strength * scale
    )
    compiled = compile(lambda x: ruled(x) * x)
    for now, of_scale in itertools.product((2.0, 5.0), (3.0, 4.0)):
        globals()["strength"], scale.data = now, of_scale
        for x in (1.5, -0.5):
            assert compiled.value_and_grad(x) == engine(lambda x: ruled(x) * x, x)
    globals()["strength"], scale.data = 2.0, 3.0


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_another_rule_is_used_from_the_next_call_on():
    ruled = custom_rule(lambda x: x * x, lambda g, out, x: g * 2.0)
    compiled = compile(lambda x: ruled(x) * 3.0)
    assert compiled.grad(1.0) == 6.0
    ruled.rule(lambda g, out, x: g * 7.0)
    assert compiled.grad(1.0) == 21.0


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_a_function_that_reads_other_numbers_of_the_program_is_recorded_for_them():
    def f(x, w):
        ruled = custom_rule(lambda a: float(a) * float(w), lambda g, out, a: g * 2.0)
        return ruled(x) * w

    compiled = compile(f)
    for x, w in itertools.product((2.0, 3.0), repeat=2):
        a, b = Value(x), Value(w)
        f(a, b).backward()
        assert compiled.value_and_grad(x, w) == (x * w * w, (a.grad, b.grad))


def test_a_rule_that_does_so_is_refused():
    def f(x, w):
        return custom_rule(lambda a: a * 2.0, lambda g, out, a: g * w)(x) * w

    with pytest.raises(CompileError, match=r"its rule uses a number .* none of its arguments"):
        compile(f)(1.0, 2.0)

    def h(x, w):
        ruled = custom_rule(lambda k, a: k(a), lambda g, out, k, a: (None, g * k(1.0)))
        return ruled(lambda z: z * w, x)

    with pytest.raises((CompileError, GradientError)):
        compile(h)(1.0, 2.0)


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_what_a_function_leaves_behind_is_that_of_each_call():
    def f(x):
        found = []

        def keep(a):
            found.append(float(a))
            return found[-1] * 2.0

        return custom_rule(keep, lambda g, out, a: g * 2.0)(x) * found[0]

    compiled = compile(f)
    assert [compiled.value_and_grad(x) for x in (1.0, 2.0, 3.0)] == [
        (2.0, 2.0),
        (8.0, 4.0),
        (18.0, 6.0),
    ]


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_a_function_that_prints_does_so_once_in_each_call(capsys):
    def show(a):
        print(f"{float(a)}")
        return a * 1.0

    compiled = compile(lambda x: custom_rule(show, lambda g, out, a: g)(x) * x)
    for x in (1.0, 2.0, 3.0):
        compiled.value_and_grad(x)
        assert capsys.readouterr().out == f"{x}\n"


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_errors_of_the_function_are_raised_in_the_calls_that_raise_them():
    root = custom_rule(lambda x: math.sqrt(x), lambda g, out, x: g / (2.0 * out))

    def f(x):
        root(x)  # whose result nothing uses
        return x * 2.0

    compiled = compile(f)
    assert compiled(4.0) == 8.0
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        compiled(-4.0)
    assert compiled(9.0) == 18.0


# ----- Without a gradient, and wrong use -----


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("ruled", [softplus, cube_root])
def test_without_a_gradient_it_gives_what_its_function_gives(ruled):
    def f(x):
        with no_grad():
            y = ruled(x)
        z = ruled(x.data)
        return x * y + z

    compiled = compile(f)
    for x in AT:
        expected = engine(lambda x: x * float(ruled(x.data)) + float(ruled(x.data)), x)
        assert compiled.value_and_grad(x) == expected


def test_errors_are_those_of_the_engine():
    w = Value(3.0, label="w")
    uses = custom_rule(lambda x: x * w, lambda g, out, x: g * w)
    with pytest.raises(GradientError, match=r"used 'w', which is none of its arguments"):
        compile(lambda x: uses(x))(2.0)
    without = custom_rule(lambda x: x * 2.0)
    with pytest.raises((GradientError, RuleError), match=r"has no rule; give it one with @"):
        compile(lambda x: without(x), executor="interpreter").grad(2.0)
    text = custom_rule(lambda x: "two", lambda g, out, x: g)
    with pytest.raises(TypeError, match=r"the result is a str; custom_rule .* gives numbers"):
        compile(lambda x: text(x))(2.0)
    wrong = custom_rule(lambda x: x * 2.0, lambda g, out, x: "g")
    with pytest.raises(RuleError, match=r"is 'g', no number"):
        compile(lambda x: grad(wrong(x), x, create_graph=True))(2.0)


def test_results_keep_their_build():
    compiled = compile(lambda x: polar({"r": x, "angle": x * 2.0}))
    found = compiled(0.5)
    assert structure_of(found) == structure_of([0.0, 0.0])
    expected = polar({"r": 0.5, "angle": 1.0})
    assert [x for _, x in leaves(structure_of(found), found, "")] == expected


# ----- What it reads while the compiled function changes it -----


def test_what_a_function_reads_must_not_change_between_its_calls():
    def late(x):
        total = 0.0
        for factor in (1.0, 2.0, 3.0):
            ruled = custom_rule(lambda a: float(a) * factor, lambda g, out, a: g)  # noqa: B023
            total = total + ruled(x)
        return total

    def late_op(x):
        total = 0.0
        for factor in (1.0, 2.0, 3.0):
            total = total + Op("scaled", lambda a: a * factor, lambda g, out, a: g)(x)  # noqa: B023
        return total

    def late_rule(x):
        total = 0.0
        for factor in (1.0, 2.0, 3.0):
            op = Op("scaled", lambda a: a * 1.0, lambda g, out, a: g * factor)  # noqa: B023
            total = total + grad(op(x), x, create_graph=True) * x
        return total

    for f in (late, late_op, late_rule):
        assert f(Value(1.0)).data == 6.0
        with pytest.raises(CompileError, match=r"reads .*, which the compiled function changes"):
            compile(f)(1.0)


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
def test_functions_made_with_numbers_of_their_own_keep_these():
    def by(factor):
        ruled = custom_rule(lambda a: float(a) * factor, lambda g, out, a: g * factor)
        scaled = Op("scaled", lambda a: a * factor, lambda g, out, a: g * factor)
        return lambda x: ruled(x) + scaled(x)

    compiled = compile(lambda x: sum(by(factor)(x) for factor in (1.0, 2.0, 3.0)))
    for x in (1.0, 2.0):
        assert compiled.value_and_grad(x) == (12.0 * x, 12.0)
    assert compiled(np.array([1.0, 2.0])).tolist() == [12.0, 24.0]


def test_any_number_of_arguments_will_do():
    total = custom_rule(lambda *v: sum(v), lambda g, out, *v: tuple(g * x for x in v))
    compiled = compile(lambda *v: total(*v, *v) * v[0])
    numbers = [float(i) for i in range(1, 13)]
    leaves = [Value(x) for x in numbers]
    (total(*leaves, *leaves) * leaves[0]).backward()
    assert compiled.grad(*numbers) == pytest.approx(tuple(x.grad for x in leaves))
    assert compiled.recordings[0].executor.name == "numba"


def test_transforms_inside_it_compute_with_constants():
    @custom_rule
    def root(c):
        x = 0.5
        for _ in range(30):
            value, slope = func.value_and_grad(lambda t: t * t * t + c * t - 1.0)(x)
            x = x - value / slope
        return x

    root.rule(lambda g, out, c: -g * out / (3.0 * out * out + c))
    compiled = compile(lambda c: root(c) * c)
    for c in (1.0, 2.0, 0.5):
        assert compiled.value_and_grad(c) == pytest.approx(engine(lambda c: root(c) * c, c))


# ----- In recorded graphs -----


@pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
@pytest.mark.parametrize("executor", ["auto", "interpreter"])
@pytest.mark.parametrize("number", [lambda x: x, float], ids=["a Value", "a float"])
def test_a_program_computes_it_again_with_what_it_reads_now(number, executor):
    held = {"factor": 2.0}
    ruled = custom_rule(
        lambda a, n: number(a) * number(a) * held["factor"] + n,
        lambda g, out, a, n: (2.0 * g * a * held["factor"], None),
    )
    v, w = Value(0.7), Value(1.2)

    def loss():
        return sum(ruled(v * w * i, i) * ruled(w, 1) for i in range(5))

    program = compile(loss(), executor=executor)
    assert len(program.tape.ops) < 10
    for factor in (2.0, 2.0, 3.0, 5.0):
        held["factor"] = factor
        v.data += 0.25
        v.grad = w.grad = 0.0
        found = program(), v.grad, w.grad
        v.grad = w.grad = 0.0
        expected = loss()
        expected.backward()
        assert found == pytest.approx((expected.data, v.grad, w.grad), rel=1e-13)


def test_a_program_of_operators_and_ops_runs_in_machine_code():
    w = Value(0.7)
    ruled = custom_rule(lambda a: exp(a) * a, lambda g, out, a: g * (out + exp(a)))
    program = compile(ruled(w * 2.0) + ruled(w))
    assert program.executor.name == "numba"
    assert program() == pytest.approx(math.exp(1.4) * 1.4 + math.exp(0.7) * 0.7)


def test_a_program_of_one_with_several_results_is_refused():
    x = Value(0.5)
    a, b = polar({"r": x, "angle": x})
    with pytest.raises(CompileError, match="polar recorded a Python function as one node"):
        compile(a * b)


def test_nothing_keeps_a_function_alive_that_calls_itself():
    def made():
        @custom_rule
        def power(a, n):
            return float(a) if n <= 1 else power(a, n - 1) * float(a)

        power.rule(lambda g, out, a, n: (g * n * out / a, None))
        compiled = compile(lambda x: power(x, 3), executor="interpreter")
        assert compiled.grad(2.0) == 12.0
        return weakref.ref(power)

    seen = made()
    gc.collect()
    assert seen() is None


# Of a product, right or not: what counts is that compiled functions ask the same rule.
RULES_OF_A_PRODUCT = {
    "right": lambda g, out, v, w: (g * w, g * v),
    "of one operand": lambda g, out, v, w: (g * w * w, g * v),
    "of the result": lambda g, out, v, w: (g * out, g * out),
    "of one gradient": lambda g, out, v, w: (g * w, None),
}
GIVEN = {
    "one stopped": lambda x: (x, stop_gradient(x)),
    "the other stopped": lambda x: (stop_gradient(x), x),
    "what is computed of one stopped": lambda x: (x * x, stop_gradient(x) * 2.0),
    "a gradient": lambda x: (x, grad(stop_gradient(x) * x, x) if isinstance(x, Value) else x),
}
TRANSFORMS = {
    "jvp": lambda f, x: func.jvp(f, (x,), (1.0,)),
    "linearize": lambda f, x: func.linearize(f, x)[1](1.0),
    "jacfwd": lambda f, x: func.jacfwd(f)(x),
    "hessian": lambda f, x: func.hessian(f)(x),
    "hvp": lambda f, x: func.hvp(f, (x,), (1.0,)),
    "jvp of jvp": lambda f, x: func.jvp(lambda y: func.jvp(f, (y,), (1.0,))[1], (x,), (1.0,)),
    "grad of jvp": lambda f, x: func.grad(lambda y: func.jvp(f, (y,), (1.0,))[1])(x),
    "grad": lambda f, x: func.grad(f)(x),
}


def outcome(f, x):
    """Return the numbers that a function gives, or the class of its error."""
    try:
        found = f(x)
    except Exception as error:
        return type(error)
    return pytest.approx([*map(float, found if isinstance(found, tuple) else (found,))], rel=1e-12)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("rule", RULES_OF_A_PRODUCT)
def test_operands_that_do_not_move_are_those_of_each_call(rule, given, transform):
    def f(x):
        product = custom_rule(lambda v, w: v * w, RULES_OF_A_PRODUCT[rule])
        return product(*GIVEN[given](x)) * x

    compiled = compile(lambda x: TRANSFORMS[transform](f, x), executor="interpreter")
    for x in (-0.926, 0.5, 2.0):
        expected = outcome(lambda x: TRANSFORMS[transform](f, x), x)
        found = outcome(compiled, x)
        assert (found if isinstance(found, type) else found.expected) == expected
