"""Compiled functions: like the function itself, and like a ufunc."""

import math
from typing import Any

import pytest
from pluggrad import CompileError
from pluggrad.compiler import compile
from pluggrad.ops import tanh

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


def smooth(x: Any, y: Any) -> Any:
    return x * y + tanh(x) / y


def smooth_gradient(x: float, y: float) -> tuple[float, float]:
    t = math.tanh(x)
    return y + (1 - t * t) / y, x - t / y**2


@executors
def test_floats_give_floats(executor: str) -> None:
    f = compile(smooth, executor=executor)
    value = f(1.0, 2.0)
    assert type(value) is float
    assert value == pytest.approx(2 + math.tanh(1) / 2, rel=1e-15)
    for x in (1.0, 1.5, -2.0):
        value, gradient = f.value_and_grad(x, 2.0)
        assert gradient == pytest.approx(smooth_gradient(x, 2.0), rel=1e-13)
        assert value == f(x, 2.0)


@executors
def test_arrays_broadcast_and_give_arrays(executor: str) -> None:
    f = compile(smooth, executor=executor)
    x, y = np.linspace(-2, 2, 5)[:, None], np.array([1.0, 2.0, 3.0])
    value, (gx, gy) = f.value_and_grad(x, y)
    assert value.shape == gx.shape == gy.shape == (5, 3)
    np.testing.assert_allclose(value, x * y + np.tanh(x) / y, rtol=1e-14)
    expected = np.vectorize(smooth_gradient)(x, y)
    np.testing.assert_allclose((gx, gy), expected, rtol=1e-12)
    np.testing.assert_array_equal(f(x, y), value)


def test_many_lanes_and_threads_give_what_one_gives() -> None:
    x = np.random.default_rng(1).normal(size=50_001)
    one, two = compile(smooth), compile(smooth, threads=2)
    value, gradients = one.value_and_grad(x, 2.0)
    other, others = two.value_and_grad(x, 2.0)
    np.testing.assert_array_equal(value, other)
    np.testing.assert_array_equal(gradients, others)
    np.testing.assert_allclose(value, x * 2 + np.tanh(x) / 2, rtol=1e-13)


@executors
def test_nested_arguments_keep_their_shape(executor: str) -> None:
    @compile(executor=executor)
    def f(model: dict[str, Any], x: Any) -> Any:
        return sum(w * a for w, a in zip(model["w"], x, strict=True)) + model["b"]

    value, (model, x) = f.value_and_grad({"w": [2.0, 3.0], "b": 1.0}, (4.0, 5.0))
    assert (value, model, x) == (24.0, {"w": [4.0, 5.0], "b": 1.0}, (2.0, 3.0))
    assert len(f.recordings) == 1
    f({"w": [2.0], "b": 1.0}, (4.0,))
    assert len(f.recordings) == 2  # another shape is another recording


@executors
def test_results_may_be_nested(executor: str) -> None:
    f = compile(lambda x: {"twice": 2 * x, "rest": [x, 7.0]}, executor=executor)
    assert f(3.0) == {"twice": 6.0, "rest": [3.0, 7.0]}
    assert f(np.array([1.0, 2.0]))["twice"].tolist() == [2.0, 4.0]
    with pytest.raises(CompileError, match="functions that give one number"):
        f.value_and_grad(3.0)


@executors
def test_results_may_be_true_or_false_as_python_or_numpy_has_them(executor: str) -> None:
    f = compile(lambda x: (x, np.bool_(True), False, np.float64(2.5) < 1), executor=executor)
    found = f(3.0)
    assert found == (3.0, True, False, False)
    assert [type(x) for x in found] == [float, bool, bool, bool]
    lanes = f(np.array([1.0, 2.0]))
    assert [x.dtype.kind for x in lanes] == ["f", "b", "b", "b"]


@pytest.mark.parametrize("given", [
    np.array([1, 2], np.float32), np.array([200, 3], np.uint8), np.array([True, False]),
    np.arange(4.0)[::-1], np.arange(9.0).reshape(3, 3)[:, ::2], np.asfortranarray(np.ones((2, 3))),
    np.array(2.0), np.empty(0), np.empty((0, 3)), np.broadcast_to(1.5, (2, 2)), np.float64(2.0),
])  # fmt: skip
@executors
def test_arrays_may_be_of_any_real_kind_and_any_layout(executor: str, given: Any) -> None:
    value, gradient = compile(lambda x: x * x + x, executor=executor).value_and_grad(given)
    x = np.asarray(given, float)
    assert np.shape(value) == np.shape(gradient) == x.shape
    np.testing.assert_array_equal(value, x * x + x)
    np.testing.assert_array_equal(gradient, 2 * x + 1)


@executors
def test_what_is_no_number_is_passed_on_and_has_no_gradient(executor: str) -> None:
    f = compile(lambda x, how, k=2.0: x * k if how == "twice" else x, executor=executor)
    assert f.value_and_grad(3.0, "twice") == (6.0, (2.0, None))
    assert f.value_and_grad(3.0, None, 5.0) == (3.0, (1.0, None, 0.0))
    assert f.value_and_grad(3.0, "twice", k=np.array([1.0, 4.0]))[0].tolist() == [3.0, 12.0]
