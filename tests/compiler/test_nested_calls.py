"""Nested lists of numbers reach machine code without being looked at one by one."""

import pytest
from pluggrad.compiler import compile
from pluggrad.ops import exp

pytest.importorskip("numba")


def weighted(w, x):
    return sum(a * b for a, b in zip(w, x, strict=True))


SHAPES = [
    (lambda v: v[0] * v[1] + exp(v[2]), ([2.0, 3.0, 0.5],)),
    (lambda v: v[0] * 3.0, ([2.0],)),
    (lambda v: v[0] * v[1], ((2.0, 3.0),)),
    (weighted, ([1.0, 2.0], [3.0, 4.0])),
    (lambda a, m: a * m[0][0] * m[1][1] - m[0][1] * m[1][0], (2.0, [[1.0, 2.0], [3.0, 4.0]])),
    (lambda p: p["w"][0] * p["x"] + p["w"][1], ({"w": [2.0, 3.0], "x": 5.0},)),
    (lambda p, q: p[0] * q["a"] + p[1][0], ((2.0, [3.0]), {"a": 4.0})),
]
RESULTS = [
    (lambda t, y: [y[1], -y[0] * t], (0.5, [2.0, 3.0])),
    (lambda x: [x * 2.0], (3.0,)),
    (lambda x: {"double": x * 2.0, "nested": (x, [x * x])}, (3.0,)),
    (lambda x, y: (x > y, x * y), (3.0, 2.0)),
    (lambda x: [[x, x * x], [1.0 * x, 2.0 + x]], (3.0,)),
]


def is_direct(compiled):
    return len(compiled._values) + len(compiled._gradients) > 0


@pytest.mark.parametrize(("f", "args"), SHAPES)
def test_gradients_are_nested_as_arguments_are(f, args):
    ready, slow = compile(f), compile(f, executor="interpreter")
    expected = slow.value_and_grad(*args)
    for _ in range(3):
        assert ready.value_and_grad(*args) == expected
        assert ready(*args) == expected[0]
    assert repr(ready.value_and_grad(*args)) == repr(expected)
    assert is_direct(ready)


@pytest.mark.parametrize(("f", "args"), RESULTS)
def test_results_are_nested_as_the_function_nests_them(f, args):
    ready, slow = compile(f), compile(f, executor="interpreter")
    for _ in range(3):
        assert repr(ready(*args)) == repr(slow(*args))
    assert is_direct(ready)


def test_other_arguments_than_before_find_their_own_way():
    ready = compile(weighted)
    for _ in range(2):
        assert ready([1.0, 2.0], [3.0, 4.0]) == 11.0
        assert ready([1, 2], (3, 4)) == 11.0
        assert ready([1.0, 2.0, 1.0], [3.0, 4.0, 1.0]) == 12.0
        assert ready([1.0], [3.0]) == 3.0
        assert ready(w=[1.0, 2.0], x=[3.0, 5.0]) == 13.0
        assert ready.value_and_grad([1, 2], [3, 4]) == (11.0, ([3.0, 4.0], [1.0, 2.0]))
    for wrong in ([1.0, 2.0], [1.0, "2"], [1.0, None]), ([1.0, 2.0],):
        with pytest.raises(Exception, match=r"number|argument|operand|unsupported"):
            ready(*wrong)


def test_a_dict_with_its_keys_in_another_order_keeps_it():
    ready = compile(lambda p: p["a"] * p["b"] * p["b"])
    for _ in range(2):
        _, forth = ready.value_and_grad({"a": 2.0, "b": 3.0})
        _, back = ready.value_and_grad({"b": 3.0, "a": 2.0})
        assert (list(forth), list(back)) == (["a", "b"], ["b", "a"])
        assert forth == back == {"a": 9.0, "b": 12.0}


def test_a_branch_is_found_from_lists_too():
    ready = compile(lambda v: v[0] * v[1] if v[0] > 0 else v[1])
    for _ in range(2):
        assert ready([2.0, 3.0]) == 6.0
        assert ready([-2.0, 3.0]) == 3.0
