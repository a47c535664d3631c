"""A gradient that is zero has the same sign, however it was computed."""

import math

import pytest
from pluggrad import Value, compile, func, grad
from pluggrad.ops import maximum

FUNCTIONS = {
    "a product": lambda c, v: v * c,
    "its negation": lambda c, v: -(v * c),
    "a sum of two": lambda c, v: v * c + v * c,
    "a sum of unlike ones": lambda c, v: v * c - v * c,
    "a chain": lambda c, v: (v * 2.0 * c) * 3.0,
    "the operand itself, once": lambda c, v: v * c + 0.0 * c,
    "nothing of it": lambda c, v: c * 2.0,
    "a branch not taken": lambda c, v: maximum(v * c, v - 1.0),
}


def float_of(x):
    return x.data if isinstance(x, Value) else x


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("what", FUNCTIONS)
def test_a_zero_gradient_has_the_same_sign_in_every_mode(what, zero):
    def gradient(x):
        return func.grad(lambda v: FUNCTIONS[what](zero, v))(x)

    on_values = lambda x: gradient(x * 1.0)
    x = Value(2.0)
    found = {
        "a float": gradient(2.0),
        "a Value": gradient(Value(2.0)),
        "a gradient inside": func.value_and_grad(on_values)(2.0)[0],
        "forward mode": func.jvp(on_values, (2.0,), (1.0,))[0],
        "compiled": compile(on_values, executor="interpreter")(2.0),
        "compiled, with a gradient": compile(on_values, executor="interpreter").value_and_grad(2.0)[
            0
        ],
        "vjp": func.vjp(lambda v: FUNCTIONS[what](zero, v), 2.0)[1](1.0)[0],
    }
    if what != "nothing of it":
        found["grad()"] = grad(FUNCTIONS[what](zero, x), x)
    signs = {mode: math.copysign(1.0, float_of(g)) for mode, g in found.items()}
    assert len(set(signs.values())) == 1, signs
    assert len({float_of(g) for g in found.values()}) == 1
