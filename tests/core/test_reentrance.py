"""What interrupts a walk or a pass in its own thread gets the right numbers, or an error."""

import signal
import sys

import pytest
from pluggrad import (
    GradientError,
    Graph,
    Op,
    Value,
    checkpoint,
    compile,
    custom_rule,
    grad,
    on_gradient,
    render,
    topology,
)
from pluggrad.graph import _nodes
from pluggrad.ops import sin
from pluggrad.topology import leaves_and_results, topological_order

PACKAGE = "pluggrad"


def diamond(depth=6):
    x = Value(1.1, label="x")
    y = x
    for _ in range(depth):
        y = sin(y) * x + y
    return x, y


def interrupting(code, moment, handler, work):
    """Call `handler` at one line of the function with this code, as a signal would; work() first.

    Gives whether it came to that.
    """
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        if frame.f_code is not code:
            return trace if event == "call" else None
        if event == "line":
            count += 1
            if count == moment:
                sys.settrace(None)
                handler()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count >= moment


def moments(code, handler, work, step=7):
    """Interrupt at many moments; give how many there were."""
    moment = 1
    while interrupting(code, moment, handler, work):
        moment += step
    return moment // step


def visit():

    return topology._visit.__code__


WALKS = {
    "topological_order": lambda y: topological_order([y]),
    "leaves_and_results": leaves_and_results,
    "Graph": lambda y: len(Graph(y)),
    "render": lambda y: render(y, "text"),
}


@pytest.mark.parametrize("inner", WALKS)
@pytest.mark.parametrize("outer", WALKS)
def test_a_walk_that_interrupts_a_walk(outer, inner):
    _, y = diamond(3)
    right = [WALKS[name](y) for name in (outer, inner)]

    def handler():
        assert WALKS[inner](y) == right[1]

    def work():
        assert WALKS[outer](y) == right[0]

    assert moments(visit(), handler, work) > 3


def test_grad_that_interrupts_a_walk_and_the_other_way_round():
    x, y = diamond(3)
    right = grad(y, x)
    backward = pytest.approx(right)

    def pass_backward():
        x.grad = 0.0
        y.backward()
        assert x.grad == backward

    def ask():
        assert grad(y, x) == right

    assert moments(visit(), ask, pass_backward) > 3
    assert moments(visit(), pass_backward, ask) > 3


def test_the_order_is_the_same_with_and_without_marks():
    _, y = diamond(4)
    y = y.clip(0.0, 2.0) + Value(2.0, requires_grad=False) * 3.0
    inside = []

    class Roots(list):
        def __iter__(self):
            yield y
            inside.append([topological_order([y]), leaves_and_results(y)])

    for differentiable in (False, True):
        order = topological_order(Roots(), differentiable=differentiable)
        assert order == topological_order([y], differentiable=differentiable)
    assert inside[0] == [topological_order([y]), leaves_and_results(y)]


def calling(work):
    """Make an op in the middle of whose derivative something is done."""

    def rule(g, out, x):
        if isinstance(g, float):  # not while the rule is written down
            work()
        return g * 2.0

    return Op("doubled", lambda x: 2.0 * x, rule)


WRITES = {
    "backward": lambda y, program: y.backward(),
    "picture": lambda y, program: render(y, "text"),
    "graph": lambda y, program: Graph(y),
    "program": lambda y, program: program(),
}


@pytest.mark.parametrize("inner", WRITES)
def test_during_a_backward_pass_what_needs_the_same_gradients_is_refused(inner):
    x = Value(3.0)
    program = compile(x * x, executor="interpreter")
    errors = []

    def work():
        with pytest.raises(
            GradientError, match=r"called while backward\(\) of the same values is under way"
        ):
            WRITES[inner](y, program)
        errors.append(1)

    y = x * calling(work)(x * x)
    y.backward()
    assert errors
    assert x.grad == 6.0 * 9.0
    x.grad = 0.0
    y.backward()
    assert x.grad == 54.0


def test_during_a_backward_pass_what_is_about_other_values_goes_on():
    other = Value(5.0)

    def work():
        (other * other).backward()
        render(other * 2.0, "text")

    x = Value(3.0)
    (x * calling(work)(x)).backward()
    assert (x.grad, other.grad % 10.0) == (12.0, 0.0)
    assert other.grad


def test_during_a_backward_pass_gradients_may_be_asked_for():
    x = Value(3.0)
    found = []
    y = x * calling(lambda: found.append(grad(x * x * x, x)))(x * x)
    y.backward()
    assert set(found) == {27.0}
    assert x.grad == 54.0


@pytest.mark.parametrize(
    "made",
    [
        lambda x, work: checkpoint(lambda a: (work(), a * a)[1], x),
        lambda x, work: custom_rule(
            lambda a: float(a) ** 2, lambda g, out, a: (work(), 2.0 * g * a)[1]
        )(x),
    ],
)
def test_a_function_that_goes_through_the_graph_it_is_part_of_is_refused(made):
    x = Value(3.0)
    w = Value(2.0)
    loss = []
    y = made(x, lambda: loss and loss[0].backward()) * w
    loss.append(y)
    with pytest.raises((GradientError, ArithmeticError), match="under way"):
        y.backward()
    assert (x.grad, w.grad) == (0.0, 0.0)


def test_what_only_looks_may_come_inside_what_only_looks():
    _, y = diamond(3)
    y.backward()
    right = render(y, "json")
    seen = []

    def handler():
        seen.append(render(y, "json"))
        with pytest.raises(GradientError, match="while a Graph of the same values is under way"):
            y.backward()

    code = _nodes.__code__
    assert interrupting(code, 2, handler, lambda: seen.append(render(y, "json")))
    assert seen == [right, right]


def test_a_hook_may_look_at_the_graph_and_go_through_it():
    x = Value(3.0)
    y = x * x
    seen = []
    with on_gradient(y, lambda g: seen.append(render(y * 2.0, "text"))):
        (y * 2.0).backward()
    assert seen
    assert x.grad == 12.0


def test_an_exception_of_a_signal_handler_in_the_middle_of_a_pass_is_not_swallowed():
    class Timeout(Exception):
        pass

    first = [True]

    def work():
        if first:
            first.clear()
            raise Timeout

    x = Value(3.0)
    y = calling(work)(x)
    with pytest.raises(Timeout):
        y.backward()
    assert x.grad == 0.0
    y.backward()
    assert x.grad == 2.0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer signals here")
def test_a_timer_that_asks_at_many_moments_disturbs_nothing():
    x, y = diamond(200)
    right = grad(y, x)
    order = len(topological_order([y]))
    seen = []

    def handler(signum, frame):
        seen.append((grad(y, x), len(topological_order([y]))))

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for delay in range(1, 60):
            signal.setitimer(signal.ITIMER_REAL, delay * 3e-5)
            x.grad = 0.0
            y.backward()
            assert x.grad == pytest.approx(right)
            assert len(Graph(y)) == order
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    assert set(seen) == {(right, order)}
