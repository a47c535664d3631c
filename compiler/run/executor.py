"""What runs a tape: one of two executors with one interface.

Both hold their numbers in flat buffers that they never replace, so views of them stay live:
`inputs`, `outputs`, `gradients` (of the tape's `wrt`) and `seeds`, the gradients that a backward
pass starts from, one for each output.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from pluggrad import CompileError
from pluggrad.progress import tell, waiting

from ..tape.data import Tape
from ..tape.writing import MANY_NODES
from ..warning import warn

if TYPE_CHECKING:
    from .machine import Machine

CHOICES = ("auto", "numba", "interpreter")
MATHS = ("libm", "vector")


class Executor(Protocol):
    """Runs a tape."""

    name: str
    inputs: Any
    outputs: Any
    gradients: Any
    seeds: Any

    def forward(self) -> None:
        """Compute `outputs` from `inputs`."""

    def backward(self) -> None:
        """Compute `gradients` from `seeds`, after `forward`."""

    def step(self) -> None:
        """Do both."""

    def another(self) -> Executor:
        """Make one that does the same in memory of its own."""


def check_math(math: str) -> str:
    """Check an option of this name, and return it.

    Raises:
        CompileError: when there is no such.
    """
    if math not in MATHS:
        raise CompileError(f"math={math!r}; available: {', '.join(MATHS)}")
    return math


def executor_for(
    tape: Tape,
    choice: str = "auto",
    *,
    math: str = "vector",
    guarded: bool = False,
    kept: bool = False,
) -> Executor:
    """Make the fastest executor there is for a tape.

    Parameters:
        tape: what to run.
        choice: `numba` for compiled code or an error, `interpreter` for plain Python, `auto` for
            compiled code where it can be had, with one warning where it cannot.
        math: whether functions may be our own, `vector`, or are those of the C library, `libm`.
        guarded: whether the tape is for some inputs only, and finds out as it runs.
        kept: whether it may be one that an earlier process planned, which needs no NumPy: its
            buffers are no arrays then.

    Raises:
        CompileError: when `numba` was asked for and cannot be.
    """
    from ..tape.interpreter import Interpreter

    if choice not in CHOICES:
        raise CompileError(f"unknown executor {choice!r}; available: {', '.join(CHOICES)}")
    if choice == "interpreter":
        return Interpreter(tape)
    try:
        return _kept(tape, math, guarded) if kept else _machine(tape, math, guarded)
    except CompileError as cause:
        if choice == "numba":
            raise
        warn(
            f"{str(cause).rstrip('.')}. The program runs in the interpreter, which gives the same "
            "numbers slowly"
        )
        return Interpreter(tape)


def missing_packages() -> list[str]:
    """List what machine code needs and is not installed."""
    return [package for package in ("numba", "numpy") if not _is_installed(package)]


_installed: set[str] = set()  # what was found once: to look through all folders takes long


def _is_installed(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    if package not in _installed and find_spec(package):
        _installed.add(package)
    return package in _installed


def _kept(tape: Tape, math: str, guarded: bool) -> Executor:
    """Make a machine of what an earlier process kept; or make one, and keep what it is."""
    _check_installed()
    from . import kept
    from .image import image_of

    key = kept.key_of(tape, math, guarded=guarded)
    if key is None:
        return _machine(tape, math, guarded)
    found = kept.kept_machine(key, tape, math)
    if found is not None:
        return found
    machine = _machine(tape, math, guarded)
    image = image_of(machine)
    if image is not None:
        kept.keep(key, image)
    return machine


def _check_installed() -> None:
    missing = missing_packages()
    if missing:
        raise CompileError(
            f"{' and '.join(missing)} not installed; pip install 'pluggrad[compile]'"
        )


def _machine(tape: Tape, math: str, guarded: bool) -> Machine:
    _check_installed()
    try:
        from ..lower.probing import check_ends
        from .machine import Machine

        if guarded:
            check_ends(tape.ops)
        with waiting():
            if len(tape) > MANY_NODES:
                tell(f"planning {len(tape):,} nodes", long=True)
            return Machine(tape, math=math)
    except ImportError as cause:  # it is there, but of a version that does not fit
        raise CompileError(f"numba cannot be used here: {cause}") from cause
