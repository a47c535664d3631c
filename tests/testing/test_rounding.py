"""How far rounding can move a result is told by how much it moves with each number on the way."""

import math

import pytest
from pluggrad import Value
from pluggrad.testing.rounding import rounding


def test_terms_that_cancel_leave_what_was_lost_in_them() -> None:
    large = Value(1e300)
    left = 3.0 + large - large
    assert left.data == 0.0
    assert rounding(left) >= 3.0


def test_a_part_without_bound_takes_nothing_from_the_others() -> None:
    at_the_edge = (Value(0.0) * 1.0).sqrt()  # moves without bound with what is below the root
    large = Value(1e300)
    left = 3.0 + large - large
    assert rounding(left + at_the_edge) == rounding(left)


@pytest.mark.parametrize("x", [0.5, 3.0, 1e10])
def test_what_is_well_conditioned_has_a_few_units(x: float) -> None:
    y = Value(x).exp().log() if x < 700 else Value(x).log().exp()
    assert abs(y.data - x) <= rounding(y) <= 1e-13 * max(1.0, abs(x)) * max(1.0, math.log(x))
