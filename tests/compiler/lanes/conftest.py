"""Fused programs of one function, for arrays of operands."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
from pluggrad.compiler import function as functions
from pluggrad.compiler.capture.arguments import taken_apart
from pluggrad.compiler.capture.capturing import captured
from pluggrad.compiler.lanes.program import Program, writer_here
from pluggrad.compiler.lanes.writer import Writer

Fused = Callable[..., list[Any]]


def fuse(
    function: Callable[..., Any],
    example: tuple[float, ...],
    *,
    backward: bool = False,
    writer: Writer | None = None,
) -> Fused:
    """Fuse a function; what it gives takes arrays and gives the results, gradients and flags."""
    shape = taken_apart((example, {}), [], elements=False)
    recording = captured(function, shape, example)
    program = Program(recording.tape, backward=backward, writer=writer)
    count = len(recording.tape.outputs) - 1 + backward * len(recording.tape.wrt)

    def run(*arrays: Any, threads: int = 1) -> list[Any]:
        rows = [np.ascontiguousarray(arrays[i], float) for i in recording.used]
        lanes = max(len(x) for x in rows)
        outputs = [np.empty(lanes) for _ in range(count)]
        flags = program.run(rows, outputs, threads)
        return [*outputs, np.zeros(lanes, np.uint8) if flags is None else flags]

    return run


@pytest.fixture(scope="session")
def fused() -> Callable[..., Fused]:
    """Give the function that fuses."""
    return fuse


@pytest.fixture(scope="session")
def writers() -> dict[str, Callable[[], Writer]]:
    """Give makers of writers, as for this and for poorer processors."""
    return {
        "here": writer_here,
        "without ldexp": lambda: Writer(8, has_fma=True),
        "without fma": lambda: Writer(4, has_fma=False),
    }


@contextmanager
def others_refused() -> Iterator[None]:
    def refuse(*_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("this call takes the careful way")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(functions, "numbers_of", refuse)
        patched.setattr(functions, "call", refuse)
        yield


@pytest.fixture(scope="session")
def short_calls_alone() -> Callable[[], AbstractContextManager[None]]:
    """Give a context in which only short calls are answered."""
    return others_refused
