"""Where settings come from, files and environment variables, and what each can be."""

from .checks import KEYS, check_names, checked
from .environment import ENVIRONMENT, from_environment
from .files import find_file, from_file

__all__ = [
    "ENVIRONMENT",
    "KEYS",
    "check_names",
    "checked",
    "find_file",
    "from_environment",
    "from_file",
]
