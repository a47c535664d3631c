"""The conformance kit: proves an op's rules right, or says which one is wrong and where.

In a program or notebook `check_op(op)`; on the command line `pluggrad check NAME`; in a plugin's
tests the whole suite is one line, `test_ops = op_suite("my-plugin")`.
"""

from .checks import CHECKS
from .errors import ConformanceError
from .suite import check_op, op_suite, ops_of

__all__ = ["CHECKS", "ConformanceError", "check_op", "op_suite", "ops_of"]
