"""The garbage collector rests while a function is recorded, and goes on afterwards."""

import gc
import os
import threading

import pytest
from pluggrad import Value, compile
from pluggrad.compiler.capture import capturing
from pluggrad.compiler.capture.collector import Counter, without_collector


@pytest.fixture
def collector():
    """Leave the collector as it was."""
    was_on = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was_on else gc.disable)()


def test_it_rests_while_a_function_is_recorded(collector, monkeypatch):
    seen, work = [], capturing._captured

    def watched(*args):
        seen.append(gc.isenabled())
        return work(*args)

    monkeypatch.setattr(capturing, "_captured", watched)
    assert compile(lambda x: x * x, executor="interpreter")(3.0) == 9.0
    assert seen == [False]
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


def test_what_was_made_before_a_recording_is_not_counted(collector, monkeypatch):
    told, work = [], capturing.captured_tape

    def watched(outputs, leaves, count, given):
        told.append(count)
        return work(outputs, leaves, count, given)

    monkeypatch.setattr(capturing, "captured_tape", watched)
    gc.disable()  # Python counts on from here
    kept = [[] for _ in range(50_000)]
    compile(lambda x: x * x, executor="interpreter")(3.0)
    assert len(kept) > 10_000 > told[0]


def test_a_counter_counts_what_is_there_more(collector):
    gc.disable()
    counter = Counter()
    kept = [[] for _ in range(5000)]
    assert 4000 < counter.count() < 6000  # a few lists were used before
    del kept
    gc.collect()
    assert counter.count() < 1000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_collects_though_a_thread_was_recording(collector):
    def function(x):
        begun.set()
        forked.wait()
        return x * x

    begun, forked = threading.Event(), threading.Event()
    thread = threading.Thread(target=compile(function, executor="interpreter"), args=(3.0,))
    thread.start()
    begun.wait()
    try:
        child = os.fork()
        if child == 0:
            os._exit(gc.isenabled())
        _, status = os.waitpid(child, 0)
    finally:
        forked.set()
        thread.join()
    assert os.waitstatus_to_exitcode(status) == 1
