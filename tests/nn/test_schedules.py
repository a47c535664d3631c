"""Learning-rate schedules against those of PyTorch."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pluggrad.nn import cosine, exponential, linear, staircase, warmup
from pluggrad.nn.schedules import Schedule


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (linear(0.5, 0.05, 20), lambda s, o: s.LinearLR(o, 1.0, 0.1, 20)),
        (cosine(0.5, 0.1, 20), lambda s, o: s.CosineAnnealingLR(o, 20, 0.1)),
        (exponential(0.5, 0.9), lambda s, o: s.ExponentialLR(o, 0.9)),
        (staircase(0.5, 0.1, 7), lambda s, o: s.StepLR(o, 7, 0.1)),
        (warmup(5, 0.5), lambda s, o: s.LambdaLR(o, lambda k: min(1.0, (k + 1) / 5))),
    ],
)
def test_rates_are_those_of_pytorch(ours: Schedule, theirs: Callable[..., Any]) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    schedule = theirs(torch.optim.lr_scheduler, optimizer)
    for k in range(20):
        assert ours(k) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        optimizer.step()
        schedule.step()


def test_after_its_end_a_rate_stays() -> None:
    assert linear(1.0, 0.25, 4)(100) == 0.25
    assert cosine(1.0, 0.25, 4)(100) == 0.25


def test_warmup_goes_over_into_another_schedule() -> None:
    rates = [warmup(2, linear(1.0, 0.0, 4))(k) for k in range(7)]
    assert rates == [0.5, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: linear(1.0, 0.0, 0), "steps= of the schedule linear is 1 or more, not 0"),
        (lambda: cosine(1.0, 0.0, -1), "steps= of the schedule cosine is 1 or more, not -1"),
        (lambda: staircase(1.0, 0.5, 0), "every= of the schedule staircase is 1 or more, not 0"),
    ],
)
def test_a_schedule_of_no_steps_is_refused_before_training(
    make: Callable[[], Schedule], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        make()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: exponential("1", 0.5), "start= of the schedule exponential is a number, not '1'"),
        (lambda: linear(1.0, math.nan, 4), "end= of the schedule linear is a number, finite"),
        (lambda: cosine(None, 0.0, 4), "start= of the schedule cosine is a number, not None"),
        (lambda: staircase(1.0, math.inf, 2), "factor= of the schedule staircase is a number"),
        (lambda: warmup(4, None), "then= of the schedule warmup is a number, not None"),
    ],
)
def test_a_schedule_of_what_is_no_number_is_refused_before_training(
    make: Callable[[], Schedule], told: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        make()


@pytest.mark.parametrize(
    "schedule",
    [
        linear(1.0, 0.1, 4),
        cosine(1.0, 0.1, 4),
        exponential(1.0, 0.5),
        staircase(1.0, 0.5, 2),
        warmup(2, 0.5),
        warmup(2, linear(1.0, 0.0, 4)),
    ],
)
def test_a_schedule_goes_through_a_pickle(schedule: Schedule) -> None:
    again = pickle.loads(pickle.dumps(schedule))
    assert [again(k) for k in range(8)] == [schedule(k) for k in range(8)]
