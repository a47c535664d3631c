"""Function transforms: derivatives of functions, as functions, which nest to any depth.

Names and behaviour are those of JAX and torch.func. Arguments and results are numbers, or nested
lists, tuples, dicts, dataclasses and registered classes of numbers.
"""

from .checkpointing import checkpoint
from .containers import register_pytree_node
from .custom import custom_rule
from .gradient_hooks import on_gradient
from .jacobians import hessian, hvp, jacfwd, jacobian, jacrev
from .symbolic import from_sympy, to_sympy
from .transforms import grad, jvp, linearize, stop_gradient, value_and_grad, vjp
from .vmap import vmap

__all__ = [
    "checkpoint",
    "custom_rule",
    "from_sympy",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "on_gradient",
    "register_pytree_node",
    "stop_gradient",
    "to_sympy",
    "value_and_grad",
    "vjp",
    "vmap",
]
