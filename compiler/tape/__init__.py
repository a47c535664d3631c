"""The tape: a recorded graph as data, in plain Python, and what it computes."""

from .data import Tape
from .writing import recorded_tape

__all__ = ["Tape", "recorded_tape"]
