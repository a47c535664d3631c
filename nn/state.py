"""Nested Values as nested numbers, and back again, with nothing changed unless all of it fits."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

from pluggrad import StateError, Value


def tree_of(values: Any) -> Any:
    """Give the numbers of nested lists and dicts of Values."""
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
    unexpected = [str(name) for name in state if name not in trees]
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
    for value, number in pairs:
        value.data = number


def _paired(values: Any, numbers: Any, name: str, pairs: list[tuple[Value, float]]) -> str:
    """Collect which Value gets which number; give what is wrong, or nothing."""
    if isinstance(values, Value):
        if isinstance(numbers, bool) or not isinstance(numbers, Real):
            return f"{name} is one number, not {numbers!r:.40}"
        pairs.append((values, float(numbers)))
        return ""
    if isinstance(values, dict):
        if not isinstance(numbers, Mapping) or set(numbers) != set(map(str, values)):
            return f"{name} is a dict of {', '.join(map(str, values))}, not {numbers!r:.40}"
        inner = [(x, numbers[str(key)], f"{name}.{key}") for key, x in values.items()]
    else:
        if not isinstance(numbers, list | tuple) or len(numbers) != len(values):
            given = f"{len(numbers)}" if isinstance(numbers, list | tuple) else f"{numbers!r:.40}"
            return f"{name} is a list of {len(values)}, not {given}"
        inner = [(x, numbers[i], f"{name}.{i}") for i, x in enumerate(values)]
    for x, number, path in inner:
        problem = _paired(x, number, path, pairs)
        if problem:
            return problem
    return ""
