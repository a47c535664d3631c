"""The conformance kit: proves ops and renderers right, or says which one is wrong and where.

In a program or notebook `check_op(op)` and `check_renderer(kind)`; on the command line
`pluggrad check NAME`; in a plugin's tests one line each, `test_ops = op_suite("my-plugin")` and
`test_renderers = renderer_suite("my-plugin")`.
"""

from .check_renderers import RENDERER_CHECKS
from .checks import CHECKS
from .errors import ConformanceError
from .renderer_suite import check_renderer, renderer_suite, renderers_of
from .suite import check_op, op_suite, ops_of

__all__ = [
    "CHECKS",
    "RENDERER_CHECKS",
    "ConformanceError",
    "check_op",
    "check_renderer",
    "op_suite",
    "ops_of",
    "renderer_suite",
    "renderers_of",
]
