"""Arguments are taken apart into a shape and numbers, and put together again."""

from collections import namedtuple

import pytest
from pluggrad.compiler.capture.arguments import LEAF, put_together, taken_apart

Point = namedtuple("Point", "x y")

TREES = {
    "a number": 1.5,
    "a list of numbers": [1.5, 2, -0.0],
    "nothing": [],
    "a list of lists": [[1.0, 2.0], [3.0, 4.0]],
    "numbers beside what is none": [1.0, "two", True, None, (3, [4.0])],
    "a named tuple": Point(1.0, [2, 3]),
    "a dict": {"w": [1.0, 2.0], "b": 3},
}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_what_is_taken_apart_can_be_put_together(tree: object) -> None:
    numbers: list[float] = []
    shape = taken_apart(tree, numbers, elements=False)
    assert all(type(x) in (float, int) for x in numbers)
    built = put_together(shape, iter(numbers), None)
    assert repr(built) == repr(tree)
    assert type(built) is type(tree)


def test_a_list_of_numbers_has_the_shape_that_its_numbers_have_one_by_one() -> None:
    numbers: list[float] = []
    assert taken_apart([1.0, 2], numbers, elements=False) == (list, 2, (LEAF, LEAF))
    assert numbers == [1.0, 2]
    assert taken_apart([1.0, [2]], [], elements=False) == (list, 2, (LEAF, (list, 1, (LEAF,))))


def test_true_among_numbers_is_no_number_unless_it_is_an_answer() -> None:
    assert taken_apart([1.0, True], [], elements=False)[2] == (LEAF, ("static", bool, True))
    assert taken_apart([1.0, True], [], elements=False, answers=True)[2] == (LEAF, "answer")
