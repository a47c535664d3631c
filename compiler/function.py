"""A compiled function of numbers: recorded once for each way through it, called like a ufunc."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, Generic, Literal, overload
from weakref import WeakKeyDictionary, ref

from pluggrad import CompileError, func, plugins
from pluggrad.errors import quoted
from pluggrad.func.wrapping import look_like
from pluggrad.hints.values import moving_hint
from pluggrad.recording import computed_once, switch
from pluggrad.value import is_flag

from .arrays import OverLanes
from .capture.arguments import is_symbolic, put_together, taken_apart
from .capture.calls import by_position, like_the_arguments, numbers_of, pair
from .capture.guests import has_a_door
from .capture.inside import called_inside, is_recorded, refuse_inside
from .jacobians import jacobian
from .portable import files
from .portable.fields import Fields
from .portable.functions import read as read_function
from .recordings import Directs, Numbers, Packed
from .run.executor import MATHS, check_math
from .tape.fingerprint import fingerprint
from .ufunc import SeveralOutputsError, call, taken_options
from .ufunc.elements import flat

if TYPE_CHECKING:  # where they have defaults, so that a bare Compiled is of any function
    from numpy import float64
    from numpy.typing import NDArray
    from typing_extensions import ParamSpec, TypeVar

    P = ParamSpec("P", default=...)
    R = TypeVar("R", default=Any)
else:
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

Tree = TypeVar("Tree")  # numbers in lists, dicts and so on: a gradient is built like them
MOST = 1 << 10  # threads, and recordings, of a loaded function
SAVED = ("bound", "threads", "arrays", "math")
OPTIONS = ("executor", "bound", "threads", "arrays", "math")


class Compiled(OverLanes, Generic[P, R]):
    """A function of numbers at hardware speed.

    Numbers give numbers. If an argument has an array in place of a number, all are broadcast, and
    the results are arrays: one lane for each element, as with NumPy's ufuncs. Like a ufunc it takes
    `out=` and `where=` (unless the function has parameters of that name), and leaves arrays of
    other libraries to their own `__array_ufunc__`. Arguments may be nested lists, tuples and dicts
    of numbers; each shape is recorded apart.

    The function is run once on Values, and what it did is kept. Where its Python code looked at a
    number (`if x > 0`, `float(x)`), the recording holds for inputs that give the same answer; for
    others the function is recorded again. Called with Values, it
    records as the function itself would.

    Parameters:
        function: takes and returns numbers, and is made of operators and ops.
        executor: `auto`, `numba` (or an error), or `interpreter`.
        bound: how many recordings are kept; the one not used for longest goes first.
        threads: how many threads share the lanes of arrays.
        arrays: `lanes`, or `elements`: then an array is a (nested) list of numbers, and so is its
            gradient; this is what optimizers want that pass one vector.
        math: `vector` lets many lanes, and tanh in long loops, be computed with functions of our
            own, which give the numbers of Python's `math` but for the last bits; `libm` keeps to
            those of the C library.

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
        function: Callable[P, R],
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
        for name, count in (("bound", bound), ("threads", threads)):
            if not isinstance(count, Integral) or count < 1:
                raise CompileError(f"{name}= is a whole number, 1 or more, not {quoted(count)}")
        super().__init__(function, executor, bound, check_math(math))
        self.threads = threads
        self.arrays = arrays
        self._derived: dict[str, Compiled] = {}
        self._methods: WeakKeyDictionary[Any, Compiled] = WeakKeyDictionary()
        self._bound: ref[Compiled] | None = None  # the same method as long as somebody holds it
        look_like(self, function)

    def __repr__(self) -> str:
        return f"<compiled {self.__dict__.get('__qualname__') or self.function}>"

    # ----- Calls -----

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...  # arrays stand for numbers, too
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function."""
        if switch.active and is_recorded():
            return self._inside(self.function, args, kwargs)
        if plugins.changes != self._changes:
            self.forget()
        elif not kwargs:
            for direct in self._values:
                if (found := direct.call(*args)) is not None:
                    if direct.recording is not self._last:
                        self._refresh(direct.recording)
                    return found
        elif (found := self._into(self._values, args, kwargs)) is not None:
            return found
        if kwargs and (options := taken_options(self.function, kwargs)):
            return call(self, "__call__", args, kwargs, **options)
        shape, numbers, others = numbers_of(args, kwargs, self.arrays)
        if others:
            if any(map(is_symbolic, others)):
                return self.function(*args, **kwargs)
            if any(map(has_a_door, others)):
                return call(self, "__call__", args, kwargs)
        recording, results, _ = self._answer(
            shape, numbers, others, backward=False, often=not kwargs
        )
        return put_together(recording.result, iter(results), None)

    def __get__(self, instance: Any, owner: type | None = None) -> Compiled:
        """Return the compiled method of one object, when this stands in a class."""
        if instance is None:
            return self
        try:
            found: Any = self._methods.get(instance)
        except TypeError:  # no weak reference, or no hash
            return self._like(self.function.__get__(instance, owner))
        if found is None:
            found = self._like(partial(_method, self.function, _Owner(instance)))
            look_like(found, self.function)
            self._methods[instance] = found
        elif found.function.args[1]() is not instance:  # another object that is equal
            return self._like(self.function.__get__(instance, owner))
        bound: Compiled | None = None if found._bound is None else found._bound()
        if bound is None:
            bound = _Bound(found, instance)
            found._bound = ref(bound)
        return bound

    @overload
    def value_and_grad(self, x: float, /) -> tuple[R, float]: ...
    @overload
    def value_and_grad(
        self, x: float, y: float, /, *rest: float
    ) -> tuple[R, tuple[float, ...]]: ...
    @overload
    def value_and_grad(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]: ...  # lanes, trees
    def value_and_grad(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the function, which returns one number, and its gradient.

        Returns:
            The value, and the gradient built like the argument; for several arguments a tuple of
            gradients, one for each. Arguments given by keyword count as if given by position; those
            that can only be given by keyword get none. Text and the like have None.

        Raises:
            CompileError: when the function returns more than one number, or all that it was given
                are True and False, which are flags and no numbers.
        """
        if switch.active and is_recorded():
            args, kwargs = by_position(self, args, kwargs)
            return self._inside(self._both, args, kwargs, gradient=True)
        if plugins.changes != self._changes:
            self.forget()
        elif not kwargs:
            for direct in self._gradients:
                if (found := direct.call(*args)) is not None:
                    if direct.recording is not self._last:
                        self._refresh(direct.recording)
                    return found
        elif (found := self._into(self._gradients, args, kwargs)) is not None:
            return found
        options = taken_options(self.function, kwargs) if kwargs else {}
        args, kwargs = by_position(self, args, kwargs)
        if options:
            return call(self, "value_and_grad", args, kwargs, **options)
        shape, numbers, others = numbers_of(args, kwargs, self.arrays)
        if others:
            if any(map(is_symbolic, others)):
                return self._both(*args, **kwargs)
            if any(map(has_a_door, others)):
                return call(self, "value_and_grad", args, kwargs)
        _check_not_only_flags(args, numbers, others)
        _, results, gradients = self._answer(
            shape, numbers, others, backward=True, often=not kwargs
        )
        return results[0], like_the_arguments(shape, gradients)

    @overload
    def grad(self, x: float, /) -> float: ...
    @overload
    def grad(self, x: float, y: float, /, *rest: float) -> tuple[float, ...]: ...
    @overload
    def grad(self, x: Tree, /) -> Tree: ...
    @overload
    def grad(self, *args: Any, **kwargs: Any) -> Any: ...  # several, by keyword, with out=
    def grad(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the gradient of the function, built as `value_and_grad` builds it."""
        options = taken_options(self.function, kwargs) if kwargs else {}
        if not options:
            try:
                return self.value_and_grad(*args, **kwargs)[1]
            except SeveralOutputsError:  # from a guest that takes one at a time
                pass
        return call(self, "grad", *by_position(self, args, kwargs), **options)

    @overload
    def jvp(self, primals: Sequence[float], tangents: Sequence[float]) -> tuple[R, R]: ...
    @overload
    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any], **options: Any) -> Any: ...
    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any], **options: Any) -> Any:
        """Compute the function and its derivative in a direction.

        Parameters:
            primals: a tuple of its arguments.
            tangents: the direction, built like the primals.
            options: `out` and `where`, as in calls.

        Returns:
            The result and its derivative, both built like the result.
        """
        args = pair("jvp", primals, tangents)
        return self._derivative("jvp")(*args, **options)

    def hvp(self, primals: Sequence[Any], tangents: Sequence[Any], **options: Any) -> Any:
        """Compute the product of the function's Hessian with a direction.

        Parameters:
            primals: a tuple of its arguments.
            tangents: the direction, built like the primals.
            options: `out` and `where`, as in calls.

        Returns:
            The product, built like the argument; a tuple of them for several arguments.
        """
        args = pair("hvp", primals, tangents)
        found = self._derivative("hvp")(*args, **options)
        elements = self.arrays == "elements"
        shape = taken_apart((args[0], {}), [], elements=elements)
        given: Numbers = []  # and flags, which have a part, too
        parts: Numbers = []
        taken_apart(args[0], given, elements=elements, answers=True)
        taken_apart(found, parts, elements=False)
        return like_the_arguments(
            shape, [x for x, y in zip(parts, given, strict=True) if not isinstance(y, bool)]
        )

    @overload
    def jacobian(self, x: Any, /, *, sparse: Literal[False] = False) -> NDArray[float64]: ...
    @overload
    def jacobian(self, *args: Any, sparse: bool = False, argnums: int | None = None) -> Any: ...
    def jacobian(self, *args: Any, sparse: bool = False, argnums: int | None = None) -> Any:
        """Compute the Jacobian: the derivative of each result by each number of the arguments.

        Only entries that can be nonzero are computed; the recording says which.

        Parameters:
            args: numbers, (nested) lists of them, or, with `arrays="elements"`, arrays.
            sparse: whether the result is a CSR array of SciPy's, for one argument.
            argnums: the number of the one argument that it is wanted by, counted from 0: SciPy's
                `solve_ivp(f, ..., jac=partial(f.jacobian, argnums=1))`.

        Returns:
            An array with the lengths of the result, then those of the argument; a tuple of them
            for several arguments.

        Raises:
            CompileError: for what is no array of numbers.

        >>> from pluggrad.compiler import compile
        >>> f = compile(lambda v: [v[0] * v[1], v[1] * v[1]], executor="interpreter")
        >>> f.jacobian([2.0, 3.0]).tolist()
        [[3.0, 2.0], [0.0, 6.0]]
        """
        self._keep_current()
        return jacobian(self, args, sparse=sparse, argnums=argnums)

    @overload
    def hessian(self, x: Any, /, *, sparse: Literal[False] = False) -> NDArray[float64]: ...
    @overload
    def hessian(self, *args: Any, sparse: bool = False, argnums: int | None = None) -> Any: ...
    def hessian(self, *args: Any, sparse: bool = False, argnums: int | None = None) -> Any:
        """Compute the Hessian of a function that returns one number: the Jacobian of its gradient.

        Parameters:
            args: as for `jacobian`.
            sparse: as for `jacobian`.
            argnums: as for `jacobian`: both derivatives are by this one argument.

        Returns:
            As for `jacobian`, the lengths of the argument taken twice.
        """
        key = f"gradient by {len(args) if argnums is None else f'argument {argnums}'}"
        if key not in self._derived:
            first = 0 if len(args) == 1 else tuple(range(len(args)))
            by = first if argnums is None else argnums
            self._derived[key] = self._like(func.grad(self.function, by))
        return self._derived[key].jacobian(*args, sparse=sparse, argnums=argnums)

    # ----- How -----

    def _both(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Give value and gradient for numbers that record."""
        numbers: Numbers = []
        shape = taken_apart((args, {}), numbers, elements=False)
        _check_not_only_flags(args, numbers, ())

        def of_numbers(*numbers: Any) -> Any:
            return self.function(*put_together(shape, iter(numbers), None)[0], **kwargs)

        by_all = func.value_and_grad(of_numbers, tuple(range(len(numbers))))
        value, gradients = by_all(*numbers)
        return value, like_the_arguments(shape, gradients)

    def _inside(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        gradient: bool = False,
    ) -> Any:
        """Answer a call while another function is recorded."""
        if kwargs and taken_options(self.function, dict(kwargs)):
            refuse_inside(f"out= or where= for {self!r}", "give it numbers")
        return called_inside(self, function, args, kwargs, gradient=gradient)

    def _into(self, directs: Directs, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Answer a call with `out=` alone by name, where machine code can; or give None."""
        if directs and len(kwargs) == 1 and "out" in kwargs and self._takes_out:
            out = kwargs["out"]
            is_flat = type(out) is tuple and out and type(out[-1]) is not tuple
            outs = out if is_flat else flat(out)
            for direct in directs:
                if (found := direct.into(args, outs)) is not None:
                    if direct.recording is not self._last:
                        self._refresh(direct.recording)
                    return found
        return None

    @computed_once
    def _takes_out(self) -> bool:
        """Whether `out=` is not a parameter of the function itself."""
        return bool(taken_options(self.function, {"out": None}))

    def _keep_current(self) -> None:
        """Forget what was recorded with ops that are others now."""
        if switch.active:
            refuse_inside(f"rows or a Jacobian of {self!r}", "give numbers, or use pluggrad.func")
        if plugins.changes != self._changes:
            self.forget()

    def _like(self, function: Callable[..., Any]) -> Compiled:
        """Compile another function with the same options."""
        return Compiled(function, **self._options())

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in OPTIONS}

    def _derivative(self, name: str) -> Compiled:
        if name not in self._derived:
            derived = self._like(partial(getattr(func, name), self.function))
            for known in ("__name__", "__qualname__"):
                derived.__dict__[known] = f"{self.__dict__.get(known) or self.function}.{name}"
            self._derived[name] = derived
        return self._derived[name]

    # ----- Files and pickles -----

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was recorded to a file of JSON, which `pluggrad.load(path)` reads.

        Python code is not saved: the loaded function knows the paths that were recorded, and no
        others. Call this one first with numbers for each path that matters.

        Raises:
            CompileError: where nothing is recorded, where it reads Values from outside, and for ops
                and classes that another process could not find by their names.
        """
        files.write(path, "function", self._document())

    def _document(self) -> dict[str, Any]:
        """Write it down as data, see `save`."""
        options = {name: getattr(self, name) for name in SAVED}
        name = str(self.__dict__.get("__qualname__") or "function")
        return {"function": {**self._written(name), **options}}

    @classmethod
    def _read_from(cls, document: Fields, executor: str, source: str) -> Compiled:
        """Make the function that `save` wrote.

        Raises:
            DocumentError: where something does not fit.
        """
        fields = document.fields("function")
        options = {
            "arrays": fields.one_of("arrays", ("lanes", "elements")),
            "math": fields.one_of("math", MATHS),
            "bound": fields.integer("bound", 1, MOST),
            "threads": fields.integer("threads", 1, MOST),
        }
        replay = read_function(fields, source)
        fields.end()
        made = cls(replay, executor=executor, **options)
        made._take_ways(replay)
        return made

    def __reduce__(self) -> tuple[object, ...]:
        module = sys.modules.get(self.__dict__.get("__module__") or "")
        found: Any = module
        for name in (self.__dict__.get("__qualname__") or "").split("."):
            found = getattr(found, name, None)
        if found is self:  # a decorated function: the other process imports it, decorated
            return _imported, (self.__dict__["__module__"], self.__dict__["__qualname__"])
        return self.by_value()

    def by_value(self) -> tuple[object, ...]:
        """Return what makes it again where its name says nothing: a function and its arguments."""
        kept = self._packed()
        told = fingerprint(self.function) if kept else ""
        return _restored, (self.function, self._options(), kept, sys.version_info[:2], told)


class _Bound(Compiled):
    """The compiled method of one object, which it keeps alive; what is recorded is shared."""

    __slots__ = ("owner",)

    def __init__(self, found: Compiled, owner: Any) -> None:
        self.__dict__ = found.__dict__
        self.owner = owner

    def by_value(self) -> tuple[object, ...]:
        """Return what makes it again: the object, and the name of its method."""
        for kind in type(self.owner).__mro__:
            for name, method in vars(kind).items():
                mine = method._methods.get(self.owner) if isinstance(method, Compiled) else None
                if mine is not None and mine.__dict__ is self.__dict__:
                    return getattr, (self.owner, name)
        return super().by_value()


def _check_not_only_flags(args: Sequence[Any], numbers: Any, others: Any) -> None:
    if (
        args
        and not (len(numbers) or others)
        and all(isinstance(x, bool) or is_flag(x) for x in args)
    ):
        raise CompileError(
            "there is no number to differentiate by: True and False are flags; give 1.0 or 0.0"
        )


class _Owner(ref[Any]):
    """The object whose method is compiled, which lives while the method is called."""


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
    kept: list[Packed],
    python: tuple[int, int],
    told: str,
) -> Compiled:
    compiled = Compiled(function, **options)
    compiled._unpack(kept, python, told)
    return compiled
