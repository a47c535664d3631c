"""Guards: a compiled function never gives the answer of another branch."""

import math
import random
import threading
from functools import partial
from typing import Any

import pluggrad
import pytest
from pluggrad import CompileError, CompileWarning, Value
from pluggrad.compiler import compile
from pluggrad.ops import hypot, sqrt

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


def two_ways(x: Any) -> Any:
    return x * x if x > 0 else -3.0 * x


@executors
def test_no_call_gives_the_answer_of_the_other_branch(executor: str) -> None:
    f = compile(two_ways, executor=executor)
    for x in (2.0, -2.0, 3.0, -3.0, 0.0):
        assert f(x) == two_ways(x)
        assert f.grad(x) == (2 * x if x > 0 else -3.0)
    assert len(f.recordings) == 2


@executors
def test_lanes_take_each_its_own_branch(executor: str) -> None:
    f = compile(two_ways, executor=executor)
    x = np.array([1.0, -1.0, 0.0, 4.0, -5.0, math.nan])
    np.testing.assert_array_equal(f(x), np.array([1.0, 3.0, -0.0, 16.0, 15.0, math.nan]))
    np.testing.assert_array_equal(f.grad(x)[:5], [2.0, -3.0, -3.0, 8.0, -3.0])


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (lambda x: x + 1 if x < 2 else x - 1, [1.0, 2.0, 3.0]),
        (lambda x: x + 1 if x >= 2 else x - 1, [1.0, 2.0, 3.0]),
        (lambda x: x + 1 if x <= 2 else x - 1, [1.0, 2.0, 3.0, math.nan]),
        (lambda x: x + 1 if x else x - 1, [1.0, 0.0, -0.0, math.nan]),
        (lambda x: x * int(x), [1.5, 1.9, -1.5, 0.5, -0.5, 2.0, 0.0]),
        (lambda x: x * float(x), [1.5, 2.5, 1.5]),
        (lambda x: max(x, x * x, 0.5), [0.1, 0.7, 3.0, -4.0]),
        (lambda x: sum([x] * int(x)) if x > 0 else x, [3.0, 5.0, 3.5]),
    ],
)
def test_every_look_at_a_number_is_guarded(function: Any, inputs: list[float]) -> None:
    for executor in ("interpreter", "numba"):
        f = compile(function, executor=executor)
        for x in [*inputs, *reversed(inputs)]:
            np.testing.assert_equal(f(x), float(function(x)))
        np.testing.assert_array_equal(
            f(np.array(inputs)), np.array([float(function(x)) for x in inputs])
        )


def test_the_cache_of_recordings_is_bounded() -> None:
    f = compile(lambda x: x * float(x), bound=3, executor="interpreter")
    with pytest.warns(CompileWarning, match=r"more than 3 ways.*bound=12"):
        assert [f(float(x)) for x in range(7)] == [x * x for x in range(7)]
    assert len(f.recordings) == 3
    assert "1 guard," in repr(f.recordings[0])
    f.forget()
    assert f.recordings == ()


def test_a_function_that_is_recorded_again_and_again_says_why() -> None:
    f = compile(lambda x: x * float(x), executor="interpreter")
    with pytest.warns(CompileWarning, match="turns a Value into a float or int"):
        list(map(f, map(float, range(10))))


def test_what_leaves_the_graph_does_not_go_stale() -> None:
    def hidden(x: Any) -> Any:
        with pluggrad.no_grad():
            y = x * x
        return x + y

    for f in (hidden, lambda x: x + (x * x).detach()):
        compiled = compile(f)
        assert [compiled.value_and_grad(x) for x in (2.0, 3.0)] == [(6.0, 1.0), (12.0, 1.0)]


def test_values_from_outside_are_read_anew() -> None:
    weight = Value(2.0)
    f = compile(lambda x: x * weight)
    assert f(3.0) == 6.0
    weight.data = 5.0
    assert (f(3.0), f(np.array([1.0, 2.0])).tolist()) == (15.0, [5.0, 10.0])
    assert f.value_and_grad(3.0) == (15.0, 5.0)


def test_numbers_that_machine_code_rounds_apart_are_compared_as_the_engine_does() -> None:
    rng = random.Random(1)
    pairs = [(rng.uniform(0, 1), rng.uniform(0, 1)) for _ in range(3000)]
    xs, ys = np.array(pairs).T
    apart = np.flatnonzero(compile(lambda x, y: hypot(x, y))(xs, ys) != list(map(hypot, xs, ys)))
    if len(apart) == 0:
        pytest.skip("machine code rounds hypot as the library of this Python does")
    for i in apart[:4].tolist():
        x, y = pairs[i]
        level = hypot(x, y)
        for f in (
            lambda x, y, level=level: x if hypot(x, y) <= level else -x,
            lambda x, y, level=level: x if hypot(x, y) >= level else -x,
        ):
            # The default is a number of the function, not of its arguments.
            compiled = compile(partial(f, level=level))
            assert compiled(x, y) == x
            assert compiled.value_and_grad(x, y) == (x, (1.0, 0.0))
            found = compiled(np.array([x, x, 0.1]), np.array([y, y + 1.0, y]))
            assert found.tolist() == [x, f(x, y + 1.0), f(0.1, y)]


@executors
def test_a_function_of_something_else_is_found_out(executor: str) -> None:
    level = Value(0.0, requires_grad=False)

    def another_day() -> None:
        level.data = 1.0 - level.data

    def moody(x: Any) -> Any:
        below = x < level * 1.0
        day = threading.Thread(target=another_day)
        day.start()
        day.join()
        return x if below else -x

    for given in (0.5, np.array([0.5, 0.5])):
        f = compile(moody, executor=executor)
        level.data = 1.0
        with pytest.raises(CompileError, match="not a function of its arguments alone"):
            f(given)


@executors
def test_what_is_only_looked_at_has_no_part_in_gradients(executor: str) -> None:
    # The slope of sqrt at 0 is infinite, and 0 times that is nan.
    f = compile(lambda x: 2.0 * x if sqrt(x) >= 0.0 else x, executor=executor)
    assert f.value_and_grad(0.0) == (0.0, 2.0)
    assert f.grad(np.zeros(3)).tolist() == [2.0, 2.0, 2.0]


@executors
def test_guards_hold_under_no_grad_too(executor: str) -> None:
    f = compile(two_ways, executor=executor)
    with pluggrad.no_grad():
        assert (f(2.0), f(-2.0), f.grad(-2.0)) == (4.0, 6.0, -3.0)


@executors
def test_a_branch_on_a_value_from_outside_is_guarded_too(executor: str) -> None:
    for requires_grad in (True, False):
        scale = Value(2.0, requires_grad=requires_grad)
        f = compile(partial(lambda scale, x: x * scale if scale > 1.0 else -x, scale),
                    executor=executor)  # fmt: skip
        assert f(3.0) == 6.0
        scale.data = 0.5
        assert f(3.0) == -3.0


@executors
def test_zeros_of_both_signs_are_two_numbers(executor: str) -> None:
    f = compile(lambda x: x * math.copysign(1.0, float(x)), executor=executor)
    assert [f.grad(x) for x in (-0.0, 0.0, -0.0)] == [-1.0, 1.0, -1.0]
    assert f.grad(np.array([-0.0, 0.0, 1.0])).tolist() == [-1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: 2.0 * x if x == 1.0 else x,
        lambda x: 2.0 * x if x != 1.0 else x,
        lambda x: 2.0 * x if x in (1.0, 2.0) else x,
        lambda x: 2.0 * x if x * 1.0 == x else x,
    ],
)
def test_values_and_numbers_differ_in_what_is_equal_so_it_is_refused(function: Any) -> None:
    with pytest.raises(CompileError, match="== in a compiled function"):
        compile(function)(1.0)
    x = Value(1.0)
    same = compile(lambda y: y if y == y and y != "text" and y is not None else -y)
    assert (same(3.0), x == x, x == 1.0, x in [Value(1.0), x]) == (3.0, True, False, True)


@executors
def test_python_that_looks_in_other_ways_is_guarded(executor: str) -> None:
    def newton(x: Any) -> Any:
        y = x * 0.5 + 0.5
        while True:
            better = (y + x / y) * 0.5
            if abs(better - y) < 1e-9:
                return better
            y = better

    functions: list[tuple[Any, list[tuple[float, ...]]]] = [
        (lambda x, y, z: sorted([x, y, z])[1] * 2.0 + x,
         [(1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (2.0, 2.0, 1.0), (2.0, 1.0, 3.0), (0.0, -0.0, 0.0)]),
        (newton, [(0.1,), (2.0,), (1e4,), (1.0,)]),
        (lambda x: np.array([x, x * x, x - 1.0], dtype=object).max(), [(3.0,), (0.5,), (-2.0,)]),
        (lambda x: x * 2.0 if (np.array([x, x * x], dtype=object) > 1.0).any() else x,
         [(0.5,), (1.5,), (-1.5,)]),
        (lambda x: x * math.floor(x) + math.ceil(x) * round(x, 1) + x // 0.7 + x % 0.7,
         [(-2.5,), (-0.0,), (0.5,), (2.5,)]),
    ]  # fmt: skip
    for function, inputs in functions:
        f = compile(function, executor=executor)
        for numbers in [*inputs, *reversed(inputs)]:
            assert f(*numbers) == function(*numbers)
        columns = np.array(inputs).T
        assert f(*columns).tolist() == [function(*numbers) for numbers in inputs]


@executors
def test_a_checkpoint_in_a_compiled_function_is_computed_step_by_step(executor: str) -> None:
    f = compile(lambda x: pluggrad.checkpoint(two_ways, x) * 3.0, executor=executor)
    assert (f(2.0), f(-2.0)) == (12.0, 18.0)
    assert f.value_and_grad(2.0) == (12.0, 12.0)


TABLE = {1.0: 2.0, 2.0: 5.0}


def endless(x: float) -> float:
    if x < 0.0:
        raise AssertionError("it would not end here")
    while x > 1.0:
        x -= 1.0
    return x


@pytest.mark.filterwarnings("ignore:.*cannot translate")
@pytest.mark.parametrize(
    "forward", [lambda x: TABLE[x], endless, lambda x: [1.0, 2.0, 3.0][int(x)]]
)
@pytest.mark.parametrize("executor", ["interpreter", "auto"])
def test_ops_are_computed_only_for_inputs_that_come_by_in_the_function(
    forward: Any, executor: str
) -> None:
    seen: list[float] = []

    def noted(x: float) -> float:
        seen.append(x)
        return float(forward(x))

    op = pluggrad.Op("partial_function", noted, lambda g, out, x: g * x)
    f = lambda x: op(x) * x if 0 < x < 2.5 else -x
    compiled = compile(f, executor=executor)
    inputs = [1.0, -4.0, 2.0, 100.0, 1.0, math.nan]
    for x in inputs:
        np.testing.assert_equal(compiled(x), float(f(x)))
    np.testing.assert_equal(compiled(np.array(inputs)), [float(f(x)) for x in inputs])
    np.testing.assert_equal(compiled.grad(np.array(inputs))[[1, 3]], [-1.0, -1.0])
    assert {x for x in seen if isinstance(x, float)} <= {1.0, 2.0}


def test_a_guard_is_looked_at_before_the_op_behind_it() -> None:
    first = pluggrad.Op("first", lambda x: 1.0 / x, lambda g, out, x: g)
    second = pluggrad.Op("second", lambda x: TABLE[x], lambda g, out, x: g)

    def f(x: Any) -> Any:
        if x <= 0:
            return x
        y = first(x)
        return second(x) if y <= 1.0 else y

    compiled = compile(f, executor="interpreter")
    for x in (1.0, 0.0, 2.0, 0.25, -1.0, 1.0):
        assert compiled(x) == float(f(x))
    assert compiled(np.array([1.0, 0.0, 2.0, 0.25, -1.0])).tolist() == [2.0, 0.0, 5.0, 4.0, -1.0]


def test_a_loop_that_may_not_end_is_not_run_for_lanes_of_another_branch() -> None:
    def halved(x: float) -> float:
        n = 0.0
        while x != 0.0 and n < 1e6:
            x, n = (x - 1.0 if x >= 1.0 else 0.0), n + 1.0
        return n

    op = pluggrad.Op("halved", halved, None)
    with pytest.warns(CompileWarning, match="while loop might not end"):
        compile(lambda x: op(x) + x if x > 0 else x)(3.0)
    assert compile(lambda x: op(x) + x, executor="numba")(3.0) == 6.0
