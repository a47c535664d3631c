"""Ctrl-C at a thousand moments of compiling and calling: nothing is half done or left taken."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

import pytest
from pluggrad import Value, compile, grad, on_gradient
from pluggrad.compiler.capture import slots
from pluggrad.ops import sin
from pluggrad.recording import recording, switch, watchers

np = pytest.importorskip("numpy", reason="lanes need NumPy")

MOMENTS = 100  # of each of ten kinds of work
WEIGHT = Value(1.5, label="weight")


def function(x, y):
    """Take one of two ways, with an inner gradient, a Value from outside, and a hook."""
    if x > 0:
        return sin(x) * WEIGHT + grad(y * y * y, y, create_graph=True) * x
    z = x * y
    on_gradient(z, lambda g: g * 2.0)
    return z - y / WEIGHT


RIGHT, LEFT = (0.7, -1.3), (-0.4, 2.5)


@cache
def expected(at):
    leaves = [Value(x) for x in at]
    out = function(*leaves)
    return out.data, tuple(grad(out, leaves))


def is_right(f):
    for at in (RIGHT, LEFT):
        value, gradient = f.value_and_grad(*at)
        wanted, slopes = expected(at)
        assert value == pytest.approx(wanted, rel=1e-14)
        assert gradient == pytest.approx(slopes, rel=1e-14)


def nothing_is_left():
    """The engine is as it was: nobody watches, numbers are plain, and no lock is taken."""
    assert watchers.get() == ()
    assert recording.get()
    assert not switch.active
    assert vars(Value)["data"] is slots.CHECKED["data"]
    assert (WEIGHT.data, WEIGHT.grad) == (1.5, 0.0)
    x = Value(3.0)
    with ThreadPoolExecutor(1) as other:
        other.submit((x * x).backward).result(timeout=20)
    assert x.grad == 6.0


def interrupted_after(seconds, work):
    """Send Ctrl-C after some time; say whether that came before the end."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work()
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    except KeyboardInterrupt:
        return True
    return False


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.fixture
def ctrl_c(no_clock):
    """Let the alarm be a Ctrl-C."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


def fresh(executor):
    return compile(function, executor=executor)


def with_one_way(executor):
    f = fresh(executor)
    f.value_and_grad(*RIGHT)
    return f


@cache  # the same one again and again
def with_both_ways(executor):
    f = with_one_way(executor)
    f.value_and_grad(*LEFT)
    return f


LANES = [np.array(column) for column in zip(RIGHT, LEFT, strict=True)]

# How a compiled function is made beforehand, and the work that is interrupted.
WORKS = {
    "the first call": (fresh, lambda f: f.value_and_grad(*RIGHT)),
    "another way": (with_one_way, lambda f: f.value_and_grad(*LEFT)),
    "a later call": (with_both_ways, lambda f: f.value_and_grad(*RIGHT)),
    "lanes": (with_one_way, lambda f: f.value_and_grad(*LANES)),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("executor", ["auto", "interpreter"])
@pytest.mark.parametrize("what", WORKS)
def test_a_compiled_function_is_right_after_an_interruption(what, executor):
    make, work = WORKS[what]
    seconds = min(timed(partial(work, make(executor))) for _ in range(5))
    came = 0
    for k in range(MOMENTS):
        f = make(executor)
        came += interrupted_after(seconds * (k + 1) / MOMENTS, partial(work, f))
        nothing_is_left()
        is_right(f)
        assert len(f.recordings) == 2
    assert came > MOMENTS // 10  # the machine may be faster now than it was


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("executor", ["auto", "interpreter"])
def test_a_program_has_run_or_not(executor):
    leaves = [Value(x) for x in RIGHT]
    loss = sin(leaves[0]) * leaves[1] + leaves[1] * WEIGHT.data
    program = compile(loss, executor=executor)

    def state():
        return loss.data, [x.grad for x in leaves]

    def before():
        loss.data = 0.0
        for x in leaves:
            x.grad = 0.0

    seconds = timed(program)
    done = state()
    for k in range(MOMENTS):
        before()
        interrupted_after(seconds * (k + 1) / MOMENTS, program)
        assert state() in ((0.0, [0.0, 0.0]), done)
        nothing_is_left()
        before()
        program()
        assert state() == done
