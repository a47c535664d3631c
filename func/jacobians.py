"""The transforms that give matrices of derivatives, and products with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple, overload

from .arguments import Arguments, check_callable, in_direction, results_of, with_aux
from .dual import tangent_of
from .passes import (
    call_on_copies,
    give_tree,
    levels,
    product_along_graph,
    pulled,
    pushed_forward,
    told,
    transforming,
)
from .transforms import Argnums, Function, linearize, named_value_and_grad, tree_without
from .tree import rebuild

T = TypeVar("T", bound=Any)
Ts = TypeVarTuple("Ts")


def jacrev(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Make the function that computes the Jacobian of `fun` in reverse mode, result by result.

    Choose it where there are fewer results than arguments. Each number of the result is replaced
    by its gradient.

    Parameters:
        fun: as for `grad`, but it may return any number of numbers, nested as it likes.
        argnums: see `grad`.
        has_aux: see `grad`.

    Raises:
        TypeError: as `grad` does.
        ValueError: as `grad` does.

    >>> from pluggrad import func
    >>> func.jacrev(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """
    check_callable(fun, "jacrev")

    @wraps(fun)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(args, argnums, "jacrev")
        with transforming() as around:
            result, copies = call_on_copies(fun, arguments, kwargs)
            result, aux = with_aux(result, "jacrev") if has_aux else (result, None)
            structure, outputs = results_of(result, "jacrev")
            rows = [pulled([(out, 1.0)], copies, around) for out in outputs]
            shaped = [arguments.shaped([around.give(g) for g in row]) for row in rows]
            aux = give_tree(around, aux, copies)
        jacobian = _transposed(arguments, structure, shaped)
        return (jacobian, aux) if has_aux else jacobian

    return jacobian


jacobian = jacrev  # as in JAX


def jacfwd(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Make the function that computes the Jacobian of `fun` in forward mode, argument by argument.

    Choose it where there are fewer arguments than results, or where memory is short. Results are
    those of `jacrev`.

    Parameters:
        fun: see `jacrev`.
        argnums: see `jacrev`.
        has_aux: see `jacrev`.

    >>> from pluggrad import func
    >>> func.jacfwd(lambda v: [v[0] * v[1], v[0] + v[1]])([3.0, 4.0])
    [[4.0, 3.0], [1.0, 1.0]]
    """
    check_callable(fun, "jacfwd")

    @wraps(fun)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        arguments = Arguments(args, argnums, "jacfwd")
        columns: list[list[Any]] = []
        aux: Any = None
        structure = None
        with transforming() as around:
            for i in range(max(1, len(arguments.leaves))):
                level = next(levels)
                direction = [float(i == j) for j in range(len(arguments.leaves))]
                moved = pushed_forward(arguments.leaves, direction, level)
                result = fun(*arguments.with_leaves(moved), **kwargs)
                result, aux = with_aux(result, "jacfwd") if has_aux else (result, None)
                structure, outputs = results_of(result, "jacfwd")
                tangents = told([tangent_of(x, level) for x in outputs])
                columns.append([around.give(t) for t in tangents])
                aux = give_tree(around, tree_without(aux, level))
        assert structure is not None
        rows = [arguments.shaped(row) for row in zip(*columns, strict=True)]
        jacobian = _transposed(arguments, structure, rows)
        return (jacobian, aux) if has_aux else jacobian

    return jacobian


def _transposed(arguments: Arguments, structure: Any, rows: Sequence[Any]) -> Any:
    """Put a gradient at each place of the result; several argnums make a tuple around that."""
    if arguments.single:
        return rebuild(structure, iter(rows))
    return tuple(
        [rebuild(structure, iter([row[i] for row in rows])) for i in range(len(arguments.chosen))]
    )


def hessian(fun: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """Make the function that computes the matrix of all second derivatives of `fun`.

    Each number of the gradient is replaced by its own gradient: reverse mode twice, in which hooks
    of `on_gradient` take part twice too. `fun` may take gradients itself.

    Parameters:
        fun: see `grad`.
        argnums: see `grad`.
        has_aux: see `grad`.

    >>> from pluggrad import func
    >>> func.hessian(lambda v: v[0] * v[0] * v[1])([3.0, 4.0])
    [[8.0, 6.0], [6.0, 0.0]]
    """
    return jacrev(jacrev(fun, argnums, has_aux), argnums, has_aux)


@overload
def hvp(fun: Function, primals: tuple[T], tangents: Sequence[Any]) -> T: ...
@overload
def hvp(fun: Function, primals: tuple[T, *Ts], tangents: Sequence[Any]) -> tuple[T, *Ts]: ...
@overload
def hvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any: ...
def hvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Compute the product of the Hessian of `fun` with a direction, without the Hessian.

    It is the derivative of the gradient in that direction: the gradient is recorded, and forward
    mode goes along the recording. So it holds for rules that are no derivative, as that of a
    straight-through estimator is, and `fun` may take gradients itself.

    Parameters:
        fun: returns one number.
        primals: a tuple or list of its arguments.
        tangents: the direction, in the shape of the primals.

    Returns:
        The product, in the shape of the argument; a tuple of them for several arguments.

    Raises:
        TypeError: when `fun` returns something else than one number, or tangents have another
            shape.

    >>> from pluggrad import func
    >>> func.hvp(lambda v: v[0] * v[0] * v[1], ([3.0, 4.0],), ([1.0, 0.0],))
    [8.0, 6.0]
    """
    check_callable(fun, "hvp")
    arguments, directions = in_direction(primals, tangents, "hvp")
    arguments.single = len(primals) == 1
    quick = product_along_graph(fun, arguments, directions)
    if quick is not None:
        return arguments.shaped(quick)
    argnums = 0 if arguments.single else range(len(primals))
    both = named_value_and_grad(fun, argnums, False, "hvp")
    _, moved = linearize(lambda *args: both(*args)[1], *primals)
    return moved(*tangents)
