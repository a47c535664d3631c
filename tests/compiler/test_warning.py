"""Warnings point at the line of the program that called pluggrad, however deep they come up."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from pluggrad import CompileWarning
from pluggrad.compiler import Compiled, compile

WAYS: dict[str, Callable[[Compiled, float], Any]] = {
    "a call": lambda f, x: f(x),
    "a call by keyword": lambda f, x: f(x=x),
    "value_and_grad": lambda f, x: f.value_and_grad(x),
    "grad": lambda f, x: f.grad(x),
    "jvp": lambda f, x: f.jvp((x,), (1.0,)),
    "map": lambda f, x: list(map(f, [x])),
}


def warned(f: Compiled, way: Callable[[Compiled, float], Any]) -> list[str]:
    """Call a function with ever new numbers; return the files that warnings point at."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for i in range(10):
            way(f, 1.0 + i)
    return [x.filename for x in found if x.category is CompileWarning]


@pytest.mark.parametrize("name", WAYS)
def test_a_function_that_is_recorded_for_each_number_says_so_where_it_is_called(name: str) -> None:
    f = compile(lambda x: x * float(x), executor="interpreter")
    assert warned(f, WAYS[name]) == [__file__]


@pytest.mark.parametrize("name", WAYS)
def test_a_function_of_too_many_ways_says_so_where_it_is_called(name: str) -> None:
    def stairs(x):
        total = x
        for i in range(10):
            if x < 1.5 + i:
                return total
            total = total + x
        return total

    assert warned(compile(stairs, executor="interpreter", bound=4), WAYS[name]) == [__file__]


def test_lanes_that_take_too_many_ways_say_so_where_the_function_is_called() -> None:
    np = pytest.importorskip("numpy", reason="arrays need NumPy")
    f = compile(
        lambda x: x if x < 1 else x * x if x < 2 else x + 1, bound=2, executor="interpreter"
    )
    with pytest.warns(CompileWarning, match="more than 2 ways") as found:
        f(np.array([0.5, 1.5, 2.5]))
    assert found[0].filename == __file__
