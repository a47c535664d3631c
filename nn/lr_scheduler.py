"""Learning rates that follow an epoch counter, by the names of `torch.optim.lr_scheduler`.

Each is one formula, `rate_at`, of the epoch. Where no counter of its own is wanted, a function of
the step number serves as `lr` too: `nn.SGD(parameters, lr=nn.cosine(0.1, 0.0, steps=100))`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from pluggrad import StateError
from pluggrad.errors import quoted

from .hyperparameters import NOT_NEGATIVE, Checked, Number, check_counts, count_of
from .optimizers import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "PolynomialLR",
    "SequentialLR",
    "StepLR",
]


class LRScheduler(Checked):
    """The base class: sets `optimizer.lr` at the beginning, and after each `step()`.

    Parameters:
        optimizer: whose rate is set. It has a number as its `lr`.

    Raises:
        TypeError: when its `lr` is a schedule already.

    Attributes:
        base_lr: the rate of the optimizer before any scheduler changed it.
        last_epoch: how often `step()` was called.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import StepLR
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates.append(optimizer.lr)
    ...     scheduler.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer) -> None:
        if callable(optimizer.lr):
            raise TypeError(
                f"{type(self).__name__} sets optimizer.lr, which is a schedule already; give the "
                "optimizer a number, or leave the scheduler out"
            )
        self.optimizer = optimizer
        is_first = "initial_lr" not in vars(optimizer)
        self.base_lr: float = vars(optimizer).setdefault("initial_lr", optimizer.lr)
        self.last_epoch = 0
        try:
            self._go_to(0, self.base_lr)
        except BaseException:
            if is_first:
                del vars(optimizer)["initial_lr"]
            raise

    def rate_at(self, epoch: int) -> float:
        """Compute the rate of an epoch, from 0; each scheduler has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no rate_at()")

    def step(self) -> None:
        """Go on to the next epoch, after `optimizer.step()`."""
        self._go_to(self.last_epoch + 1, self.base_lr)

    def get_last_lr(self) -> list[float]:
        """Return the rate that holds, in a list, as for PyTorch's groups of parameters."""
        return [self.rate_at(self.last_epoch)]

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch and the first rate, for JSON."""
        return {"last_epoch": self.last_epoch, "base_lr": self.base_lr}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave, and set the rate of that epoch.

        Raises:
            StateError: when it is something else; nothing was changed then.
        """
        if not isinstance(state, Mapping) or set(state) != {"last_epoch", "base_lr"}:
            raise StateError(
                f"the state of {type(self).__name__} is a dict of last_epoch and base_lr, not "
                f"{quoted(state)}"
            )
        try:
            epoch = count_of("last_epoch", state["last_epoch"], 0)
            first = NOT_NEGATIVE.checked("base_lr", state["base_lr"])
        except (TypeError, ValueError) as cause:
            raise StateError(f"the state of {type(self).__name__}: {cause}") from cause
        self._go_to(epoch, first)

    def _go_to(self, epoch: int, first: float) -> None:
        """Set the rate of an epoch. Where it is none, all is as it was."""
        before = self.last_epoch, self.base_lr, self.optimizer.lr
        try:
            self.last_epoch, self.base_lr = epoch, first
            self.optimizer.lr = self.rate_at(epoch)
        except BaseException:
            self.last_epoch, self.base_lr, self.optimizer.lr = before
            raise


class LambdaLR(LRScheduler):
    """The first rate times a function of the epoch.

    Parameters:
        optimizer: whose rate is set.
        lr_lambda: the function.

    Raises:
        TypeError: when `lr_lambda` is no function.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import LambdaLR
    >>> scheduler = LambdaLR(SGD([Value(0.0)], lr=1.0), lambda epoch: 1 / (1 + epoch))
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [1.0, 0.5, 0.3333, 0.25]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        if not callable(lr_lambda):
            raise TypeError(
                f"lr_lambda= of LambdaLR is a function of the epoch, not {quoted(lr_lambda)}"
            )
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute base_lr * lr_lambda(epoch)."""
        return self.base_lr * self.lr_lambda(epoch)


class StepLR(LRScheduler):
    """Multiplied by `gamma` after each `step_size` epochs.

    Parameters:
        optimizer: whose rate is set.
        step_size: how many epochs a rate holds.
        gamma: what it is multiplied by then.

    Raises:
        ValueError: when `step_size` is below 1.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import StepLR
    >>> scheduler = StepLR(SGD([Value(0.0)], lr=1.0), step_size=2, gamma=0.5)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [1.0, 1.0, 0.5, 0.5]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"gamma": NOT_NEGATIVE}

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        check_counts("StepLR", step_size=step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute base_lr * gamma**(epoch // step_size)."""
        return self.base_lr * self.gamma ** (epoch // self.step_size)


class MultiStepLR(LRScheduler):
    """Multiplied by `gamma` at each of the epochs in `milestones`.

    Parameters:
        optimizer: whose rate is set.
        milestones: the epochs.
        gamma: what the rate is multiplied by at each.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import MultiStepLR
    >>> scheduler = MultiStepLR(SGD([Value(0.0)], lr=1.0), milestones=[1, 3], gamma=0.5)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [1.0, 0.5, 0.5, 0.25]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"gamma": NOT_NEGATIVE}

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = sorted(_epochs("MultiStepLR", milestones)), gamma
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute base_lr * gamma**(milestones that are reached)."""
        return self.base_lr * self.gamma ** bisect_right(self.milestones, epoch)


class ConstantLR(LRScheduler):
    """Multiplied by `factor` until `total_iters` epochs have gone by.

    Parameters:
        optimizer: whose rate is set.
        factor: what the rate is multiplied by.
        total_iters: for how many epochs.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import ConstantLR
    >>> scheduler = ConstantLR(SGD([Value(0.0)], lr=1.0), factor=0.5, total_iters=2)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"factor": NOT_NEGATIVE}

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3.0, total_iters: int = 5
    ) -> None:
        self.factor, self.total_iters = (
            factor,
            count_of("total_iters= of ConstantLR", total_iters, 0),
        )
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute base_lr * factor, and base_lr in the end."""
        return self.base_lr * self.factor if epoch < self.total_iters else self.base_lr


class LinearLR(LRScheduler):
    """Multiplied by a factor that goes from `start_factor` to `end_factor` in equal steps.

    Parameters:
        optimizer: whose rate is set.
        start_factor: the first factor.
        end_factor: the last one.
        total_iters: how many epochs there are from one to the other.

    Raises:
        ValueError: when `total_iters` is below 1.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import LinearLR
    >>> scheduler = LinearLR(SGD([Value(0.0)], lr=1.0), start_factor=0.25, total_iters=3)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [0.25, 0.5, 0.75, 1.0]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {
        "start_factor": NOT_NEGATIVE,
        "end_factor": NOT_NEGATIVE,
    }

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        check_counts("LinearLR", total_iters=total_iters)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute the rate on the line between both, and the last one after it."""
        way = min(epoch, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * way)


class ExponentialLR(LRScheduler):
    """Multiplied by `gamma` at every epoch.

    Parameters:
        optimizer: whose rate is set.
        gamma: the factor.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import ExponentialLR
    >>> scheduler = ExponentialLR(SGD([Value(0.0)], lr=1.0), gamma=0.5)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"gamma": NOT_NEGATIVE}

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute base_lr * gamma**epoch."""
        return self.base_lr * self.gamma**epoch


class PolynomialLR(LRScheduler):
    """Down to 0 in `total_iters` epochs, along a power of what is left of them.

    Parameters:
        optimizer: whose rate is set.
        total_iters: how many epochs it takes.
        power: the exponent.

    Raises:
        ValueError: when `total_iters` is below 1.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import PolynomialLR
    >>> scheduler = PolynomialLR(SGD([Value(0.0)], lr=1.0), total_iters=4, power=2.0)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [1.0, 0.5625, 0.25, 0.0625]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"power": NOT_NEGATIVE}

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        check_counts("PolynomialLR", total_iters=total_iters)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute base_lr * (1 - epoch / total_iters)**power."""
        left: float = 1.0 - min(epoch, self.total_iters) / self.total_iters
        return self.base_lr * math.pow(left, self.power)


class CosineAnnealingLR(LRScheduler):
    """Down to `eta_min` along half a wave of `T_max` epochs; then up again, as in PyTorch.

    Parameters:
        optimizer: whose rate is set.
        T_max: how many epochs the way down takes.
        eta_min: the lowest rate.

    Raises:
        ValueError: when `T_max` is below 1.

    Loshchilov, Hutter: SGDR, 2017.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import CosineAnnealingLR
    >>> scheduler = CosineAnnealingLR(SGD([Value(0.0)], lr=1.0), T_max=2)
    >>> [round(scheduler.rate_at(epoch), 4) for epoch in range(4)]
    [1.0, 0.5, 0.0, 0.5]
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"eta_min": NOT_NEGATIVE}

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:  # noqa: N803 - PyTorch's name
        check_counts("CosineAnnealingLR", T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute the rate on the wave."""
        wave = 0.5 * (1.0 + math.cos(math.pi * epoch / self.T_max))
        return self.eta_min + (self.base_lr - self.eta_min) * wave


class SequentialLR(LRScheduler):
    """One scheduler after another; each counts its epochs from its own beginning.

    Parameters:
        optimizer: whose rate is set.
        schedulers: in the order in which they hold.
        milestones: the epochs at which the second, the third and so on begin.

    Raises:
        ValueError: when milestones are not one fewer than schedulers or do not go up, or a
            scheduler is of another optimizer.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> from pluggrad.nn.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
    >>> optimizer = SGD([Value(0.0)], lr=1.0)
    >>> parts = [ConstantLR(optimizer, factor=0.1), ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
    >>> [scheduler.rate_at(epoch) for epoch in range(4)]
    [0.1, 0.1, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR takes a milestone between each two schedulers: "
                f"{len(schedulers) - 1} for {len(schedulers)}, not {len(milestones)}"
            )
        if any(scheduler.optimizer is not optimizer for scheduler in schedulers):
            raise ValueError("SequentialLR takes schedulers of its own optimizer only")
        epochs = _epochs("SequentialLR", milestones)
        if epochs != sorted(epochs):
            raise ValueError(f"SequentialLR: milestones go up, as time does, not {epochs}")
        self.schedulers, self.milestones = list(schedulers), epochs
        super().__init__(optimizer)

    def rate_at(self, epoch: int) -> float:
        """Compute the rate of the scheduler whose time it is."""
        place = bisect_right(self.milestones, epoch)
        begin = self.milestones[place - 1] if place else 0
        return self.schedulers[place].rate_at(epoch - begin)


def _epochs(whose: str, milestones: Sequence[int]) -> list[int]:
    return [count_of(f"a milestone of {whose}", epoch, 0) for epoch in milestones]
