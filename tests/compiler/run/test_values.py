"""Numbers of many Values at once, read and added to by machine code."""

import gc
import sys

import numpy as np
import pytest
from pluggrad import CompileError, Value, compile
from pluggrad.compiler.run.values import adder, reader


def test_data_is_read_and_gradients_are_added():
    values = [Value(float(i)) for i in range(100)]
    numbers = np.zeros(100)
    reader(values, numbers)()
    assert numbers.tolist() == [x.data for x in values]
    values[3].data = -7.5
    add = adder(values, numbers)
    reader(values, numbers)()
    add(), add()
    assert [x.grad for x in values] == [2.0 * x.data for x in values]


def test_numbers_that_somebody_else_holds_do_not_change():
    x = Value(2.0)
    program = compile(x * x, wrt=[x])
    program()
    held, constant = x.grad, 0.0
    program()
    assert (held, x.grad) == (4.0, 8.0)
    x.grad = constant
    program()
    assert (constant, 0.0, x.grad) == (0.0, 0.0, 4.0)
    x.grad = held
    program()
    assert (held, x.grad) == (4.0, 8.0)


def test_subclasses_of_value_are_values():
    class Named(Value):
        __slots__ = ("extra", "note")

    values = [Named(1.0), Value(2.0), Named(3.0)]
    values[0].note = values[2].extra = "something"
    numbers = np.zeros(3)
    reader(values, numbers)()
    adder(values, numbers)()
    assert [x.grad for x in values] == numbers.tolist() == [1.0, 2.0, 3.0]


def test_where_a_slot_holds_no_float_python_goes_on():
    values = [Value(1.0), Value(2.0), Value(3.0)]
    values[1]._grad = 5  # an integer, which no setter would leave there
    adder(values, np.array([0.5, 0.5, 0.5]))()
    assert [x.grad for x in values] == [0.5, 5.5, 0.5]
    values[2]._number = 4
    numbers = np.zeros(3)
    reader(values, numbers)()
    assert numbers.tolist() == [1.0, 2.0, 4.0]


def test_nothing_is_kept_and_no_reference_is_lost():
    values = [Value(float(i)) for i in range(1000)]
    numbers = np.ones(1000)
    add = adder(values, numbers)
    for _ in range(5):
        add()
    counts = [sys.getrefcount(x._grad) for x in values]
    add()
    gc.collect()
    assert [sys.getrefcount(x._grad) for x in values] == counts
    assert {x.grad for x in values} == {6.0}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_any_number_of_values_will_do(count):
    values = [Value(1.5)] * count
    numbers = np.zeros(count)
    reader(values, numbers)()
    adder(values, numbers)()
    assert numbers.tolist() == [1.5] * count


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
@pytest.mark.parametrize("frozen", [[0], [1], [2], [0, 1, 2]])
def test_a_leaf_that_is_frozen_later_keeps_its_gradient_as_in_backward(frozen, executor):
    def loss():
        leaves = [Value(float(i + 2)) for i in range(3)]
        return leaves, leaves[0] * leaves[1] * leaves[2] + 0.0

    leaves, total = loss()
    program = compile(total, executor=executor)
    program()
    for i in frozen:
        leaves[i].requires_grad = False
        leaves[i].data += 1.0
    program()
    factors = [x.data for x in leaves]
    assert total.data == np.prod(factors)
    for i, x in enumerate(leaves):
        before = 24.0 / (i + 2)
        added = 0.0 if i in frozen else np.prod(factors) / factors[i]
        assert x.grad == pytest.approx(before + added)


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
@pytest.mark.parametrize("thawed", [0, 1, 2])
def test_a_leaf_that_requires_a_gradient_later_is_no_longer_read_without_one(thawed, executor):
    leaves = [Value(float(i + 2), requires_grad=False, label=f"w{i}") for i in range(3)]
    x = Value(1.0)
    total = x * leaves[0] * leaves[1] * leaves[2]
    program = compile(total, executor=executor)
    chosen = compile(total, wrt=[x], inputs=leaves, executor=executor)
    assert (program(), x.grad) == (24.0, 24.0)
    leaves[thawed].requires_grad = True
    with pytest.raises(CompileError, match=rf"'w{thawed}' requires a gradient now, .* again"):
        program()
    assert x.grad == 24.0
    assert (chosen(), x.grad) == (24.0, 48.0)
    leaves[thawed].requires_grad = False
    assert (program(), x.grad) == (24.0, 72.0)
