"""What tells why: gradients explained path by path, and the first number that went wrong."""

from .anomaly import detect_anomaly
from .explanation import Explanation, explain

__all__ = ["Explanation", "detect_anomaly", "explain"]


def __dir__() -> list[str]:
    """List the public names; the files they come from are none."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
