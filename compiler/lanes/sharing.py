"""Lanes shared among threads, none of which holds the interpreter's lock while it computes.

Pieces get smaller towards the end, and a thread takes the next one when it is free: so it counts
little when one of them starts late or is slower. (C. Polychronopoulos and D. Kuck, "Guided
self-scheduling", 1987.)
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Sequence
from contextlib import suppress
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
    left = iter([*jobs])  # whoever is free takes the next one
    found: list[Any] = []
    failures: list[BaseException] = []
    begun: list[Any] = []  # of each thread that may be at a job, a lock that it holds until it ends

    def take() -> None:
        for job in left:
            try:
                found.append(work(job))
            except BaseException as failure:
                failures.append(failure)

    def help_out(held: Any) -> None:
        try:
            begun.append(held)
            take()
        finally:
            held.release()

    others = iter(range(1, threads))
    while True:
        try:
            with suppress(RuntimeError):  # the system has no more threads: this one does it all
                for _ in others:
                    held = allocate_lock()
                    held.acquire()
                    start_new_thread(help_out, (held,))  # in a third of the time that Thread takes
            take()
            for held in begun:
                with held:
                    pass
            break
        except BaseException as failure:  # Ctrl-C while others still write to the same memory
            failures.append(failure)
    if failures:
        raise failures[0]
    return found
