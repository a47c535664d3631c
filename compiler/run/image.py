"""What another process needs to run a small program: instructions and places, without addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..native.library import library

if TYPE_CHECKING:
    from .machine import Machine


class Image(NamedTuple):
    """What runs a program, without addresses.

    Attributes:
        functions: the names of the machine code's functions; the first runs instructions.
        made_from: what their names do not tell.
        words: instructions, forward and backward; in place of an address stands which function.
        addresses: where in these an address goes.
        size: how many places memory has.
        starts: where inputs, outputs, gradients and seeds begin.
        literals: where each literal stands, and the 1.0 behind them.
    """

    functions: list[str]
    made_from: str
    words: tuple[list[int], list[int]]
    addresses: tuple[list[int], list[int]]
    size: int
    starts: tuple[int, int, int, int]
    literals: list[int]


def image_of(machine: Machine) -> Image | None:
    """Write down what a machine runs; None where a plan, or code made for it, is part of that."""
    from ..codegen.kernels import KERNEL_TEXT
    from ..codegen.runner import run_address

    if machine.straight is not None or machine.background is not None or machine.takes_long():
        return None
    layout = machine.plan.layout
    names = library().names()
    functions = {run_address(): 0}
    forward, backward = (_without_addresses(code, functions) for code in machine.codes)
    places = layout.position.tolist()
    literals = [places[row] for row, fixed in enumerate(machine.tape.literals) if fixed]
    return Image(
        [names[x] for x in functions],
        KERNEL_TEXT,
        (forward[0], backward[0]),
        (forward[1], backward[1]),
        len(machine.memory),
        (layout.inputs_at, layout.outputs_at, layout.wrt_at, layout.seeds_at),
        [*literals, layout.seed],
    )


def _without_addresses(code: Any, functions: dict[int, int]) -> tuple[list[int], list[int]]:
    """Put numbers of functions in place of addresses; return the words, and where these stand."""
    from ..codegen.instructions import ADDRESS, LENGTH

    words, found, at = code.tolist(), [], 0
    while at < len(words):
        found.append(at + ADDRESS)
        address = words[at + ADDRESS]
        words[at + ADDRESS] = functions.setdefault(address, len(functions))
        at += words[at + LENGTH]
    return words, found
