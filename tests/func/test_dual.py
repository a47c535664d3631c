"""A number on its way through forward mode, as Python code meets it."""

import copy
import math
import pickle
from decimal import Decimal
from functools import singledispatch, singledispatchmethod

import pytest
from pluggrad import Op, RuleError, Value, compile, func, no_grad
from pluggrad.func import grad, jvp
from pluggrad.func.dual import Dual
from pluggrad.ops import floor


def seen(look, at=2.5):
    """What a function of a number finds inside forward mode."""
    found = []
    jvp(lambda x: found.append(look(x)) or x, (at,), (1.0,))
    return found[0]


def test_it_is_a_number_among_numbers():
    assert seen(float) == 2.5
    assert seen(int) == 2
    assert seen(bool) is True
    assert seen(bool, 0.0) is False
    assert seen(lambda x: (x < 3, x <= 2.5, x > 3.0, x >= Value(2.5))) == (True, True, False, True)
    assert seen(lambda x: x.data) == 2.5
    assert seen(lambda x: +x is x)


def test_what_python_asks_of_a_value_by_a_method_of_its_own_it_answers_too():
    sockets = {name for name in vars(Value) if name.startswith("__")}
    of_classes = {"__weakref__", "__annotations__", "__static_attributes__", "__firstlineno__"}
    assert {x for x in sockets if not hasattr(Dual, x)} <= of_classes


@pytest.mark.parametrize(
    "f",
    [
        lambda x: divmod(x, 0.7)[1] * x,
        lambda x: divmod(5.0, x)[1] * x + divmod(x, x)[0],
        lambda x: x * x.item(),
        lambda x: x * (x < Decimal("2.6")) * (Decimal("2.6") >= x),
    ],
)
def test_slopes_are_those_of_backward(f):
    leaf = Value(2.5)
    result = f(leaf)
    result.backward()
    assert jvp(f, (2.5,), (1.0,)) == pytest.approx((result.data, leaf.grad), rel=1e-15)


def test_it_shows_number_and_tangent():
    assert seen(repr) == "Value(2.5, tangent=1.0)"
    assert seen(str) == "Value(2.5, tangent=1.0)"
    assert seen(lambda x: f"{x:.2f} {x}") == "2.50 Value(2.5, tangent=1.0)"


@singledispatch
def cubed_as_a_value(x):
    return x * 7.0


@cubed_as_a_value.register
def _(x: Value):
    return x**3


class Cubed:
    @singledispatchmethod
    def of(self, x):
        return x * 7.0

    @of.register
    def _(self, x: Value):
        return x**3


def matched(x):
    match x:
        case Value():
            return x**3
        case _:
            return x * 7.0


TYPE_TESTS = {
    "isinstance": lambda x: x**3 if isinstance(x, Value) else x * 7.0,
    "isinstance of several": lambda x: x**3 if isinstance(x, (str, Value)) else x * 7.0,
    "isinstance of a union": lambda x: x**3 if isinstance(x, int | Value) else x * 7.0,
    "isinstance of what was computed": lambda x: x**3 if isinstance(x * x, Value) else x * 7.0,
    "issubclass": lambda x: x**3 if issubclass(x.__class__, Value) else x * 7.0,
    "match": matched,
    "singledispatch": cubed_as_a_value,
    "singledispatchmethod": Cubed().of,
    "==": lambda x: x**3 if type(x) == Value else x * 7.0,  # noqa: E721
    "in": lambda x: x**3 if type(x) in (Value, float) else x * 7.0,
    "a dict of classes": lambda x: {Value: x**3, float: x * 7.0}[type(x)],
    "its text": lambda x: x**3 if str(x).startswith("Value(") else x * 7.0,
    "no number": lambda x: x * 7.0 if isinstance(x, (int, float, complex)) else x**3,
    "the method of the class": lambda x: Value.exp(Value.log(x) * 3.0),
    "the methods of the class": lambda x: next(map(Value.exp, [x.log() * 3.0])),
}


@pytest.mark.parametrize("f", TYPE_TESTS.values(), ids=TYPE_TESTS)
def test_asking_for_a_class_finds_what_reverse_mode_finds(f):
    close = pytest.approx
    assert grad(f)(2.0) == close(12.0)
    assert jvp(f, (2.0,), (1.0,)) == close((8.0, 12.0))
    assert func.jacfwd(func.jacfwd(f))(2.0) == close(12.0)
    assert func.hvp(f, (2.0,), (1.0,)) == func.hessian(f)(2.0) == close(12.0)
    assert func.linearize(f, 2.0)[1](1.0) == close(12.0)
    assert jvp(compile(f), (2.0,), (1.0,)) == close((8.0, 12.0))
    assert jvp(func.grad(f), (2.0,), (1.0,)) == close((12.0, 12.0))


@pytest.mark.parametrize("name", ["backward", "grad", "op", "prev"])
def test_asking_whether_it_has_what_only_a_graph_has_is_refused(name):
    def f(x):
        return x**3 if hasattr(x, name) else x * 7.0

    assert grad(f)(2.0) == 12.0
    with pytest.raises(TypeError, match=f"there is no {name}: a number inside a forward-mode"):
        jvp(f, (2.0,), (1.0,))


def test_the_method_of_the_class_computes_on_plain_numbers_too():
    assert list(map(Value.sqrt, [4.0, 9])) == [2.0, 3.0]
    with pytest.raises(TypeError, match=r"sqrt\(\) takes numbers and Values, not str: 'four'"):
        Value.sqrt("four")


def test_deep_copies_are_itself_and_shallow_ones_and_pickles_are_refused_as_of_a_value():
    assert seen(lambda x: copy.deepcopy(x) is x)
    for x in (Value(2.5), None):
        with pytest.raises(TypeError, match="a shallow copy of a Value would be a second name"):
            copy.copy(x) if x else seen(copy.copy)
    with pytest.raises(TypeError, match=r"cannot be pickled; use float\(x\)"):
        seen(pickle.dumps)


def test_detached_it_is_a_constant_at_every_level():
    constant = seen(lambda x: x.detach())
    assert (constant.data, constant.requires_grad) == (2.5, False)
    twice = jvp(lambda x: jvp(lambda y: x.detach() * y, (1.0,), (1.0,))[1], (3.0,), (1.0,))
    assert twice == (3.0, 0.0)


def test_comparing_it_with_text_is_a_type_error():
    with pytest.raises(TypeError, match=r"'<' not supported between instances of 'Dual' and 'str'"):
        seen(lambda x: x < "3")


def test_levels_are_unwrapped_from_the_inside():
    inner = []
    jvp(lambda x: jvp(lambda y: inner.append(y * x) or y, (x,), (1.0,))[0], (3.0,), (1.0,))
    (both,) = inner
    assert isinstance(both.primal, Dual)
    assert both.level > both.primal.level
    assert float(both) == 9.0


def test_python_raising_in_a_rule_on_duals_is_ieee_754():
    flat = Op("flat", lambda x: x, lambda g, out, x: g / (x - x))
    assert jvp(flat, (1.0,), (1.0,))[1] == math.inf
    assert math.isinf(float(jvp(grad(flat), (1.0,), (1.0,))[0]))
    assert jvp(lambda x: jvp(lambda y: y / 0.0, (x,), (1.0,))[1], (1.0,), (1.0,)) == (math.inf, 0.0)


def test_a_rule_that_gives_no_number_in_forward_over_reverse_is_named():
    text = Op("text", lambda x: x, lambda g, out, x: "g")
    with pytest.raises(RuleError, match=r"op 'text', rule of operand 0"):
        jvp(grad(text), (1.0,), (1.0,))


def test_a_recorded_argument_of_a_transform_can_be_pickled():
    kept = []
    grad(lambda x: kept.append(x * 2.0) or x)(3.0)
    again = pickle.loads(pickle.dumps(kept[0]))
    assert again.data == 6.0
    assert again.prev[0].op is kept[0].prev[0].op


def test_none_in_a_tree_is_told_by_name():
    with pytest.raises(TypeError, match=r"tangents\[0\]\[1\] is a float, but .* has None there"):
        jvp(lambda v: v[0], ([1.0, None],), ([1.0, 2.0],))


def test_a_tangent_on_an_operand_without_a_rule_leaves_the_others_alone():
    rule = lambda g, out, x, n: 2 * g * x * floor(n)
    scaled = Op("scaled", lambda x, n: x**2 * int(n), rule, None)
    slope = lambda x, n: jvp(scaled, (x, n), (1.0, 0.0))[1]
    assert jvp(slope, (3.0, 2.0), (0.0, 1.0)) == (12.0, 0.0)
    assert jvp(slope, (3.0, 2.0), (1.0, 1.0)) == (12.0, 4.0)


@pytest.mark.parametrize("name", ["exp", "tanh", "detach", "relu"])
def test_what_is_computed_under_no_grad_has_the_methods_of_a_value(name):
    def f(x, y):
        with no_grad():
            still = getattr(x * y, name)()
        return still * x + still.data * y

    numbers, direction = (1.5, -0.5), (1.0, 2.0)
    value, slopes = func.value_and_grad(f, (0, 1))(*numbers)
    assert func.jvp(f, numbers, direction) == pytest.approx(
        (value, slopes[0] + 2.0 * slopes[1]), rel=1e-14
    )
    assert func.hessian(f, (0, 1))(*numbers) == ((0.0, 0.0), (0.0, 0.0))
    assert func.jvp(lambda x: func.jvp(f, (x, -0.5), (1.0, 0.0))[1], (1.5,), (1.0,))[1] == 0.0


MADE_OF_THE_CLASS = {
    "term": lambda x: x * 2 + type(x)(3.0),
    "factor": lambda x: x * x * type(x)(3.0),
    "start of a sum": lambda x: sum([x, x * x], type(x)(0.0)),
    "result": lambda x: type(x)(3.0) + 0.0,
    "branch": lambda x: x * x if x > type(x)(1.0) else x,
}


@pytest.mark.parametrize("name", MADE_OF_THE_CLASS)
def test_a_number_made_by_the_class_of_another_does_not_move(name):
    f = MADE_OF_THE_CLASS[name]
    y, slope, bent = float(f(Value(1.5))), float(func.grad(f)(1.5)), float(func.hessian(f)(1.5))
    assert func.jvp(f, (1.5,), (1.0,)) == (y, slope)
    assert func.jacfwd(f)(1.5) == slope
    assert func.jacfwd(func.jacfwd(f))(1.5) == bent
    assert type(func.jvp(f, (1.5,), (1.0,))[0]) is float


def test_what_no_rule_says_how_it_moves_is_a_value_still():
    cut = Op("cut_off", lambda x: float(int(x)), None)
    seen = []

    def f(x):
        out = cut(x)
        seen.append(isinstance(out, Value))
        return -1.5 / out + x

    assert func.jvp(f, (0.5,), (1.0,)) == (-math.inf, 1.0)
    assert func.jacfwd(f)(0.5) == func.grad(f)(0.5) == 1.0
    assert all(seen)
