"""Optimizers: how parameters change, given their gradients.

Each is one formula, `update`, for one parameter. Written in plain arithmetic, it serves for all the
parameters of a compiled program at once too, which are an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from pluggrad import StateError, Value
from pluggrad.gradient import is_leaf
from pluggrad.hints.calls import explained

from .hyperparameters import (
    FLAG,
    KEPT,
    NOT_NEGATIVE,
    POSITIVE,
    RATE,
    RATE_OR_SCHEDULE,
    TWO_KEPT,
    Checked,
    Number,
)
from .renaming import renamed, warn_renamed
from .schedules import Schedule
from .state import assign, remembered, replace

Memory = dict[str, Any]  # what an optimizer remembers of a parameter: numbers, or arrays


class Compiled(Protocol):
    """What `pluggrad.compile(loss)` gives, as far as optimizers look at it."""

    parameters: Any
    gradients: Any
    wrt: list[Value]


# What a wrong argument of an optimizer has, and what to give instead.
HAS = (
    ("start", "fit.start(p), where p is what all rows share at first"),
    ("parameters", "model.parameters()"),
    ("value_and_grad", "compile(loss) of a Value; this function has no parameters of its own"),
)


class Optimizer(Checked):
    """The base class of all optimizers.

    Parameters:
        parameters: Values, such as `model.parameters()`; or a program, such as
            `pluggrad.compile(loss)`, whose arrays are changed in bulk after each `program.step()`.
            Its Values are left alone; `write()` brings them up to date.
        lr: the learning rate, or a schedule: a function of the step number, from 0. `rate` is its
            former name, which is deprecated.

    Raises:
        TypeError: for what is neither, and for a hyperparameter that is not a number.
        ValueError: when there are no parameters, or one of them occurs twice; for a hyperparameter
            that is out of its range, here or when it is set later.

    Attributes:
        steps: the number of steps taken.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> x = Value(1.0)
    >>> optimizer = SGD([x], lr=0.1)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     loss = (x - 3.0) ** 2
    ...     loss.backward()
    ...     optimizer.step()
    >>> round(x.data, 4)
    3.0
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {"lr": RATE_OR_SCHEDULE}

    @renamed("rate", "lr")
    @explained
    def __init__(self, parameters: Iterable[Value] | Compiled, lr: float | Schedule) -> None:
        self.lr = lr
        self.steps = 0
        self._program: Any = None
        if isinstance(parameters, Iterable):
            self.parameters = list(parameters)
            for i, p in enumerate(self.parameters):
                if not isinstance(p, Value):
                    raise TypeError(
                        f"an optimizer changes Values; parameter {i} is a {type(p).__name__}. For "
                        "numbers in an array, give it what holds them: a program, or a model that "
                        "fit.start() gives"
                    )
                if not is_leaf(p):
                    raise ValueError(
                        f"parameter {i} is computed, by {p.op.name!r}: the next forward pass would "  # type: ignore[union-attr]
                        "compute it again and forget each step. Give the leaves it is computed from"
                    )
        elif hasattr(parameters, "wrt"):
            self.parameters = list(parameters.wrt)
            self._program = parameters
        else:
            instead = next(
                (f"; give it {give}" for has, give in HAS if hasattr(parameters, has)), ""
            )
            raise TypeError(
                "an optimizer takes parameters, as model.parameters() gives them, or a program, as "
                f"pluggrad.compile(loss) gives it; not {type(parameters).__name__}{instead}"
            )
        self._check()
        self._in_bulk = self._program is not None and hasattr(self._program.parameters, "dtype")
        count = 1 if self._in_bulk else len(self.parameters)
        self._memories: list[Memory] = [{} for _ in range(count)]

    @property
    def rate(self) -> float | Schedule:
        """The former name of `lr`."""
        warn_renamed("rate", "lr")
        return self.lr

    @rate.setter
    def rate(self, lr: float | Schedule) -> None:
        warn_renamed("rate", "lr")
        self.lr = lr

    def _check(self) -> None:
        if not self.parameters:
            raise ValueError("an optimizer takes one parameter or more; there are none")
        places: dict[Value, int] = {}
        for i, p in enumerate(self.parameters):
            if places.setdefault(p, i) != i:
                raise ValueError(
                    f"parameters {places[p]} and {i} are the same Value, which each step would "
                    "change twice; give it once"
                )

    def update(self, p: Any, g: Any, lr: float, memory: Memory) -> Any:
        """Return the new value of a parameter.

        Parameters:
            p: its value.
            g: its gradient.
            lr: the learning rate of this step.
            memory: empty at first; then what this method has put into it. Put new numbers (or
                arrays) into it and change none in place, so that a failed step can be undone.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update()")

    def step(self) -> None:
        """Change every parameter once. A step that fails or is interrupted changes none.

        Raises:
            GradientError: for a parameter whose gradient is None.
            ValueError: when a schedule returns something that is not a rate.
        """
        lr = self.lr
        if callable(lr):
            lr = RATE.checked(f"{type(self).__name__}: lr", lr(self.steps))
        steps, memories = self.steps, self._memories
        try:
            self.steps = steps + 1
            if self._program is None:
                self._step_values(lr)
            elif self._in_bulk:
                self._step_arrays(lr)
            else:
                self._step_lists(lr)
        except BaseException:
            self.steps, self._memories = steps, memories
            raise

    def _step_values(self, lr: float) -> None:
        gradients = [p.grad for p in self.parameters]
        memories = [memory.copy() for memory in self._memories]
        update = self.update
        new = [
            float(update(p.data, g, lr, memory))
            for p, g, memory in zip(self.parameters, gradients, memories, strict=True)
        ]
        self._memories = memories
        assign(self.parameters, new)

    def _step_arrays(self, lr: float) -> None:
        program, memory = self._program, dict(self._memories[0])
        new = self.update(program.parameters, program.gradients, lr, memory)
        self._memories = [memory]
        program.parameters[:] = new  # last, and nothing comes in between

    def _step_lists(self, lr: float) -> None:
        memories = [dict(memory) for memory in self._memories]
        given = zip(self._program.parameters, self._program.gradients, memories, strict=True)
        new = [self.update(p, g, lr, memory) for p, g, memory in given]
        self._memories = memories
        replace(self._program.parameters, new)

    def zero_grad(self) -> None:
        """Set the gradients of the Values to 0. A program computes its own anew at each step."""
        for p in self.parameters:
            if isinstance(p, Value):  # what `fit.start()` gives has places of an array instead
                p.grad = 0.0

    def write(self) -> None:
        """Write the parameters of a program into its Values, if it has any."""
        if self._program is not None and isinstance(self.parameters[0], Value):
            assign(self.parameters, self._program.parameters.tolist())

    # ----- Saving -----

    def state_dict(self) -> dict[str, Any]:
        """Return the step number and the memory of each parameter, for JSON."""
        if not self._in_bulk:
            return {"steps": self.steps, "memories": [dict(m) for m in self._memories]}
        lists = {name: array.tolist() for name, array in self._memories[0].items()}
        return {
            "steps": self.steps,
            "memories": [
                {name: numbers[i] for name, numbers in lists.items()}
                for i in range(len(self.parameters))
            ],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned for the same parameters, compiled or not.

        Raises:
            StateError: when it does not fit; nothing is changed then.
        """
        fresh: Memory = {}
        self.update(0.0, 0.0, 0.0, fresh)
        steps, memories = remembered(state, len(self.parameters), fresh, type(self).__name__)
        memories = [self._joined(memories)] if self._in_bulk else memories
        self._memories, self.steps = memories, steps

    def _joined(self, memories: list[Memory]) -> Memory:
        """Make arrays over all parameters of a program from what is remembered of each."""
        if any(set(memory) != set(memories[0]) for memory in memories):
            raise StateError("this state is of some parameters only; a program steps all at once")
        joined = {key: self._program.parameters.copy() for key in memories[0]}
        for key, array in joined.items():
            array[:] = [memory[key] for memory in memories]
        return joined


class SGD(Optimizer):
    """Stochastic gradient descent.

    Parameters:
        parameters: see `Optimizer`.
        lr: see `Optimizer`.
        momentum: the share of the last step's velocity that is kept.
        weight_decay: this times the parameter is added to its gradient.
        nesterov: whether to look ahead along the velocity; needs momentum.

    Raises:
        ValueError: for `nesterov` without a momentum, and as `Optimizer` does.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import SGD
    >>> x = Value(4.0)
    >>> optimizer = SGD([x], lr=0.1, momentum=0.5)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     ((x - 3.0) ** 2).backward()
    ...     optimizer.step()
    >>> round(x.data, 3)
    3.0
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {
        **Optimizer.hyperparameters,
        "momentum": KEPT,
        "weight_decay": NOT_NEGATIVE,
        "nesterov": FLAG,
    }

    @renamed("rate", "lr")
    @explained
    def __init__(
        self,
        parameters: Iterable[Value] | Compiled,
        lr: float | Schedule = 0.01,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum, self.weight_decay, self.nesterov = momentum, weight_decay, nesterov
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov=True looks ahead along a velocity; give it a momentum")

    def update(self, p: Any, g: Any, lr: float, memory: Memory) -> Any:
        """Go down along the velocity."""
        g = g + self.weight_decay * p
        if self.momentum:
            velocity = memory["velocity"] = self.momentum * memory.get("velocity", 0.0) + g
            g = g + self.momentum * velocity if self.nesterov else velocity
        return p - lr * g


class RMSprop(Optimizer):
    """RMSprop: gradients divided by the root of their mean square.

    Parameters:
        parameters: see `Optimizer`.
        lr: see `Optimizer`.
        alpha: the share of the mean square that is kept at each step.
        eps: added to the root.
        momentum: the share of the last step's velocity that is kept.
        weight_decay: this times the parameter is added to its gradient.
        centered: whether to divide by the root of the variance: the square of the mean gradient is
            subtracted from the mean square.

    Tieleman, Hinton: Lecture 6.5, Neural networks for machine learning, 2012.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import RMSprop
    >>> x = Value(4.0)
    >>> optimizer = RMSprop([x], lr=lambda k: 0.1 * 0.95**k)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     ((x - 3.0) ** 2).backward()
    ...     optimizer.step()
    >>> round(x.data, 2)
    3.0
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {
        **Optimizer.hyperparameters,
        "alpha": KEPT,
        "eps": POSITIVE,
        "momentum": KEPT,
        "weight_decay": NOT_NEGATIVE,
        "centered": FLAG,
    }

    @renamed("rate", "lr")
    @explained
    def __init__(
        self,
        parameters: Iterable[Value] | Compiled,
        lr: float | Schedule = 0.01,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.alpha, self.eps, self.centered = alpha, eps, centered
        self.momentum, self.weight_decay = momentum, weight_decay

    def update(self, p: Any, g: Any, lr: float, memory: Memory) -> Any:
        """Go down by steps of about the same size for all parameters."""
        g = g + self.weight_decay * p
        square = memory["square"] = (
            self.alpha * memory.get("square", 0.0) + (1.0 - self.alpha) * g * g
        )
        if self.centered:
            mean = memory["mean"] = self.alpha * memory.get("mean", 0.0) + (1.0 - self.alpha) * g
            square = square - mean * mean
            # Rounding can take a variance of 0 below it.
            square = square * (square > 0.0)
        g = g / (square**0.5 + self.eps)
        if self.momentum:
            g = memory["velocity"] = self.momentum * memory.get("velocity", 0.0) + g
        return p - lr * g


class Adam(Optimizer):
    """Adam: means of the gradient and of its square, both corrected for starting at 0.

    Parameters:
        parameters: see `Optimizer`.
        lr: see `Optimizer`.
        betas: the shares of the two means that are kept at each step.
        eps: added to the root of the mean square.
        weight_decay: this times the parameter is added to its gradient.

    Kingma, Ba: Adam, 2015.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import Adam
    >>> x = Value(4.0)
    >>> optimizer = Adam([x], lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     ((x - 3.0) ** 2).backward()
    ...     optimizer.step()
    >>> round(x.data, 2)
    3.0
    """

    hyperparameters: ClassVar[Mapping[str, Number]] = {
        **Optimizer.hyperparameters,
        "betas": TWO_KEPT,
        "eps": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
    }

    @renamed("rate", "lr")
    @explained
    def __init__(
        self,
        parameters: Iterable[Value] | Compiled,
        lr: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay

    def update(self, p: Any, g: Any, lr: float, memory: Memory) -> Any:
        """Go down along the mean gradient, by steps of about the size of the rate."""
        return self._adam(p, g + self.weight_decay * p, lr, memory)

    def _adam(self, p: Any, g: Any, lr: float, memory: Memory) -> Any:
        keep, keep_square = self.betas
        count = max(self.steps, 1)
        mean = memory["mean"] = keep * memory.get("mean", 0.0) + (1.0 - keep) * g
        square = memory["square"] = (
            keep_square * memory.get("square", 0.0) + (1.0 - keep_square) * g * g
        )
        root = (square / (1.0 - keep_square**count)) ** 0.5
        return p - lr * (mean / (1.0 - keep**count)) / (root + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay: it shrinks the parameter and stays out of the means.

    Parameters:
        parameters: see `Optimizer`.
        lr: see `Optimizer`.
        betas: see `Adam`.
        eps: see `Adam`.
        weight_decay: the share of the parameter, times the rate, that each step takes away; as in
            PyTorch, unlike that of all other optimizers, it is not 0 unless you say so.

    Loshchilov, Hutter: Decoupled weight decay regularization, 2019.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import AdamW
    >>> x = Value(4.0)
    >>> optimizer = AdamW([x], lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     ((x - 3.0) ** 2).backward()
    ...     optimizer.step()
    >>> round(x.data, 2)
    3.0
    """

    @renamed("rate", "lr")
    @explained
    def __init__(
        self,
        parameters: Iterable[Value] | Compiled,
        lr: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def update(self, p: Any, g: Any, lr: float, memory: Memory) -> Any:
        """Shrink the parameter, and go down as Adam does."""
        return self._adam(p * (1.0 - lr * self.weight_decay), g, lr, memory)
