"""A plan's instructions in straight-line pieces, for programs that run often and repeat nothing.

An instruction for one node takes some nanoseconds before anything is computed. In a piece some
hundreds of them are one function: numbers stand in registers from where they are computed to where
they are read, and in memory at the end, where the instructions would have put them. All is done
in the same order and rounded alike, so nobody can tell from the numbers which code ran. What is one
instruction for many nodes stays one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from threading import Event
from typing import Any

import numpy as np

from ..codegen.code import Code, instructions_of, linked
from ..codegen.functions import kernel_of
from ..codegen.instructions import (
    ADDRESS,
    HEADER,
    LENGTH,
    LOOPS,
    Room,
    Variant,
    length_word,
    place_word,
    stride_word,
    unpacked,
)
from ..codegen.kernels import Kernel, assembled
from ..native.library import library
from ..plan.columns import zeros
from ..plan.plan import Plan

PIECE = 300  # nodes in one function
FEWEST = 8  # for fewer their instructions stay
STEPS = 16  # of an instruction's loops, that are written out
TEXT = "pluggrad piece 1"  # part of every key on disk: raise it when texts below change


@dataclass
class Piece:
    """The text of one function, node by node.

    Attributes:
        kernels: whose functions it calls.
        nodes: how many it computes.
        instructions: which instructions it stands for.
    """

    kernels: dict[str, Kernel] = field(default_factory=dict)
    nodes: int = 0
    instructions: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    written: set[int] = field(default_factory=set)
    number: int = 0

    def _new(self, expression: str) -> str:
        self.number += 1
        self.lines.append(f"%t{self.number} = {expression}")
        return f"%t{self.number}"

    def _pointer(self, place: int) -> str:
        return self._new(f"getelementptr double, ptr %m, i64 {place}")

    def _read(self, place: int) -> str:
        if place not in self.names:
            self.names[place] = self._new(f"load double, ptr {self._pointer(place)}")
        return self.names[place]

    def add(self, kernel: Kernel, places: list[int]) -> None:
        """Apply a function: to what is read at places behind the first, which is written."""
        self.nodes += 1
        self.kernels[kernel.function.name] = kernel
        given = dict(zip(kernel.columns, map(self._read, places[1:]), strict=True))
        arguments = ", ".join(f"double {given.get(x, '0.0')}" for x in kernel.parameters)
        result = self._new(f"call double @{kernel.function.name}({arguments})")
        if kernel.adding:
            result = self._new(f"fadd double {self._read(places[0])}, {result}")
        elif kernel.parameters[:1] == ("g",):
            result = self._new(f"fadd double 0.0, {result}")  # as kernels do
        self.names[places[0]] = result
        self.written.add(places[0])

    def source(self) -> tuple[str, tuple[str, list[str]]]:
        """Name the function by what it does; return that, its text and the modules it calls."""
        for place in sorted(self.written):
            self.lines.append(f"store double {self.names[place]}, ptr {self._pointer(place)}")
        body = "\n".join(self.lines)
        called = sorted(self.kernels)
        digest = hashlib.sha256(f"{called}\n{body}".encode()).hexdigest()
        name = f"piece_{digest[:24]}"
        head = f"define void @{name}(ptr noalias readonly %ins, ptr noalias %m) nounwind {{\n"
        functions = [self.kernels[x].function for x in called]
        return name, assembled(functions, f"{head}{body}\nret void\n}}\n")


def in_pieces(plan: Plan, *, backward: bool, stop: Event | None = None) -> Code | None:
    """Write the code of one direction of a plan, in pieces where that is faster.

    Parameters:
        plan: what is computed.
        backward: which direction.
        stop: says that nobody wants it any more; the result is None then.
    """
    room = instructions_of(plan, backward=backward)
    code = linked(plan.kinds, room)
    words: list[Any] = []
    starts: list[int] = []
    length = 0
    for piece in _pieces(plan, room):
        if stop is not None and stop.is_set():
            return None
        if piece.nodes < FEWEST:
            found = [_instruction(code, room, i) for i in piece.instructions]
        else:
            found = [_calling(piece)]
        for instruction in found:
            starts.append(length)
            length += len(instruction)
            words.append(instruction)
    return Code(np.concatenate([zeros(0), *words]), np.array(starts, np.int64), zeros(0))


def _instruction(code: Code, room: Room, i: int) -> Any:
    return code.words[room.starts[i] : room.starts[i + 1]]


def _calling(piece: Piece) -> Any:
    name, source = piece.source()
    words = zeros(HEADER)
    words[ADDRESS] = library().address(name, lambda: source, TEXT, light=True)
    words[LENGTH] = HEADER
    return words


def _pieces(plan: Plan, room: Room) -> Iterator[Piece]:
    """Divide instructions into pieces; one that stays as it is makes a piece of no node."""
    kernels: dict[int, tuple[Kernel, Variant]] = {}
    piece = Piece()
    for i, packed in enumerate(room.variants.tolist()):
        if packed not in kernels:
            variant = unpacked(packed, plan.kinds.width)
            kernels[packed] = kernel_of(plan.kinds, variant), variant
        kernel, variant = kernels[packed]
        nodes = _nodes(room, i, kernel, variant)
        if nodes is None or piece.nodes >= PIECE:
            if piece.instructions:
                yield piece
            piece = Piece()
        piece.instructions.append(i)
        if nodes is None:
            yield piece
            piece = Piece()
        for places in nodes or ():
            piece.add(kernel, places)
    if piece.instructions:
        yield piece


def _nodes(room: Room, i: int, kernel: Kernel, variant: Variant) -> list[list[int]] | None:
    """List what an instruction writes and reads, node by node; None where it stays as it is."""
    at = int(room.starts[i]) + HEADER
    words = room.words[at : int(room.starts[i + 1])].tolist()
    columns = range(1 + len(kernel.columns))
    if variant.single:
        return [[words[place_word(c, 1)] for c in columns]]
    if variant.summing or variant.fused or variant.turned:
        return None
    lengths = [words[length_word(loop)] for loop in range(LOOPS)]
    if np.prod(lengths) > STEPS:
        return None
    return [
        [
            words[place_word(c, 0)]
            + sum(k * words[stride_word(c, loop)] for loop, k in enumerate(steps))
            for c in columns
        ]
        for steps in product(*map(range, lengths))
    ]
