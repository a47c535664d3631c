"""The recorded ways through a function as data, and back."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import CompileError, Op

from ..capture.guards import GUARDS, Raises
from ..tape.data import Tape
from . import shapes, signatures, tapes
from .fields import DocumentError, Fields
from .replay import Replay, Way


def written(function: Callable[..., Any], name: str, ways: list[Way]) -> dict[str, Any]:
    """Write down what is known of a function.

    Raises:
        CompileError: for what is no data.
    """
    return {
        "name": name,
        "signature": signatures.written(function),
        "ways": [_written_way(way) for way in ways],
    }


def read(fields: Fields, source: str) -> Replay:
    """Read what `written` gave; return a function that does the same.

    Parameters:
        fields: where it stands.
        source: the file, for messages.

    Raises:
        DocumentError: where something does not fit.
    """
    name = fields.text("name")
    parameters = signatures.read(fields.take("signature"), "signature")
    ways = [_way(Fields(x, where)) for x, where in fields.parts("ways")]
    if not ways:
        raise DocumentError("there is nothing recorded in it")
    return Replay(name, source, ways, parameters)


def _written_way(way: Way) -> dict[str, Any]:
    inputs = array("d", [way.tape.numbers[row] for row in way.tape.inputs])
    return {
        "arguments": shapes.written(way.arguments),
        "result": shapes.written(way.result),
        "used": list(way.used),
        "tape": tapes.written(way.tape, inputs),
    }


def _way(fields: Fields) -> Way:
    arguments = shapes.read(fields.take("arguments"), f"{fields.where}.arguments")
    if not _is_call(arguments):
        raise DocumentError(f"{fields.where}.arguments are not those of a call")
    result = shapes.read(fields.take("result"), f"{fields.where}.result")
    used = fields.integers("used", 0, max(0, shapes.count(arguments) - 1)).tolist()
    tape = tapes.read(fields.fields("tape"))
    fields.end()
    if used != sorted(set(used)) or len(used) != len(tape.inputs) or tape.wrt != tape.inputs:
        raise DocumentError(f"{fields.where}.used does not fit the inputs of the tape")
    if shapes.count(result) + 1 != len(tape.outputs):
        raise DocumentError(f"{fields.where}.result does not fit the outputs of the tape")
    return Way(arguments, result, used, tape)


def _is_call(shape: Any) -> bool:
    """Tell whether this is the shape of positional and of keyword arguments."""
    if shape[:2] != (tuple, 2):
        return False
    args, kwargs = shape[2]
    texts = kwargs[0] is dict and all(type(name) is str for name in kwargs[1])
    return bool(args[0] is tuple and texts)


def guards_in(tape: Tape) -> int:
    """Count the looks at numbers that a tape checks."""
    looks = {kind for kind, op in enumerate(tape.ops) if _is_look(op)}
    return sum(kind in looks for kind in tape.kinds)


def _is_look(op: Op) -> bool:
    known = GUARDS.get(op.name) is op and op.name not in ("_add", "_constant", "_ran")
    return known or isinstance(op, Raises)


def check_data(ways: list[tuple[Any, Any]], name: str, known: Sequence[Any]) -> None:
    """Check that recordings need nothing but their arguments.

    Parameters:
        ways: the recordings that hold, each behind the shape of its arguments.
        name: the function.
        known: all recordings of it.

    Raises:
        CompileError: when there are none, or they read Values from outside.
    """
    changing = [recording.changing for recording in known if recording.changing]
    if changing:
        raise CompileError(
            f"{name} cannot be saved: it reads {changing[0]}, which may change unseen, so what was "
            "recorded is for one call; make it an argument"
        )
    if known and not ways:
        raise CompileError(
            f"{name} cannot be saved: what it reads from outside has changed since it was "
            "recorded; call it again first, or make that an argument"
        )
    if not ways:
        raise CompileError(f"{name} cannot be saved: nothing is recorded yet; call it first")
    for _, recording in ways:
        if recording.read:
            labels = [repr(x.label) for x in recording.read if x.label] or ["one without a label"]
            raise CompileError(
                f"{name} cannot be saved: it reads Values from outside anew for each call "
                f"({', '.join(labels[:5])}), which another process does not have; make them "
                "arguments"
            )
