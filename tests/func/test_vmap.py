"""vmap against JAX, and against calling the function once for each element."""

from typing import Any

import numpy as np
import pytest
from pluggrad import Value, compile, func


def bilinear(w: Any, x: Any) -> Any:
    return w[0] * x[0] + w[1] * x[1] * w[0]


W, X = [0.5, -2.0], [[1.0, 2.0], [3.0, -4.0], [0.0, 1.5]]
COLUMNS = [[1.0, 3.0, 0.0], [2.0, -4.0, 1.5]]

CASES: dict[str, tuple[Any, Any, int, tuple[Any, ...]]] = {
    "shared": (bilinear, (None, 0), 0, (W, X)),
    "both": (bilinear, 0, 0, ([W, W, [1.0, 2.0]], X)),
    "second axis": (bilinear, (None, 1), 0, (W, COLUMNS)),
    "tuple result": (lambda x, y: (x * y, x + y), 0, 0, ([1.0, 2.0], [3.0, 4.0])),
    "dict": (lambda p: p["w"] * p["x"], ({"w": None, "x": 0},), 0, ({"w": 2.0, "x": [1.0, 3.0]},)),
    "dict result": (lambda x: {"a": x * x, "b": x}, 0, 0, ([1.0, 2.0],)),
}


def arrays(x: Any, jnp: Any) -> Any:
    if isinstance(x, dict):
        return {key: arrays(part, jnp) for key, part in x.items()}
    return jnp.array(x)


def plain(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: plain(part) for key, part in x.items()}
    if isinstance(x, tuple):
        return tuple(plain(part) for part in x)
    return np.asarray(x).tolist()


@pytest.mark.parametrize("compiled", [False, True], ids=["called", "in lanes"])
@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_jax(name: str, compiled: bool) -> None:
    jax = pytest.importorskip("jax", reason="compares with JAX")
    jax.config.update("jax_enable_x64", True)
    fun, in_axes, out_axes, args = CASES[name]
    given = [arrays(x, jax.numpy) for x in args]
    theirs = jax.vmap(fun, in_axes, out_axes)(*given)
    ours = func.vmap(compile(fun) if compiled else fun, in_axes, out_axes)(*args)
    assert ours == plain(theirs)


@pytest.mark.parametrize("out_axes", [0, 1])
def test_gradients_of_examples_are_those_of_jax(out_axes: int) -> None:
    jax = pytest.importorskip("jax", reason="compares with JAX")
    jax.config.update("jax_enable_x64", True)
    w, x = jax.numpy.array(W), jax.numpy.array(X)
    theirs = jax.vmap(jax.grad(bilinear), (None, 0), out_axes)(w, x)
    assert func.vmap(func.grad(bilinear), (None, 0), out_axes)(W, X) == theirs.tolist()


def test_gradients_of_a_compiled_function_come_from_its_lanes() -> None:
    fun = compile(bilinear)
    found = func.vmap(fun.grad, (None, 0))(W, X)
    assert list(zip(*found, strict=True)) == [fun.grad(W, x) for x in X]


def test_lanes_are_one_call() -> None:
    calls = []

    class Lanes:
        arrays = "lanes"

        def __call__(self, x: Any) -> Any:
            calls.append(x)
            return x * 2

    assert func.vmap(Lanes())([1.0, 2.0, 3.0]) == [2.0, 4.0, 6.0]
    assert [x.tolist() for x in calls] == [[1.0, 2.0, 3.0]]


def test_values_keep_their_gradient() -> None:
    xs, scale = [Value(1.0), Value(2.0)], Value(3.0)
    for fun in (lambda x, s: x * s, compile(lambda x, s: x * s)):
        found = func.vmap(fun, (0, None))(xs, scale)
        assert [x.data for x in found] == [3.0, 6.0]
        scale.grad = 0.0
        sum(found).backward()
        assert scale.grad == 3.0


def test_it_can_be_differentiated_and_compiled() -> None:
    def total(w: float) -> Any:
        return sum(func.vmap(lambda x: w * w * x)([1.0, 2.0]))

    assert func.grad(total)(3.0) == 18.0
    assert compile(total).grad(3.0) == 18.0


def test_an_array_is_mapped_over_its_axis_and_keywords_over_the_first() -> None:
    assert func.vmap(lambda x, y: x - y)(np.array([1.0, 2.0]), y=[0.5, 0.25]) == [0.5, 1.75]
    assert func.vmap(sum, in_axes=1)(np.array([[1.0, 2.0], [3.0, 4.0]])) == [4.0, 6.0]
    assert func.vmap(lambda x: x)([]) == []


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: func.vmap(3.0), TypeError, r"vmap\(\) takes a function, not 3.0"),
        (lambda: func.vmap(abs)(1.0), TypeError, r"args\[0\] is a float, and in_axes=0 maps over"),
        (lambda: func.vmap(abs, None)(1.0), ValueError, "maps over at least one argument"),
        (lambda: func.vmap(max)([1.0], [1.0, 2.0]), ValueError, r"args\[0\] has 1 elements, and a"),
        (lambda: func.vmap(max, (0,))([1.0], [2.0]), ValueError, "is for 1 positional arguments"),
        (lambda: func.vmap(sum, 1)([1.0]), TypeError, r"args\[0\]\[0\] is a float; it has no axis"),
        (lambda: func.vmap(sum, 1)([[1.0], [1.0, 2.0]]), ValueError, "different lengths along"),
        (lambda: func.vmap(sum, -1)([[1.0]]), TypeError, "in_axes is 0, 1, ... or None"),
        (lambda: func.vmap(sum, ({"a": 0},))({"b": [1.0]}), ValueError, "is not built like"),
        (lambda: func.vmap(abs, 0, 1)([1.0]), ValueError, "out_axes=1 asks for an axis"),
        (
            lambda: func.vmap(lambda x: (x,) if x > 1 else x)([2.0, 1.0]),
            TypeError,
            "results that are built differently",
        ),
    ],
)
def test_what_is_wrong_is_said(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
