"""Calls on plain numbers, which machine code answers from end to end."""

import gc
import math
import sys
import tracemalloc
from threading import Barrier, Thread

import numpy as np
import pytest
from pluggrad import CompileError, Value, compile


def answered_directly(compiled, *args):
    """Tell whether machine code alone answers these calls, of the value and of both."""
    values, gradients = compiled._values, compiled._gradients
    return (
        any(x.call(*args) is not None for x in values),
        any(x.call(*args) is not None for x in gradients),
    )


@pytest.fixture
def ready():
    """A function of two numbers that has been called, both ways."""

    @compile
    def wave(x, y):
        return (x * y).sin() + x

    wave(1.0, 2.0), wave.value_and_grad(1.0, 2.0)
    return wave


def reference(x, y):
    return (
        math.sin(x * y) + x,
        (math.cos(x * y) * y + 1.0, math.cos(x * y) * x),
    )


@pytest.mark.parametrize(
    "numbers",
    [(0.5, -3.0), (2, 3), (-1, 0.25), (2**60 + 1, 1), (np.float64(0.5), 2.0), (-0.0, 0.0)],
    ids=repr,
)
def test_floats_integers_and_numpy_floats_are_answered_by_machine_code_and_right(ready, numbers):
    assert answered_directly(ready, *numbers) == (True, True)
    value, gradient = ready.value_and_grad(*numbers)
    right, slopes = reference(*map(float, numbers))
    assert ready(*numbers) == value == pytest.approx(right, rel=1e-15)
    assert gradient == pytest.approx(slopes, rel=1e-14)
    assert {type(value), *map(type, gradient)} == {float}


@pytest.mark.parametrize(
    "numbers", [(True, 1.0), ("1", 2.0), (None, 1.0), (1.0,), (1.0, 2.0, 3.0), ([1.0], 2.0)]
)
def test_what_is_no_number_of_this_way_is_left_to_the_careful_path(ready, numbers):
    assert answered_directly(ready, *numbers) == (False, False)


def test_an_integer_that_no_float_holds_is_refused_and_leaves_no_error_behind(ready):
    for call in (ready, ready.value_and_grad):
        with pytest.raises(CompileError, match="number 1 of the arguments is too large"):
            call(1.0, 10**400)
    assert ready(1.0, 2.0) == pytest.approx(reference(1.0, 2.0)[0])


def test_arrays_and_values_still_go_their_own_ways(ready):
    assert ready(np.array([1.0, 2.0]), 2.0) == pytest.approx(
        [reference(1.0, 2.0)[0], reference(2.0, 2.0)[0]]
    )
    assert isinstance(ready(Value(1.0), 2.0), Value)


def test_a_function_of_one_number_gives_one_slope_and_no_tuple():
    square = compile(lambda x: x * x)
    for x in (3.0, 4.0, 5):
        assert square.value_and_grad(x) == (x * x, 2.0 * x)
        assert square.grad(x) == 2.0 * x
    assert len(square._gradients) == 1


def test_each_branch_has_its_own_call_and_the_one_used_last_is_tried_first():
    @compile
    def bent(x):
        return x * x if x > 0 else -3.0 * x

    for x in (2.0, -2.0, 3.0, -3.0, 4.0, 5.0):
        right = (x * x, 2 * x) if x > 0 else (-3.0 * x, -3.0)
        assert bent(x) == right[0]
        assert bent.value_and_grad(x) == right
    assert len(bent._values) == len(bent._gradients) == 2
    assert bent.recordings[-1] is bent._last
    assert [recording.calls for recording in bent.recordings] == [4, 8]


def test_a_nan_gradient_of_a_branch_not_taken_is_mended_on_the_careful_path():
    from pluggrad.ops import where

    guarded = compile(lambda x: where(x > 0, x.sqrt(), x * 0.0))
    for _ in range(3):
        assert guarded.value_and_grad(4.0) == (2.0, 0.25)
        value, slope = guarded.value_and_grad(0.0)
        assert (value, slope) == (0.0, 0.0)


def test_a_true_nan_is_given_each_time(ready):
    for _ in range(3):
        assert math.isnan(ready(math.nan, 1.0))
        value, gradient = ready.value_and_grad(math.nan, 1.0)
        assert all(map(math.isnan, (value, *gradient)))


def test_calls_keep_no_memory_and_no_references(ready):
    x, y = 0.5, 1.5

    def calls():
        for _ in range(500):
            ready(x, y), ready.value_and_grad(x, y), ready.value_and_grad(x, 2)
            ready._values[0].call("no number", y)

    calls()
    gc.collect()
    before = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(None)
    tracemalloc.start()
    calls()
    first, _ = tracemalloc.get_traced_memory()
    calls()
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert grown < 500
    after = sys.getrefcount(x), sys.getrefcount(y), sys.getrefcount(None)
    assert after[:2] == before[:2]
    assert abs(after[2] - before[2]) < 50


def test_a_call_that_finds_the_memory_in_use_is_answered_all_the_same(ready):
    direct = ready._gradients[0]
    direct.fields.busy = 1  # as if another thread were in the middle of it
    right = reference(1.0, 2.0)
    for _ in range(3):
        value, gradient = ready.value_and_grad(1.0, 2.0)
        assert (value, *gradient) == pytest.approx((right[0], *right[1]))
    assert len(ready._gradients) == 2
    assert direct.fields.missed == 0  # no call after the first one came to it
    direct.fields.busy = 0


@pytest.mark.parametrize("length", [2, 2000], ids=["lock kept", "lock released"])
def test_threads_that_call_one_function_get_their_own_numbers(length):
    @compile
    def chained(x, y):
        for _ in range(length):
            x = (x * y).sin() + y
        return x

    inputs = [(0.1 * (i + 1), 0.3 - 0.05 * i) for i in range(4)]
    right = [chained.value_and_grad(*each) for each in inputs]
    wrong, start = [], Barrier(len(inputs))

    def work(i):
        start.wait()
        for _ in range(300 if length < 10 else 60):
            if chained.value_and_grad(*inputs[i]) != right[i] or chained(*inputs[i]) != right[i][0]:
                wrong.append(i)

    threads = [Thread(target=work, args=(i,)) for i in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_forgetting_and_new_ops_drop_the_calls(ready):
    ready.forget()
    assert ready._values == ready._gradients == ()
    assert ready(1.0, 2.0) == pytest.approx(reference(1.0, 2.0)[0])
    assert len(ready._values) == 1


def test_functions_with_defaults_and_unused_numbers_are_right():
    @compile
    def first(x, y=3.0):
        return x * 2.0

    for _ in range(3):
        assert first(2.0) == first(2.0, 5.0) == 4.0
        assert first.value_and_grad(2.0) == (4.0, 2.0)
        assert first.value_and_grad(2.0, 5.0) == (4.0, (2.0, 0.0))
