"""Places outside of a function from which a recording took something.

A place is what holds the thing, the key there (None for a variable of an enclosing function), and
the thing. A recording holds as long as the same things stand in its places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from math import copysign
from types import CellType, CodeType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from ..tape.fingerprint import VERSIONED

Place = tuple[Any, Any, Any]
GONE = (AttributeError, LookupError, ReferenceError, TypeError, ValueError)
# What asks whether there is something of a name.
ASKING = frozenset(
    "hasattr getattr vars dir __dict__ AttributeError Exception BaseException".split()
)
ASKING_SCOPE = frozenset({"globals", "NameError", "Exception", "BaseException"})
WRITTEN = 500  # places that are checked by a function made for them; more by a loop


class Seen:
    """Shows what is in a thing, or an attribute of it, as the content of a variable.

    Parameters:
        thing: what is looked at.
        look: how.
    """

    __slots__ = ("look", "thing")

    def __init__(self, thing: Any, look: Callable[[Any], Any]) -> None:
        self.thing = thing
        self.look = look

    @property
    def cell_contents(self) -> Any:
        """What is there now."""
        return self.look(self.thing)


def parts_of_function(function: Any) -> tuple[Any, Any, Any]:
    """Return what can be assigned anew in a Python function."""
    return function.__code__, function.__defaults__, function.__kwdefaults__


def is_data(place: Place) -> bool:
    """Return whether what stands in a place is more than the code of a function."""
    return not (isinstance(place[0], Seen) and place[0].look is parts_of_function)


def is_state(place: Place) -> bool:
    """Return whether what stands in a place is a number or the like, which functions change."""
    holder, _, thing = place
    look = holder.look if isinstance(holder, Seen) else None
    if isinstance(look, partial) and look.func in OF_KINDS:
        return False
    return is_data(place) and not (callable(thing) or isinstance(thing, ModuleType))


def class_in(place: Place) -> type | None:
    """Return the class of which a thing has to be; None for other places."""
    look = place[0].look if isinstance(place[0], Seen) else None
    kind: type | None = look.args[0] if isinstance(look, partial) and look.func is is_of else None
    return kind


def unchanged(places: Iterable[Place]) -> bool:
    """Return whether in all places the same thing stands, or the same number."""
    try:
        for holder, key, thing in places:
            now = holder.cell_contents if key is None else holder[key]
            if now is not thing and not is_same(now, thing):
                return False
    except GONE:
        return False
    return True


def first_change(places: Iterable[Place]) -> str:
    """Name what stands in the first place that is not as it was."""
    for place in places:
        if not unchanged([place]):
            holder, key, _ = place
            if isinstance(key, str):
                return repr(key)
            thing = holder.thing if isinstance(holder, Seen) else holder
            name = getattr(thing, "__qualname__", "")
            return f"what a {type(thing).__name__}{f' {name}' if name else ''} holds"
    return "something outside"


def check_of(places: Sequence[Place]) -> Callable[[], bool]:
    """Make a function that says of these places what `unchanged` says, in less time."""
    if len(places) > WRITTEN:
        return lambda: unchanged(places)
    scope: dict[str, Any] = {"same": is_same, "GONE": GONE}
    tests = [_test(i, place, scope) for i, place in enumerate(places)]
    text = "\n".join([
        "def check():",
        "    try:",
        f"        return {' and '.join(tests) or 'True'}",
        "    except GONE:",
        "        return False",
    ])  # fmt: skip
    exec(_code(text), scope)
    found: Callable[[], bool] = scope["check"]
    return found


@lru_cache(maxsize=256)  # as many places of the same kinds have the same text
def _code(text: str) -> CodeType:
    return compile(text, "<pluggrad places>", "exec")


def _test(i: int, place: Place, scope: dict[str, Any]) -> str:
    """Write the test of one place, and put what it names into the scope."""
    holder, key, thing = place
    scope |= {f"h{i}": holder, f"k{i}": key, f"t{i}": thing}
    now = f"h{i}.cell_contents" if key is None else f"h{i}[k{i}]"
    if isinstance(holder, Seen):
        scope |= {f"h{i}": holder.thing, f"k{i}": holder.look}
        now = f"k{i}(h{i})"
        if holder.look is parts_of_function:
            scope |= {f"c{i}": thing[0], f"d{i}": thing[1], f"e{i}": thing[2]}
            return (
                f"h{i}.__code__ is c{i} and h{i}.__defaults__ is d{i} "
                f"and h{i}.__kwdefaults__ is e{i}"
            )
        if isinstance(holder.look, partial) and holder.look.func in TEXTS:
            names = [f"a{i}_{j}" for j in range(len(holder.look.args))]
            scope.update(zip(names, holder.look.args, strict=True))
            return TEXTS[holder.look.func].format(f"h{i}", *names)
    return f"((n := {now}) is t{i} or same(n, t{i}))"


def is_same(now: Any, thing: Any) -> bool:
    """Return whether two things are one, or the same number, text, or containers of these."""
    return now is thing or (now.__class__ is thing.__class__ and _equal(now, thing))


def _equal(now: Any, thing: Any) -> bool:
    if isinstance(now, float):
        return bool(now == thing and (now or copysign(1.0, now) == copysign(1.0, thing)))
    if isinstance(now, tuple):
        return len(now) == len(thing) and all(map(is_same, now, thing))
    return isinstance(now, int | bytes | str | complex) and bool(now == thing)


def fixed(things: Iterable[Any]) -> Iterator[Place]:
    """Return the places of things that stay where they are."""
    return ((None, None, x) for x in things)


def lacks(names: Iterable[str], held: Any) -> bool:
    """Return whether a dict has none of these keys."""
    return bool(held.keys().isdisjoint(names))


def is_of(kind: type, thing: Any) -> bool:
    """Return whether a thing is of this very class; the class of an object may be set."""
    return type(thing) is kind


def has_attributes(held: dict[str, Any], thing: Any) -> bool:
    """Return whether a thing has its attributes in this very dict; another may be put there."""
    return thing.__dict__ is held


def gained_none(count: int, names: Iterable[str], held: Any) -> bool:
    """Return whether a class, which had so many attributes, has none of these since then."""
    return len(held) == count or lacks(names, held)


def has_bases(bases: tuple[type, ...], kind: type) -> bool:
    """Return whether a class inherits what it did; its bases may be set."""
    return kind.__mro__ == bases


def is_laid_out(shape: tuple[int, ...], dtype: Any, array: Any) -> bool:
    """Return whether the bytes of an array are read as they were; both may be set."""
    return bool(array.shape == shape and array.dtype == dtype)


# How the look of a place is written where it takes less time than a call, and those that tell of
# attributes that are not there, and of classes.
TEXTS: dict[Any, str] = {
    lacks: "{0}.keys().isdisjoint({1})",
    gained_none: "(len({0}) == {1} or {0}.keys().isdisjoint({2}))",
    is_of: "type({0}) is {1}",
    has_attributes: "{0}.__dict__ is {1}",
    has_bases: "{0}.__mro__ is {1}",
    is_laid_out: "{0}.shape == {1} and {0}.dtype == {2}",
}
OF_KINDS = (lacks, gained_none, is_of, has_attributes, has_bases)


def is_empty(cell: CellType) -> bool:
    """Return whether a variable of an enclosing function has no content (yet)."""
    return cell == CellType()


def is_cache(cell: CellType) -> bool:
    """Return whether what a function keeps is found again by things as long as these live."""
    return not is_empty(cell) and isinstance(cell.cell_contents, WeakKeyDictionary)


def is_installed(module: object) -> bool:
    """Tell whether a module belongs to Python, or to a library that tells its version."""
    return str(module or "").partition(".")[0] in VERSIONED
