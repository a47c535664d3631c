"""What goes into a transform and what its function gives, checked and taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real
from operator import index
from typing import Any

from pluggrad.errors import quoted
from pluggrad.value import Value, is_flag

from .dual import Dual
from .tree import Structure, leaves, numbers, rebuild


def check_callable(fun: object, name: str) -> None:
    """Check that a transform was given a function.

    Raises:
        TypeError: naming what it was given.
    """
    if not callable(fun):
        raise TypeError(f"{name}() takes a function, not {quoted(fun)}")


class Arguments:
    """The arguments of a call, and those among them that are differentiated.

    Parameters:
        args: all positional arguments.
        argnums: which of them, one number or several.
        name: the transform, for messages.
    """

    def __init__(self, args: Sequence[Any], argnums: int | Sequence[int], name: str) -> None:
        self.args = list(args)
        self.single = not isinstance(argnums, Iterable)
        self.chosen = _checked_argnums(argnums, len(args), name)
        self.structures: list[Structure] = []
        self.leaves: list[Any] = []
        for i in self.chosen:
            structure, found = numbers(args[i], f"args[{i}]", f"{name}() differentiates in")
            self.structures.append(structure)
            self.leaves += found

    def with_leaves(self, replaced: Sequence[Any]) -> list[Any]:
        """Return all arguments, the differentiated ones made of other leaves."""
        given = list(self.args)
        source = iter(replaced)
        for i, structure in zip(self.chosen, self.structures, strict=True):
            given[i] = rebuild(structure, source)
        return given

    def shaped(self, results: Sequence[Any]) -> Any:
        """Put one result for each leaf into the shape of the differentiated arguments."""
        source = iter(results)
        shaped = tuple([rebuild(structure, source) for structure in self.structures])
        return shaped[0] if self.single else shaped

    def tangents(self, tangents: Sequence[Any], name: str) -> list[Any]:
        """Take tangents apart that are built like the arguments.

        Raises:
            TypeError: when they are built differently, naming the place.
        """
        found: list[Any] = []
        for i, (structure, tree) in enumerate(zip(self.structures, tangents, strict=True)):
            path = f"{name}: tangents[{i}]"
            for place, x in leaves(structure, tree, path, f"primals[{i}]"):
                found += numbers(x, place, "tangents are")[1]
        return found


def _checked_argnums(argnums: int | Sequence[int], given: int, name: str) -> list[int]:
    wanted = list(argnums) if isinstance(argnums, Iterable) else [argnums]
    if not all(hasattr(i, "__index__") and not isinstance(i, bool) for i in wanted):
        raise TypeError(f"{name}(): argnums is an int or a tuple of ints, not {quoted(argnums)}")
    for i in map(index, wanted):
        if not -given <= i < given:
            raise ValueError(
                f"{name}(): argnums={quoted(argnums)} asks for argument {quoted(i)}, but the "
                f"function was called with {given} positional argument{'' if given == 1 else 's'}; "
                "arguments that are differentiated are passed by position"
            )
    chosen = [index(i) % given for i in wanted]
    if len(set(chosen)) != len(chosen):
        raise ValueError(f"{name}(): argnums={argnums} names an argument twice")
    return chosen


def in_direction(
    primals: Sequence[Any], tangents: Sequence[Any], name: str
) -> tuple[Arguments, list[Any]]:
    """Take primals and tangents apart, which are built alike.

    Raises:
        TypeError: when they are built differently, naming the place.
    """
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, list | tuple):
            raise TypeError(
                f"{name}(): {what} is a tuple with one entry for each argument, not {quoted(given)}"
            )
    arguments = Arguments(primals, range(len(primals)), name)
    return arguments, arguments.tangents(counted(primals, tangents, name), name)


def counted(primals: Sequence[Any], tangents: Sequence[Any], name: str) -> Sequence[Any]:
    """Check that there is a tangent for each argument, and give them.

    Raises:
        TypeError: when there is not.
    """
    if len(tangents) != len(primals):
        raise TypeError(f"{name}() got {len(tangents)} tangents for {len(primals)} arguments")
    return tangents


# ----- Results -----


def scalar(result: Any, name: str) -> Any:
    """Check that a function gave one number.

    Raises:
        TypeError: naming what it gave.
    """
    if isinstance(result, Value | Dual | Real):
        return result
    if is_flag(result):
        return bool(result)
    if hasattr(result, "__len__"):
        what = f"a {type(result).__name__} of {len(result)}"
    else:
        what = f"{quoted(result)} ({type(result).__name__})"
    raise TypeError(
        f"{name}() differentiates functions that give one number; this one gave {what}. For "
        "several numbers use jacrev() or jacfwd(), for a pair (number, anything) has_aux=True"
    )


def results_of(result: Any, name: str) -> tuple[Structure, list[Any]]:
    """Take apart what a function gave, which is numbers, nested to any depth.

    Raises:
        TypeError: for anything else.
    """
    return numbers(result, "the result", f"{name}() differentiates functions that give")


def with_aux(result: Any, name: str) -> tuple[Any, Any]:
    """Take apart what a function called with `has_aux` gave.

    Raises:
        TypeError: when it is no pair.
    """
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"{name}(has_aux=True) expects the function to give a pair (result, aux); this one "
            f"gave {quoted(result)}"
        )
    return result


def cotangents_like(structure: Structure, tree: Any, name: str) -> list[Any]:
    """Take cotangents apart that are built like the result.

    Raises:
        TypeError: when they are built differently, naming the place.
    """
    found: list[Any] = []
    for place, x in leaves(structure, tree, f"{name}: cotangents", "the result"):
        found += numbers(x, place, "cotangents are")[1]
    return found
