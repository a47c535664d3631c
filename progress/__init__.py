"""What is said while somebody waits: one line on stderr, and only when it takes long."""

from .line import tell, telling, waiting, working

__all__ = ["tell", "telling", "waiting", "working"]
