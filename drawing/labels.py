"""Names for Values from the variables that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pluggrad.errors import GraphError, quoted
from pluggrad.value import Value

DEPTH = 4  # lists in lists in dicts; deeper nests are not looked through


def names_of(variables: Mapping[str, Any]) -> dict[Value, str]:
    """Find the Values in a dict such as `locals()`, and what the program calls them.

    Parameters:
        variables: names and what they stand for: Values, and lists, tuples and dicts of them.
            Names that begin with an underscore are left out.

    Returns:
        For each Value its first name: `x`, `w[0]`, `layers[1][2]`, `p['bias']`.

    Raises:
        GraphError: when it is no dict, or a name is no text.

    >>> from pluggrad import Value
    >>> a, b = Value(1.0), Value(2.0)
    >>> list(names_of({"a": a, "w": [a, b]}).values())
    ['a', 'w[1]']
    """
    if not isinstance(variables, Mapping):
        raise GraphError(f"names is a dict such as locals(), not {type(variables).__name__}")
    found: dict[Value, str] = {}
    # Plain variables first: `x` says more than `points[3][0]`.
    nests = []
    for name, thing in variables.items():
        if not isinstance(name, str):
            raise GraphError(f"names maps texts to Values; {quoted(name)} is no text")
        if not name.startswith("_"):
            if isinstance(thing, Value):
                found.setdefault(thing, name)
            else:
                nests.append((name, thing))
    for name, thing in nests:
        _search(name, thing, DEPTH, found)
    return found


def _search(name: str, thing: Any, depth: int, found: dict[Value, str]) -> None:
    if isinstance(thing, Value):
        found.setdefault(thing, name)
    elif depth and isinstance(thing, list | tuple):
        for index, part in enumerate(thing):
            _search(f"{name}[{index}]", part, depth - 1, found)
    elif depth and isinstance(thing, dict):
        for key, part in thing.items():
            _search(f"{name}[{key!r}]", part, depth - 1, found)
