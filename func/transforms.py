"""The transforms: functions in, their derivatives out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, TypeVarTuple, overload

from .arguments import (
    Arguments,
    check_callable,
    cotangents_like,
    counted,
    in_direction,
    results_of,
    scalar,
    with_aux,
)
from .dual import primal_of, tangent_of
from .passes import (
    call_on_copies,
    give_tree,
    levels,
    pulled,
    pushed_forward,
    told,
    transforming,
)
from .tree import rebuild, tree_map

Function = Callable[..., Any]
Argnums = int | Sequence[int]
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=Any)  # so that lambdas may compute with what they are given
Ts = TypeVarTuple("Ts")
Aux = TypeVar("Aux")
Result = TypeVar("Result", covariant=True)


class Transformed(Protocol[P, Result]):
    """A function of the same arguments as the one that it was made from."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Compute the derivative."""


# Type checkers see that a gradient by the first argument is built like it.
@overload
def grad(fun: Callable[Concatenate[T, P], Any]) -> Transformed[Concatenate[T, P], T]: ...
@overload
def grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
def grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Make the function that computes the gradient of `fun`.

    Parameters:
        fun: returns one number. Its arguments are numbers, or nested lists, tuples and dicts.
        argnums: which positional argument, or arguments, to differentiate in.
        has_aux: whether `fun` returns a pair: the number, and anything else to pass through.

    Returns:
        A function of the same arguments. It returns the gradient, in the shape of the argument; a
        tuple of gradients for several argnums; with `has_aux` a pair (gradient, aux). Numbers are
        floats; inside another transform, or where a Value goes in, they can be differentiated.

    Raises:
        TypeError: when `fun` returns something else than one number, or an argument is not one.
        ValueError: when there is no such argument.
        RuleError: when a derivative rule fails.

    >>> from pluggrad import func
    >>> func.grad(lambda x: x**3)(2.0)
    12.0
    >>> func.grad(func.grad(lambda x: x**3))(2.0)
    12.0
    >>> func.grad(lambda p: p["w"] * p["b"])({"w": 2.0, "b": 5.0})
    {'w': 5.0, 'b': 2.0}
    """
    both = named_value_and_grad(fun, argnums, has_aux, "grad")

    @wraps(fun)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


@overload
def value_and_grad(
    fun: Callable[Concatenate[T, P], R],
) -> Transformed[Concatenate[T, P], tuple[R, T]]: ...
@overload
def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
def value_and_grad(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Make the function that computes both `fun` and its gradient, in one pass.

    The function returns a pair (value, gradient); with `has_aux` it is ((value, aux), gradient).

    Parameters:
        fun: see `grad`.
        argnums: see `grad`.
        has_aux: see `grad`.

    Raises:
        TypeError: as `grad` does.
        ValueError: as `grad` does.

    >>> from pluggrad import func
    >>> func.value_and_grad(lambda x, y: x * y, argnums=(0, 1))(3.0, 4.0)
    (12.0, (4.0, 3.0))
    """
    return named_value_and_grad(fun, argnums, has_aux, "value_and_grad")


def named_value_and_grad(fun: Function, argnums: Argnums, has_aux: bool, name: str) -> Function:
    """Do the work of `value_and_grad`, for a transform of this name."""
    check_callable(fun, name)

    @wraps(fun)
    def both(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(args, argnums, name)
        with transforming() as around:
            result, copies = call_on_copies(fun, arguments, kwargs)
            result, aux = with_aux(result, name) if has_aux else (result, None)
            result = scalar(result, name)
            gradients = pulled([(result, 1.0)], copies, around)
            closed = bool(gradients) and type(gradients[0]) is float  # nothing from outside
            value = around.give(float(result)) if closed else around.give_result(result, copies)
            gradients = [around.give(g) for g in gradients]
            given = (value, give_tree(around, aux, copies)) if has_aux else value
        return given, arguments.shaped(gradients)

    return both


@overload
def vjp(fun: Callable[[*Ts], R], *primals: *Ts) -> tuple[R, Callable[[R], tuple[*Ts]]]: ...
@overload
def vjp(
    fun: Callable[[*Ts], tuple[R, Aux]], *primals: *Ts, has_aux: Literal[True]
) -> tuple[R, Callable[[R], tuple[*Ts]], Aux]: ...
def vjp(  # type: ignore[misc]  # mypy compares *Ts with *Any, and finds them different
    fun: Function, *primals: Any, has_aux: bool = False
) -> Any:
    """Compute `fun`, and make the function that sends gradients of its result back (reverse mode).

    Parameters:
        fun: returns numbers, nested to any depth.
        primals: its arguments.
        has_aux: whether `fun` returns a pair (result, aux).

    Returns:
        (result, vjp_fun), or (result, vjp_fun, aux). `vjp_fun(cotangents)` takes one number for
        each of the result, in its shape, and returns a tuple with one gradient for each argument.
        It can be called any number of times.

    Raises:
        TypeError: when arguments or results are not numbers, or cotangents have another shape.

    >>> from pluggrad import func
    >>> result, pull = func.vjp(lambda x, y: [x * y, x + y], 3.0, 4.0)
    >>> result, pull([1.0, 0.0]), pull([0.0, 1.0])
    ([12.0, 7.0], (4.0, 3.0), (1.0, 1.0))
    """
    check_callable(fun, "vjp")
    arguments = Arguments(primals, range(len(primals)), "vjp")
    with transforming() as around:
        result, copies = call_on_copies(fun, arguments)
        result, aux = with_aux(result, "vjp") if has_aux else (result, None)
        structure, outputs = results_of(result, "vjp")
        given = rebuild(structure, iter([around.give_result(x, copies) for x in outputs]))
        aux = give_tree(around, aux, copies)

    def vjp_fun(cotangents: Any) -> Any:
        seeds = cotangents_like(structure, cotangents, "vjp_fun")
        with transforming() as now:
            pairs = list(zip(outputs, seeds, strict=True))
            gradients = [now.give(g) for g in pulled(pairs, copies, now, again=True)]
        return arguments.shaped(gradients)

    return (given, vjp_fun, aux) if has_aux else (given, vjp_fun)


@overload
def jvp(
    fun: Callable[..., R],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: Literal[False] = False,
) -> tuple[R, R]: ...
@overload
def jvp(
    fun: Callable[..., tuple[R, Aux]],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: Literal[True],
) -> tuple[R, R, Aux]: ...
def jvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """Compute `fun` and its derivative in one direction (forward mode).

    Nothing is recorded: memory does not depend on how many operations `fun` does.

    Parameters:
        fun: returns numbers, nested to any depth.
        primals: a tuple or list of its arguments.
        tangents: the direction: one number for each of the primals, in their shape. 0.0 means
            that a number stays where it is.
        has_aux: whether `fun` returns a pair (result, aux).

    Returns:
        (result, tangent of the result), or (result, tangent, aux).

    Raises:
        TypeError: when tangents have another shape, naming the place, or are not numbers.

    >>> from pluggrad import func
    >>> func.jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 0.0))
    (12.0, 4.0)
    """
    check_callable(fun, "jvp")
    arguments, directions = in_direction(primals, tangents, "jvp")
    with transforming() as around:
        level = next(levels)
        result = fun(*arguments.with_leaves(pushed_forward(arguments.leaves, directions, level)))
        result, aux = with_aux(result, "jvp") if has_aux else (result, None)
        structure, outputs = results_of(result, "jvp")
        given = rebuild(structure, iter([around.give(primal_of(x, level)) for x in outputs]))
        tangents = told([tangent_of(x, level) for x in outputs])
        moved = rebuild(structure, iter([around.give(t) for t in tangents]))
        if has_aux:
            aux = give_tree(around, tree_without(aux, level))
    return (given, moved, aux) if has_aux else (given, moved)


def linearize(fun: Callable[[*Ts], R], *primals: *Ts) -> tuple[R, Callable[[*Ts], R]]:
    """Compute `fun`, and make its linear approximation at these arguments.

    `fun` runs once; the linear function replays what was recorded.

    Parameters:
        fun: returns numbers, nested to any depth.
        primals: its arguments.

    Returns:
        (result, jvp_fun). `jvp_fun(*tangents)` takes a direction in the shape of the arguments and
        returns the tangent of the result. It can be called any number of times.

    Raises:
        TypeError: when tangents have another shape, naming the place, or are not numbers.

    >>> from pluggrad import func
    >>> result, push = func.linearize(lambda x, y: x * y, 3.0, 4.0)
    >>> result, push(1.0, 0.0), push(0.0, 1.0)
    (12.0, 4.0, 3.0)
    """
    from .linear import pushed_along

    check_callable(fun, "linearize")
    arguments = Arguments(primals, range(len(primals)), "linearize")
    with transforming() as around:
        result, copies = call_on_copies(fun, arguments)
        structure, outputs = results_of(result, "linearize")
        given = rebuild(structure, iter([around.give_result(x, copies) for x in outputs]))

    def jvp_fun(*tangents: Any) -> Any:
        directions = arguments.tangents(counted(primals, tangents, "jvp_fun"), "jvp_fun")
        with transforming() as now:
            moved = [now.give(t) for t in told(pushed_along(outputs, copies, directions, now))]
        return rebuild(structure, iter(moved))

    linear: Any = jvp_fun
    return given, linear


def stop_gradient(tree: T) -> T:
    """Return the same numbers, cut off from their history: every derivative is 0.

    Parameters:
        tree: a number, or nested lists, tuples, dicts and dataclasses of numbers.

    >>> from pluggrad import func
    >>> func.grad(lambda x: x * func.stop_gradient(x))(3.0)
    3.0
    """
    cut: T = tree_map(lambda x: x.detach() if hasattr(x, "detach") else x, tree)
    return cut


def tree_without(tree: Any, level: int) -> Any:
    """Take the tangents of one forward pass off."""
    return tree_map(lambda x: primal_of(x, level), tree)
