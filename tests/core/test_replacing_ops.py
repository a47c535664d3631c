"""One op takes another's place: methods, functions, rules, pickles and compiled code mean it."""

import math
import pickle
import random

import numpy as np
import pytest
from pluggrad import Op, OpError, PluginError, Value, compile, func, grad, ops, plugins


def mine(name="exp"):
    """Make an op that nobody takes for an exponential."""
    return Op(name, lambda x: 2.0 * x + 1.0, lambda g, out, x: 2.0 * g)


@pytest.fixture
def replaced():
    op = mine()
    plugins.register_op(op, replace=True)
    yield op
    plugins.unregister("exp")


def calls_exp():
    """Make an op whose rule calls `ops.exp`."""
    return Op("quad", lambda x: x * x, lambda g, out, x: g * ops.exp(x))


def values():
    """Compute with exp in every way there is."""
    x = Value(3.0)
    quad = calls_exp()
    return {
        "method": x.exp().data,
        "function": ops.exp(x).data,
        "function of a number": ops.exp(3.0),
        "installed": plugins.op("exp")(3.0),
        "rule, grad": grad(quad(x), x),
        "rule, recorded": grad(quad(x), x, create_graph=True).data,
        "rule, forward mode": func.jvp(quad, (3.0,), (1.0,))[1],
        "rule, jacrev": func.jacrev(quad)(3.0),
        "compiled": compile(lambda x: ops.exp(x), executor="interpreter")(3.0),
        "machine code": compile(lambda x: ops.exp(x), executor="numba")(3.0),
        "compiled rule": compile(quad, executor="interpreter").grad(3.0),
        "rule in machine code": compile(quad, executor="numba").grad(3.0),
        "Dual": func.jvp(lambda a: a.exp(), (3.0,), (1.0,))[0],
        "pickled op": pickle.loads(pickle.dumps(plugins.op("exp")))(3.0),
    }


def test_everything_means_the_new_op_and_then_the_old_one_again():
    exact = pytest.approx(math.exp(3.0), rel=1e-14)
    assert values() == dict.fromkeys(values(), exact)
    plugins.register_op(mine(), replace=True)
    try:
        assert values() == dict.fromkeys(values(), 7.0)
    finally:
        plugins.unregister("exp")
    assert values() == dict.fromkeys(values(), exact)
    assert plugins.op("exp") is ops.exp


def test_code_that_was_made_before_means_it_too():
    x = Value(3.0)
    quad = calls_exp()
    compiled = {name: compile(quad, executor=name) for name in ("interpreter", "numba")}

    def slopes():
        x.grad = 0.0
        quad(x).backward()
        return [x.grad, *[f.grad(3.0) for f in compiled.values()], func.hessian(quad)(3.0)]

    before = slopes()
    plugins.register_op(mine(), replace=True)
    try:
        assert slopes() == [7.0, 7.0, 7.0, 2.0]
    finally:
        plugins.unregister("exp")
    assert slopes() == before


def test_the_rules_of_built_in_ops_mean_it():
    x = Value(0.0)
    y = x.sin()

    def slopes():
        x.grad = 0.0
        y.backward()
        compiled = compile(ops.sin)
        return [x.grad, grad(y, x), func.grad(ops.sin)(0.0), compiled.grad(0.0)]

    assert slopes() == [1.0] * 4
    plugins.register_op(Op("cos", lambda x: 5.0, lambda g, out, x: 0.0 * g), replace=True)
    try:
        assert slopes() == [5.0] * 4
    finally:
        plugins.unregister("cos")
    assert slopes() == [1.0] * 4


def test_what_was_recorded_before_keeps_its_op_and_is_not_pickled_as_another(replaced):
    plugins.unregister("exp")
    x = Value(60.0)
    y = x.exp()
    right = grad(y, x)
    plugins.register_op(replaced, replace=True)
    assert grad(y, x) == right == y.data
    with pytest.raises(TypeError, match="another op is registered under it"):
        pickle.dumps(y)


def test_a_pickle_is_not_read_with_another_op_of_the_same_name(replaced):
    plugins.unregister("exp")
    whole = pickle.dumps(Value(60.0).exp())
    plugins.register_op(replaced, replace=True)
    with pytest.raises(OpError, match="op 'exp' is another one here than in the pickle"):
        pickle.loads(whole)


def test_a_pickle_is_read_where_its_op_is_and_where_chance_is_in_it():
    chance = Op("chance", lambda x: x + random.random(), lambda g, out, x: g)
    plugins.register_op(chance)
    try:
        for value in (Value(2.0).exp(), chance(Value(2.0)), Value(2.0).log() * Value(3.0)):
            assert pickle.loads(pickle.dumps(value)).data == value.data
    finally:
        plugins.unregister("chance")


def test_other_ops_of_its_plugin_stay():
    plugins.register_op(mine(), replace=True)
    try:
        assert Value(4.0).sqrt().data == 2.0
        assert ops.log(math.e) == 1.0
    finally:
        plugins.unregister("exp")


def test_an_operator_is_replaced_with_its_op():
    product = Op("mul", lambda a, b: 10.0, *[lambda g, out, a, b: g] * 2, operator="*")
    plugins.register_op(product, replace=True)
    try:
        assert (Value(2.0) * 3.0).data == (2.0 * Value(3.0)).data == ops.mul(2.0, 3.0) == 10.0
        assert func.jvp(lambda a: a * 3.0, (2.0,), (1.0,)) == (10.0, 1.0)
    finally:
        plugins.unregister("mul")
    assert (Value(2.0) * 3.0).data == 6.0


def test_a_replacement_is_replaced_in_turn_and_taken_out_once():
    plugins.register_op(mine(), replace=True)
    third = Op("exp", lambda x: 0.5, lambda g, out, x: 0.0 * g)
    plugins.register_op(third, replace=True)
    assert ops.exp(3.0) == Value(3.0).exp().data == 0.5
    plugins.unregister("exp")
    assert ops.exp(0.0) == Value(0.0).exp().data == 1.0


def test_an_op_registered_by_hand_is_replaced_too():
    plugins.register_op(Op("twice", lambda x: 2 * x, lambda g, out, x: 2 * g))
    plugins.register_op(Op("twice", lambda x: 3 * x, lambda g, out, x: 3 * g), replace=True)
    assert Value(1.0).twice().data == 3.0
    plugins.unregister("twice")
    assert not hasattr(Value, "twice")


def test_a_plugin_taken_out_and_an_op_of_its_names_registered_agree_too():
    plugins.unregister("pluggrad.exponential")
    try:
        plugins.register_op(mine())
        assert ops.exp(3.0) == Value(3.0).exp().data == 7.0
        assert func.grad(calls_exp())(3.0) == 7.0
        with pytest.raises(PluginError, match="operands"):
            plugins.register_op(Op("log", lambda a, b: a, *[lambda g, out, a, b: g] * 2))
        plugins.unregister("exp")
        assert ops.exp(0.0) == 1.0
    finally:
        plugins.load()
    assert Value(0.0).exp().data == 1.0
    assert Value(1.0).log().data == 0.0


def test_the_plugin_of_a_replaced_op_can_be_taken_out():
    plugins.register_op(mine(), replace=True)
    plugins.unregister("pluggrad.exponential")
    assert Value(3.0).exp().data == 7.0
    assert not hasattr(Value, "log")
    plugins.unregister("exp")
    assert not hasattr(Value, "exp")
    plugins.load()
    assert Value(0.0).exp().data == 1.0


@pytest.mark.parametrize(
    ("op", "message"),
    [
        (mine("no_such_op"), "no op 'no_such_op' to replace"),
        (
            Op("exp", lambda a, b: a, *[lambda g, out, a, b: g] * 2),
            "'exp' has 2 operands .* call one of this name with 1 operands",
        ),
        (
            Op("mul", lambda a, b: a, *[lambda g, out, a, b: g] * 2),
            r"'mul' serves the operator None, but .* serves '\*'",
        ),
        ("exp", "not an Op"),
    ],
)
def test_what_cannot_take_the_place_is_refused(op, message):
    with pytest.raises(PluginError, match=message):
        plugins.register_op(op, replace=True)
    assert plugins.op("exp") is ops.exp
    assert plugins.op("mul") is ops.mul


def test_without_replace_the_installed_op_is_kept_and_the_way_is_named():
    with pytest.raises(PluginError, match=r"is kept; plugins\.register_op\(op, replace=True\)"):
        plugins.register_op(mine())


def test_ops_stand_in_their_order_whatever_took_their_place_meanwhile():
    before = list(plugins.ops)
    plugins.register_op(mine(), replace=True)
    during = list(plugins.ops)
    plugins.unregister("exp")
    assert before == during == list(plugins.ops)


strength = 1.0
settings = {"strength": 1.0}


def by_a_function(x):
    return strength * x


class Scale:
    strength = 1.0

    def __call__(self, x):
        return self.strength * x


SCALE = Scale()


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: strength * x,
        lambda x: by_a_function(x) + 1.0,
        lambda x: settings["strength"] * x,
        lambda x: SCALE(x),
        SCALE,
    ],
)
def test_a_pickle_of_an_op_is_read_where_what_its_forward_reads_has_changed(forward, monkeypatch):
    op = Op("scaled", forward, lambda g, out, x: strength * g)
    plugins.register_op(op)
    try:
        written = pickle.dumps(op(Value(2.0)))
        monkeypatch.setitem(globals(), "strength", 5.0)
        monkeypatch.setitem(settings, "strength", 5.0)
        monkeypatch.setattr(SCALE, "strength", 5.0, raising=False)
        loaded = pickle.loads(written)
        loaded.backward()
        assert loaded.op is op
        assert loaded.prev[0].grad == 5.0
    finally:
        plugins.unregister("scaled")


@pytest.mark.parametrize("other", [lambda x: x * x, lambda x: math.pi * float(np.cos(x))])
def test_a_pickle_of_another_op_is_refused_whatever_constants_either_reads(other):
    plugins.register_op(Op("scaled", lambda x: math.pi * float(np.sin(x)), lambda g, out, x: g))
    try:
        written = pickle.dumps(Value(2.0).scaled())
        plugins.register_op(Op("scaled", other, lambda g, out, x: g), replace=True)
        with pytest.raises(OpError, match="is another one here than in the pickle"):
            pickle.loads(written)
    finally:
        plugins.unregister("scaled")
