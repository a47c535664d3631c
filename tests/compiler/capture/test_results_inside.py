"""What a transform of floats gives inside another one is a Value, outside of any a float."""

import math

import pytest
from pluggrad import Value, checkpoint, compile, func


def cube(w):
    return w * w * w


INNER = {
    "grad": lambda y: func.grad(lambda w: w * w * y)(-1.5),
    "value_and_grad": lambda y: func.value_and_grad(lambda w: w * w * y)(-1.5),
    "grad of nothing": lambda y: func.value_and_grad(lambda w: y)(-1.5),
    "grad there": lambda y: func.grad(cube)(y),
    "vjp": lambda y: func.vjp(lambda w: w * w * y, -1.5)[1](1.0),
    "hvp": lambda y: func.hvp(lambda w: w * w * y, (-1.5,), (1.0,)),
    "jvp": lambda y: func.jvp(lambda w: w * w * y, (-1.5,), (1.0,)),
    "jvp of nothing": lambda y: func.jvp(lambda w: y * 2.0, (-1.5,), (1.0,)),
    "jvp there": lambda y: func.jvp(cube, (y,), (y,)),
    "linearize": lambda y: func.linearize(lambda w: w * w * y, -1.5)[1](1.0),
    "hessian": lambda y: func.hessian(lambda w: w * w * y)(-1.5),
    "jacrev": lambda y: func.jacrev(lambda w: [w * w * y, w])(-1.5),
    "jacfwd": lambda y: func.jacfwd(lambda w: [w * w * y, w])(-1.5),
    "vmap": lambda y: func.vmap(lambda w: w * y)([1.0, 2.0]),
}
AROUND = {
    "nothing": lambda inner, y: inner(y),
    "checkpoint": lambda inner, y: checkpoint(inner, y),
    "grad": lambda inner, y: func.value_and_grad(lambda q: (q * q, inner(y)), has_aux=True)(1.5),
    "jvp": lambda inner, y: func.jvp(lambda q: (q * q, inner(y)), (1.5,), (1.0,), has_aux=True),
}


def are_floats(tree):
    return [*map(are_floats, tree)] if isinstance(tree, list | tuple) else isinstance(tree, float)


@pytest.mark.parametrize("of", ["a float", "a Value"])
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("inner", INNER)
def test_a_recorded_one_gives_the_same_kind(inner, around, of):
    seen = []

    def f(x):
        def noted(y):
            seen.append(are_floats(found := INNER[inner](y)))
            return found

        y = x.data if of == "a float" else x
        seen.append(are_floats(AROUND[around](noted, y)))
        return x * x

    f(Value(2.0))
    eager = seen[:]
    del seen[:]
    compile(f, executor="interpreter")(2.0)
    assert seen[: len(eager)] == eager


def test_numbers_of_a_checkpoint_follow_the_standard():
    def f(x):
        y = checkpoint(lambda v: func.grad(lambda w: w * w * v)(0.0), x.data)
        return x + x.data / abs(y)

    compiled = compile(f, executor="interpreter")
    for x, expected in ((2.0, math.inf), (-3.0, -math.inf)):
        assert compiled(x) == f(Value(x)).data == expected
