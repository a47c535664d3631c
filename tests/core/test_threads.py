"""Several threads differentiate at once."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from pluggrad import Value, on_gradient
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
