"""Functions written in C that take floats alone get them; the recording holds for those."""

import datetime
import heapq
import itertools
import json
import math
import pickle
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from pluggrad import CompileError, Value, compile, grad

pytestmark = pytest.mark.filterwarnings("ignore::pluggrad.CompileWarning")
NUMBERS = (1.7, 2.5, -0.4, 3.2, 1.7)
FUNCTIONS = {
    "json": lambda d: len(json.dumps({"a": [d]})),
    "keys of json": lambda d: len(json.dumps({d: 1})),
    "Decimal": lambda d: float(Decimal(d)),
    "Decimal.from_float": lambda d: float(Decimal.from_float(d)),
    "Fraction": lambda d: float(Fraction(d)),
    "timedelta": lambda d: datetime.timedelta(seconds=d).total_seconds(),
    "datetime": lambda d: datetime.datetime.fromtimestamp(d, datetime.UTC).second,
    "gmtime": lambda d: time.gmtime(d).tm_sec,
    "pickle": lambda d: pickle.loads(pickle.dumps([d]))[0],
    "a method of float": lambda d: len(float.hex(d)),
    "an operator of float": lambda d: float.__add__(d, 1.0),
    "an integer of text": lambda d: int("%d" % d),  # noqa: UP031
    "members": lambda d: sum(hasattr(d, name) for name in ("data", "grad", "backward", "detach")),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_they_give_what_they_give_outside(name):
    f = FUNCTIONS[name]

    def of_data(x):
        return f(x.data) * x + x

    def of_a_gradient(x):
        return f(grad(x * x, x)) * x + x

    for g in (of_data, of_a_gradient):
        compiled = compile(g, executor="interpreter")
        for number in NUMBERS:
            leaf = Value(number)
            y = g(leaf)
            y.backward()
            assert compiled.value_and_grad(number) == (y.data, leaf.grad)


def test_what_would_be_computed_twice_is_an_error_that_says_what_to_write():
    written = []

    def f(x):
        written.append(1)
        return x * len(json.dumps(x.data))

    with pytest.raises(CompileError, match=r"not JSON serializable.* write float\(x\.data\)"):
        compile(f)(1.5)


def test_what_is_taken_from_an_iterator_is_taken_once():
    given = itertools.count(1)

    def of_the_next(x):
        return next(given) * len(json.dumps(x.data)) * x

    with pytest.raises(CompileError, match=r"write float\(x\.data\)"):
        compile(of_the_next)(2.0)
    assert next(given) == 2


def test_an_error_of_pluggrad_is_no_reason_to_run_a_function_again():
    given = itertools.count(1)
    weight = Value(2.0)

    def with_a_gradient(x):
        return grad(x * next(given) * weight.data, x)

    with pytest.raises(TypeError, match=r"grad\(\) takes Values"):
        compile(with_a_gradient, executor="interpreter").jvp((2.0,), (1.0,))
    assert next(given) == 2


def test_what_fails_outside_fails_in_the_same_way():
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        compile(lambda x: x * len(range(x.data)))(2.0)


def test_values_whose_numbers_differ_are_not_equal():
    def f(x):
        doubled = x * 2.0
        pairs = []
        for pair in ((doubled, 1), (x, 2), (x * x, 3)):
            heapq.heappush(pairs, pair)
        values = [x, doubled]
        return pairs[0][0] * values.index(doubled) + x * (x == doubled) + (x in values) + (x == 9.0)

    compiled = compile(f)
    for number in (*NUMBERS, math.nan):
        leaf = Value(number)
        y = f(leaf)
        y.backward()
        expected = pytest.approx((y.data, leaf.grad), rel=1e-15, nan_ok=True)
        assert compiled.value_and_grad(number) == expected
    for equal in (0.0, 9.0):
        with pytest.raises(CompileError, match="== in a compiled function"):
            compiled(equal)


def test_the_function_of_a_compiled_one_cannot_be_put_in_its_place():
    compiled = compile(lambda x: x * 2.0)
    with pytest.raises(AttributeError):
        compiled.function = lambda x: x * 3.0
    assert compiled(1.0) == 2.0
