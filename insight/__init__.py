"""What tells why: gradients explained path by path, and the first number that went wrong."""

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
