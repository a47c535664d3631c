"""Nested Values as nested numbers, and back again, with nothing changed unless all of it fits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from pluggrad import StateError, Value
from pluggrad.errors import quoted


def tree_of(values: Any) -> Any:
    """Return the numbers of nested lists and dicts of Values."""
    if isinstance(values, Value):
        return values.data
    if isinstance(values, dict):
        return {str(key): tree_of(x) for key, x in values.items()}
    return [tree_of(x) for x in values]


def fill(trees: Mapping[str, Any], state: Mapping[str, Any], whose: str) -> None:
    """Put numbers into Values.

    Parameters:
        trees: nested Values by name.
        state: nested numbers by name.
        whose: what the message calls the owner.

    Raises:
        StateError: naming all that does not fit; nothing was changed then.
    """
    if not isinstance(state, Mapping):
        raise StateError(f"the state of {whose} is a dict by name, not {type(state).__name__}")
    missing = [name for name in trees if name not in state]
    unexpected = [
        name if isinstance(name, str) else quoted(name) for name in state if name not in trees
    ]
    pairs: list[tuple[Value, float]] = []
    wrong = [
        problem
        for name, values in trees.items()
        if name in state and (problem := _paired(values, state[name], name, pairs))
    ]
    told = [f"missing: {', '.join(missing)}"] if missing else []
    told += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
    told += wrong
    if told:
        raise StateError(
            f"this state does not fit {whose}, which stays as it is; {'; '.join(told)}"
        )
    assign([value for value, _ in pairs], [number for _, number in pairs])


def assign(values: Sequence[Value], numbers: Iterable[float]) -> None:
    """Give each Value its number; where that fails or is interrupted, none has changed."""
    before = [value.data for value in values]
    try:
        for value, number in zip(values, numbers, strict=True):
            value.data = number
    except BaseException:
        for value, number in zip(values, before, strict=True):
            value.data = number
        raise


def replace(numbers: Any, others: Sequence[float]) -> None:
    """Put other numbers into a sequence; where that fails or is interrupted, none has changed."""
    before = list(numbers)
    try:
        for i, number in enumerate(others):
            numbers[i] = number
    except BaseException:
        for i, number in enumerate(before):
            numbers[i] = number
        raise


def remembered(
    state: Any, count: int, names: Collection[str], whose: str
) -> tuple[int, list[dict[str, Any]]]:
    """Return the step number and what is remembered of each parameter, from an optimizer's state.

    Parameters:
        state: what its `state_dict` gave, or JSON made of it.
        count: the number of parameters.
        names: what is remembered of each one, once there was a step.
        whose: what the message calls the optimizer.

    Raises:
        StateError: telling the first thing that does not fit.
    """
    if not isinstance(state, Mapping) or set(state) != {"steps", "memories"}:
        raise StateError(
            f"the state of {whose} is a dict of steps and memories, not {quoted(state)}"
        )
    steps, memories = state["steps"], state["memories"]
    if isinstance(steps, bool) or not isinstance(steps, Integral) or steps < 0:
        raise StateError(f"steps of {whose} is a count, 0 or more, not {quoted(steps, 40)}")
    if not isinstance(memories, list | tuple):
        raise StateError(f"memories of {whose} is a list, not {quoted(memories, 40)}")
    if len(memories) != count:
        raise StateError(f"this state is for {len(memories)} parameters; {whose} has {count}")
    for i, memory in enumerate(memories):
        if not isinstance(memory, Mapping) or (memory and set(memory) != set(names)):
            given = ", ".join(map(str, memory)) if isinstance(memory, Mapping) else quoted(memory)
            wanted = ", ".join(names) or "nothing"
            raise StateError(f"{whose} remembers {wanted} of a parameter, not {given:.40}")
        for name, number in memory.items():
            if not _is_number(number):
                raise StateError(
                    f"{name} of parameter {i} of {whose} is one number, not {quoted(number, 40)}"
                )
    return int(steps), [{name: float(x) for name, x in memory.items()} for memory in memories]


def _is_number(x: Any) -> bool:
    """Return whether something is a number that a float can hold."""
    try:
        return isinstance(x, Real) and not isinstance(x, bool) and float(x) is not None
    except OverflowError:
        return False


def _paired(values: Any, numbers: Any, name: str, pairs: list[tuple[Value, float]]) -> str:
    """Collect which Value gets which number; return what is wrong, or nothing."""
    if isinstance(values, Value):
        if not _is_number(numbers):
            return f"{name} is one number, not {quoted(numbers, 40)}"
        pairs.append((values, float(numbers)))
        return ""
    if isinstance(values, dict):
        if not isinstance(numbers, Mapping) or set(numbers) != set(map(str, values)):
            return f"{name} is a dict of {', '.join(map(str, values))}, not {quoted(numbers, 40)}"
        inner = [(x, numbers[str(key)], f"{name}.{key}") for key, x in values.items()]
    else:
        if not isinstance(numbers, list | tuple) or len(numbers) != len(values):
            given = f"{len(numbers)}" if isinstance(numbers, list | tuple) else quoted(numbers, 40)
            return f"{name} is a list of {len(values)}, not {given}"
        inner = [(x, numbers[i], f"{name}.{i}") for i, x in enumerate(values)]
    for x, number, path in inner:
        problem = _paired(x, number, path, pairs)
        if problem:
            return problem
    return ""
