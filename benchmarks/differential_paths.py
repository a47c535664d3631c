"""Further ways of running a random function: rows, files, programs, threads, arrays, third order.

Each takes an Examination of `differential.py` and tells it what it found. They take time, so each
program goes through one of them, chosen by its seed.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pluggrad
from pluggrad import CompileError, Value, compile, func
from random_functions import filled, is_nest, numbers_in, parts_of, table


def further(exam: Any, made: dict[str, Any]) -> None:
    """Run a function in one further way, and compare."""
    chance = Random(exam.function.seed)
    way = chance.choice(WAYS)
    for executor, compiled in made.items():
        if not (executor == "numba" and exam.untranslatable):
            way(exam, executor, compiled, chance)


def rows(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """One argument is shared, the other has rows; with weights, they are added up."""
    function = exam.function
    if len(function.shapes) != 2 or function.shapes[1] == [(0, 0), 0]:
        return
    first = numbers_in(function.shapes[0])
    head = chance.choice(function.inputs)[:first]
    points = [head + numbers[first:] for numbers in function.inputs]
    truths = [exam.attempt(func.value_and_grad(exam.f), *function.arguments(x)) for x in points]
    good = [i for i, truth in enumerate(truths) if truth.error is None]
    if len(good) < 2:
        return
    columns = [np.array(column) for column in zip(*[points[i][first:] for i in good], strict=True)]
    args = filled(function.shapes[0], iter(head)), in_rows(function.shapes[1], iter(columns))
    each = compile(exam.f, in_axes=(None, 0), reduce=None, executor=executor)
    found = exam.by_lanes(lambda: each.value_and_grad(*args), len(good))
    for row, i in enumerate(good):
        exam.compare(f"{executor}, rows, shared gradient", points[i], truths[i], found[row])
    is_affine = function.features & {"hook", "hooks"}  # which weights do not pass through unchanged
    if is_affine or any(x.error is not None for x in found):
        return
    weights = [chance.choice([1.0, 0.5, -2.0, 3.0]) for _ in good]
    total = compile(exam.f, in_axes=(None, 0), reduce="sum", executor=executor)
    summed = exam.attempt(lambda: total.value_and_grad(*args, weights=weights))
    for i, sums in enumerate(summed.numbers):
        terms = [w * x.numbers[i] for w, x in zip(weights, found, strict=True)]
        exam.compare_number(f"{executor}, weighted rows", head, terms, sums)
    if summed.error is not None:
        exam.compare(f"{executor}, weighted rows", head, exam.attempt(float, 0.0), summed)


def in_rows(shape: Any, columns: Iterator[Any]) -> Any:
    """Build an argument with rows: a list of numbers in each row makes a table."""
    if isinstance(shape, dict):
        return {key: in_rows(part, columns) for key, part in shape.items()}
    if is_nest(shape):
        parts = [in_rows(part, columns) for part in parts_of(shape)]
        if type(shape) is list:
            return np.stack(parts, axis=1)
        return tuple(parts) if type(shape) is tuple else type(shape)(*parts)
    return next(columns)


def file_of_a_function(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """What was recorded, saved and loaded, says the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.json"
        try:
            compiled.save(path)
            loaded = pluggrad.load(path)
        except CompileError as cause:
            exam.refused(cause)
            return
    for numbers in exam.function.inputs:
        args = exam.function.arguments(numbers)
        ours = exam.attempt(compiled, *args)
        theirs = exam.attempt(loaded, *args)
        if not (ours.is_refused and theirs.error):
            exam.compare(f"{executor}, loaded", numbers, ours, theirs)


def program(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """A graph that was recorded on Values, as a program; saved and loaded, it says the same."""
    for numbers in exam.function.inputs:
        leaves = [Value(x) for x in numbers]
        try:
            y = exam.f(*exam.function.arguments(list(leaves)))
        except Exception:
            continue
        if not isinstance(y, Value) or not y.requires_grad:
            continue
        truth = exam.attempt(exam.alone, "gradient", exam.f, numbers)  # no transform is around it
        for x in leaves:
            x.grad = 0.0
        try:
            run = compile(y, wrt=leaves, executor=executor)
            found = [run(), *[x.grad for x in leaves]]
        except CompileError as cause:
            exam.refused(cause)
            return
        exam.compare(f"{executor}, program, gradient", numbers, truth, exam.numbers(found, truth))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "p.json"
            try:
                run.save(path)
            except CompileError as cause:
                exam.refused(cause)
                return
            loaded = pluggrad.load(path)
        loaded.inputs[:] = run.inputs
        loaded.step()
        again = [*loaded.results.tolist(), *loaded.gradients.tolist()]
        ours = exam.numbers(found, truth)
        exam.compare(
            f"{executor}, program, loaded gradient", numbers, ours, exam.numbers(again, truth)
        )


def threads(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """Two threads record and call the same function side by side."""
    fresh = exam.compiled(exam.f, executor)
    inputs = exam.function.inputs * 2
    call = lambda numbers: exam.attempt(fresh, *exam.function.arguments(numbers))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(call, inputs))
    for numbers, result in zip(inputs, found, strict=True):
        truth = exam.attempt(exam.f, *exam.function.arguments([Value(x) for x in numbers]))
        exam.compare(f"{executor}, threads", numbers, truth, result)


def out(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """Lanes written into an array that is there are those that are returned."""
    if "form" in exam.function.features:  # it may take `out` for an argument of its own
        return
    columns = [np.array(column) for column in zip(*exam.function.inputs, strict=True)]
    args = exam.function.arguments(columns)
    count = len(exam.function.inputs)
    plain = exam.by_lanes(lambda: compiled(*args), count)
    if plain[0].built != ".":
        return
    into = np.empty(count)
    found = exam.by_lanes(lambda: compiled(*args, out=into), count)
    written = exam.by_lanes(lambda: into, count)
    for lane, numbers in enumerate(exam.function.inputs):
        exam.compare(f"{executor}, out=", numbers, plain[lane], found[lane])
        exam.compare(f"{executor}, out= array", numbers, plain[lane], written[lane])


def arrays_of_derivatives(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """The methods `hessian` and `jacobian` give the numbers of the transforms."""
    shape, *more = exam.function.shapes
    if more or shape not in (0, [0, 0], (0, 0)):
        return
    for numbers in exam.function.inputs:
        args = exam.function.arguments(numbers)
        value = exam.attempt(exam.f, *exam.function.arguments([Value(x) for x in numbers]))
        transforms: dict[str, Callable[..., Any]] = {"jacobian": func.jacrev(exam.f)}
        if value.built == ".":
            transforms["hessian"] = func.jacrev(func.grad(exam.f))
        elif "bool" in value.built or value.built.count("(") > 1:
            continue
        for name, transform in transforms.items():
            truth = exam.attempt(transform, *args)
            call = partial(listed, getattr(compiled, name), args)
            found = exam.attempt(call)
            found.built = truth.built if found.error is None else ""
            exam.compare(f"{executor}, array {name}", numbers, truth, found)


def listed(derivative: Callable[..., Any], args: Any) -> list[float]:
    """Return the numbers of an array in order."""
    numbers: list[float] = np.ravel(derivative(*args)).tolist()
    return numbers


def third_order(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """Forward mode over forward mode over reverse mode."""
    numbers = exam.function.inputs[0]
    args = exam.function.arguments(numbers)
    value = exam.attempt(exam.f, *exam.function.arguments([Value(x) for x in numbers]))
    if value.built != ".":
        return
    whole = third_derivative(exam.f, exam.direction())
    truth = exam.attempt(whole, *args)
    made = exam.compiled(whole, executor)
    exam.compare(f"{executor}, third hvp", numbers, truth, exam.attempt(made, *args))


def third_derivative(f: Callable[..., Any], direction: Any) -> Callable[..., Any]:
    """Return how the product of the Hessian with a direction changes in that direction."""

    def slope(*args: Any) -> Any:
        product = lambda *moved: func.hvp(f, moved, direction)
        return func.jvp(product, args, direction)[1]

    return slope


def kinds_of_numbers(exam: Any, executor: str, compiled: Any, chance: Random) -> None:
    """Integers, fractions and NumPy's numbers are the floats that they equal; names are places."""
    function = exam.function
    argnums = tuple(range(len(function.shapes)))
    for numbers in function.inputs:
        equal = iter([chance.choice(equal_numbers(x)) for x in numbers])
        args = [backwards(x) for x in function.arguments(list(equal))]
        named = {f"p{i}": x for i, x in enumerate(args)}
        value = exam.attempt(exam.f, *function.arguments([Value(x) for x in numbers]))
        exam.compare(f"{executor}, kinds", numbers, value, exam.attempt(compiled, *args))
        exam.compare(f"{executor}, named", numbers, value, exam.attempt(partial(compiled, **named)))
        if value.built != ".":
            continue
        truth = exam.attempt(func.value_and_grad(exam.f, argnums), *function.arguments(numbers))
        call = lambda args=args: as_func(compiled.value_and_grad(*args), args)
        found = exam.attempt(lambda call=call: backwards(call()))
        exam.compare(f"{executor}, kinds, gradient", numbers, truth, found)
        call = partial(func.value_and_grad(exam.f, argnums), *args)
        found = exam.attempt(lambda call=call: backwards(call()))
        exam.compare("engine, kinds, gradient", numbers, truth, found)


def equal_numbers(x: float) -> list[Any]:
    """Return a number as other types have it."""
    found: list[Any] = [x, np.float64(x)]
    with np.errstate(over="ignore"):
        if float(np.float32(x)) == x:
            found.append(np.float32(x))
    if math.isfinite(x) and (x or math.copysign(1.0, x) > 0):
        found.append(Fraction(x))
        if x.is_integer() and abs(x) < 2**60:
            found += [int(x), np.int64(x)]
    return found


def backwards(tree: Any) -> Any:
    """Return the same nest, with the keys of dicts in another order."""
    if isinstance(tree, dict):
        return {key: backwards(tree[key]) for key in reversed(tree)}
    if type(tree) in (list, tuple):
        return type(tree)(map(backwards, tree))
    return tree


def as_func(both: Any, args: Any) -> Any:
    """Return value and gradients as `func.value_and_grad` does for a tuple of argnums."""
    value, gradients = both
    return value, (gradients,) if len(args) == 1 else gradients


def call_in_turn(exam: Any, executor: str) -> None:
    """Call two copies of a function that keeps something from call to call in the same order."""
    function = exam.function
    chance = Random(function.seed)
    plain, other = (function.made(table(), exam.outside) for _ in range(2))
    compiled = exam.compiled(other, executor)
    for numbers in function.inputs * 2:
        args = function.arguments(numbers)
        how = chance.choice(["value", "value", "gradient", "jvp"])
        if how == "value":
            truth = exam.attempt(plain, *function.arguments([Value(x) for x in numbers]))
            found = exam.attempt(compiled, *args)
        elif how == "gradient":
            truth = exam.attempt(exam.alone, how, plain, numbers)
            found = exam.attempt(lambda args=args: as_func(compiled.value_and_grad(*args), args))
        else:
            truth = exam.attempt(func.jvp, plain, args, exam.direction())
            found = exam.attempt(compiled.jvp, args, exam.direction())
        exam.compare(f"{executor}, {how}, in turn", numbers, truth, found)
        if type(found.error) is not type(truth.error) or found.is_refused:
            return  # one of them ended at another place, and changed less of what is kept


WAYS = (
    rows,
    file_of_a_function,
    program,
    threads,
    out,
    arrays_of_derivatives,
    third_order,
    kinds_of_numbers,
)
