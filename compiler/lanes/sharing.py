"""Lanes shared among threads, none of which holds the interpreter's lock while it computes.

Pieces get smaller towards the end, and a thread takes the next one when it is free: so it counts
little when one of them starts late or is slower. (C. Polychronopoulos and D. Kuck, "Guided
self-scheduling", 1987.)
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

SHARE = 4096  # lanes: fewer are not worth a thread
LINE = 64  # lanes: pieces begin at multiples, so that no two threads write to one line of memory


def pieces(lanes: int, threads: int) -> list[tuple[int, int]]:
    """Cut so many lanes into pieces: begin and end of each."""
    found, start = [], 0
    while start < lanes:
        size = max((lanes - start) // (2 * threads), SHARE // 2) // LINE * LINE
        end = start + size if start + size + SHARE // 2 <= lanes else lanes
        found.append((start, end))
        start = end
    return found


def side_by_side(work: Callable[[Any], Any], jobs: Sequence[Any], threads: int) -> list[Any]:
    """Do jobs in this thread and others; a thread that begins when none is left is not waited for.

    Parameters:
        work: does one.
        jobs: at least one.
        threads: how many threads take part.

    Returns:
        What `work` gave, in the order in which they ended.

    Raises:
        BaseException: what one of them raised, when all have ended.
    """
    left, ended = iter([*jobs]), count(1)  # of both one thread at a time gets the next
    found: list[Any] = []
    failures: list[BaseException] = []
    all_ended = allocate_lock()
    all_ended.acquire()

    def take() -> None:
        for job in left:
            try:
                found.append(work(job))
            except BaseException as failure:
                failures.append(failure)
            if next(ended) == len(jobs):
                all_ended.release()

    with suppress(RuntimeError):  # the system has no more threads: this one does it all
        for _ in range(1, threads):
            start_new_thread(take, ())  # in a third of the time that the class Thread takes
    take()
    all_ended.acquire()
    if failures:
        raise failures[0]
    return found
