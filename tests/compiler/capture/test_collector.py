"""The garbage collector rests while a function is recorded, and goes on afterwards."""

import gc

import pytest
from pluggrad import Value, compile
from pluggrad.compiler.capture.collector import without_collector


@pytest.fixture
def collector():
    """Leave the collector as it was."""
    was_on = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_on else gc.disable)()


def test_it_rests_while_a_function_is_recorded(collector):
    seen = []

    def function(x):
        seen.append(gc.isenabled())
        return x * x

    assert compile(function, executor="interpreter")(3.0) == 9.0
    assert seen[0] is False
    assert gc.isenabled()


def test_it_goes_on_after_an_error(collector):
    def function(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compile(function, executor="interpreter")(3.0)
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off(collector):
    gc.disable()
    compile(lambda x: x * x, executor="interpreter")(3.0)
    assert not gc.isenabled()


def test_what_is_recorded_is_freed_without_it(collector):
    def graph():
        x = Value(1.0)
        for _ in range(1000):
            x = x * 1.5
        return x

    gc.collect()
    without_collector(graph)
    assert not any(type(x) is Value and x.op is not None for x in gc.get_objects(generation=0))
