"""Notice a forward that does not come back, as a loop of 1e300 turns does not."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from .many_digits import TooSlowError, number, too_slow
from .subject import Subject

SECONDS = 10.0

# Where the kit calls a forward, on floats and on numbers with many digits.
CALLS = (Subject.forward.__code__, number.__code__)


@contextmanager
def patience(subject: Subject) -> Iterator[None]:
    """Fail inside when one call of the forward takes longer than 10 to 20 seconds.

    With many digits that is no failure: such a function is not asked for the truth any more.

    A timer looks every ten seconds where the program is: twice in the same call is once too often.
    It is the system's one alarm, which only the main thread has: elsewhere, or where something else
    uses it, nobody looks.
    """
    if not _is_free():
        yield
        return
    last: FrameType | None = None

    def look(signum: int, frame: FrameType | None) -> None:
        nonlocal last
        while frame is not None and frame.f_code not in CALLS:
            frame = frame.f_back
        if frame is not None and frame is last:
            _fail(subject, frame)
        last = frame

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _is_free() -> bool:
    return (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    )


def _fail(subject: Subject, frame: FrameType) -> NoReturn:
    if frame.f_code is number.__code__:
        too_slow.add(frame.f_locals["forward"])
        raise TooSlowError
    at = tuple(frame.f_locals["at"])
    raise subject.failure(
        f"the forward has not come back after {SECONDS:g} seconds. Let it raise a ValueError for "
        "operands that are too large for it, say with ieee= what the result is there, and with "
        "domain= where the rules hold",
        at=at,
    )
