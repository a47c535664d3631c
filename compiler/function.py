"""A compiled function of numbers: recorded once for each way through it, called like a ufunc."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from inspect import signature
from typing import Any
from weakref import WeakKeyDictionary, ref

from pluggrad import CompileError, CompileWarning, func, plugins
from pluggrad.func.wrapping import look_like
from pluggrad.hints.values import moving_hint

from .capture.arguments import LEAF, is_array, is_symbolic, put_together, taken_apart
from .capture.guests import has_a_door
from .recording import Answer, DirectCall, Recording, check_numbers, record, too_large
from .tape.fingerprint import check_ops, fingerprint
from .ufunc import SeveralOutputsError, call, taken_options

Numbers = list[Any]
Directs = tuple[DirectCall, ...]
PLAIN = {float, int}
DIRECT = 16  # how many calls on plain numbers find memory ready
EXACT_WARNING = 8
OPTIONS = ("executor", "bound", "threads", "arrays", "math")


class Compiled:
    """A function of numbers at hardware speed.

    Numbers give numbers. Where an argument has an array for a number, all are broadcast, and the
    results are arrays: one lane for each element, as with NumPy's ufuncs. Like a ufunc it takes
    `out=` and `where=` (unless the function has parameters of that name), and leaves arrays of
    other libraries to their own `__array_ufunc__`. Arguments may be nested lists, tuples and dicts
    of numbers; each shape is recorded apart.

    The function is run once on Values, and what it did is kept. Where its Python code looked at a
    number (`if x > 0`, `float(x)`), the recording holds for inputs that give the same answer; for
    others the function is recorded again. Called with Values, it
    records as the function itself would.

    Parameters:
        function: takes and gives numbers, and is made of operators and ops.
        executor: `auto`, `numba` (or an error), or `interpreter`.
        bound: how many recordings are kept; the one not used for longest goes first.
        threads: how many threads share the lanes of arrays.
        arrays: `lanes`, or `elements`: then an array is a (nested) list of numbers, and so is its
            gradient; this is what optimizers want that pass one vector.
        math: `vector` lets many lanes be computed with vector functions of our own, which give the
            numbers of Python's `math` but for the last bits; `libm` keeps to those of the C
            library.

    Raises:
        CompileError: when it is called, and the function cannot be recorded or the arguments do not
            fit together, saying why.

    >>> from pluggrad.compiler import compile
    >>> square = compile(lambda x: x * x, executor="interpreter")
    >>> square(3.0), square.value_and_grad(3.0)
    (9.0, (9.0, 6.0))
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        executor: str = "auto",
        bound: int = 16,
        threads: int = 1,
        arrays: str = "lanes",
        math: str = "vector",
    ) -> None:
        if not callable(function):
            raise CompileError(
                f"compile() takes a Value, several, or a function, not {type(function).__name__}"
                + moving_hint(function, "compile a function, and call it there")
            )
        if arrays not in ("lanes", "elements"):
            raise CompileError(f"arrays={arrays!r}; available: lanes, elements")
        if math not in ("vector", "libm"):
            raise CompileError(f"math={math!r}; available: libm, vector")
        if bound < 1 or threads < 1:
            raise CompileError("bound= and threads= are at least 1")
        self.function = function
        self.executor = executor
        self.bound = bound
        self.threads = threads
        self.arrays = arrays
        self.math = math
        self._recordings: list[tuple[Any, Recording]] = []  # the one used last is the last
        self._last: Recording | None = None
        self._changes = plugins.changes  # recordings are of the ops that were installed then
        self._exact = 0
        self._warned = False
        # Calls on plain numbers, of the value and of value and gradient: the one used last first.
        self._values: tuple[DirectCall, ...] = ()
        self._gradients: tuple[DirectCall, ...] = ()
        self._derived: dict[str, Compiled] = {}
        self._methods: WeakKeyDictionary[Any, Compiled] = WeakKeyDictionary()
        self._bound: ref[Compiled] | None = None  # the same method as long as somebody holds it
        look_like(self, function)

    def __repr__(self) -> str:
        return f"<compiled {self.__dict__.get('__qualname__') or self.function}>"

    # ----- What is kept -----

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings that are kept, the one used last at the end."""
        return tuple(recording for _, recording in self._recordings)

    def forget(self) -> None:
        """Drop all recordings."""
        self._recordings = []
        self._values = self._gradients = ()
        self._changes = plugins.changes

    # ----- Calls -----

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function."""
        if plugins.changes != self._changes:
            self.forget()
        elif not kwargs:
            for direct in self._values:
                if (found := direct.call(*args)) is not None:
                    if direct.recording is not self._last:
                        self._refresh(direct.recording)
                    return found
        if kwargs and (options := taken_options(self.function, kwargs)):
            return call(self, "__call__", args, kwargs, **options)
        shape, numbers, plain = self._taken_apart(args, kwargs)
        if not plain:
            if any(map(is_symbolic, numbers)):
                return self.function(*args, **kwargs)
            if any(map(has_a_door, numbers)):
                return call(self, "__call__", args, kwargs)
            if any(map(is_array, numbers)):
                recording, results, _ = self._lanes(shape, numbers, backward=False)
                return put_together(recording.result, iter(results), None)
        recording, (single, _) = self._single(shape, numbers, backward=False)
        if not kwargs:
            self._values = self._with_direct(self._values, recording, args, backward=False)
        return put_together(recording.result, iter(single), None)

    def __get__(self, instance: Any, owner: type | None = None) -> Compiled:
        """Give the compiled method of one object, when this stands in a class."""
        if instance is None:
            return self
        try:
            found: Any = self._methods.get(instance)
        except TypeError:  # no weak reference, or no hash
            return self._like(self.function.__get__(instance, owner))
        if found is None:
            found = self._like(partial(_method, self.function, ref(instance)))
            look_like(found, self.function)
            self._methods[instance] = found
        elif found.function.args[1]() is not instance:  # another object that is equal
            return self._like(self.function.__get__(instance, owner))
        bound: Compiled | None = None if found._bound is None else found._bound()
        if bound is None:
            bound = _Bound(found, instance)
            found._bound = ref(bound)
        return bound

    def value_and_grad(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function, which gives one number, and its gradient.

        Returns:
            The value, and the gradient built like the argument; for several arguments a tuple of
            gradients, one for each. Arguments given by keyword count as if given by position; those
            that can only be given by keyword get none. Text and the like have None.

        Raises:
            CompileError: when the function gives more than one number.
        """
        if plugins.changes != self._changes:
            self.forget()
        elif not kwargs:
            for direct in self._gradients:
                if (found := direct.call(*args)) is not None:
                    if direct.recording is not self._last:
                        self._refresh(direct.recording)
                    return found
        options = taken_options(self.function, kwargs) if kwargs else {}
        args, kwargs = self._by_position(args, kwargs)
        if options:
            return call(self, "value_and_grad", args, kwargs, **options)
        shape, numbers, _ = self._taken_apart(args, kwargs)
        if any(map(is_symbolic, numbers)):
            argnums = 0 if len(args) == 1 else tuple(range(len(args)))
            return func.value_and_grad(self.function, argnums)(*args, **kwargs)
        if any(map(has_a_door, numbers)):
            return call(self, "value_and_grad", args, kwargs)
        if any(map(is_array, numbers)):
            recording, results, gradients = self._lanes(shape, numbers, backward=True)
            self._check_one(recording)
            return results[0], self._built(shape, gradients)
        recording, (single, gradient) = self._single(shape, numbers, backward=True)
        self._check_one(recording)
        if not kwargs:
            self._gradients = self._with_direct(self._gradients, recording, args, backward=True)
        return single[0], self._built(shape, gradient)

    def grad(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the gradient of the function, built as `value_and_grad` builds it."""
        options = taken_options(self.function, kwargs) if kwargs else {}
        if not options:
            try:
                return self.value_and_grad(*args, **kwargs)[1]
            except SeveralOutputsError:  # from a guest that takes one at a time
                pass
        return call(self, "grad", *self._by_position(args, kwargs), **options)

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any], **options: Any) -> Any:
        """Compute the function and its derivative in a direction.

        Parameters:
            primals: a tuple of its arguments.
            tangents: the direction, built like the primals.
            options: `out` and `where`, as in calls.

        Returns:
            The result and its derivative, both built like the result.
        """
        return self._derivative("jvp")(tuple(primals), tuple(tangents), **options)

    def hvp(self, primals: Sequence[Any], tangents: Sequence[Any], **options: Any) -> Any:
        """Compute the product of the function's Hessian with a direction.

        Parameters:
            primals: a tuple of its arguments.
            tangents: the direction, built like the primals.
            options: `out` and `where`, as in calls.

        Returns:
            The product, built like the argument; a tuple of them for several arguments.
        """
        found = self._derivative("hvp")(tuple(primals), tuple(tangents), **options)
        shape = taken_apart((tuple(primals), {}), [], elements=self.arrays == "elements")
        parts: Numbers = []
        taken_apart(found, parts, elements=False)
        return self._built(shape, parts)

    # ----- How -----

    def _taken_apart(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, Numbers, bool]:
        """Give the shape of the arguments, their numbers, and whether all are plain floats."""
        numbers: Numbers = []
        shape = taken_apart((args, kwargs), numbers, elements=self.arrays == "elements")
        if set(map(type, numbers)) <= PLAIN:
            return shape, numbers, True
        check_numbers([x for x in numbers if not (is_symbolic(x) or has_a_door(x))])
        return shape, numbers, False

    def _by_position(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Turn keyword arguments into positional ones where the function has both."""
        if kwargs:
            try:
                bound = signature(self.function).bind(*args, **kwargs)
            except (TypeError, ValueError):  # the call itself will say what is wrong
                return args, kwargs
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        if not args:
            raise CompileError(f"{self!r} has no positional argument here to give the gradient of")
        return args, kwargs

    def _like(self, function: Callable[..., Any]) -> Compiled:
        """Compile another function with the same options."""
        return Compiled(
            function,
            executor=self.executor,
            bound=self.bound,
            threads=self.threads,
            arrays=self.arrays,
            math=self.math,
        )

    def _derivative(self, name: str) -> Compiled:
        if name not in self._derived:
            derived = self._like(partial(getattr(func, name), self.function))
            for known in ("__name__", "__qualname__"):
                derived.__dict__[known] = f"{self.__dict__.get(known) or self.function}.{name}"
            self._derived[name] = derived
        return self._derived[name]

    def _built(self, shape: Any, gradients: Any) -> Any:
        def array(numbers: list[Any], lengths: tuple[int, ...]) -> Any:
            import numpy as np

            return np.array(numbers).reshape(lengths)

        args, _ = put_together(shape, iter(gradients), array, static=False)
        return args[0] if len(args) == 1 else args

    def _check_one(self, recording: Recording) -> None:
        if recording.result != LEAF:
            raise CompileError(
                f"value_and_grad() is for functions that give one number; "
                f"{self!r} gives nested ones. Take func.jacrev of it and compile that"
            )

    def _with_direct(
        self, known: Directs, recording: Recording, args: tuple[Any, ...], *, backward: bool
    ) -> Directs:
        """Give direct calls with one of this recording, where it can have one, in front."""
        if len(args) != recording.count or not set(map(type, args)) <= PLAIN:
            return known
        mine = [direct for direct in known if direct.recording is recording]
        if mine and not any(direct.was_busy() for direct in mine):
            others = [direct for direct in known if direct.recording is not recording]
            return (*mine, *others)  # the next call tries it first
        direct = recording.direct(backward=backward)
        return known if direct is None else (direct, *known)[:DIRECT]

    def _without_direct(self, entries: list[tuple[Any, Recording]]) -> None:
        """Forget the direct calls of recordings that go."""
        gone = [recording for _, recording in entries]
        self._values = tuple([x for x in self._values if x.recording not in gone])
        self._gradients = tuple([x for x in self._gradients if x.recording not in gone])

    def _matching(self, shape: Any) -> list[tuple[Any, Recording]]:
        found = [entry for entry in reversed(self._recordings) if entry[0] == shape]
        stale = [entry for entry in found if not entry[1].is_current()]
        if stale:
            self._recordings = [entry for entry in self._recordings if entry not in stale]
            self._without_direct(stale)
        return [entry for entry in found if entry not in stale] if stale else found

    def _used(self, entry: tuple[Any, Recording]) -> None:
        # A new list each time: threads that walk through the old one are not disturbed.
        recordings = self._recordings
        if recordings and recordings[-1] is not entry:  # empty: forgotten meanwhile
            self._recordings = [kept for kept in recordings if kept is not entry] + [entry]
        self._last = entry[1]

    def _refresh(self, recording: Recording) -> None:
        for entry in self._recordings:
            if entry[1] is recording:
                self._used(entry)
                return

    def _recorded(self, shape: Any, numbers: Numbers) -> tuple[Any, Recording]:
        recording, exact = record(
            self.function, shape, numbers, self.executor, fuses=self.math == "vector"
        )
        self._exact += exact
        if self._exact == EXACT_WARNING:
            warnings.warn(
                f"{self!r} turns a Value into a float or int, so each new number records it again. "
                "Keep it a Value, or pass it as something else than a number",
                CompileWarning,
                stacklevel=5,
            )
        entry = shape, recording
        recordings = [*self._recordings, entry]
        if len(recordings) > self.bound:
            self._without_direct(recordings[:1])
            del recordings[0]
            self._warn_of_many_ways()
        self._recordings, self._last = recordings, recording
        return entry

    def _recorded_anywhere(self, shape: Any, count: int) -> tuple[Any, Recording]:
        """Record without a number of the caller's, for what the function accepts."""
        rising = [(i + 1) / (count + 1) for i in range(count)]
        samples = [1.0] * count, [0.5] * count, rising, rising[::-1], [-1.0] * count
        errors = []
        for numbers in samples:
            try:
                return self._recorded(shape, numbers)
            except Exception as error:
                errors.append(error)
        raise errors[0]

    def _warn_of_many_ways(self) -> None:
        if not self._warned and self._exact < EXACT_WARNING:
            self._warned = True
            warnings.warn(
                f"{self!r} has taken more than {self.bound} ways, by its branches and by the "
                "shapes of its arguments; the one not used for longest is forgotten, and recorded "
                f"again when it is needed. Keep more with compile(..., bound={4 * self.bound}), or "
                "choose by where() instead of if",
                CompileWarning,
                stacklevel=5,
            )

    def _single(self, shape: Any, numbers: Numbers, *, backward: bool) -> tuple[Recording, Answer]:
        for entry in self._matching(shape):
            answer = entry[1].answer(numbers, backward=backward)
            if answer is not None:
                self._used(entry)
                return entry[1], answer
        check_numbers(numbers)
        _, recording = self._recorded(shape, self._floats(numbers))
        answer = recording.answer(numbers, backward=backward)
        return recording, answer or self._answer_exactly(recording, numbers)

    def _floats(self, numbers: Numbers) -> list[float]:
        try:
            return [float(x) for x in numbers]
        except OverflowError:
            raise too_large(numbers) from None

    def _answer_exactly(self, recording: Recording, numbers: Numbers) -> Answer:
        answer = recording.answer_exactly(numbers)
        if answer is None:
            raise CompileError(
                f"{self!r} did not take the way again that it took while it was recorded: it is "
                "not a function of its arguments alone"
            )
        return answer

    def _lanes(self, shape: Any, numbers: Numbers, *, backward: bool) -> tuple[Recording, Any, Any]:
        import numpy as np

        try:
            arrays = [np.asarray(x, float) for x in numbers]
            lengths = np.broadcast_shapes(*[x.shape for x in arrays])
        except OverflowError:
            raise too_large(numbers) from None
        except ValueError as cause:
            shapes = ", ".join(str(np.shape(x)) for x in numbers)
            raise CompileError(
                f"the arrays among the arguments do not broadcast together: {shapes}"
            ) from cause
        # A number for all lanes stays one.
        rows = [(x if x.size == 1 else np.broadcast_to(x, lengths)).ravel() for x in arrays]
        count = math.prod(lengths)
        if count == 0:  # whoever asks wants to know the kind of the result
            entry = next(iter(self._matching(shape)), None) or self._recorded_anywhere(
                shape, len(rows)
            )
            given = len(entry[1].tape.outputs) - 1
            empty = np.empty((max(given, len(rows)), *lengths))
            return entry[1], empty[:given], empty[: len(rows)]
        tried = self._matching(shape) or [self._recorded(shape, [float(x[0]) for x in rows])]
        first = tried[0][1]
        results = np.empty((len(first.tape.outputs) - 1, count))
        gradients = np.zeros((len(rows), count)) if backward else None
        holds = first.lanes(rows, results, gradients, self.threads)
        self._used(tried.pop(0))
        left = np.flatnonzero(~holds)
        while len(left):
            here = [float(x[left[0] if len(x) > 1 else 0]) for x in rows]
            fresh = not tried
            recording = (self._recorded(shape, here) if fresh else tried.pop(0))[1]
            if recording.result != first.result:
                raise CompileError(f"{self!r} gives results of different shapes in different lanes")
            part = np.empty((len(results), len(left)))
            part_gradients = np.zeros((len(rows), len(left))) if backward else None
            holds = recording.lanes(
                picked := [x[left] if len(x) > 1 else x for x in rows],
                part,
                part_gradients,
                self.threads,
            )
            if fresh and not holds[0]:  # by the last bit of a vector function, perhaps
                holds = recording.lanes(picked, part, part_gradients, self.threads, careful=True)
            if fresh and not holds[0]:
                answer = self._answer_exactly(recording, here)
                holds[0] = True
                part[:, 0] = answer[0]
                if part_gradients is not None:
                    part_gradients[:, 0] = answer[1]
            results[:, left[holds]] = part[:, holds]
            if gradients is not None and part_gradients is not None:
                gradients[:, left[holds]] = part_gradients[:, holds]
            left = left[~holds]
        shaped = results.reshape(len(results), *lengths)
        return (
            first,
            shaped,
            None if gradients is None else gradients.reshape(len(rows), *lengths),
        )

    # ----- Pickles -----

    def __reduce__(self) -> tuple[object, ...]:
        module = sys.modules.get(self.__dict__.get("__module__") or "")
        found: Any = module
        for name in (self.__dict__.get("__qualname__") or "").split("."):
            found = getattr(found, name, None)
        if found is self:  # a decorated function: the other process imports it, decorated
            return _imported, (self.__dict__["__module__"], self.__dict__["__qualname__"])
        return self.by_value()

    def by_value(self) -> tuple[object, ...]:
        """Give what makes it again where its name says nothing: a function and its arguments."""
        options = {name: getattr(self, name) for name in OPTIONS}
        kept = [
            (shape, recording, [fingerprint(op) for op in recording.tape.ops])
            for shape, recording in self._recordings
            if not recording.read  # Values from outside: there they may be others
        ]
        return _restored, (self.function, options, kept, sys.version_info[:2])


class _Bound(Compiled):
    """The compiled method of one object, which it keeps alive; what is recorded is shared."""

    __slots__ = ("owner",)

    def __init__(self, found: Compiled, owner: Any) -> None:
        self.__dict__ = found.__dict__
        self.owner = owner

    def by_value(self) -> tuple[object, ...]:
        """Give what makes it again: the object, and the name of its method."""
        for kind in type(self.owner).__mro__:
            for name, method in vars(kind).items():
                mine = method._methods.get(self.owner) if isinstance(method, Compiled) else None
                if mine is not None and mine.__dict__ is self.__dict__:
                    return getattr, (self.owner, name)
        return super().by_value()


def _method(function: Callable[..., Any], owner: Any, *args: Any, **kwargs: Any) -> Any:
    return function(owner(), *args, **kwargs)


def _imported(module: str, name: str) -> Any:
    from importlib import import_module

    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _restored(
    function: Callable[..., Any],
    options: dict[str, Any],
    kept: list[tuple[Any, Recording, list[str]]],
    python: tuple[int, int],
) -> Compiled:
    compiled = Compiled(function, **options)
    for shape, recording, fingerprints in kept:
        check_ops(recording.tape.ops, fingerprints, python)
        compiled._recordings.append((shape, recording))
    return compiled
