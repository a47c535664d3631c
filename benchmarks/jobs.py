"""Tasks in processes of their own, or in this one where one job is asked for."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def results(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    jobs: int,
    prepare: Callable[[], None] | None = None,
    chunksize: int = 1,
) -> Iterator[Result]:
    """Give the result of each task, in order; each process is prepared first."""
    if jobs == 1:
        if prepare:
            prepare()
        yield from map(function, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, prepare) as pool:
        yield from pool.imap(function, tasks, chunksize=chunksize)
