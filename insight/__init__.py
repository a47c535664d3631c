"""What tells why: gradients explained path by path, and the first number that went wrong."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .anomaly import detect_anomaly
    from .comparison import Comparison, compare
    from .explanation import Explanation, explain
    from .film import Film
    from .lines import recording_lines

__all__ = [
    "Comparison",
    "Explanation",
    "Film",
    "compare",
    "detect_anomaly",
    "explain",
    "recording_lines",
]

# The engine asks here for places in programs, and needs nothing else of it.
_FILES = {
    "anomaly": {"detect_anomaly"},
    "comparison": {"Comparison", "compare"},
    "explanation": {"Explanation", "explain"},
    "film": {"Film"},
    "lines": {"recording_lines"},
}


def __getattr__(name: str) -> Any:
    """Load the file that has a public name."""
    for file, names in _FILES.items():
        if name in names:
            thing = globals()[name] = getattr(_import_module(f".{file}", __name__), name)
            return thing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
