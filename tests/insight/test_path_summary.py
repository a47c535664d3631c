"""A long path in few lines."""

import math
import random

import pytest
from pluggrad import Value
from pluggrad.insight.path_summary import abridged
from pluggrad.insight.paths import Step


def path(*factors: float) -> list[Step]:
    return [Step(Value(float(i)), 0, factor) for i, factor in enumerate(factors)]


def test_a_short_path_is_given_as_it_is() -> None:
    steps = path(1.0, 2.0, 1.0, 3.0)
    assert list(abridged(steps, 4)) == steps


def test_what_changes_the_product_most_is_kept_and_the_rest_is_one_factor() -> None:
    steps = path(1.0, 1.0, 1.1, 1.0, 50.0, 1.0, 1.0, 1.0, 2.0)
    first, before, largest, after, last = abridged(steps, 5)
    assert (first, largest, last) == (steps[0], steps[4], steps[8])
    assert before == (pytest.approx(1.1), 3)
    assert after == (1.0, 3)


def test_a_single_step_is_shown_rather_than_counted() -> None:
    steps = path(2.0, 1.0, 3.0, 1.0, 1.0, 1.0, 5.0)
    assert list(abridged(steps, 5)) == [*steps[:3], (1.0, 3), steps[6]]


@pytest.mark.parametrize("seed", range(50))
def test_no_step_is_lost_and_the_lines_suffice(seed: int) -> None:
    rng = random.Random(seed)
    steps = path(
        *(rng.choice([1.0, -1.0, 0.5, 3.0, 0.0, 1e-300]) for _ in range(rng.randint(1, 60)))
    )
    lines = rng.randint(3, 15)
    given = list(abridged(steps, lines))
    assert len(given) <= lines
    assert sum(1 if isinstance(part, Step) else part[1] for part in given) == len(steps)
    product = math.prod(part.local if isinstance(part, Step) else part[0] for part in given)
    assert product == pytest.approx(math.prod(step.local for step in steps), rel=1e-12)
    assert given[-1] == steps[-1]
