"""Small programs that an earlier process planned: instructions and places, read from disk.

To plan a program takes NumPy, and the trace of each rule, which is most of what a first call takes
where the kernels are on disk already. Here nothing is planned, and nothing imported but LLVM.
"""

from __future__ import annotations

import ctypes
import hashlib
import marshal
import os
from array import array
from collections.abc import Iterable
from functools import cache as once
from typing import TYPE_CHECKING, Any, NamedTuple

from pluggrad.recording import computed_once

from ..native.library import library
from ..tape.data import Tape
from ..tape.fingerprint import fingerprint, is_built_in
from .calls import function_of_numbers
from .image import Image

if TYPE_CHECKING:
    from .machine import Machine

MOST = 200  # nodes
FOLDERS = ("../trace", "codegen", "lower", "narrow", "native", "plan", "run", "tape")


def key_of(tape: Tape, math: str, *, guarded: bool) -> str | None:
    """Name what a small tape of built-in ops computes; None for other tapes."""
    if len(tape) > MOST or not all(op.is_linear and is_built_in(op) for op in tape.ops):
        return None
    literals = [x for x, fixed in zip(tape.numbers, tape.literals, strict=True) if fixed]
    columns = (tape.kinds, tape.left, tape.right, tape.literals, array("d", literals))
    rows = (tape.more, tape.inputs, tape.wrt, tape.outputs)
    digest = hashlib.sha256(repr((_stamp(), math, guarded, rows)).encode())
    for column in columns:
        digest.update(len(column).to_bytes(8, "little") + bytes(column))
    digest.update(" ".join(map(fingerprint, tape.ops)).encode())
    return f"image {digest.hexdigest()}"


@once
def _stamp() -> str:
    """Tell one state of the compiler's files from another."""
    above = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = []
    for folder in FOLDERS:
        try:
            files = [x for x in os.scandir(os.path.join(above, folder)) if x.name.endswith(".py")]
            stats = [(x.name, x.stat()) for x in files]
        except OSError:  # in an archive, which one version names, or just being replaced
            continue
        found += [(folder, name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


def keep(key: str, image: Image) -> None:
    """Keep the image of a program on disk."""
    library().cache.write(key, marshal.dumps(tuple(image)))


def kept_machine(key: str, tape: Tape, math: str) -> KeptMachine | None:
    """Make a machine of what is kept on disk; None where that is not all there."""
    content = library().cache.read(key)
    if content is None:
        return None
    image = Image(*marshal.loads(content))
    try:
        return KeptMachine(tape, image, _linked(image), math)
    except LookupError:
        return None


class Linked(NamedTuple):
    """An image's code in this process: the address of what runs it, and its words."""

    run: int
    forward: array[int]
    backward: array[int]
    both: array[int]


def _linked(image: Image) -> Linked:
    """Fill in the addresses.

    Raises:
        LookupError: for a function that is not on disk.
    """
    found = [library().address(x, _missing, image.made_from) for x in image.functions]
    forward, backward = (
        array("q", _with_addresses(words, places, found))
        for words, places in zip(image.words, image.addresses, strict=True)
    )
    return Linked(found[0], forward, backward, forward + backward)


def _with_addresses(words: list[int], places: list[int], found: list[int]) -> list[int]:
    for place in places:
        words[place] = found[words[place]]
    return words


def _missing() -> tuple[str, Iterable[str]]:
    raise LookupError("kept without the functions that it calls")


class KeptMachine:
    """Runs a tape in machine code, as `Machine` does, for one set of inputs, without a plan.

    Parameters:
        tape: what to run.
        image: what an earlier process planned for it.
        linked: the same in this process.
        math: as for `Machine`.
    """

    name = "numba"

    def __init__(self, tape: Tape, image: Image, linked: Linked, math: str) -> None:
        self.tape = tape
        self.math = math
        self._image = image
        self._linked = linked
        self._memory = memory = _zeros(image.size)
        numbers = [x for x, fixed in zip(tape.numbers, tape.literals, strict=True) if fixed]
        for place, number in zip(image.literals, [*numbers, 1.0], strict=True):
            memory[place] = number
        counts = (len(tape.inputs), len(tape.outputs), len(tape.wrt), len(tape.outputs))
        self.inputs, self.outputs, self.gradients, self.seeds = (
            memory[start : start + count] for start, count in zip(image.starts, counts, strict=True)
        )
        self.inputs[:] = array("d", [tape.numbers[row] for row in tape.inputs])
        self.seeds[:] = array("d", [1.0]) * len(tape.outputs)
        self._run = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(linked.run)
        self._calls = [self._call(words) for words in linked[1:]]
        self._forward, self._backward, self._both = (x.buffer_info()[0] for x in self._calls)

    def _call(self, words: array[int]) -> array[int]:
        """Write down what a run is told: where its code is, how long it is, and the memory."""
        return array("q", [words.buffer_info()[0], len(words), _address(self._memory)])

    def another(self) -> KeptMachine:
        """Make one more, with memory of its own."""
        return KeptMachine(self.tape, self._image, self._linked, self.math)

    @computed_once
    def whole(self) -> Machine:
        """The machine of the same tape that has a plan, for all that this one cannot do."""
        from .machine import Machine

        return Machine(self.tape, math=self.math)

    @property
    def plan(self) -> Any:
        """How the program is laid out."""
        return self.whole.plan

    def forward(self) -> None:
        """Compute `outputs` from `inputs`."""
        self._run(self._forward)

    def backward(self) -> None:
        """Compute `gradients` from `seeds`, after `forward`."""
        self._run(self._backward)
        self._look()

    def step(self) -> None:
        """Do both."""
        self._run(self._both)
        self._look()

    def _look(self) -> None:
        """Compute again, knowing that a gradient of 0 stays 0, where one came out nan."""
        if any(x != x for x in self.gradients):
            self.whole.inputs[:] = array("d", self.inputs)
            self.whole.seeds[:] = array("d", self.seeds)
            self.whole.step()
            self.gradients[:] = array("d", self.whole.gradients)

    def ran_often(self) -> None:
        """Do nothing: what is kept is too small for faster code to be worth it."""

    def direct(self, backward: bool, **told: int) -> tuple[Any, Any] | None:
        """Make a function of plain numbers that runs this; see `Machine.direct`."""
        gradients = len(self.gradients) if backward else 0
        return function_of_numbers(
            run=self._linked.run,
            program=self._both if backward else self._forward,
            **told,
            inputs=_address(self.inputs),
            outputs=_address(self.outputs),
            taken=len(self.inputs),
            given=len(self.outputs),
            gradients=gradients,
            nested=gradients > 1,
        )


def _zeros(count: int) -> Any:
    """Make room for numbers that begins with a cache line."""
    numbers = array("d", [0.0]) * (count + 8)
    start = -(numbers.buffer_info()[0] // 8) % 8
    return memoryview(numbers)[start : start + count]


def _address(numbers: Any) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(numbers)) if len(numbers) else 0
