"""Rules that read numbers from outside: each pass reads them anew."""

import math
import sys
from types import SimpleNamespace

import pytest
from pluggrad import Op, Value, compile, func, grad
from pluggrad.errors import TraceError
from pluggrad.ops import exp, sin
from pluggrad.trace import with_symbols

STRENGTH = 1.0


def reversal_by_global():
    def change(to):
        global STRENGTH
        STRENGTH = to

    return Op("reversal", lambda x: x, lambda g, out, x: -STRENGTH * g), change


def reversal_by_closure():
    strength = 1.0

    def change(to):
        nonlocal strength
        strength = to

    return Op("reversal", lambda x: x, lambda g, out, x: -strength * g), change


def reversal_by_helper():
    strength = 1.0

    def change(to):
        nonlocal strength
        strength = to

    def scaled(g):
        return -strength * g

    return Op("reversal", lambda x: x, lambda g, out, x: scaled(g)), change


def reversal_by_attribute():
    settings = SimpleNamespace(strength=1.0)
    return (
        Op("reversal", lambda x: x, lambda g, out, x: -settings.strength * g),
        lambda to: setattr(settings, "strength", to),
    )


def reversal_by_item():
    settings = {"strength": 1.0}
    return (
        Op("reversal", lambda x: x, lambda g, out, x: -settings["strength"] * g),
        lambda to: settings.update(strength=to),
    )


def reversal_by_method():
    class Reversal:
        strength = 1.0

        def rule(self, g, out, x):
            return -self.strength * g

    reversal = Reversal()
    return (
        Op("reversal", lambda x: x, reversal.rule),
        lambda to: setattr(reversal, "strength", to),
    )


def reversal_by_branch():
    mode = "weak"

    def change(to):
        nonlocal mode
        mode = "strong" if to > 1.0 else "weak"

    def rule(g, out, x):
        return -5.0 * g if mode == "strong" else -1.0 * g

    return Op("reversal", lambda x: x, rule), change


def reversal_by_default():
    def scaled(g, strength=1.0):
        return -strength * g

    op = Op("reversal", lambda x: x, lambda g, out, x: scaled(g))
    return op, lambda to: setattr(scaled, "__defaults__", (to,))


def reversal_by_keyword_default():
    def scaled(g, *, strength=1.0):
        return -strength * g

    op = Op("reversal", lambda x: x, lambda g, out, x: scaled(g))
    return op, lambda to: scaled.__kwdefaults__.update(strength=to)


def reversal_by_list_in_a_default():
    def scaled(g, strengths=[1.0]):  # noqa: B006 - that is what is tested
        return -strengths[0] * g

    op = Op("reversal", lambda x: x, lambda g, out, x: scaled(g))
    return op, lambda to: scaled.__defaults__[0].__setitem__(0, to)


def reversal_by_function_in_a_default():
    strengths = [1.0]

    def scaled(g, strength=lambda: strengths[0]):
        return -strength() * g

    op = Op("reversal", lambda x: x, lambda g, out, x: scaled(g))
    return op, lambda to: strengths.__setitem__(0, to)


def backward(op, x):
    leaf = Value(x)
    op(leaf).backward()
    return leaf.grad


def in_a_long_graph(op, x):
    leaf = Value(x)
    sum([op(leaf) for _ in range(1024)], Value(0.0)).backward()
    return leaf.grad / 1024.0


MODES = {
    "backward": backward,
    "long": in_a_long_graph,
    "grad": lambda op, x: (lambda leaf: grad(op(leaf), leaf))(Value(x)),
    "func.grad": lambda op, x: func.grad(op)(x),
    "jvp": lambda op, x: func.jvp(lambda v: op(v), (x,), (1.0,))[1],
    "hvp": lambda op, x: func.hvp(lambda v: 0.5 * op(v) * v, (x,), (1.0,)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "make",
    [
        reversal_by_global, reversal_by_closure, reversal_by_helper, reversal_by_attribute,
        reversal_by_item, reversal_by_method, reversal_by_branch, reversal_by_default,
        reversal_by_keyword_default, reversal_by_list_in_a_default,
        reversal_by_function_in_a_default,
    ],
)  # fmt: skip
def test_a_rule_uses_the_number_that_is_there_now(make, mode):
    op, change = make()
    for strength in (1.0, 5.0, 1.0):
        change(strength)
        assert MODES[mode](op, 2.0) == pytest.approx(-strength, rel=1e-12)


def test_rules_of_built_in_shape_are_written_down():
    calls = []
    copy = with_symbols(
        lambda g, out, x: g * exp(x) * math.pi * STRENGTH,
        lambda source, name: calls.append(name) or 3.0,
    )
    assert copy(1.0, None, 0.0) == math.pi * 3.0
    assert calls == ["STRENGTH"]


def counted():
    seen = 0

    def rule(g, out, x):
        nonlocal seen
        seen += 1
        return g

    return rule


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * SimpleNamespace(a=1.0).a,
        lambda g, out, x: g * len(pytest.__name__),
        counted(),
        reversal_by_item()[0].rules[0],
    ],
)
def test_what_may_change_unseen_is_not_written_down(rule):
    with pytest.raises(TraceError):
        with_symbols(rule, lambda source, name: 1.0)


def caught(g, out, x):
    try:
        return 2.0 * g * (x if x.hex() else 0.0)
    except:  # noqa: E722 - any other names a class
        return 3.0 * g * x


def matched(g, out, x):
    match x:
        case float():
            return 2.0 * g * x
    return 3.0 * g * x


ASKING = {
    "isinstance": lambda g, out, x: (2.0 if isinstance(x, float) else 3.0) * g * x,
    "type": lambda g, out, x: (2.0 if type(x) is float else 3.0) * g * x,
    "__class__": lambda g, out, x: (2.0 if x.__class__ is float else 3.0) * g * x,
    "hasattr": lambda g, out, x: (2.0 if hasattr(x, "hex") else 3.0) * g * x,
    "an error": caught,
    "a match": matched,
}


@pytest.mark.parametrize("asked", ASKING)
def test_a_rule_that_asks_for_a_class_is_given_numbers_wherever_gradients_are(asked):
    op = Op("asking", lambda x: x * x, ASKING[asked])
    x, leaf = Value(3.0), Value(3.0)
    op(leaf).backward()
    slopes = [
        op.partial(0, 1.0, 9.0, 3.0),
        grad(op(x), x),
        leaf.grad,
        func.grad(op)(3.0),
        func.jvp(op, (3.0,), (1.0,))[1],
        compile(lambda v: op(v), executor="interpreter").grad(3.0),
    ]
    assert slopes == [6.0] * 6


CHOSEN = exp


def chosen_helper(x):
    return 2.0 * x


@pytest.mark.parametrize(("name", "other"), [("CHOSEN", sin), ("chosen_helper", lambda x: 3.0 * x)])
def test_another_op_or_function_under_the_name_that_a_rule_calls_is_noticed(
    name, other, monkeypatch
):
    op = Op("chosen", lambda x: x, lambda g, out, x: g * CHOSEN(x) + chosen_helper(x))
    for _ in range(2):
        x = Value(0.5)
        (op(x) * x).backward()
        expected = CHOSEN(0.5) * 0.5 + chosen_helper(0.5) + 0.5
        assert x.grad == pytest.approx(expected)
        assert func.jvp(op, (0.5,), (1.0,))[1] == pytest.approx(CHOSEN(0.5) + chosen_helper(0.5))
        monkeypatch.setattr(sys.modules[__name__], name, other)
