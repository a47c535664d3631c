"""Every way to differentiate a function of one number, for the tests beside this."""

import itertools

from pluggrad.func import grad, jacfwd, jacrev, jvp, linearize, value_and_grad, vjp

DERIVATIVES = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "linearize": lambda f: lambda x: linearize(f, x)[1](1.0),
    "jacfwd": jacfwd,
    "jacrev": jacrev,
}
MIXES = list(itertools.product(DERIVATIVES, repeat=2))
PAIRS = list(itertools.product(["grad", "jvp"], repeat=2))
TRIPLES = list(itertools.product(["grad", "jvp", "linearize", "vjp"], repeat=3))


def derivative(f, *modes):
    for mode in modes:
        f = DERIVATIVES[mode](f)
    return f
