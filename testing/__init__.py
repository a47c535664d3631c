"""The conformance kit: proves that ops and renderers are right, or says which is wrong and where.

In a program or notebook `check_op(op)` and `check_renderer(kind)`; on the command line
`pluggrad check NAME`; in a plugin's tests one line each, `test_ops = op_suite("my-plugin")` and
`test_renderers = renderer_suite("my-plugin")`.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from .check_renderers import RENDERER_CHECKS
from .errors import ConformanceError
from .grading import Grades, grade
from .renderer_suite import check_renderer, renderer_suite
from .selection import ops_of, renderers_of

if TYPE_CHECKING:
    from .checks import CHECKS
    from .suite import check_op, op_suite

__all__ = [
    "CHECKS",
    "RENDERER_CHECKS",
    "ConformanceError",
    "Grades",
    "check_op",
    "check_renderer",
    "grade",
    "op_suite",
    "ops_of",
    "renderer_suite",
    "renderers_of",
]

# What needs hypothesis and mpmath, which take longer to load than a renderer to be checked.
_OF_OPS = {"CHECKS": "checks", "check_op": "suite", "op_suite": "suite"}


def __getattr__(name: str) -> Any:
    """Load the kit for ops when it is first used."""
    if name not in _OF_OPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        thing = globals()[name] = getattr(_import_module(f".{_OF_OPS[name]}", __name__), name)
    except ModuleNotFoundError as cause:
        raise ModuleNotFoundError(
            f"{name} needs a package: {cause}; pip install 'pluggrad[testing]'", name=cause.name
        ) from cause
    return thing
