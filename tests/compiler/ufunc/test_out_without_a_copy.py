"""`out=` gets its numbers where it stands, and so many lanes at a time that memory stays flat."""

import tracemalloc

import numpy as np
import pytest
from pluggrad import compile
from pluggrad.compiler import room
from pluggrad.ops import exp, where


def smooth(x, y):
    return exp(x) * y + x


def branching(x, y):
    return x * y if x > 0.5 else x - 2.0 * y


def numbers(count):
    chance = np.random.default_rng(count)
    return chance.uniform(0.0, 1.0, count), chance.uniform(-1.0, 1.0, count)


@pytest.fixture
def few_at_a_time(monkeypatch):
    monkeypatch.setattr(room, "TOGETHER", 1000)
    monkeypatch.setattr(room, "FEWEST", 300)


@pytest.mark.parametrize("function", [smooth, branching])
@pytest.mark.parametrize("count", [1, 7, 300, 301, 5000])
def test_results_are_the_same_in_parts_and_in_arrays_that_are_given(function, count, few_at_a_time):
    x, y = numbers(count)
    compiled = compile(function)
    outs = [np.full(count, np.nan) for _ in range(3)]
    given = compiled.value_and_grad(x, y, out=tuple(outs))
    value, gradient = compile(function, math="libm").value_and_grad(x, y)
    assert given[0] is outs[0]
    assert given[1][1] is outs[2]
    for found, exact in zip(outs, (value, *gradient), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-14, atol=1e-15)
    out = np.empty(count)
    assert compiled(x, y, out=out) is out
    np.testing.assert_allclose(out, value, rtol=1e-14, atol=1e-15)


def test_numbers_of_other_kinds_and_shapes_become_floats_part_by_part(few_at_a_time):
    x = np.arange(60, dtype=np.int32)[:, None] / np.float32(60)
    y = np.arange(50)[::-1]
    found = compile(smooth)(x, y)
    np.testing.assert_allclose(found, np.exp(x.astype(float)) * y + x, rtol=1e-14)
    turned = np.arange(3000.0).reshape(60, 50).T / 3000.0
    np.testing.assert_allclose(
        compile(smooth)(turned, 2.0), np.exp(turned) * 2 + turned, rtol=1e-14
    )


def test_an_array_that_is_read_too_can_be_written(few_at_a_time):
    x, y = numbers(5000)
    exact = compile(smooth)(x, y)
    compile(smooth)(x, y, out=x)
    np.testing.assert_array_equal(x, exact)
    x, y = numbers(5001)
    exact = compile(smooth)(x[:-1], y[:-1])
    compile(smooth)(x[:-1], y[:-1], out=x[1:])
    np.testing.assert_array_equal(x[1:], exact)


def test_other_arrays_are_filled_as_before():
    x, y = numbers(1000)
    exact = compile(smooth)(x, y)
    small, strided = np.empty(1000, np.float32), np.empty(2000)[::2]
    compile(smooth)(x, y, out=small)
    compile(smooth)(x, y, out=strided)
    np.testing.assert_array_equal(small, exact.astype(np.float32))
    np.testing.assert_array_equal(strided, exact)


def test_a_gradient_by_what_some_ways_do_not_use_is_0_there(few_at_a_time):
    def partly(x, y):
        return x * x if x > 0.5 else x * y

    x, y = numbers(3000)
    outs = tuple([np.full(3000, 7.0) for _ in range(3)])
    compile(partly).value_and_grad(x, y, out=outs)
    np.testing.assert_array_equal(outs[1], np.where(x > 0.5, x + x, y))
    np.testing.assert_array_equal(outs[2], np.where(x > 0.5, 0.0, x))


@pytest.mark.parametrize("function", [smooth, branching, lambda x, y: where(x, y, x) / y])
def test_memory_beside_the_results_does_not_grow_with_the_lanes(function):
    compiled = compile(function)
    beside = []
    for count in (1_000_000, 4_000_000):
        x, y = np.linspace(0.0, 1.0, count), np.float32(0.5)
        outs = tuple([np.empty(count) for _ in range(3)])
        compiled.value_and_grad(x, y, out=outs)
        room.room.__init__()
        tracemalloc.start()
        compiled.value_and_grad(x, y, out=outs)
        beside.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(beside) < 64e6
