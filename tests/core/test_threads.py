"""Several threads differentiate at once."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import forks
import pytest
from pluggrad import Graph, Op, Value, on_gradient
from pluggrad.ops import sin


@pytest.fixture(autouse=True)
def often_switched():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def in_threads(work, count=4):
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work) for _ in range(count)]:
            done.result()


@pytest.mark.parametrize("hooked", [False, True])
def test_no_part_of_a_shared_leafs_gradient_is_lost(hooked):
    shared = Value(2.0)
    handle = on_gradient(shared, lambda g: None) if hooked else None

    def work():
        for _ in range(200):
            (sin(shared) * 0.0 + shared * 3.0).backward()

    in_threads(work)
    assert shared.grad == 4 * 200 * 3.0
    if handle is not None:
        handle.remove()


def test_passes_over_a_shared_part_do_not_disturb_each_other():
    x = Value(2.0)
    shared = x
    for _ in range(50):
        shared = shared * 1.0

    def work():
        for _ in range(50):
            (shared * 2.0).backward()

    in_threads(work)
    assert x.grad == 4 * 50 * 2.0


# ----- Forks -----

FORKED = """
import os, signal, threading
from collections.abc import Mapping
from pluggrad import Op, Value, configure, render

inside, leave = threading.Event(), threading.Event()

def block():
    if threading.current_thread() is not threading.main_thread():
        inside.set()
        leave.wait()

class Slow(Mapping):  # options that another thread has begun to read
    def __getitem__(self, key):
        return 4
    def __iter__(self):
        block()
        return iter(["digits"])
    def __len__(self):
        return 1

def rule(g, out, x):
    block()
    return g

slow = Op("slow", lambda x: x, rule)
o = slow(Value(2.0))
o.backward()
work = {work}
thread = threading.Thread(target=work)
thread.start()
assert inside.wait(60)
child = os.fork()
if child == 0:
    signal.alarm(60)  # a child that waits for ever ends here
    work()
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
leave.set()
thread.join()
print(code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be copied here")
@pytest.mark.parametrize(
    "work",
    [
        "lambda: configure(renderers={'text': Slow()})",
        "lambda: render(o, 'svg')",
        "lambda: render(o, 'text')",
        "lambda: o.backward()",
    ],
)
def test_a_child_that_is_forked_while_another_thread_is_at_work_does_the_same_work(work):
    program = FORKED.replace("{work}", work)
    done = forks.run([sys.executable, "-W", "ignore", "-c", program])
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_threads_that_draw_run_code_of_users_side_by_side():
    both = threading.Barrier(2, timeout=60)

    def rule(g, out, x):
        if threading.current_thread() is not threading.main_thread():
            both.wait()
        return g

    o = Op("meeting", lambda x: x, rule)(Value(2.0))
    o.backward()
    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(lambda graph: graph.record.notes, [Graph(o), Graph(o)])] == [{}, {}]
    assert not both.broken
