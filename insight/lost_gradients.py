"""Whether a number that leaves a Value takes a gradient with it, and what is said then.

`float(x)` gives a plain number, through which no gradient flows: fine where a program asks for
one, wrong where `math.exp(x)` takes it without a word. A Value cannot tell who asks, but the place
can that its caller stands at. A place is judged once, when it first asks; the fast path of
`Value.__float__` looks up what was found.
"""

from __future__ import annotations

import ast
import cmath
import functools
import math
import operator
import warnings
from numbers import Real
from types import BuiltinFunctionType, FrameType, FunctionType, MethodType
from typing import Any

from pluggrad.config import current_config
from pluggrad.errors import LostGradientError, LostGradientWarning
from pluggrad.recording import recording, switch
from pluggrad.registry import plugins
from pluggrad.value import Value, quiet_places

from .callers import ENGINE, LIBRARY, library_name, line_of, user_frame, warn_at, whose
from .handed_on import handed_to, is_one_of, iterated_in
from .places import UNKNOWN, Place
from .replacements import replacement

MOST_PLACES = 100_000  # a place keeps its code alive

# What asks for a plain number, or only looks at one. So do all classes of real numbers, formatting
# and comparisons.
QUIET = (
    *(float, int, bool, round, print, str, repr, format, ascii, hash),
    *(math.isnan, math.isinf, math.isfinite, math.isclose),
    *(cmath.isnan, cmath.isinf, cmath.isfinite, cmath.isclose),
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
    *(operator.truth, operator.not_),
)
QUIET_METHODS = {"astype", "format", "format_map", "__float__", "__int__"}
QUIET_NAMES = {"float", "int", "round", "isnan", "isinf", "isfinite", "isclose", "astype", "format"}
QUIET_STEPS = ("COMPARE", "CONTAINS", "FORMAT", "BUILD_STRING", "IS_OP")

# They only pass on what an iterator gives them: list(map(float, values)).
CONSUMERS = (
    *(list, tuple, set, frozenset, dict, sum, any, all, next, min, max, sorted, iter, zip, map),
    functools.reduce,
)


def judge(x: Any, frame: FrameType, flows: bool | None = None) -> None:
    """Decide what the first look of a place at the number in `x` means.

    Parameters:
        x: a Value, or a number inside a forward-mode transform.
        frame: who asked for a plain number.
        flows: whether any gradient goes through `x`, where that is known.

    Raises:
        LostGradientError: when the user's own code loses the gradient by something else than
            asking for a number, or a library by an operator in it.

    Warns:
        LostGradientWarning: when a library does, once for each place of the user's code.
    """
    if switch.active and not recording.get():
        return
    owner = whose(frame)
    if owner == ENGINE:
        _judge_engine(x, frame, flows)
        return
    place = _Judged(frame)
    if place.is_quiet:
        if place.is_lasting:
            _remember(frame)
        return
    asking = frame if owner != LIBRARY else user_frame(frame)
    if asking is not frame and _is_settled(asking, frame):
        return
    lost = current_config().lost
    if lost == "ignore" or not (reaches_leaf(x) if flows is None else flows):
        return
    text = _text(x, place, asking)
    if lost == "raise" and (asking is frame or _is_operator(asking)):
        raise LostGradientError(text)
    _warn(text, asking or frame, frame)


# What the engine and the layers call a function that they were given.
GIVEN = ("fun", "function", "hook", "module", "forward")


def _judge_engine(x: Any, frame: FrameType, flows: bool | None) -> None:
    """Judge a place in the engine: `grad(math.sin)` calls there what the user gave it."""
    function = _given_to(frame)
    if function is None or not _calls_given(frame):
        _remember(frame)
        return
    if not isinstance(function, BuiltinFunctionType) or is_one_of(function, QUIET):
        return
    lost, asking = current_config().lost, user_frame(frame) or frame
    if lost == "ignore" or not (reaches_leaf(x) if flows is None else flows):
        return
    name = function.__name__
    call: Any = ast.parse(f"{name}(x)", mode="eval").body
    text = _text_of(x, f"`{name}`", replacement(name, call, plugins.ops), asking)
    if lost == "raise":
        raise LostGradientError(text)
    _warn(text, asking, frame)


def _given_to(frame: FrameType) -> Any:
    """Return what a frame of the engine was given to call, if it is no function of Python's."""
    held = frame.f_locals
    for name in GIVEN:
        function = held.get(name, getattr(held.get("self"), name, None))
        while isinstance(function, functools.partial):
            function = function.func
        if not isinstance(function, FunctionType):  # but for C's cache around one of C's functions
            function = getattr(function, "__wrapped__", function)
        if function is not None and not isinstance(function, FunctionType | MethodType):
            return function
    return None


def _calls_given(frame: FrameType) -> bool:
    call = _Judged(frame).call
    return call is not None and _last_name(call.func) in GIVEN


def _text_of(x: Any, shown: str, instead: str, asking: FrameType) -> str:
    label = getattr(x, "label", "")
    subject = f"{label!r}" if label else f"a Value of {_number(x)!r}"
    return (
        f"{line_of(asking)}: {shown} would cut the gradient of {subject} here: {instead} "
        "`float(x)` if the number is what you want"
    )


def _is_settled(asking: FrameType | None, frame: FrameType) -> bool:
    """Return whether the user's line was warned of, or prints, formats, compares or asks itself."""
    return _was_told(asking or frame, frame) or (asking is not None and _Judged(asking).has_asked)


def _is_operator(asking: FrameType | None) -> bool:
    """Return whether the user's line is `series * x`: it is not a library that chose to take x."""
    return asking is not None and Place(asking).opname == "BINARY_OP"


def _remember(frame: FrameType) -> None:
    if len(quiet_places) >= MOST_PLACES:
        quiet_places.clear()
    quiet_places[id(frame.f_code) + frame.f_lasti] = frame.f_code


def reaches_leaf(x: Value) -> bool:
    """Return whether any gradient goes through a Value to a leaf: each step has a rule for it."""
    stack, seen = [x], set()
    while stack:
        node = stack.pop()
        operands = [operand for operand in node.prev if operand.requires_grad]
        if node.op is None or not operands:  # or the argument of a transform
            return True
        for operand, rule in zip(node.prev, node.op.rules, strict=False):
            if rule is not None and operand.requires_grad and id(operand) not in seen:
                seen.add(id(operand))
                stack.append(operand)
    return False


# ----- What a place does with the number -----


class _Judged(Place):
    """A place, and whether it asks for a number.

    Attributes:
        call: the call; None for what is none, such as `array[0] = x`.
        taker: the expression of what takes the number: `math.exp`, or `float` in `map(float, x)`.
        name: how that is called, "exp"; "" where that is not known.
        is_quiet: whether it asks for a number, or only looks at one.
        is_lasting: whether it always does: `float(x)` does, `f(x)` depends on what f is.
        has_asked: whether it asks for the number, if a library has taken it.
    """

    def __init__(self, frame: FrameType) -> None:
        super().__init__(frame)
        is_library = whose(frame) == LIBRARY and user_frame(frame) is not None
        self.asks = may_take_number if is_library else asks_for_number
        self.call = self.tree if isinstance(self.tree, ast.Call) else None
        self.taker: ast.AST | None = None
        self.name = ""
        text = self._text_of_format()
        is_look = self.opname.startswith(QUIET_STEPS) or text is UNKNOWN or _is_text(text)
        self.is_quiet = self.is_lasting = is_look
        takers = [] if self.is_quiet else self._takers()
        if takers:
            loud = [(node, f) for node, f in takers if not self.asks(node, f)]
            self.is_quiet = not loud
            self.is_lasting = not loud and all(_is_spelled_out(node, f) for node, f in takers)
            self.taker, function = (loud or takers)[0]
            self.name = _name_of(self.taker, function)
        # Python itself writes a number into a text; a library's `%` takes a remainder.
        self.has_asked = self.is_quiet and text is not UNKNOWN

    def _text_of_format(self) -> Any:
        """Find what stands before a `%`, the text of `"%f" % x` or something else; None without."""
        match self.tree:
            case ast.BinOp(left, ast.Mod(), _) | ast.AugAssign(left, ast.Mod(), _):
                return self.resolve(left)
            case ast.Call(function, [left, _]) if self.resolve(function) is operator.mod:
                return self.resolve(left)
        return UNKNOWN if self.operator in ("%", "%=") else None

    def _takers(self) -> list[tuple[ast.AST, Any]]:
        """Find what may take the number: what is called, or the functions that it is handed."""
        if self.call is not None:
            return self._takers_in(self.call)
        if self.opname.startswith(("STORE_", "BINARY_")) or self.tree is None:
            return []
        found = iterated_in(self)
        for node in () if found else ast.walk(self.tree):  # a line without columns, all of it
            if isinstance(node, ast.Call):
                found.extend(self._takers_in(node))
        return found

    def _takers_in(self, call: ast.Call) -> list[tuple[ast.AST, Any]]:
        function = self.resolve(call.func)
        callee = (call.func, function)
        if self.asks(*callee):
            return [callee]
        # A Python function asks in a frame of its own.
        handed = [x for x in handed_to(call, self) if not isinstance(x[1], FunctionType)]
        if handed and (is_one_of(function, CONSUMERS) or all(self.asks(*x) for x in handed)):
            return handed
        return [callee, *handed]


def _is_text(thing: Any) -> bool:
    """Return whether something is a text, or a class of texts for one that it makes."""
    return issubclass(thing if isinstance(thing, type) else type(thing), str | bytes | bytearray)


def asks_for_number(node: ast.AST, function: Any) -> bool:
    """Return whether a function gives a number that was asked for, or only looks at one."""
    if function is UNKNOWN:
        return _last_name(node) in QUIET_NAMES
    if isinstance(function, type):
        return issubclass(function, Real) or is_one_of(function, QUIET)
    return is_one_of(function, QUIET) or getattr(function, "__name__", "") in QUIET_METHODS


def may_take_number(node: ast.AST, function: Any) -> bool:
    """Return the same for a library, which nobody asked for `float(x)`."""
    if isinstance(function, type) and issubclass(function, Real):
        return issubclass(function, int)
    return _last_name(node) not in ("float", "astype") and asks_for_number(node, function)


def _is_spelled_out(node: ast.AST, function: Any) -> bool:
    return function is not UNKNOWN and _last_name(node) == getattr(function, "__name__", None)


def _name_of(node: ast.AST, function: Any) -> str:
    name = None if function is UNKNOWN else getattr(function, "__name__", None)
    return name if isinstance(name, str) else _last_name(node)


def _last_name(node: ast.AST) -> str:
    return str(getattr(node, "attr", None) or getattr(node, "id", ""))


# ----- What is said -----


def _text(x: Any, place: _Judged, asking: FrameType | None) -> str:
    if asking is place.frame:
        shown = f"`{_short(ast.unparse(place.taker) if place.taker else _line(place))}`"
    else:
        library = library_name(place.frame)
        place = _Judged(asking) if asking is not None else place
        shown = f"`{_short(place.text or _line(place))}` (in {library})"
    call = place.call if place.call is None or place.taker is place.call.func else place.taker
    return _text_of(x, shown, replacement(place.name, call, plugins.ops), place.frame)


def _line(place: _Judged) -> str:
    return place.line() or "this line"


def _number(x: Any) -> float:
    while not isinstance(x, float):
        x = x.data if isinstance(x, Value) else x.primal
    return x


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


# Where a warning was given: (the user's line, the library's), with the code that is there. Not the
# instructions: Python 3.11 calls from another one when it has seen what is called.
_told: dict[tuple[int, ...], tuple[object, object]] = {}
_filters: Any = None


def _key(asking: FrameType, frame: FrameType) -> tuple[int, ...]:
    return id(asking.f_code), asking.f_lineno, id(frame.f_code), frame.f_lineno


def _was_told(asking: FrameType, frame: FrameType) -> bool:
    """Return whether there was a warning at this place, under the warning filters that hold now."""
    global _filters
    if _filters is not warnings.filters:
        _told.clear()
        _filters = warnings.filters
    return _key(asking, frame) in _told


def _warn(text: str, asking: FrameType, frame: FrameType) -> None:
    warn_at(asking, text, LostGradientWarning, again=True)
    _told[_key(asking, frame)] = asking.f_code, frame.f_code
