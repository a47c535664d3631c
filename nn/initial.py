"""Where weights begin: functions that draw one number, given the layer's inputs and outputs.

All chance comes from one `random.Random`: the same seed gives the same weights in every run. Where
none is given it is Python's own, which `random.seed` seeds.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, TypeAlias

from pluggrad import Value
from pluggrad.errors import quoted

from .hyperparameters import NOT_NEGATIVE, check_numbers

Initial: TypeAlias = Callable[[Any, int, int], float]


def uniform(bound: float) -> Initial:
    """Draw from -bound to bound, each number as likely as any other.

    Parameters:
        bound: the largest size of a number.

    >>> from pluggrad.nn import Linear, uniform
    >>> layer = Linear(2, 3, initial=uniform(0.1))
    >>> all(abs(w.data) <= 0.1 for w in layer.parameters())
    True
    """
    check_numbers("uniform", NOT_NEGATIVE, bound=bound)
    return lambda rng, inputs, outputs: float(rng.uniform(-bound, bound))


def gauss(deviation: float) -> Initial:
    """Draw from the normal distribution around 0.

    Parameters:
        deviation: its standard deviation.

    >>> import random
    >>> from pluggrad.nn import gauss
    >>> round(gauss(0.5)(random.Random(1), 2, 3), 4)
    0.6441
    """
    check_numbers("gauss", NOT_NEGATIVE, deviation=deviation)
    return lambda rng, inputs, outputs: _normal(rng, deviation)


def he(rng: Any, inputs: int, outputs: int) -> float:
    """Draw so that relu layers keep the size of their signals: gauss(sqrt(2 / inputs)).

    Parameters:
        rng: the random generator.
        inputs: the number of inputs of the layer.
        outputs: the number of its outputs.

    He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015.

    >>> import random
    >>> from pluggrad.nn import gauss, he
    >>> he(random.Random(1), 2, 3) == gauss(1.0)(random.Random(1), 2, 3)
    True
    """
    return _normal(rng, math.sqrt(2.0 / inputs))


def glorot(rng: Any, inputs: int, outputs: int) -> float:
    """Draw so that tanh layers keep the size of their signals, and of their gradients.

    uniform(sqrt(6 / (inputs + outputs))); Glorot, Bengio: Understanding the difficulty of training
    deep feedforward neural networks, 2010.

    Parameters:
        rng: the random generator.
        inputs: the number of inputs of the layer.
        outputs: the number of its outputs.

    >>> import random
    >>> from pluggrad.nn import glorot, uniform
    >>> glorot(random.Random(1), 2, 4) == uniform(1.0)(random.Random(1), 2, 4)
    True
    """
    bound = math.sqrt(6.0 / (inputs + outputs))
    return float(rng.uniform(-bound, bound))


def _normal(rng: Any, deviation: float) -> float:
    draw = rng.gauss if hasattr(rng, "gauss") else rng.normal  # as NumPy's generators call it
    return float(draw(0.0, deviation))


def generator(rng: Any) -> Any:
    """Return a random generator; for None the one that `random.seed` seeds.

    Raises:
        TypeError: for what is none, such as a seed.
    """
    if rng is None:
        return random
    if isinstance(rng, type) or not callable(getattr(rng, "uniform", None)):
        raise TypeError(f"rng is a random generator, such as random.Random(42), not {quoted(rng)}")
    return rng


def matrix(
    rows: int, columns: int, initial: Initial, rng: random.Random | None, name: str = "w"
) -> list[list[Value]]:
    """Make a matrix of parameters, row after row; `columns` counts as inputs, `rows` as outputs.

    >>> import random
    >>> first = matrix(2, 3, gauss(1.0), random.Random(7))
    >>> again = matrix(2, 3, gauss(1.0), random.Random(7))
    >>> first[1][2].data == again[1][2].data, first[1][2].label
    (True, 'w[1][2]')
    """
    source = generator(rng)
    return [
        [Value(initial(source, columns, rows), f"{name}[{i}][{j}]") for j in range(columns)]
        for i in range(rows)
    ]
