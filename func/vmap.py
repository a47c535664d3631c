"""vmap: a function of one example, mapped over many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, overload

from pluggrad.errors import quoted
from pluggrad.hints.packages import needed

from .arguments import check_callable
from .containers import container_of
from .tree import LEAF, Structure, leaves, rebuild, structure_of

Function = Callable[..., Any]
Axes = Any  # an int, None, or a container of them that is built like the beginning of the argument


@overload
def vmap(
    fun: Callable[..., float], in_axes: Axes = 0, out_axes: int = 0
) -> Callable[..., list[float]]: ...
@overload
def vmap(fun: Function, in_axes: Axes = 0, out_axes: int = 0) -> Function: ...
def vmap(fun: Function, in_axes: Axes = 0, out_axes: int = 0) -> Function:
    """Make the function that computes `fun` for each element of lists.

    A list, or a NumPy array, is what is mapped over; tuples, dicts and other containers hold such
    lists. A compiled function gets all elements at once, as arrays, one lane for each; any other is
    called once for each element.

    Parameters:
        fun: takes and returns numbers, nested to any depth.
        in_axes: for each argument 0 where it has an element for each call, 1 where each of its
            elements has one, and so on, or None where all calls share it; one for all, or a tuple.
            It may reach into an argument: `in_axes=({"w": None, "x": 0},)`. Arguments that are
            given by keyword are mapped over axis 0.
        out_axes: where the elements of the result stand: 0 for a list of results.

    Returns:
        A function of the same arguments. If `fun` returns a tuple or a dict, it returns one of
        lists.

    Raises:
        TypeError: for an argument that is to be mapped over and has no such axis.
        ValueError: when nothing is mapped over, or lengths differ.

    >>> from pluggrad import func
    >>> func.vmap(lambda x, y: x * y, in_axes=(0, None))([1.0, 2.0, 3.0], 10.0)
    [10.0, 20.0, 30.0]
    >>> func.vmap(func.grad(lambda w, x: w * w * x), in_axes=(None, 0))(3.0, [1.0, 2.0])
    [6.0, 12.0]
    """
    check_callable(fun, "vmap")

    @wraps(fun)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        axes = _axes_of(in_axes, args)
        batches = [
            _batch(x, axis, f"args[{i}]")
            for i, (x, axis) in enumerate(zip(args, axes, strict=True))
        ]
        named = {name: _batch(x, 0, name) for name, x in kwargs.items()}
        count = _count([*batches, *named.values()])
        if count and takes_lanes(fun):
            quick = _over_lanes(fun, batches, named, count)
            if quick is not None:
                return _stacked(quick, out_axes)
        results = [
            fun(*[batch.at(i) for batch in batches], **{k: b.at(i) for k, b in named.items()})
            for i in range(count)
        ]
        return _stacked(results, out_axes)

    return mapped


class _Batch:
    """An argument, and which of its leaves have an element for each call.

    Parameters:
        structure: the containers that hold what is mapped over.
        parts: lists of elements, or what all calls share.
        lengths: the number of elements of each list, with its path; None for what is shared.
    """

    def __init__(
        self, structure: Any, parts: list[Any], lengths: list[tuple[str, int] | None]
    ) -> None:
        self.structure, self.parts, self.lengths = structure, parts, lengths

    def at(self, i: int) -> Any:
        """Return the argument of one call."""
        chosen = [x if n is None else x[i] for x, n in zip(self.parts, self.lengths, strict=True)]
        return rebuild(self.structure, iter(chosen))


def _axes_of(in_axes: Axes, args: Sequence[Any]) -> Sequence[Axes]:
    if not isinstance(in_axes, list | tuple):
        return [in_axes] * len(args)
    if len(in_axes) != len(args):
        raise ValueError(
            f"vmap(): in_axes={in_axes!r} is for {len(in_axes)} positional arguments, but the "
            f"function was called with {len(args)}"
        )
    return in_axes


def _batch(x: Any, axis: Axes, path: str) -> _Batch:
    structure, parts, lengths = _cut(x, axis, path)
    return _Batch(structure, parts, lengths)


def _cut(x: Any, axis: Axes, path: str) -> tuple[Any, list[Any], list[Any]]:
    """Return the containers around what is mapped over, the lists, and their lengths."""
    if axis is None:
        return LEAF, [x], [None]
    if hasattr(x, "tolist") and len(getattr(x, "shape", ())):
        x = x.tolist()
    if isinstance(x, list) and not isinstance(axis, list):
        elements = _along(x, axis, path)
        return LEAF, [elements], [(path, len(elements))]
    container = container_of(type(x))
    if container is None:
        raise TypeError(
            f"vmap(): {path} is a {type(x).__name__}, and in_axes={axis!r} maps over a list; "
            "None shares an argument between all calls"
        )
    parts, aux = container.flatten(x)
    names = container.names(aux, len(parts))
    inner = [
        _cut(part, one, path + name)
        for part, one, name in zip(parts, _axes_inside(axis, x, path), names, strict=True)
    ]
    structure = Structure(type(x), aux, tuple([found[0] for found in inner]))
    return structure, [p for _, ps, _ in inner for p in ps], [n for _, _, ns in inner for n in ns]


def _axes_inside(axis: Axes, x: Any, path: str) -> list[Axes]:
    """Return an axis for each part of a container: one for all, or those of a like container."""
    container = container_of(type(x))
    assert container is not None
    parts, _ = container.flatten(x)
    own = container_of(type(axis))
    if own is None:
        return [axis] * len(parts)
    if isinstance(axis, dict) and isinstance(x, dict) and set(axis) == set(x):
        return [axis[key] for key in x]
    axes, _ = own.flatten(axis)
    if isinstance(axis, dict) or len(axes) != len(parts):
        raise ValueError(f"vmap(): in_axes={axis!r} is not built like {path}, {quoted(x)}")
    return list(axes)


def _along(x: list[Any], axis: Any, path: str) -> list[Any]:
    """Return the elements of nested lists along an axis."""
    if isinstance(axis, bool) or not isinstance(axis, int) or axis < 0:
        raise TypeError(
            f"vmap(): in_axes is 0, 1, ... or None, or a tuple of them, not {quoted(axis)}"
        )
    if axis == 0:
        return x
    rows = []
    for i, row in enumerate(x):
        if not isinstance(row, list):
            raise TypeError(
                f"vmap(): {path}[{i}] is a {type(row).__name__}; it has no axis {quoted(axis)}"
            )
        rows.append(_along(row, axis - 1, f"{path}[{i}]"))
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"vmap(): the lists in {path} have different lengths along axis {axis}")
    return [list(column) for column in zip(*rows, strict=True)]


def _count(batches: Sequence[_Batch]) -> int:
    found = [length for batch in batches for length in batch.lengths if length is not None]
    if not found:
        raise ValueError("vmap() maps over at least one argument; in_axes has only None for them")
    for path, length in found:
        if length != found[0][1]:
            raise ValueError(
                f"vmap() maps over lists of one length; {found[0][0]} has {found[0][1]} elements, "
                f"and {path} has {length}"
            )
    return found[0][1]


def _stacked(results: list[Any], axis: int) -> Any:
    """Put results together: tuples, dicts and the like become those of lists."""
    if not results:
        return []
    first = results[0]
    container = None if isinstance(first, list) else container_of(type(first))
    if container is None or first is None:
        return _moved(results, axis)
    parts, aux = container.flatten(first)
    rows = [container.flatten(x)[0] if type(x) is type(first) else () for x in results]
    if any(
        type(x) is not type(first) or len(r) != len(parts)
        for x, r in zip(results, rows, strict=True)
    ):
        raise TypeError("vmap(): the function gives results that are built differently")
    return container.unflatten(
        aux, [_stacked(list(part), axis) for part in zip(*rows, strict=True)]
    )


def _moved(results: list[Any], axis: int) -> list[Any]:
    if axis == 0:
        return results
    if not all(isinstance(x, list) for x in results):
        raise ValueError(f"vmap(): out_axes={axis} asks for an axis that the result does not have")
    return [_moved(list(column), axis - 1) for column in zip(*results, strict=True)]


# ----- Lanes -----


def takes_lanes(fun: Any) -> bool:
    """Return whether a function takes arrays, one lane for each element: a compiled one does."""
    return getattr(getattr(fun, "__self__", fun), "arrays", "") == "lanes"


def _over_lanes(
    fun: Function, batches: list[_Batch], named: dict[str, _Batch], count: int
) -> list[Any] | None:
    """Call a compiled function once, with an array for each number; None where they do not fit."""
    try:
        args = [_as_lanes(batch, count) for batch in batches]
        kwargs = {name: _as_lanes(batch, count) for name, batch in named.items()}
    except (OverflowError, TypeError, ValueError):  # elements of different shapes, or Values
        return None
    result = fun(*args, **kwargs)
    structure = structure_of(result)
    columns = [_column(x, count) for _, x in leaves(structure, result, "")]
    return [rebuild(structure, iter([column[i] for column in columns])) for i in range(count)]


def _as_lanes(batch: _Batch, count: int) -> Any:
    """Return an argument whose numbers are arrays over all calls; what is shared stays."""
    np = needed("numpy", "vmap() of a compiled function", "compile")
    first = batch.at(0)
    structure = structure_of(first)
    places = [x for _, x in leaves(structure, first, "")]
    if not all(type(x) in (float, int) for x in places):
        raise TypeError("only plain numbers make arrays")
    if all(length is None for length in batch.lengths):
        return first
    rows = []
    for i in range(count):
        rows.append([x for _, x in leaves(structure, batch.at(i), "")])
        if not all(type(x) in (float, int) for x in rows[-1]):
            raise TypeError("only plain numbers make arrays")
    return rebuild(structure, iter(np.array(rows, float).T))


def _column(x: Any, count: int) -> list[Any]:
    return list(x.tolist()) if getattr(x, "shape", ()) == (count,) else [x] * count
