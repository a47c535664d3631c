"""Narrow programs, whose repeated body runs as straight-line code in a loop."""

import math
import operator
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import Value, compile
from pluggrad.compiler.narrow.stretches import Finder
from pluggrad.ops import exp, maximum, where

LENGTH = 40


def narrow(executor):
    """Tell whether machine code runs this as a narrow program."""
    return executor.straight is not None


def close(found, right):
    np.testing.assert_allclose(
        found, right, rtol=1e-11, atol=1e-12
    )  # shares of both signs may cancel


def beside_eager(function, numbers):
    """Compare a compiled function with the engine: value and gradient, and that it is narrow.

    With the functions of the C library the value has the engine's bits.
    """
    leaves = [Value(x) for x in numbers]
    result = function(*leaves)
    result.backward()
    assert compile(function, math="libm")(*numbers) == result.data
    compiled = compile(function)
    value, gradient = compiled.value_and_grad(*numbers)
    assert narrow(compiled.recordings[-1].executor)
    close(value, result.data)
    close(np.ravel(gradient), [x.grad for x in leaves])
    return compiled


def test_a_chain_is_a_loop_and_gives_the_numbers_of_the_engine():
    def chain(x, w, b):
        for _ in range(200):
            x = (x * w + b).tanh()
        return x

    compiled = beside_eager(chain, [0.3, 1.1, 0.05])
    for numbers in ([1.0, 0.9, 0.0], [-2.0, 1.5, 0.3]):  # run again, with other numbers
        leaves = [Value(x) for x in numbers]
        chain(*leaves).backward()
        close(compiled.value_and_grad(*numbers)[1], [x.grad for x in leaves])


def test_what_was_computed_several_iterations_ago_is_carried_on():
    def recurrence(a, b, c, w):
        for _ in range(150):
            a, b, c = b, c, (a * w + b * 0.4 - c * 0.3).sin() + a * 0.1
        return a * b + c

    beside_eager(recurrence, [0.1, 0.2, 0.3, 0.7])


def test_a_system_of_equations_step_by_step_is_a_loop():
    def slope(y):
        return [(y[(i + 1) % 5] - y[i]) * y[(i + 2) % 5] - y[i] * 0.1 for i in range(5)]

    def runge_kutta(*y):
        y, h = list(y), 0.02
        for _ in range(60):
            one = slope(y)
            two = slope([a + k * (h / 2) for a, k in zip(y, one, strict=True)])
            y = [a + k * h for a, k in zip(y, two, strict=True)]
        return sum((x * x for x in y[1:]), y[0] * y[0])

    beside_eager(runge_kutta, [0.3, -0.2, 0.5, 0.1, 0.4])


def test_data_that_each_iteration_reads_is_in_memory():
    chance = random.Random(1)
    data = [chance.gauss(0, 1) for _ in range(100)]

    def filtered(q, r, x, p):
        total = 0.0
        for z in data:
            p = p + q
            s = p + r
            y = z - x
            total = total + (y * y / s + s.log())
            k = p / s
            x, p = x + k * y, (1.0 - k) * p
        return total

    beside_eager(filtered, [0.1, 0.3, 0.0, 1.0])


@pytest.mark.parametrize("backwards", [False, True])
def test_data_with_gradients_may_be_read_in_any_direction(backwards):
    xs = [Value(0.01 * i - 0.3) for i in range(120)]
    w = Value(0.6)

    def loss():
        state = Value(0.0, requires_grad=False)
        for x in reversed(xs) if backwards else xs:
            state = (state * w + x * x).sin()
        return state

    right = loss()
    right.backward()
    expected = [x.grad for x in (*xs, w)]
    program = compile(right, wrt=[*xs, w])
    assert narrow(program.executor)
    program.step()
    close(program.gradients, expected)
    program.parameters[:] = program.parameters * 0.5
    program.step()
    for x in (*xs, w):
        x.data, x.grad = x.data * 0.5, 0.0
    again = loss()
    again.backward()
    assert program.results[0] == again.data
    close(program.gradients, [x.grad for x in (*xs, w)])


def test_outputs_within_the_loop_and_their_seeds_are_right():
    x, w = Value(0.5), Value(1.2)
    states = [x]
    for _ in range(150):
        states.append((states[-1] * w).sin() + 0.1)
    program = compile(states[1::10], wrt=[x, w])
    slow = compile(states[1::10], wrt=[x, w], executor="interpreter")
    assert narrow(program.executor)
    for seeds in (np.ones(15), np.linspace(-1.0, 1.0, 15)):
        for each in (program, slow):
            each.seeds[:] = seeds
            each.step()
        assert program.results.tolist() == list(slow.results)
        close(program.gradients, list(slow.gradients))
    program.forward()
    close(program.backward(), list(slow.gradients))


def test_two_loops_one_behind_the_other_share_their_weights():
    def twice(x, w, b):
        total = x
        for _ in range(100):
            x = (x * w + b).sin()
        for _ in range(120):
            total = exp(total * w * 0.1 - 1.0) + x * b
        return total

    beside_eager(twice, [0.2, 0.8, 0.4])


def test_weights_used_outside_the_loop_too_get_all_their_shares():
    def used(x, w):
        y = w * w
        for _ in range(100):
            x = (x * w + y).sin()
        return x * w + y

    beside_eager(used, [0.3, 0.9])


def test_branches_are_guarded_and_each_way_is_a_loop():
    @compile
    def bent(x, w):
        for _ in range(120):
            x = x * w if x > 0 else x * 0.5 - w
        return x

    for numbers in ((0.5, 0.99), (-0.5, -0.99), (1.0, 1.001)):
        leaves = [Value(x) for x in numbers]
        result = bent.function(*leaves)
        result.backward()
        value, gradient = bent.value_and_grad(*numbers)
        assert value == result.data
        close(gradient, [x.grad for x in leaves])


def test_gradients_of_branches_not_taken_are_zero_in_loops_too():
    def guarded(x, w):
        for _ in range(100):
            x = where(x > 5.0, (x - 10.0).sqrt(), x * w)
        return x

    leaves = [Value(0.4), Value(0.99)]
    guarded(*leaves).backward()
    compiled = compile(guarded)
    for _ in range(2):
        close(compiled.grad(0.4, 0.99), [x.grad for x in leaves])


def test_ops_of_several_operands_and_ops_of_strangers_run_in_loops():
    from pluggrad import Op

    cubic = Op(
        "narrow_cubic",
        lambda x: x * x * x - x,
        lambda g, out, x: g * (3.0 * x * x - 1.0),
    )
    mix = Op(
        "narrow_mix",
        lambda x, y, z: x * y - z,
        lambda g, out, x, y, z: g * y,
        lambda g, out, x, y, z: g * x,
        lambda g, out, x, y, z: -g,
    )

    def mixed(x, y):
        for _ in range(100):
            x, y = cubic(x) * 0.3, mix(x, y, x * 0.5)
        return maximum(x, y)

    beside_eager(mixed, [0.3, 0.5])


def test_three_hundred_thousand_nodes_are_one_loop():
    x, w = Value(0.5), Value(1.0)
    state = x
    for _ in range(100_000):
        state = (state * w).sin() + 0.01
    program = compile(state, wrt=[x, w])
    assert narrow(program.executor)
    assert program.forward() == state.data
    assert all(map(math.isfinite, program.backward()))


def test_wide_programs_are_no_loops():
    weights = [Value(0.01 * i) for i in range(40)]
    loss = sum(
        (
            sum((w * math.sin(i * j) for j, w in enumerate(weights)), Value(0.0)).tanh()
            for i in range(40)
        ),
        Value(0.0),
    )
    assert not narrow(compile(loss, wrt=weights).executor)


def test_stretches_cover_the_tape_once_each():
    def chain(x, w):
        for _ in range(300):
            x = (x * w).sin()
        return x

    compiled = compile(chain)
    compiled(0.5, 1.0)
    tape = compiled.recordings[0].tape
    found = Finder(tape, 2).stretches()
    assert [x.start for x in found] == [0, *(x.end for x in found[:-1])]
    assert found[-1].end == len(tape)
    assert max(found, key=lambda x: x.count).count >= 295


# ----- Any body -----


@st.composite
def bodies(draw):
    """Draw a body: what each new state is made of, out of states, weights and data."""
    states = draw(st.integers(1, 4))
    weights = draw(st.integers(1, 3))
    rows = []
    for _ in range(states):
        terms = draw(
            st.lists(
                st.tuples(
                    st.sampled_from(["state", "new", "weight", "data", "data backwards", "number"]),
                    st.integers(0, 3),
                    st.sampled_from(["add", "sub", "mul"]),
                ),
                min_size=1,
                max_size=4,
            )
        )
        rows.append((terms, draw(st.sampled_from(["sin", "tanh", "exp", "square"]))))
    return states, weights, rows


UNARY = {
    "sin": lambda x: x.sin(),
    "tanh": lambda x: x.tanh(),
    "exp": lambda x: exp(x.tanh() - 1.0),
    "square": lambda x: (x * x).sin(),
}
BINARY = {"add": operator.add, "sub": operator.sub, "mul": operator.mul}


def computed(body, numbers, data):
    states, weights, rows = body
    state, weight = list(numbers[:states]), numbers[states:]
    for t in range(LENGTH):
        new = []
        for i, (terms, unary) in enumerate(rows):
            x = state[i] * 0.5
            for what, j, how in terms:
                known = {
                    "state": state[j % states],
                    "new": new[j % len(new)] if new else state[0],
                    "weight": weight[j % weights],
                    "data": data[t],
                    "data backwards": data[-1 - t],
                    "number": 0.25 * (j + 1),
                }
                x = BINARY[how](x, known[what])
            new.append(UNARY[unary](x))
        state = new
    return sum(state[1:], state[0])


@settings(max_examples=40, deadline=None)
@given(bodies())
def test_any_repeated_body_gives_what_the_interpreter_gives(body):
    states, weights, _ = body
    leaves = [Value(0.3 + 0.1 * i) for i in range(states + weights)]
    data = [Value(math.cos(i)) for i in range(LENGTH)]
    loss = computed(body, leaves, data)
    wanted = [*leaves, *data]
    program = compile(loss, wrt=wanted, math="libm")  # some bodies are chaotic
    slow = compile(loss, wrt=wanted, executor="interpreter")
    program.step(), slow.step()
    assert program.results[0] == slow.results[0]
    close(program.gradients, list(slow.gradients))
