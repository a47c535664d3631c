"""Keywords that other engines have, and what to write here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import Parameter, signature
from types import FunctionType, MethodType
from typing import Any, ParamSpec, TypeVar

from pluggrad.value import Value

from .names import closest
from .values import moving_hint

P = ParamSpec("P")
R = TypeVar("R")

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

# What layers and optimizers of other libraries call their arguments: the names here.
ARGUMENTS = {
    **dict.fromkeys(("learning_rate", "eta", "step_size"), ("lr",)),
    **dict.fromkeys(("params", "variables", "model"), ("parameters",)),
    **dict.fromkeys(("beta1", "beta2", "beta_1", "beta_2", "b1", "b2"), ("betas",)),
    **dict.fromkeys(("epsilon",), ("eps",)),
    **dict.fromkeys(("rho",), ("alpha",)),
    **dict.fromkeys(("l2", "decay"), ("weight_decay",)),
    **dict.fromkeys(("in_features", "input_size", "input_dim", "inputs"), ("inputs", "nin")),
    **dict.fromkeys(("out_features", "output_size", "units", "outputs"), ("outputs", "nout")),
    **dict.fromkeys(("layers", "sizes", "hidden", "hidden_sizes"), ("nouts",)),
    **dict.fromkeys(("act", "nonlinearity", "activation_fn"), ("activation",)),
    **dict.fromkeys(("use_bias",), ("bias",)),
    **dict.fromkeys(("init", "initializer", "kernel_initializer"), ("initial",)),
    **dict.fromkeys(("seed", "generator", "key"), ("rng",)),
    **dict.fromkeys(("num_embeddings", "vocab_size"), ("count",)),
    **dict.fromkeys(("embedding_dim", "embed_dim", "dim", "d_model"), ("channels",)),
    **dict.fromkeys(("num_heads", "n_heads"), ("heads",)),
}


# What a function takes by name.
TAKEN = {"backward": ("gradient",), "grad": ("create_graph", "gradient")}


def unknown_keyword(function: str, *given: str) -> TypeError:
    """Return the error for keywords that a function has not; the first of them is named."""
    name, known = given[0], TAKEN[function]
    hint = KEYWORDS.get(name) or _instead_of(name, known)
    return TypeError(f"{function}() has no keyword {name}=; {hint}")


def _instead_of(name: str, known: Sequence[str]) -> str:
    for here in ARGUMENTS.get(name, ()):
        if here in known:
            return f"it is {here}="
    close = closest(name, known)
    return f"did you mean {close}=?" if close else f"available: {', '.join(known)}"


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Let an `__init__` say what a keyword that it has not is called here."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if kwargs and error.__traceback__ and error.__traceback__.tb_next is None:
                _check_keywords(function, type(args[0]).__name__, kwargs)
            raise

    return wrapper


def _check_keywords(function: Callable[..., Any], name: str, given: Iterable[str]) -> None:
    known = [
        x.name
        for x in list(signature(function).parameters.values())[1:]
        if x.kind is not Parameter.VAR_KEYWORD
    ]
    for keyword in given:
        if keyword not in known:
            hint = _instead_of(keyword, known)
            raise TypeError(f"{name}() has no keyword {keyword}=; {hint}") from None


def wrong_grad(output: object, wanted: Sequence[object], others: Iterable[str]) -> TypeError:
    """Return the error for a call of `grad` that is not `grad(output, inputs)`."""
    if isinstance(output, FunctionType | MethodType | type):
        return TypeError(f"grad() takes Values, not a function; {FUNCTION}")
    if others := list(others):
        return unknown_keyword("grad", *others)
    x = next(x for x in (output, *wanted) if not isinstance(x, Value))
    hint = moving_hint(x) or ": name what to differentiate by, as in grad(y, x)" * (x is None)
    return TypeError(f"grad() takes Values, not {type(x).__name__}{hint}")
