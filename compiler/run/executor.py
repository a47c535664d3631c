"""What runs a tape: one of two executors with one interface.

Both hold their numbers in flat buffers that they never replace, so views of them stay live:
`inputs`, `outputs`, `gradients` (of the tape's `wrt`) and `seeds`, the gradients that a backward
pass starts from, one for each output.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pluggrad import CompileError
from pluggrad.progress import tell, waiting

from ..tape.columns import MANY_NODES
from ..tape.data import Tape
from ..warning import warn

if TYPE_CHECKING:
    from .machine import Machine
    from .wide import Wide

Made = TypeVar("Made")

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
    def make() -> Machine:
        from .machine import Machine

        return Machine(tape, math=math)

    return _in_machine_code(tape, make, guarded=guarded)


def wide_for(tape: Tape, choice: str, *, guarded: bool, executor: Executor | None) -> Wide | None:
    """Make what runs a tape in machine code for many lanes; None where the interpreter runs it.

    Parameters:
        tape: what to run.
        choice: as for `executor_for`, which says why where there can be no machine code.
        guarded: whether the tape is for some inputs only.
        executor: runs the tape for one set of inputs, if there is one; it may have a plan.
    """
    if choice == "interpreter" or (executor is not None and executor.name != "numba"):
        return None

    def make() -> Wide:
        from .machine import Machine, plan_of
        from .wide import Wide

        plan = executor.plan if isinstance(executor, Machine) else plan_of(tape)
        return Wide(tape, plan)

    try:
        return _in_machine_code(tape, make, guarded=guarded)
    except CompileError:
        return None


def _in_machine_code(tape: Tape, make: Callable[[], Made], *, guarded: bool) -> Made:
    """Call what plans a tape, once all that it needs is there.

    Raises:
        CompileError: for what is not installed, or of a version that does not fit.
    """
    _check_installed()
    try:
        if guarded:
            from ..lower.probing import check_ends

            check_ends(tape.ops)
        with waiting():
            if len(tape) > MANY_NODES:
                tell(f"planning {len(tape):,} nodes", long=True)
            return make()
    except ImportError as cause:
        raise CompileError(f"numba cannot be used here: {cause}") from cause
