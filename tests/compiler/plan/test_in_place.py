"""Inputs and their gradients are used where callers see them."""

import math
import random
from itertools import pairwise

import numpy as np
import pytest
from pluggrad import Value, compile
from pluggrad.ops import exp, log


def layered(sizes=(20, 8, 5)):
    """Make a classifier of one point: its loss, its weights by neuron, and the point."""
    chance = random.Random(1)
    point = [Value(chance.random(), requires_grad=False) for _ in range(sizes[0])]
    neurons = []
    signals = point
    for taken, given in pairwise(sizes):
        layer = [
            ([Value(chance.gauss(0.0, 0.3)) for _ in range(taken)], Value(0.1))
            for _ in range(given)
        ]
        neurons += layer
        signals = [
            sum((w * x for w, x in zip(weights, signals, strict=True)), bias).tanh()
            for weights, bias in layer
        ]
    total = sum((exp(x) for x in signals), Value(0.0, requires_grad=False))
    return log(total) - signals[2], neurons, point


def in_order(order, neurons):
    by_neuron = [x for weights, bias in neurons for x in (*weights, bias)]
    if order == "by neuron":
        return by_neuron
    if order == "biases last":
        return [w for ws, _ in neurons for w in ws] + [bias for _, bias in neurons]
    random.Random(2).shuffle(by_neuron)
    return by_neuron


@pytest.mark.parametrize("order", ["by neuron", "biases last", "shuffled"])
def test_steps_give_the_gradients_of_the_engine_each_time(order):
    loss, neurons, point = layered()
    loss.backward()
    wrt = in_order(order, neurons)
    program = compile(loss, wrt=wrt, inputs=point)
    for _ in range(3):  # a step starts from zero, whatever the last one left
        program.step()
        np.testing.assert_allclose(program.gradients, [x.grad for x in wrt], rtol=1e-12)
        assert program.results[0] == loss.data
    for x, other in zip(wrt, np.linspace(-1.0, 1.0, len(wrt)), strict=True):
        x.data, x.grad = float(other), 0.0
    program()
    slow = compile(loss, wrt=wrt, inputs=point, executor="interpreter")
    slow.step()
    np.testing.assert_allclose([x.grad for x in wrt], list(slow.gradients), rtol=1e-12)


@pytest.mark.parametrize("order", ["by neuron", "biases last"])
def test_what_stands_in_some_order_is_not_copied(order):
    loss, neurons, point = layered((200, 40, 10))
    program = compile(loss, wrt=in_order(order, neurons), inputs=point)
    assert len(program.executor.parts["read"]) == len(program.executor.parts["collect"]) == 0


def test_gradients_with_one_share_are_written_and_not_added():
    loss, neurons, _ = layered((200, 40, 10))
    program = compile(loss, wrt=in_order("by neuron", neurons))
    layout = program.executor.plan.layout
    cleared = sum(count for _, count in program.executor.plan.cleared)
    assert cleared < 0.2 * (len(program.gradients) + layout.inputs_at - layout.gradients_at)


def test_leaves_that_are_used_twice_or_not_at_all_or_are_outputs_are_right():
    x, y, unused = Value(2.0), Value(3.0), Value(5.0)
    program = compile([x, x * y + x * x, y], wrt=[x, y, unused])
    for _ in range(2):
        program.step()
        assert program.results.tolist() == [2.0, 10.0, 3.0]
        assert program.gradients.tolist() == [1.0 + 3.0 + 4.0, 2.0 + 1.0, 0.0]
    program.seeds[:] = [0.0, 2.0, -1.0]
    program.step()
    assert program.gradients.tolist() == [14.0, 3.0, 0.0]


def test_gradients_of_one_share_begin_with_zero_as_sums_do():
    x, y = Value(2.0), Value(0.0)
    for executor in ("numba", "interpreter"):
        program = compile(-(x * y), wrt=[x, y], executor=executor)
        program.step()
        assert [math.copysign(1.0, g) for g in program.gradients] == [1.0, -1.0]
