"""Keywords that other engines have, and what to write here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import FunctionType, MethodType

from pluggrad.value import Value

from .names import closest
from .values import moving_hint

FUNCTION = "pluggrad.func.grad(f, argnums=...) gives the gradient of a function"

# A keyword of PyTorch, JAX or autograd: the answer.
KEYWORDS = {
    "retain_graph": "leave it out; a graph lives as long as a Value of it",
    "create_graph": "grad(y, x, create_graph=True) returns gradients with a history",
    "grad_tensors": "it is gradient=",
    "grad_output": "it is gradient=",
    "grad_outputs": "it is gradient=",
    "inputs": "grad(y, inputs) computes the gradients of these alone",
    "outputs": "it is the first argument",
    "allow_unused": "leave it out; an input that the output does not depend on has the gradient 0",
    "materialize_grads": "leave it out; an input that the output does not depend on has the "
    "gradient 0",
    "argnums": FUNCTION,
    "argnum": FUNCTION,
    "has_aux": "pluggrad.func.grad(f, has_aux=True) does it for a function",
}


# What a function takes by name.
TAKEN = {"backward": ("gradient",), "grad": ("create_graph", "gradient")}


def unknown_keyword(function: str, *given: str) -> TypeError:
    """Return the error for keywords that a function has not; the first of them is named."""
    name, known = given[0], TAKEN[function]
    close = closest(name, known)
    hint = KEYWORDS.get(name) or (
        f"did you mean {close}=?" if close else f"available: {', '.join(known)}"
    )
    return TypeError(f"{function}() has no keyword {name}=; {hint}")


def wrong_grad(output: object, wanted: Sequence[object], others: Iterable[str]) -> TypeError:
    """Return the error for a call of `grad` that is not `grad(output, inputs)`."""
    if isinstance(output, FunctionType | MethodType | type):
        return TypeError(f"grad() takes Values, not a function; {FUNCTION}")
    if others := list(others):
        return unknown_keyword("grad", *others)
    x = next(x for x in (output, *wanted) if not isinstance(x, Value))
    hint = moving_hint(x) or ": name what to differentiate by, as in grad(y, x)" * (x is None)
    return TypeError(f"grad() takes Values, not {type(x).__name__}{hint}")
