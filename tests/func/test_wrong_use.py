"""What the transforms say when they are used wrongly."""

import re

import pluggrad
import pytest
from pluggrad import (
    GradientError,
    Graph,
    Op,
    RuleError,
    Value,
    explain,
    func,
    on_gradient,
    render,
)
from pluggrad.compiler import Program
from pluggrad.func import (
    grad,
    hessian,
    jacfwd,
    jvp,
    linearize,
    vjp,
)

from .derivatives import DERIVATIVES


class Point:
    def __init__(self, x):
        self.x = x


def test_grad_of_several_numbers_names_what_came_back():
    with pytest.raises(TypeError, match=r"one number; this one gave a list of 2.* use jacrev\(\)"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match=r"gave None \(NoneType\)"):
        grad(lambda x: None)(1.0)


def test_argnums_out_of_range_names_the_number_of_arguments():
    with pytest.raises(ValueError, match=r"grad\(\): argnums=2 asks for argument 2, .* 1 posit"):
        grad(lambda x: x, argnums=2)(1.0)
    for argnums in ("x", None, 1.0, True, (0, 1.0)):
        says = rf"argnums is an int or a tuple of ints, not {re.escape(repr(argnums))}"
        with pytest.raises(TypeError, match=says):
            grad(lambda x: x, argnums=argnums)(1.0)
    with pytest.raises(ValueError, match=r"names an argument twice"):
        grad(lambda x: x, argnums=(0, -1))(1.0)


def test_an_argument_that_is_no_number_is_named_by_its_path():
    import numpy as np

    with pytest.raises(TypeError, match=r"^args\[0\]\['w'\]\[2\] is a str; grad\(\) differentiat"):
        grad(lambda p: p)({"w": [1.0, 2.0, "3"]})
    with pytest.raises(TypeError, match=r"args\[1\] is a numpy.ndarray; give its \.tolist\(\)"):
        jacfwd(lambda x, y: x, argnums=1)(1.0, np.ones(2))
    with pytest.raises(TypeError, match=r"args\[0\] is .*Point; register its class with pluggrad"):
        grad(lambda p: p.x)(Point(1.0))


def test_a_result_that_is_no_number_is_named_by_its_path():
    with pytest.raises(TypeError, match=r"the result\[1\] is a str; jvp\(\) differentiates"):
        jvp(lambda x: [x, "y"], (1.0,), (1.0,))


def test_tangents_of_another_build_are_named_by_their_path():
    with pytest.raises(
        TypeError, match=r"jvp: tangents\[0\]\[1\] is a float, but primals\[0\]\[1\] "
    ):
        jvp(lambda v: v[0], ([1.0, [2.0]],), ([1.0, 2.0],))
    with pytest.raises(TypeError, match=r"tangents\[0\] is a list of 1, but .* a list of 2 there"):
        jvp(lambda v: v[0], ([1.0, 2.0],), ([1.0],))
    with pytest.raises(TypeError, match=r"tangents\[0\] is a dict with the keys 'b', but .* 'a'"):
        jvp(lambda v: v["a"], ({"a": 1.0},), ({"b": 1.0},))
    with pytest.raises(
        TypeError, match=r"tangents\[0\] is an empty dict, but .* the keys 'a' there"
    ):
        jvp(lambda v: v["a"], ({"a": 1.0},), ({},))
    with pytest.raises(TypeError, match=r"tangents\[0\] is a list of 1, but .* has a number there"):
        jvp(lambda v: v, (1.0,), ([1.0],))
    with pytest.raises(TypeError, match=r"jvp\(\) got 2 tangents for 1 arguments"):
        jvp(lambda v: v, (1.0,), (1.0, 1.0))
    with pytest.raises(TypeError, match=r"tangents is a tuple with one entry .* not 1.0"):
        jvp(lambda v: v, (1.0,), 1.0)
    with pytest.raises(TypeError, match=r"jvp_fun\(\) got 0 tangents for 1 arguments"):
        linearize(lambda v: v, 1.0)[1]()
    with pytest.raises(TypeError, match=r"jvp: tangents\[0\] is a str; tangents are numbers"):
        jvp(lambda v: v, (1.0,), ("1",))


def test_cotangents_of_another_build_are_named_by_their_path():
    with pytest.raises(TypeError, match=r"vjp_fun: cotangents is a float, but the result has a li"):
        vjp(lambda x: [x, x], 1.0)[1](1.0)


def test_has_aux_without_a_pair_says_what_came_back():
    with pytest.raises(TypeError, match=r"grad\(has_aux=True\) expects .* a pair"):
        grad(lambda x: x, has_aux=True)(1.0)


def test_a_transform_of_no_function_says_so():
    for name in ("grad", "value_and_grad", "jacfwd", "jacrev", "hessian"):
        with pytest.raises(TypeError, match=r"takes a function, not 3"):
            getattr(func, name)(3)
    with pytest.raises(TypeError, match=r"vjp\(\) takes a function"):
        vjp(3, 1.0)


def test_an_unknown_method_in_forward_mode_names_the_ops():
    with pytest.raises(AttributeError, match=r"no attribute 'frobnicate'; .*exp"):
        jvp(lambda x: x.frobnicate(), (1.0,), (1.0,))


def test_a_string_beside_a_number_in_forward_mode_is_a_type_error():
    with pytest.raises(TypeError, match=r"unsupported operand"):
        jvp(lambda x: x + "1", (1.0,), (1.0,))


def test_a_number_in_forward_mode_cannot_be_pickled():
    import pickle

    with pytest.raises(TypeError, match=r"cannot be pickled; use float\(x\)"):
        jvp(lambda x: pickle.dumps(x), (1.0,), (1.0,))


def test_a_rule_that_fails_in_forward_mode_is_named():
    from pluggrad import Op

    def rule(g, out, x):
        raise KeyError("gone")

    bad = Op("bad", lambda x: x, rule)
    for x in (1.0, Value(1.0)):
        with pytest.raises(RuleError, match=r"op 'bad', rule of operand 0: 'gone'"):
            jvp(bad, (x,), (1.0,))
    text = Op("text", lambda x: x, lambda g, out, x: "g")
    with pytest.raises(
        RuleError, match=r"op 'text', rule of operand 0: gave 'g', which is no numb"
    ):
        jvp(text, (Value(1.0),), (1.0,))


def test_an_exception_in_the_function_leaves_nothing_behind():
    def f(x):
        raise GradientError("mine")

    for d in DERIVATIVES.values():
        with pytest.raises(GradientError, match=r"mine"):
            d(f)(1.0)
        assert type(grad(lambda x: x * x)(3.0)) is float


FORWARD = {
    "jvp": lambda f: jvp(f, (2.0,), (1.0,)),
    "jacfwd": lambda f: jacfwd(f)(2.0),
}
GRADIENTS = {
    "grad": lambda v: pluggrad.grad(v * v, v),
    "grad, recorded": lambda v: pluggrad.grad(v * v, v, create_graph=True),
    "grad of several": lambda v: pluggrad.grad(v * v, [v], create_graph=True)[0],
    "grad of a Value": lambda v: pluggrad.grad(Value(2.0) * 2.0, v),
    "backward": lambda v: (v * v).backward(),
    "Value.backward": lambda v: Value.backward(v),
    ".grad": lambda v: v.grad,
}
OTHERS = {
    "Graph": lambda v: Graph(v * v),
    "Graph of several": lambda v: Graph([v, v * v]),
    "render": lambda v: render(v * v),
    "explain": lambda v: explain(v * v, v),
    "Value": lambda v: Value(v),
    "on_gradient": lambda v: on_gradient(v, print),
    "Program": lambda v: Program([v * v]),
    "compile": lambda v: pluggrad.compile(v * v),
}


@pytest.mark.parametrize("transform", FORWARD)
@pytest.mark.parametrize("use", GRADIENTS)
def test_gradients_of_recorded_values_inside_forward_mode_name_what_works_there(use, transform):
    with pytest.raises(
        (TypeError, AttributeError), match=r"forward-mode transform \(jvp.*pluggrad\.func\.grad\(f"
    ):
        FORWARD[transform](GRADIENTS[use])


@pytest.mark.parametrize("transform", FORWARD)
def test_what_works_there_works(transform):
    found = FORWARD[transform](lambda v: grad(lambda a: a * a * a)(v))
    assert found == {"jvp": (12.0, 12.0), "jacfwd": 12.0}[transform]


@pytest.mark.parametrize("transform", FORWARD)
@pytest.mark.parametrize("use", OTHERS)
def test_what_needs_a_history_says_that_there_is_none_inside_forward_mode(use, transform):
    with pytest.raises((TypeError, ValueError), match="inside a forward-mode transform"):
        FORWARD[transform](OTHERS[use])


@pytest.mark.parametrize("inputs", [3.0, None, [3.0], ["x"]])
def test_grad_names_what_is_no_value(inputs):
    with pytest.raises(
        TypeError,
        match=r"grad\(\) takes Values, not (float|NoneType: name what to differentiate by.*|str)$",
    ):
        pluggrad.grad(Value(2.0) * 3.0, inputs)


LARGE = 10**400


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda: grad(lambda x: x)(LARGE), "args[0]: grad()"),
        (lambda: jvp(lambda x: x, (LARGE,), (1.0,)), "args[0]: jvp()"),
        (lambda: jvp(lambda x: x, (1.0,), (-LARGE,)), "jvp: tangents[0]: tangents"),
        (lambda: func.hvp(lambda v: v[0], ([1.0],), ([LARGE],)), "hvp: tangents[0][0]: tangents"),
        (lambda: vjp(lambda x: x, 1.0)[1](LARGE), "vjp_fun: cotangents: cotangents"),
        (lambda: linearize(lambda x: x, 1.0)[1](LARGE), "jvp_fun: tangents[0]: tangents"),
        (lambda: hessian(lambda x: x)(LARGE), "args[0]: jacrev()"),
    ],
)
def test_numbers_too_large_for_a_float_are_named_by_their_place(call, place):
    with pytest.raises(OverflowError, match=re.escape(place) + ".*this int is too large"):
        call()


def test_a_rule_that_gives_a_time_of_numpy_is_refused_in_every_mode():
    np = pytest.importorskip("numpy")
    op = Op("timed", lambda x: x * 1.0, lambda g, out, x: np.timedelta64(3, "ns"))
    x = Value(1.0)
    for call in (
        lambda: op(x).backward(),
        lambda: grad(op)(1.0),
        lambda: jvp(op, (1.0,), (1.0,)),
    ):
        with pytest.raises(RuleError, match="timedelta64"):
            call()
