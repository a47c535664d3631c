"""Room for results is taken again, and never while anybody looks at it."""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pluggrad import compile
from pluggrad.compiler.room import LARGE as LARGE_PAGES
from pluggrad.compiler.room import LEAST, MOST, Room

LARGE = LEAST // 8


def address(array):
    return array.__array_interface__["data"][0]


def test_what_nobody_holds_is_taken_again():
    room = Room()
    first = room.empty((2, LARGE))
    place = address(first)
    del first
    assert address(room.empty((2, LARGE))) == place


def test_a_view_holds_its_array():
    room = Room()
    row = room.empty((2, LARGE))[1]
    row[:] = 7.0
    room.empty((2, LARGE))[:] = 0.0
    assert (row == 7.0).all()


def test_a_much_smaller_array_gets_room_of_its_own():
    room = Room()
    large = room.empty((4, LARGE))
    place = address(large)
    del large
    small = room.empty((1, LARGE))
    assert address(small) != place
    assert address(room.empty((4, LARGE))) == place


@pytest.mark.parametrize("size", [100_000, 1 << 17, 1_000_000])
def test_rows_begin_at_lines_of_memory_that_a_processor_keeps_apart(size):
    rows = Room().rows(6, (size,), size)
    places = [address(row) for row in rows]
    assert len({place % 4096 // 64 for place in places}) == 6
    assert size < LARGE_PAGES // 8 or all(place % 64 == 0 for place in places)
    for number, row in enumerate(rows):
        row[:] = number
    assert all((row == number).all() and len(row) == size for number, row in enumerate(rows))


@pytest.mark.parametrize("parts", [1, 3, 20])
def test_no_more_is_kept_than_the_bound(parts):
    room = Room()
    held = [room.empty((2 * MOST // parts // 8,)) for _ in range(parts)]
    del held
    assert sum(x.nbytes for x in room._left) <= MOST


def test_results_that_are_held_stay_as_they_are_in_threads():
    square = compile(lambda x: x * x)
    numbers = [np.full(200_000, float(i)) for i in range(8)]

    def call(x):
        return [square.value_and_grad(x) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        for x, found in zip(numbers, pool.map(call, numbers), strict=True):
            for value, gradient in found:
                np.testing.assert_array_equal(value, x * x)
                np.testing.assert_array_equal(gradient, 2 * x)


def test_a_number_that_is_not_used_has_the_gradient_0_in_room_taken_again():
    first = compile(lambda x, y: x * x)
    other = compile(lambda x, y: x * y)
    x = np.full(200_000, 3.0)
    for _ in range(3):
        other.value_and_grad(x, x)
        assert not first.value_and_grad(x, x)[1][1].any()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_does_not_write_into_the_results_of_its_parent():
    room = Room()
    held = room.empty((LARGE_PAGES // 8,))
    held[:] = 1.0
    child = os.fork()
    if child == 0:
        held[:] = 2.0
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert (held == 1.0).all()


@pytest.mark.parametrize("size", [LEAST, LARGE_PAGES, 3 * LARGE_PAGES + 8])
def test_rows_lie_apart_and_begin_where_the_processor_reads_at_once(size):
    room = Room()
    half = size // 16
    first, again = room.rows(3, (size // 8,), size // 8), room.rows(2, (2, half), 2 * half)
    for i, row in enumerate([*first, *again]):
        assert row.flags.carray
        row[:] = i
    assert [float(x.flat[0]) for x in (*first, *again)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [float(x.flat[-1]) for x in (*first, *again)] == [0.0, 1.0, 2.0, 3.0, 4.0]
    if size >= LARGE_PAGES and hasattr(mmap, "MADV_HUGEPAGE"):
        assert {address(x) % 64 for x in (*first, *again)} == {0}


def test_a_slice_of_what_is_lent_gives_nothing_back():
    room = Room()
    row = room.empty((LARGE,))
    lent = row.base
    part = lent[1:]
    del part
    assert not room._left
    del lent, row
    assert len(room._left) == 1
