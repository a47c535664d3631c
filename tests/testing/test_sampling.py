"""Where ops are tried."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluggrad import plugins
from pluggrad.testing.sampling import drawn, kinks_of, points, simple, spread

OPS = list(plugins.ops.values())
INTERVALS = [None, (0.0, math.inf), (-math.inf, 3.0), (-1.0, 1.0), (1.0, math.inf), (-1e75, 1e75)]


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_point_is_inside_the_domain(op):
    found = points(op, 0)
    assert len(found) > 40
    for at in found:
        assert len(at) == op.arity
        for x, domain in zip(at, op.domain, strict=True):
            low, high = domain or (-math.inf, math.inf)
            assert low < x < high


@pytest.mark.parametrize("interval", INTERVALS)
def test_numbers_of_every_magnitude_and_close_to_every_edge_are_among_them(interval):
    low, high = interval or (-math.inf, math.inf)
    found = spread(interval)
    for edge in (low, high):
        if math.isfinite(edge) and abs(edge) < 1e9:
            assert any(0 < abs(x - edge) <= math.ulp(edge) for x in found)
    start = low if abs(low) < 1e9 else 0.0
    sizes = sorted(abs(x - start) for x in found if x)
    assert sizes[0] < 1e-8
    moderate = [x for x in found if 0.01 < abs(x) < 100]
    assert len(moderate) > 15
    assert simple(interval)


def test_kinks_are_tried_on_the_spot_and_on_both_sides():
    found = spread(None, near=(2.5,))
    for x in (2.5, math.nextafter(2.5, 9), math.nextafter(2.5, 0), 2.5 + 1e-6, 2.5 - 1e-6):
        assert x in found


def test_zero_comes_with_both_signs():
    assert {math.copysign(1.0, x) for x in spread(None) if x == 0.0} == {1.0, -1.0}


def test_the_same_seed_gives_the_same_points_and_another_gives_others():
    op = plugins.op("pow")
    assert points(op, 3) == points(op, 3)
    assert points(op, 3) != points(op, 4)


def test_several_operands_meet_on_the_diagonal_and_with_small_and_large_ones():
    found = points(plugins.op("minimum"), 0)
    assert any(a == b for a, b in found)
    assert any(0 < abs(a) < 1e-3 and 0.5 < abs(b) < 2 for a, b in found)
    assert any(abs(a) > 1e6 > abs(b) for a, b in found)


@given(st.data(), st.sampled_from(INTERVALS), st.sampled_from([(), (0.5,)]))
def test_what_hypothesis_draws_is_inside_the_domain(data, interval, kinks):
    op = SimpleNamespace(domain=(interval,), kinks=kinks, arity=1)
    (x,) = data.draw(drawn(op.domain, kinks_of(op)))
    low, high = interval or (-math.inf, math.inf)
    assert low < x < high
