"""Kernels that do four steps of two loops at once, as products of matrices have them."""

import random
from functools import reduce
from itertools import chain, product
from operator import add

import numpy as np
import pytest
from pluggrad import Value, compile
from pluggrad.compiler.codegen.code import _instructions
from pluggrad.compiler.codegen.emission import Memory
from pluggrad.compiler.codegen.instructions import unpacked
from pluggrad.ops import tanh

pytest.importorskip("numba", reason="kernels are machine code")


def numbers(*lengths):
    chance = random.Random(1)
    return [[Value(chance.gauss(0.0, 1.0)) for _ in range(lengths[1])] for _ in range(lengths[0])]


def total(parts):
    return reduce(add, parts)


def matrices(rows, inner, columns):
    """Multiply two matrices, and add up what a function makes of each number."""
    x, w = numbers(rows, inner), numbers(inner, columns)
    sums = [
        total([x[r][k] * w[k][j] for k in range(inner)])
        for r, j in product(range(rows), range(columns))
    ]
    return total([tanh(s) for s in sums]), [*chain(*w), *chain(*x)]


def rows_by_vector(rows, inner):
    """Multiply a matrix, given row by row, by a vector: sums that run side by side read columns."""
    w, (x,) = numbers(rows, inner), numbers(1, inner)
    sums = [total([w[r][k] * x[k] for k in range(inner)]) for r in range(rows)]
    return sums, [*chain(*w), *x]


def overlapping(length, taps, channels):
    """Slide windows over a line: what neighbours read and write overlaps."""
    (x,), w = numbers(1, length), numbers(channels, taps)
    sums = [
        total([w[c][k] * x[p + k] for k in range(taps)])
        for c, p in product(range(channels), range(length - taps + 1))
    ]
    return total([tanh(s) for s in sums]), [*chain(*w), *x]


def variants_of(program, *, backward):
    """List the kernels that a program's instructions are for."""
    plan = program.executor.plan
    memory = Memory(1, plan.layout.literals)
    room = _instructions(plan.kinds, plan.nests, memory, backward)
    return [unpacked(int(x), plan.kinds.width) for x in room.variants]


def blocks_of(program, *, backward):
    """Count the instructions of a program whose kernels do blocks."""
    return sum(x.blocks != 0 for x in variants_of(program, backward=backward))


def same_numbers(loss, leaves):
    fast = compile(loss, wrt=leaves, executor="numba")
    slow = compile(loss, wrt=leaves, executor="interpreter")
    fast.step(), slow.step()
    assert fast.results[0] == pytest.approx(slow.results[0], rel=1e-15)
    np.testing.assert_allclose(fast.gradients, slow.gradients, rtol=1e-12, atol=1e-14)
    return fast


@pytest.mark.parametrize("rows", [4, 5, 7, 12])
@pytest.mark.parametrize("inner", [4, 9, 14])
@pytest.mark.parametrize("columns", [3, 8, 17])
def test_products_of_matrices_of_any_size_are_right(rows, inner, columns):
    same_numbers(*matrices(rows, inner, columns))


def test_large_products_run_in_blocks():
    program = same_numbers(*matrices(8, 24, 17))
    assert blocks_of(program, backward=False) + blocks_of(program, backward=True) > 0


@pytest.mark.parametrize("length", [12, 21])
@pytest.mark.parametrize("taps", [4, 5, 8])
@pytest.mark.parametrize("channels", [1, 4, 6])
def test_windows_that_overlap_are_right(length, taps, channels):
    same_numbers(*overlapping(length, taps, channels))


@pytest.mark.parametrize("rows", [4, 7, 32, 33, 50])
@pytest.mark.parametrize("inner", [4, 6, 32, 41, 70])
def test_columns_of_a_matrix_are_added_up_in_the_order_of_the_engine(rows, inner):
    sums, leaves = rows_by_vector(rows, inner)
    fast = compile(sums, wrt=leaves, executor="numba")
    slow = compile(sums, wrt=leaves, executor="interpreter")
    fast.step(), slow.step()
    assert fast.results.tolist() == slow.results.tolist()
    np.testing.assert_allclose(fast.gradients, slow.gradients, rtol=1e-14, atol=1e-14)


def test_columns_of_a_matrix_are_turned():
    sums, leaves = rows_by_vector(40, 50)
    program = compile(sums, wrt=leaves, executor="numba")
    assert any(x.turned for x in variants_of(program, backward=False))
