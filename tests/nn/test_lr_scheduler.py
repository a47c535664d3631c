"""Schedulers by PyTorch's names against those of PyTorch, and against their formulas always."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pluggrad import StateError, Value
from pluggrad.nn import SGD, lr_scheduler

EPOCHS = 15

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "StepLR": lambda s, o: s.StepLR(o, step_size=4, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, milestones=[3, 7, 7], gamma=0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=4),
    "LinearLR": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.8, total_iters=6),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, gamma=0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=10, power=2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, T_max=8, eta_min=0.05),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 4), s.ExponentialLR(o, 0.9)], milestones=[5]
    ),
}


def optimizer() -> SGD:
    return SGD([Value(1.0)], lr=0.4)


@pytest.mark.parametrize("name", CASES)
def test_the_rates_are_those_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours, theirs = optimizer(), torch.optim.SGD([torch.zeros(1)], lr=0.4)
    scheduler = CASES[name](lr_scheduler, ours)
    their_scheduler = CASES[name](torch.optim.lr_scheduler, theirs)
    for _ in range(EPOCHS):
        assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12)
        assert scheduler.get_last_lr() == [ours.lr]
        theirs.step()
        scheduler.step()
        their_scheduler.step()


def test_all_schedulers_are_compared() -> None:
    assert set(CASES) == set(lr_scheduler.__all__) - {"LRScheduler"}


@pytest.mark.parametrize("name", CASES)
def test_a_saved_scheduler_goes_on_where_it_was(name: str) -> None:
    first = CASES[name](lr_scheduler, optimizer())
    for _ in range(6):
        first.step()
    again = CASES[name](lr_scheduler, optimizer())
    again.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert again.optimizer.lr == first.optimizer.lr
    first.step()
    again.step()
    assert again.optimizer.lr == first.optimizer.lr


def test_a_second_scheduler_begins_from_the_rate_before_the_first_as_in_pytorch() -> None:
    shared = optimizer()
    lr_scheduler.ConstantLR(shared, factor=0.1)
    lr_scheduler.ExponentialLR(shared, gamma=0.9)
    assert shared.lr == 0.4


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda s, o: s.StepLR(SGD([Value(1.0)], lr=lambda k: 0.1), 2), TypeError, "a schedule"),
        (lambda s, o: s.StepLR(o, 0), ValueError, "step_size= of StepLR is 1 or more, not 0"),
        (lambda s, o: s.CosineAnnealingLR(o, 0), ValueError, "T_max= of CosineAnnealingLR"),
        (lambda s, o: s.LambdaLR(o, lambda k: -1.0), ValueError, "SGD: lr is a number, 0 or more"),
        (lambda s, o: s.SequentialLR(o, [s.StepLR(o, 2)], [3]), ValueError, "0 for 1, not 1"),
        (lambda s, o: s.SequentialLR(o, [s.StepLR(optimizer(), 2)], []), ValueError, "of its own"),
        (lambda s, o: s.StepLR(o, 2).load_state_dict({}), StateError, "last_epoch and base_lr"),
        (lambda s, o: s.ExponentialLR(o, -0.5), ValueError, "gamma is a number, 0 or more"),
        (lambda s, o: s.StepLR(o, 2, float("nan")), ValueError, "gamma is a number, 0 or more"),
        (lambda s, o: s.LinearLR(o, end_factor="a"), TypeError, "end_factor is a number"),
        (lambda s, o: s.PolynomialLR(o, 5, -1.0), ValueError, "power is a number, 0 or more"),
        (lambda s, o: s.MultiStepLR(o, [2, 3.5]), TypeError, "a milestone of MultiStepLR"),
        (lambda s, o: s.ConstantLR(o, 0.1, 2.5), TypeError, "total_iters= of ConstantLR"),
        (lambda s, o: s.LambdaLR(o, 0.9), TypeError, "lr_lambda= of LambdaLR is a function"),
        (
            lambda s, o: s.SequentialLR(o, [s.StepLR(o, 2) for _ in range(3)], [5, 2]),
            ValueError,
            "milestones go up",
        ),
        (lambda s, o: s.LRScheduler(o), NotImplementedError, r"has no rate_at\(\)"),
    ],
)
def test_what_is_wrong_is_said(make, error, message) -> None:
    with pytest.raises(error, match=message):
        make(lr_scheduler, optimizer())


@pytest.mark.parametrize(
    "state", [{"last_epoch": "a", "base_lr": 0.1}, {"last_epoch": 3, "base_lr": float("nan")}]
)
def test_a_state_that_is_none_changes_nothing(state) -> None:
    scheduler = lr_scheduler.ExponentialLR(optimizer(), 0.5)
    scheduler.step()
    before = scheduler.state_dict(), scheduler.optimizer.lr
    with pytest.raises(StateError, match="the state of ExponentialLR"):
        scheduler.load_state_dict(state)
    assert (scheduler.state_dict(), scheduler.optimizer.lr) == before


def test_a_step_to_a_rate_that_is_none_changes_nothing() -> None:
    scheduler = lr_scheduler.LambdaLR(optimizer(), lambda epoch: 1.0 if epoch < 1 else float("inf"))
    with pytest.raises(ValueError, match="lr is a number"):
        scheduler.step()
    assert scheduler.last_epoch == 0


def test_a_scheduler_that_is_refused_leaves_the_optimizer_as_it_was() -> None:
    optimizer = SGD([Value(0.0)], lr=1.0)
    with pytest.raises(ValueError, match="lr"):
        lr_scheduler.LambdaLR(optimizer, lambda epoch: -1.0)
    optimizer.lr = 0.1
    assert lr_scheduler.StepLR(optimizer, 10).base_lr == 0.1
