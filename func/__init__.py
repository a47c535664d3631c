"""Function transforms: derivatives of functions, as functions, which nest to any depth.

Names and behaviour are those of JAX and torch.func. Arguments and results are numbers, or nested
lists, tuples and dicts of numbers.
"""

from .checkpointing import checkpoint
from .custom import custom_rule
from .gradient_hooks import on_gradient
from .transforms import (
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
)

__all__ = [
    "checkpoint",
    "custom_rule",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "on_gradient",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
