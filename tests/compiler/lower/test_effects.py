"""Ops whose functions do more than compute, or reach other functions by odd ways."""

import math
import random
import warnings
from collections import Counter

import pytest
from pluggrad import CompileError, Op, Value, compile, func

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")


def reciprocal(x):
    """The limit from the right at both zeros, which no division has."""
    try:
        return 1.0 / x
    except ZeroDivisionError:
        return math.inf


class Kit:
    def by_method(self, x):
        return reciprocal(x)

    @staticmethod
    def static(x):
        return reciprocal(x)

    @classmethod
    def of_class(cls, x):
        return reciprocal(x)

    def __call__(self, x):
        return reciprocal(x)

    def __getitem__(self, x):
        return reciprocal(x)

    def __rmul__(self, x):
        return reciprocal(x)


kit = Kit()
table = {"f": reciprocal}
several = [reciprocal]

WAYS = {
    "a method": lambda x: kit.by_method(x),
    "a static method": lambda x: Kit.static(x),
    "a class method": lambda x: kit.of_class(x),
    "a call of an object": lambda x: kit(x),
    "brackets": lambda x: kit[x],
    "an operator": lambda x: x * kit,
    "a dict": lambda x: table["f"](x),
    "a list": lambda x: several[-1](x),
    "map": lambda x: next(map(reciprocal, [x])),
    "a bound method": kit.by_method,
    "an object": kit,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_function_is_what_it_is_however_an_op_calls_it(way):
    function = WAYS[way]
    forward = compile(Op("forward", function, lambda g, out, x: -g * out * out))
    ruled = compile(Op("ruled", lambda x: x * 1.0, lambda g, out, x: g * function(x)))
    at = [2.0, 0.0, -0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [forward(x) for x in at] == [0.5, math.inf, math.inf]
        assert [ruled.grad(x) for x in at] == [0.5, math.inf, math.inf]
        lanes = np.tile(at, 50)
        assert forward(lanes)[:3].tolist() == [0.5, math.inf, math.inf]
        assert ruled.grad(lanes)[:3].tolist() == [0.5, math.inf, math.inf]


class State:
    count = 0.0

    def tick(self):
        self.count += 1.0
        return self.count


def counting_in_an_object():
    state = State()

    def forward(x):
        state.count += 1.0
        return x * state.count

    return forward


def counting_by_a_method():
    state = State()
    return lambda x: x * state.tick()


def counting_in_a_list():
    calls = []

    def forward(x):
        calls.append(x)
        return x * len(calls)

    return forward


def counting_in_a_counter():
    calls = Counter()

    def forward(x):
        calls["here"] += 1
        return x * calls["here"]

    return forward


def counting_in_an_array():
    calls = np.zeros(1)

    def forward(x):
        calls[0] += 1.0
        return x * float(calls[0])

    return forward


def counting_in_a_variable():
    count = 0

    def forward(x):
        nonlocal count
        count += 1
        return x * count

    return forward


COUNTERS = [
    counting_in_an_object,
    counting_by_a_method,
    counting_in_a_list,
    counting_in_a_counter,
    counting_in_an_array,
    counting_in_a_variable,
]


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("executor", ["auto", "interpreter"])
def test_an_op_that_counts_its_calls_counts_each_call_once(counter, executor):
    counting = Op("counting", counter(), lambda g, out, x: g * out / x)
    function = compile(lambda x: counting(x) + 1.0, executor=executor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [function(2.0) for _ in range(4)] == [3.0, 5.0, 7.0, 9.0]
        assert [function.grad(2.0) for _ in range(3)] == [5.0, 6.0, 7.0]


@pytest.mark.parametrize("counter", COUNTERS)
def test_an_op_that_counts_its_calls_is_no_machine_code(counter):
    counting = Op("counting", counter(), lambda g, out, x: g)
    function = compile(lambda x: counting(x) + 1.0, executor="numba")
    function(2.0)
    with pytest.raises(CompileError, match=r"may change what it reads|sets count, a variable"):
        function(2.0)


def test_an_op_that_prints_prints_once_for_each_call(capsys):
    printing = Op("printing", lambda x: print("seen") or 2.0 * x, lambda g, out, x: 2.0 * g)
    function = compile(lambda x: printing(x) + 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function(1.0)
        capsys.readouterr()
        assert [function(2.0), function(3.0)] == [5.0, 7.0]
    assert capsys.readouterr().out == "seen\n" * 2


def test_an_op_of_random_numbers_draws_as_many_as_the_engine_does():
    noisy = Op("noisy", lambda x: x * random.random(), lambda g, out, x: g * out / x)
    function = compile(lambda x: noisy(x) * 2.0)
    drawn = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for compute in (function, lambda x: noisy(x) * 2.0):
            random.seed(5)
            drawn.append([compute(1.0) for _ in range(3)])
        for compute in (function.grad, func.grad(lambda x: noisy(x) * 2.0)):
            random.seed(5)
            drawn.append([compute(1.0) for _ in range(3)])
    assert drawn[0] == drawn[1]
    assert drawn[2] == drawn[3]


def test_a_profiler_that_watches_goes_on():
    import cProfile

    odd = Op("odd", lambda x: several[0](x) * kit[x], lambda g, out, x: g)
    with warnings.catch_warnings(), cProfile.Profile() as profile:
        warnings.simplefilter("ignore")
        assert compile(odd)(2.0) == 0.25
        for _ in range(37):
            odd(Value(2.0))
    counts = {code.code: code.callcount for code in profile.getstats()}
    assert counts[reciprocal.__code__] >= 2 * 37
