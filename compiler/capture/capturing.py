"""Capturing: a function is run once on Values, and what it did is written down."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pluggrad import CompileError, Op, Value
from pluggrad.errors import PluggradError
from pluggrad.func.dual import LikeValue
from pluggrad.progress import telling, waiting
from pluggrad.recording import always_recording, call_inside

from ..tape.data import Tape
from ..tape.fingerprint import is_built_in
from ..tape.writing import captured_tape
from .arguments import Shape, put_together, taken_apart
from .changing import chance, were_drawn
from .classes import check_classes
from .collector import Counter, without_collector
from .guards import fixed
from .looks import RAN, Looks, failed
from .outside import ENDLESS, World
from .places import Place, is_state, unchanged
from .reads import reads_of, reads_of_op
from .watching import watched


@dataclass(frozen=True)
class Captured:
    """What a function did.

    Attributes:
        tape: its results and the count of failed guards as outputs; its numbers that matter as
            inputs.
        result: the shape of what it gave.
        used: the positions, among all numbers of the arguments, of those that matter.
        read: Values from outside that it used.
        guards: how many looks at numbers are checked.
        count: how many numbers the arguments have.
        places: where Values stand, and what ops read, that it took from outside.
        world: what else it reaches outside.
        changing: what it used of what changes from call to call, in words; then what is recorded
            here is for one call.
        reads: whether its ops read anything outside, which they may change, too.
        is_exact: whether all this holds for these very numbers only, because the function turned
            one of them into a plain float or int.
        is_spent: whether the function changed something that it reads, as a count of calls; then
            what is recorded here is for one call.
    """

    tape: Tape
    result: Shape
    used: list[int]
    read: list[Value]
    guards: int
    count: int
    places: list[Place]
    is_exact: bool
    world: tuple[Place, ...] = ()
    changing: str | None = None
    reads: bool = False
    is_spent: bool = False


def captured(function: Callable[..., Any], shape: Shape, numbers: Sequence[float]) -> Captured:
    """Run a function once on Values, and give what it did.

    Parameters:
        function: what to run.
        shape: the shape of its positional and keyword arguments, a pair.
        numbers: the numbers in them.

    Raises:
        CompileError: when the function gives something else than numbers.
    """
    return without_collector(_captured, function, shape, numbers)


def _captured(function: Callable[..., Any], shape: Shape, numbers: Sequence[float]) -> Captured:
    drawn = chance()
    before, modules = World(function), len(sys.modules)
    # What the function was given and gave is gone when the tape is written: what somebody holds
    # could be set, and is read anew.
    looks = Looks()
    made, leaves = Counter(), looks.leaves(numbers)
    try:
        result, outputs = call_inside(always_recording(), _run, function, shape, leaves, looks)
    except Exception as cause:
        check_classes(before.functions)  # which may be why
        _check_again(looks, cause, before, drew=were_drawn(drawn))
        looks = Looks(in_floats=True)
        made, leaves = Counter(), looks.leaves(numbers)
        result, outputs = call_inside(always_recording(), _run, function, shape, leaves, looks)
    looks.check_ops()
    is_spent = not unchanged(before.places)
    is_known = not is_spent and len(sys.modules) == modules
    world = before if is_known else World(function)
    if looks.replaced:
        leaves = [looks.replaced.get(id(leaf), leaf) for leaf in leaves]
    tape, used, outside = captured_tape(outputs, leaves, made.count(), looks.computed_outside())
    ops = [op for op in looks.ops if not is_built_in(op)]
    reads = [reads_of_op(op) for op in ops]
    places = [place for one in reads for place in one.places]
    check_classes(world.functions)
    changing = world.changing or _without_place(world, looks, ops)
    if changing is None and were_drawn(drawn):
        changing = "random numbers"
    for op in looks.ruled:
        _check_rules(op)
    guards = sum(key[0] != RAN for key in looks.seen)
    may_change = looks.calls.are_ops or any(x.unseen for x in reads) or any(map(is_state, places))
    return Captured(
        tape, result, used, outside, guards, len(leaves), places, is_exact=looks.exact > 0,
        world=_checked(before if is_spent else world, looks, changing=changing, is_spent=is_spent),
        changing=changing, reads=may_change, is_spent=is_spent,
    )  # fmt: skip


def _check_again(looks: Looks, cause: Exception, before: World, *, drew: bool) -> None:
    """Check that a function may be run again with floats: it failed because it got none.

    Functions that are written in C, such as those of json, decimal and datetime, take floats alone.

    Raises:
        Exception: the cause, where that is none.
    """
    if isinstance(cause, PluggradError) or not isinstance(cause, TypeError):
        raise cause
    if not looks.gave_floats or looks.in_floats or _is_of_pluggrad(cause):
        raise cause
    if drew or before.holds(Iterator) or not unchanged(before.places):
        raise CompileError(
            f"{cause}. Here a float is wanted, and x.data is recorded: write float(x.data)"
        ) from cause


def _is_of_pluggrad(error: BaseException) -> bool:
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).startswith("pluggrad.")


def _checked(
    world: World, looks: Looks, *, changing: str | None, is_spent: bool
) -> tuple[Place, ...]:
    """Return the places that have to be as they were for a recording to hold.

    What is for one call keeps nothing alive that weak references tell of.
    """
    if changing:
        return (ENDLESS,)
    return (*world.places, *looks.hook_places(), *([ENDLESS] if is_spent else []))


def _without_place(world: World, looks: Looks, ops: Iterable[Op]) -> str | None:
    """Name one of the Values from outside that stands where nobody can look."""
    left = [x for x in looks.outside if not world.has(x)]
    if left:  # rules may read them
        world = World(*[function for op in ops for function in (op.forward, *op.rules)])
    for value in left:
        if not world.has(value):
            return f"{value.label!r}, a Value" if value.label else "a Value"
    return None


def _run(
    function: Callable[..., Any], shape: Shape, leaves: Iterable[Value], looks: Looks
) -> tuple[Shape, list[Value]]:
    """Run it; return the shape of its result, and the numbers there and the count of failed guards.

    A result that is an input itself, or given twice, is fine; one that is a constant too.
    """
    args, kwargs = put_together(shape, iter(leaves), None)
    with waiting(), telling("recording"):
        result, outputs = _outputs(function, watched(looks, function, *args, **kwargs))
        looks.given(outputs)
        outputs.append(failed(looks))
    return result, outputs


def _check_rules(op: Op) -> None:
    """Check that what rules gave is part of a recording in sight of what they read.

    Raises:
        CompileError: naming the op, and what it reads.
    """
    if not is_built_in(op) and (unseen := reads_of(op.rules).unseen):
        raise CompileError(
            f"a rule of op {op.name!r} reads {unseen}, which may change unseen, so what it gave "
            "cannot be recorded. Let it read numbers, lists, dicts or attributes of an object"
        )


def _outputs(function: Callable[..., Any], returned: Any) -> tuple[Shape, list[Value]]:
    """Take apart what a function gave, every number a Value."""
    found: list[Any] = []
    result = taken_apart(returned, found, elements=False, answers=True)
    if result[0] == "static":
        found.append(returned)
    outputs = []
    for x in found:
        if not isinstance(x, Value):
            try:
                x = fixed(float(x) if isinstance(x, bool) else x)
            except TypeError:
                hint = _hint_for(x)
                raise CompileError(
                    f"a compiled function gives numbers, or nested lists, tuples and dicts of "
                    f"numbers; {getattr(function, '__qualname__', function)} gave a "
                    f"{type(x).__name__}{hint}"
                ) from None
        outputs.append(x)
    return result, outputs


def _hint_for(x: Any) -> str:
    """Say what to do about a result that is no number."""
    if isinstance(type(x), LikeValue):
        return ", a number of forward mode that it reads from outside; pass it as an argument"
    return "; return its .tolist()" if hasattr(x, "tolist") else ""
