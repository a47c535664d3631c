"""Calls of one compiled function side by side: in threads, inside each other, past a fork."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pluggrad import Op, Value, compile
from pluggrad.compiler.capture import slots
from pluggrad.ops import exp, sin

EXECUTORS = ["interpreter", "numba"]


def curved(x, y):
    if x > y:
        return sin(x * y) + exp(-x * x)
    return x * y * y - sin(y)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_threads_get_the_answers_of_their_own_numbers(executor):
    compiled = compile(curved, executor=executor)
    numbers = [(0.1 * i, 0.37 * (i % 7)) for i in range(400)]
    in_one_thread = compile(curved, executor=executor)
    alone = [in_one_thread.value_and_grad(*pair) for pair in numbers]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda pair: compiled.value_and_grad(*pair), numbers * 3))
    assert together == alone * 3


def test_threads_over_lanes_get_their_own_numbers():
    np = pytest.importorskip("numpy")
    compiled = compile(curved, threads=2)
    rows = [np.random.default_rng(i).normal(size=(2, 3000)) for i in range(6)]
    alone = [compile(curved)(*row) for row in rows]
    with ThreadPoolExecutor(4) as pool:
        for found, expected in zip(pool.map(lambda r: compiled(*r), rows), alone, strict=True):
            np.testing.assert_array_equal(found, expected)


def finishes(function, seconds=30.0):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def test_functions_that_call_each_other_do_not_wait_for_ever():
    met = threading.Barrier(2, timeout=10.0)

    def even(x):
        met.wait()
        return x * odd_plain(x)

    def odd(x):
        met.wait()
        return x + even_plain(x)

    even_plain, odd_plain = (lambda x: x * 2.0), (lambda x: x * 3.0)
    first, second = compile(even), compile(odd)

    def both():
        with ThreadPoolExecutor(2) as pool:
            one, two = pool.submit(first, 2.0), pool.submit(second, 2.0)
            assert (one.result(), two.result()) == (12.0, 6.0)

    assert finishes(both)


def test_no_lock_is_held_while_the_function_runs():
    held = threading.Lock()
    inside = threading.Event()

    def locked(x):
        inside.set()
        with held:
            return x * x

    compiled = compile(locked, executor="interpreter")
    held.acquire()
    waiting = threading.Thread(target=compiled, args=(2.0,), daemon=True)
    waiting.start()
    assert inside.wait(10.0)

    def another():
        with_other = compile(lambda x: x + 1.0, executor="interpreter")
        assert with_other(1.0) == 2.0
        assert compiled.recordings == ()

    assert finishes(another)
    held.release()
    waiting.join(10.0)
    assert compiled(3.0) == 9.0


def test_what_a_signal_runs_may_look_at_values_while_a_recording_begins_or_ends():
    changing = {slots._change_properties.__code__, slots._put_up.__code__}
    seen = set()

    def trace(frame, event, argument):
        if frame.f_code not in changing:
            return None
        if frame.f_lineno not in seen:
            seen.add(frame.f_lineno)
            sys.settrace(None)
            with slots.seen_from_outside():
                pass
            sys.settrace(trace)
        return trace

    def record():
        sys.settrace(trace)
        right.append(compile(lambda x: x * x, executor="interpreter")(3.0) == 9.0)
        sys.settrace(None)

    right = []
    assert finishes(record)
    assert right == [True]
    assert len(seen) >= 5


def test_an_op_may_call_the_function_it_is_used_in():
    depth = []

    def forward(x):
        if not depth:
            depth.append(1)
            assert compiled(x + 1.0) == (x + 1.0) * 3.0
            depth.clear()
        return 3.0 * x

    op = Op("reentrant", forward, lambda g, out, x: 3.0 * g)
    compiled = compile(op, executor="interpreter")
    assert [compiled(x) for x in (1.0, 2.0)] == [3.0, 6.0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_forked_during_calls_can_call_too():
    compiled = compile(curved, executor="interpreter")
    compiled.value_and_grad(1.0, 0.5)
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            compiled.value_and_grad(1.0, 0.5)
            x = Value(2.0)
            (x * x).backward()

    threads = [threading.Thread(target=busy, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        expected = compiled.value_and_grad(1.0, 0.5)
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                x = Value(3.0)
                (x * x * x).backward()
                right = x.grad == 27.0 and compiled.value_and_grad(1.0, 0.5) == expected
                os._exit(0 if right else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert multiprocessing.current_process().name


def lock_of_numba():
    return pytest.importorskip("numba.core.compiler_lock").global_compiler_lock


def lock_of_llvmlite():
    return pytest.importorskip("llvmlite.binding").ffi.lib._lock


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("found", [lock_of_numba, lock_of_llvmlite])
def test_a_child_forked_while_a_thread_compiles_can_compile_too(found):
    lock, inside = found(), threading.Event()
    compile(Value(2.0) * Value(3.0), executor="numba")

    def hold():
        with lock:
            inside.set()
            time.sleep(0.2)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert inside.wait(10.0)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        with lock:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    thread.join(10.0)
    assert finishes(lambda: lock.__enter__() or lock.__exit__(None, None, None))


IMPORTING = """
import os, signal, sys, threading, time
from pluggrad import Op, Value, compile

def branching(x):
    return 2.0 * x if x > 1.0 else x

op = Op("branching", branching, lambda g, out, x: g)

def compiled():
    return compile(op(Value(2.0)), executor="numba")()

thread = threading.Thread(target=compiled)
thread.start()
while "numba" not in sys.modules:
    time.sleep(0.001)
child = os.fork()
if child == 0:
    signal.alarm(60)
    os._exit(0 if compiled() == 4.0 else 1)
assert os.waitpid(child, 0)[1] == 0
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_forked_while_a_thread_imports_numba_can_use_it(tmp_path):
    pytest.importorskip("numba", reason="such an op is compiled by numba")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORTING],
        env={**os.environ, "PLUGGRAD_CACHE_DIR": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


ASKING = """
import os, signal, threading, time
from pluggrad.compiler.native.library import making
import concurrent.futures.thread, logging

signal.alarm(60)
inside = threading.Event()

def compiling():
    with making:
        inside.set()
        time.sleep(0.2)
        logging.getLogger("one of a library that is imported meanwhile")
        with concurrent.futures.thread._global_shutdown_lock:
            pass

thread = threading.Thread(target=compiling)
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_waits_for_a_thread_that_compiles_before_it_takes_the_locks_that_one_asks_for():
    pytest.importorskip("llvmlite", reason="compiles to machine code")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASKING], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_thread_may_forget_what_another_is_using():
    compiled = compile(lambda x: x * x, executor="interpreter")
    stop = threading.Event()

    def forget():
        while not stop.is_set():
            compiled.forget()

    thread = threading.Thread(target=forget, daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        thread.start()
        for _ in range(300):
            assert compiled(2.0) == 4.0
            assert compiled.value_and_grad(3.0) == (9.0, 6.0)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
