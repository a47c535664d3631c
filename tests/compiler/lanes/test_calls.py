"""Calls on arrays that lie side by side go straight into the loop; all others find another way."""

from __future__ import annotations

import gc
import sys

import numpy as np
import pytest
from pluggrad import CompileError, Op, Value, compile
from pluggrad.compiler.lanes.call_text import BLOCK, MISSES
from pluggrad.compiler.lanes.calls import arrays_are_plain
from pluggrad.ops import exp, sqrt

COUNT = 3000


def smooth(x, y):
    return exp(x) * y + x * x / y


def by_hand(x, y):
    x, y = np.broadcast_arrays(x, y)
    return np.exp(x) * y + x * x / y, (np.exp(x) * y + 2.0 * x / y, np.exp(x) - x * x / (y * y))


def numbers(*lengths):
    chance = np.random.default_rng(7)
    return chance.uniform(-1.0, 1.0, lengths), chance.uniform(1.0, 2.0, lengths)


@pytest.fixture
def compiled():
    """A function that has been called with arrays once, so that the next call can be short."""
    found = compile(smooth)
    found(*numbers(COUNT))
    found.value_and_grad(*numbers(COUNT))
    return found


@pytest.fixture
def no_other_way(short_calls_alone):
    """Answer short calls alone, for a whole test."""
    with short_calls_alone():
        yield


def check(found, x, y):
    value, gradient = by_hand(x, y)
    np.testing.assert_allclose(found[0], value, rtol=1e-13)
    for a, b in zip(found[1], gradient, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
    assert {a.shape for a in (found[0], *found[1])} == {value.shape}


def test_arrays_are_where_they_are_looked_for():
    assert arrays_are_plain()


def taken():
    x, y = numbers(COUNT)
    locked = x.copy()
    locked.flags.writeable = False
    return {
        "rows": (x, y),
        "more lanes than a block": numbers(2 * 4096 + 17),
        "lanes for which results are lent": numbers(200_001),
        "tables": numbers(40, 50),
        "more dimensions": numbers(4, 5, 6, 7),
        "parts": (x[:2001], y[3:2004]),
        "the same twice": (y, y),
        "a float": (x, 1.5),
        "a float of NumPy's": (np.float64(0.25), y),
        "an int": (1, y),
        "one that nobody may write": (locked, y),
    }


@pytest.mark.parametrize("case", taken())
def test_plain_arrays_and_numbers_take_the_short_way(case, compiled, no_other_way):
    args = taken()[case]
    check(compiled.value_and_grad(*args), *args)
    np.testing.assert_allclose(compiled(*args), by_hand(*args)[0], rtol=1e-13)
    check((compiled(*args), compiled.grad(*args)), *args)


def others():
    x, y = numbers(COUNT)
    table = numbers(60, 50)
    swapped = x.astype(">f8")
    odd = np.frombuffer(b"-" + x.tobytes(), np.uint8)[1:].view(float)
    return {
        "a few": (x[:20], y[:20]),
        "every second": (x[::2], y[::2]),
        "columns": (table[0].T, table[1].T),
        "one turned": (table[0], np.asfortranarray(table[1])),
        "backwards": (x[::-1], y),
        "singles": (x.astype(np.float32), y),
        "integers": ((4 * x).astype(int), y),
        "answers": (x > 0.0, y),
        "bytes in another order": (swapped, y),
        "odd addresses": (odd, y),
        "a column and a row": (table[0][:, :1], table[1][:1]),
        "one of one number": (x, y[:1]),
        "without dimensions": (x, np.array(1.5)),
        "as many in another shape": (x.reshape(1, -1), y),
        "a class of its own": (x.view(np.recarray), y),
        "a large int": (x, 10**30),
        "Values of NumPy's": (np.float32(0.5), y),
    }


FOR_ANOTHER_WAY = {"a few", "answers", "a class of its own", "odd addresses"}


@pytest.mark.parametrize("case", others())
def test_other_arrays_have_the_same_numbers(case, compiled):
    args = others()[case]
    plain = [np.asarray(x, float) for x in args]
    check(compiled.value_and_grad(*args), *plain)
    np.testing.assert_allclose(compiled(*args), by_hand(*plain)[0], rtol=1e-13)


@pytest.mark.parametrize("case", sorted({*others()} - FOR_ANOTHER_WAY))
def test_other_arrays_of_numbers_need_no_other_way(case, compiled, no_other_way):
    args = others()[case]
    plain = [np.asarray(x, float) for x in args]
    check(compiled.value_and_grad(*args), *plain)
    outs = tuple([np.empty(np.broadcast_shapes(*[x.shape for x in plain])) for _ in range(3)])
    compiled.value_and_grad(*args, out=outs)
    check((outs[0], outs[1:]), *plain)


def test_the_short_way_has_the_bits_of_the_other():
    x, y = numbers(COUNT)
    compiled = compile(smooth)
    first, again = (compiled.value_and_grad(x, y) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize(
    "args",
    [
        (np.ones(3), np.ones(4)),
        (np.ones(500), np.ones(501)),
        (np.ones(500), "text"),
        (np.ones(500),),
    ],
    ids=["few", "many", "text", "too few"],
)
def test_what_cannot_be_computed_is_refused_as_before(args, compiled):
    kinds = []
    for function in (compile(smooth), compiled):
        with pytest.raises((CompileError, TypeError)) as raised:
            function(*args)
        kinds.append((type(raised.value), str(raised.value)))
    assert kinds[0] == kinds[1]


def test_an_int_beyond_floats_is_refused(compiled):
    with pytest.raises(CompileError, match="too large for a float"):
        compiled(numbers(COUNT)[0], 10**400)


def test_no_lanes_are_no_numbers(compiled):
    value, gradient = compiled.value_and_grad(np.ones((0, 3)), np.ones((0, 3)))
    assert value.shape == gradient[1].shape == (0, 3)


# ----- out= -----


def test_results_are_written_where_they_are_wanted(compiled, no_other_way):
    x, y = numbers(COUNT)
    outs = tuple([np.full(COUNT, np.nan) for _ in range(3)])
    value, gradient = compiled.value_and_grad(x, y, out=outs)
    assert value is outs[0]
    assert gradient[0] is outs[1]
    assert gradient[1] is outs[2]
    check((value, gradient), x, y)
    nested = compiled.value_and_grad(x, y, out=(outs[0], (outs[1], outs[2])))
    assert nested[1][1] is outs[2]
    assert compiled(x, y, out=outs[0]) is outs[0]
    assert compiled(x, y, out=(outs[0],)) is outs[0]


def test_calls_with_out_alone_become_short(short_calls_alone):
    x, y = numbers(COUNT)
    compiled = compile(smooth)
    outs = tuple([np.empty(COUNT) for _ in range(3)])
    compiled(x, y, out=outs[0])
    compiled.value_and_grad(x, y, out=outs)
    with short_calls_alone():
        check(compiled.value_and_grad(x, y, out=outs), x, y)
        assert compiled(x, y, out=outs[0]) is outs[0]


def two_ways(x):
    return x * 2.0 if x > 0 else x * x * x


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[::-1],
        lambda x: x.reshape(2, -1).T.reshape(-1),
        lambda x: x[::-1].byteswap().view(">f8"),
        lambda x: x.view(np.ndarray)[::-1].reshape(-1, 1)[:, 0],
    ],
)
def test_an_argument_that_is_written_over_is_read_first(view, threads):
    compiled = compile(two_ways, threads=threads)
    compiled(np.linspace(1.0, 2.0, COUNT))
    x = np.linspace(1.0, 2.0, COUNT)
    x[3] = -1.0  # takes another way, which is found after the others were written
    wanted = [two_ways(float(a)) for a in view(x)]
    compiled(view(x), out=x)
    assert x.tolist() == wanted


def test_a_gradient_of_0_is_found_though_an_argument_was_written_over():
    compiled = compile(lambda x: (x * x) ** 0.5)
    x = np.linspace(1.0, 2.0, COUNT)
    compiled.value_and_grad(x)
    x[5] = 0.0
    wanted = compile(lambda x: (x * x) ** 0.5).value_and_grad(x[::-1].copy())
    value = np.empty(COUNT)
    compiled.value_and_grad(x[::-1], out=(value, x))
    assert (value.tolist(), x.tolist()) == (wanted[0].tolist(), wanted[1].tolist())


def given():
    x, y = numbers(COUNT)
    long = np.full(3 * COUNT, np.nan)
    table = np.full((COUNT, 2), np.nan)
    return {
        "an input": (x.copy(), y, None),
        "a part of an input": (long[:COUNT], y, long[5 : COUNT + 5]),
        "every second": (x, y, table[:, 0]),
        "singles": (x, y, np.empty(COUNT, np.float32)),
        "a table": (x, y, np.empty((2, COUNT))),
    }


@pytest.mark.parametrize("case", given())
def test_other_arrays_for_results_get_the_same_numbers(case, compiled):
    x, y, out = given()[case]
    if case == "a part of an input":
        x[:] = numbers(COUNT)[0]
    exact = by_hand(x.copy(), y)[0]
    out = x if out is None else out
    assert compiled(x, y, out=out) is out
    np.testing.assert_allclose(out, np.broadcast_to(exact, out.shape), rtol=1e-6)


def test_arrays_for_results_that_overlap_are_not_filled_side_by_side(compiled):
    x, y = numbers(COUNT)
    long = np.empty(COUNT + 10)
    value = compiled.value_and_grad(x, y, out=(long[10:], np.empty(COUNT), long[:COUNT]))[1][1]
    np.testing.assert_allclose(value, by_hand(x, y)[1][1], rtol=1e-12, atol=1e-13)


def test_one_that_nobody_may_write_is_refused(compiled):
    locked = np.zeros(COUNT)
    locked.flags.writeable = False
    with pytest.raises(CompileError, match="out= cannot take output 0"):
        compiled(*numbers(COUNT), out=locked)
    assert not locked.any()


def test_a_wrong_number_of_arrays_is_named(compiled):
    with pytest.raises(CompileError, match="3 outputs"):
        compiled.value_and_grad(*numbers(COUNT), out=(np.empty(COUNT), np.empty(COUNT)))


def test_a_parameter_of_the_name_out_is_the_functions_own():
    def scaled(x, out=2.0):
        return x * out

    compiled = compile(scaled)
    x = np.linspace(1.0, 2.0, COUNT)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x), 2.0 * x)
        np.testing.assert_array_equal(compiled(x, out=x), x * x)
        np.testing.assert_array_equal(compiled(x, x), x * x)


# ----- A point and a direction -----


@pytest.mark.parametrize("name", ["jvp", "hvp"])
def test_derivatives_in_a_direction_take_the_short_way(name, short_calls_alone):
    compiled = compile(smooth)
    primals, tangents = numbers(COUNT), numbers(COUNT)[::-1]
    derivative = getattr(compiled, name)
    first = derivative(primals, tangents)
    with short_calls_alone():
        again = derivative(primals, tangents)
        broadcast = derivative((primals[0], 1.5), (0.5, tangents[1]))
    np.testing.assert_array_equal(again, first)
    careful = getattr(compile(smooth), name)
    np.testing.assert_array_equal(broadcast, careful((primals[0], 1.5), (0.5, tangents[1])))


def test_a_direction_of_another_kind_takes_the_careful_way():
    compiled = compile(smooth)
    primals = numbers(COUNT)
    value, slope = compiled.jvp(primals, (1.0, 0.0))
    np.testing.assert_allclose(value, by_hand(*primals)[0], rtol=1e-13)
    np.testing.assert_allclose(slope, by_hand(*primals)[1][0], rtol=1e-12, atol=1e-13)
    with pytest.raises((CompileError, TypeError)):
        compiled.jvp(primals, primals[:1])
    nested = compile(lambda v: v[0] * v[1])
    for _ in range(2):
        found = nested.jvp(([primals[0], 2.0],), ([1.0, 0.0],))
        np.testing.assert_array_equal(found[1], np.full(COUNT, 2.0))


# ----- Lanes for the careful way -----


def branching(x, y):
    return x * y if x > 0.5 else x - 2.0 * y


@pytest.mark.parametrize("calls", [1, 3, 2 * MISSES])
def test_lanes_that_go_another_way_have_their_numbers(calls):
    x, y = numbers(COUNT)
    compiled = compile(branching)
    compiled.value_and_grad(np.ones(COUNT), y)
    out = np.empty(COUNT)
    for _ in range(calls):
        value, gradient = compiled.value_and_grad(x, y)
        np.testing.assert_array_equal(value, np.where(x > 0.5, x * y, x - 2.0 * y))
        np.testing.assert_array_equal(gradient[0], np.where(x > 0.5, y, 1.0))
        np.testing.assert_array_equal(compiled(x, y, out=out), value)


def test_nested_arguments_are_not_taken_for_others():
    def function(a, b):
        return a[0] * a[1] if isinstance(a, list) else a - b

    x, y = numbers(COUNT)
    compiled = compile(function)
    for _ in range(2):
        np.testing.assert_array_equal(compiled([x, y], None), x * y)
        np.testing.assert_array_equal(compiled(x, y), x - y)
        np.testing.assert_array_equal(compiled(a=x, b=y), x - y)


def test_several_results_have_no_short_gradient():
    compiled = compile(lambda x, y: (x * y, x))
    for _ in range(2):
        with pytest.raises(CompileError, match="one number"):
            compiled.value_and_grad(*numbers(COUNT))


def test_each_way_has_its_short_calls(short_calls_alone):
    y = numbers(COUNT)[1]
    compiled = compile(branching)
    for x in (np.zeros(COUNT), np.ones(COUNT), np.ones(COUNT)):
        compiled(x, y)
    with short_calls_alone():
        for _ in range(2 * MISSES):
            np.testing.assert_array_equal(compiled(np.zeros(COUNT), y), -2.0 * y)
            assert compiled._last is compiled.recordings[-1]
            np.testing.assert_array_equal(compiled(np.ones(COUNT), y), y)


def test_a_gradient_that_comes_out_nan_is_a_strong_zero():
    compiled = compile(lambda x, y: sqrt(x) * y)
    x, y = np.full(COUNT, 4.0), np.ones(COUNT)
    compiled.value_and_grad(x, y)
    x[-1] = y[-1] = 0.0
    for _ in range(2 * MISSES):
        value, gradient = compiled.value_and_grad(x, y)
        assert value[-1] == 0.0
        assert gradient[0].tolist() == [0.25] * (COUNT - 1) + [0.0]


# ----- What else a call depends on -----


def test_several_results_and_answers_are_built_as_the_function_builds_them():
    compiled = compile(lambda x, y: {"sum": x + y, "parts": [x * y, (y,)], "large": True})
    x, y = numbers(COUNT)
    for _ in range(2):
        found = compiled(x, y)
        np.testing.assert_array_equal(found["sum"], x + y)
        np.testing.assert_array_equal(found["parts"][0], x * y)
        np.testing.assert_array_equal(found["parts"][1][0], y)
        assert np.all(found["large"])


def test_one_argument_has_one_gradient():
    compiled = compile(exp)
    x = numbers(COUNT)[0]
    for _ in range(2):
        value, gradient = compiled.value_and_grad(x)
        np.testing.assert_array_equal(value, gradient)
        assert value is not gradient


def test_values_from_outside_are_read_anew(short_calls_alone):
    factor, shift = Value(3.0), Value(-1.0)
    compiled = compile(lambda x, y: x * factor + y * shift)
    x, y = numbers(COUNT)
    compiled.value_and_grad(x, y)
    with short_calls_alone():
        for factor.data, shift.data in ((3.0, -1.0), (5.0, -1.0), (5.0, 0.25)):
            value, gradient = compiled.value_and_grad(x, y)
            np.testing.assert_allclose(value, x * factor.data + y * shift.data, rtol=1e-14)
            np.testing.assert_array_equal(gradient[0], np.full(COUNT, factor.data))
            np.testing.assert_array_equal(gradient[1], np.full(COUNT, shift.data))


FACTOR = 3.0
SCALED = Op("scaled", lambda x: x * FACTOR, lambda g, out, x: g * FACTOR)


def test_what_an_op_reads_is_looked_at(monkeypatch):
    compiled = compile(SCALED)
    x = numbers(COUNT)[0]
    for factor in (3.0, 3.0, 5.0, 5.0, 7.0):
        monkeypatch.setitem(globals(), "FACTOR", factor)
        np.testing.assert_array_equal(compiled(x), x * factor)


def test_numbers_and_lanes_take_turns(compiled, short_calls_alone):
    compiled(0.5, 1.5)
    x, y = numbers(COUNT)
    with short_calls_alone():
        for _ in range(3):
            assert compiled(0.5, 1.5) == pytest.approx(by_hand(0.5, 1.5)[0])
            np.testing.assert_allclose(compiled(x, y), by_hand(x, y)[0], rtol=1e-13)


@pytest.fixture
def threaded():
    """The same for two threads."""
    found = compile(smooth, threads=2)
    found(*numbers(COUNT))
    found.value_and_grad(*numbers(COUNT))
    return found


@pytest.mark.parametrize("lengths", [(5000,), (50_000,), (100_001,), (300, 400)])
def test_threads_share_the_lanes_of_short_calls(lengths, threaded, no_other_way):
    args = numbers(*lengths)
    check(threaded.value_and_grad(*args), *args)
    check(threaded.value_and_grad(args[0], 1.5), args[0], 1.5)
    outs = tuple([np.empty(lengths) for _ in range(3)])
    threaded.value_and_grad(*args, out=outs)
    check((outs[0], outs[1:]), *args)


def test_threads_give_the_bits_of_one(compiled, threaded):
    args = numbers(77_777)
    np.testing.assert_array_equal(
        compiled.value_and_grad(*args)[1], threaded.value_and_grad(*args)[1]
    )


def test_threads_take_arrays_of_different_shapes_in_another_way(threaded):
    x, y = numbers(200, 200)
    check(threaded.value_and_grad(x, y[:, :1]), x, y[:, :1])
    check(threaded.value_and_grad(x.T, y), x.T, y)
    with pytest.raises(CompileError, match="broadcast"):
        threaded.value_and_grad(x, y.reshape(100, 400))


def test_threads_fill_no_array_that_another_is_part_of(threaded):
    x, y = numbers(40_000)
    long = np.zeros(60_000)
    long[:40_000] = x
    threaded(long[:40_000], y, out=long[20_000:])
    np.testing.assert_allclose(long[20_000:], by_hand(x, y)[0], rtol=1e-13)


def test_short_calls_count_as_calls(compiled, no_other_way):
    before = compiled.recordings[0].calls
    compiled(*numbers(COUNT))
    assert compiled.recordings[0].calls == before + 1


def test_nothing_is_held_after_a_call(compiled):
    x, y = numbers(COUNT)
    compiled.value_and_grad(x, y)
    gc.collect()
    counted = [sys.getrefcount(a) for a in (x, y)]
    for _ in range(50):
        compiled.value_and_grad(x, y)
    assert [sys.getrefcount(a) for a in (x, y)] == counted


def test_hundreds_of_arguments_are_taken(short_calls_alone):
    compiled = compile(lambda *xs: sum(x * (i + 1.0) for i, x in enumerate(xs)))
    x = numbers(COUNT)[0]
    args = [x if i % 2 else 2.0 for i in range(300)]
    compiled.value_and_grad(*args)
    with short_calls_alone():
        value, gradient = compiled.value_and_grad(*args)
    odd, even = sum(range(2, 301, 2)), sum(range(1, 301, 2))
    np.testing.assert_allclose(value, odd * x + 2.0 * even, rtol=1e-12)
    assert [float(g[0]) for g in gradient] == [i + 1.0 for i in range(300)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("beyond", [0, 1, 7, 15, 16, 17])
def test_a_last_block_of_any_length_is_computed(beyond, threads, short_calls_alone):
    compiled = compile(smooth, threads=threads)
    x, y = numbers(4 * BLOCK + beyond)
    compiled.value_and_grad(x, y)
    with short_calls_alone():
        check(compiled.value_and_grad(x, y), x, y)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_argument_too_many_is_refused_and_nothing_is_written(threads):
    compiled = compile(smooth, threads=threads)
    x, y = numbers(4 * BLOCK)
    compiled(x, y)
    counter, out = np.zeros(len(x), np.int64), np.zeros(len(x))
    for args in ((x, y, x), (x, y, counter)):
        with pytest.raises(TypeError):
            compiled(*args)
        with pytest.raises((TypeError, CompileError)):
            compiled(*args, out=out)
    with pytest.raises((TypeError, CompileError)):
        compiled(x, y, out=(out, counter))
    assert not counter.any()
    assert not out.any()
