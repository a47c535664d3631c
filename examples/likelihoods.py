"""Four models of counts, shares and heavy tails, fitted by the gradient of their log-likelihood.

    python examples/likelihoods.py

Each model is its density, written down once. The maximum of its likelihood is found by Newton's
method, with gradient and Hessian from pluggrad: `lgamma` and `betaln` have derivatives of any
order. The standard errors come from the Hessian there. Where SciPy is installed, the sums are
compared with SciPy's.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from pluggrad import func
from pluggrad.ops import betaln, exp, lgamma, log, log1p

LogDensity = Callable[..., Any]


# ----- Log-densities: of one observation, given the parameters -----


def poisson(k: float, rate: Any) -> Any:
    """Count events that come at a rate."""
    return k * log(rate) - rate - lgamma(k + 1.0)


def negative_binomial(k: float, mean: Any, size: Any) -> Any:
    """Count events whose rate itself varies; the variance is mean + mean**2 / size."""
    # lgamma(k + size) - lgamma(size) - lgamma(k + 1), without their cancelling.
    ways = -betaln(size, k + 1.0) - log(size + k)
    return ways - k * log1p(size / mean) - size * log1p(mean / size)


def beta(x: float, a: Any, b: Any) -> Any:
    """Describe a share between 0 and 1."""
    return (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x) - betaln(a, b)


def student_t(x: float, place: Any, scale: Any, freedom: Any) -> Any:
    """Describe a number with outliers."""
    z = (x - place) / scale
    shape = -0.5 * log(freedom) - betaln(0.5, 0.5 * freedom) - log(scale)
    return shape - 0.5 * (freedom + 1.0) * log1p(z * z / freedom)


# ----- Data, drawn from known parameters -----


def drawn(count: int = 200) -> dict[str, list[float]]:
    """Draw observations of each model; the same in every run."""
    chance = random.Random(1)

    def events(rate: float) -> float:
        passed, n = chance.expovariate(rate), 0
        while passed < 1.0:
            passed, n = passed + chance.expovariate(rate), n + 1
        return float(n)

    return {
        "poisson": [events(3.5) for _ in range(count)],
        "negative_binomial": [events(chance.gammavariate(1.5, 4.0 / 1.5)) for _ in range(count)],
        "beta": [chance.betavariate(2.0, 5.0) for _ in range(count)],
        "student_t": [
            1.0 + 2.0 * chance.gauss(0.0, 1.0) / math.sqrt(chance.gammavariate(2.0, 1.0) / 2.0)
            for _ in range(count)
        ],
    }


class Model:
    """A density, its parameters' names, where to start, and which of them are positive."""

    def __init__(
        self, density: LogDensity, names: str, start: Sequence[float], true: Sequence[float]
    ) -> None:
        self.density = density
        self.names = names.split()
        self.start = list(start)
        self.true = list(true)

    def parameters(self, free: Sequence[Any]) -> list[Any]:
        """Make parameters of free numbers: all but a place are exponentials, so positive."""
        return [x if n == "place" else exp(x) for n, x in zip(self.names, free, strict=True)]


MODELS = {
    "poisson": Model(poisson, "rate", [0.0], [3.5]),
    "negative_binomial": Model(negative_binomial, "mean size", [0.0, 0.0], [4.0, 1.5]),
    "beta": Model(beta, "a b", [0.0, 0.0], [2.0, 5.0]),
    "student_t": Model(student_t, "place scale freedom", [0.0, 0.0, 1.0], [1.0, 2.0, 4.0]),
}


# ----- Fitting -----


def fit(model: Model, data: Sequence[float]) -> tuple[list[float], list[float], float]:
    """Maximise the likelihood; return parameters, standard errors, and the log-likelihood."""

    def loss(free: Any) -> Any:
        chosen = model.parameters(free)
        return -sum(model.density(x, *chosen) for x in data) / len(data)

    free = list(model.start)
    value, slope = func.value_and_grad(loss)(free)
    while max(map(abs, slope)) > 1e-10:
        step = solved(func.hessian(loss)(free), slope)
        length = min(1.0, 1.0 / max(map(abs, step)))
        following = [x - length * d for x, d in zip(free, step, strict=True)]
        if loss(following) > value:  # no minimum ahead: go down the slope instead
            following = [x - 0.5 * d for x, d in zip(free, slope, strict=True)]
        free = following
        value, slope = func.value_and_grad(loss)(free)
    found = [float(x) for x in model.parameters(free)]
    # The errors of the parameters themselves: the Hessian by them.
    information = func.hessian(lambda p: -sum(model.density(x, *p) for x in data))(found)
    errors = [
        math.sqrt(solved(information, [float(i == j) for j in range(len(found))])[i])
        for i in range(len(found))
    ]
    return found, errors, -value * len(data)


def solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a small system of equations by elimination."""
    rows = [[*row, b] for row, b in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda j: abs(rows[j][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(len(rows)):
            if j != i:
                factor = rows[j][i]
                rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[-1] for row in rows]


def difference_to_scipy(name: str, data: Sequence[float], found: Sequence[float]) -> float:
    """Compare the log-likelihood at the maximum with SciPy's, relative to it."""
    from scipy import stats

    theirs = {
        "poisson": lambda rate: stats.poisson.logpmf(data, rate),
        "negative_binomial": lambda mean, size: stats.nbinom.logpmf(
            data, size, size / (size + mean)
        ),
        "beta": lambda a, b: stats.beta.logpdf(data, a, b),
        "student_t": lambda place, scale, freedom: stats.t.logpdf(data, freedom, place, scale),
    }
    ours = sum(float(MODELS[name].density(x, *found)) for x in data)
    return abs(float(sum(theirs[name](*found))) / ours - 1.0)


def main() -> None:
    data = drawn()
    maxima = {}
    print(f"{'':18}{'parameter':12}{'true':>8}{'found':>10}{'+-':>8}{'log-likelihood':>18}")
    for name, model in MODELS.items():
        found, errors, likelihood = fit(model, data[name])
        maxima[name] = found
        shown = f"{likelihood:18.6f}"
        title = name.replace("_", " ")
        for row in zip(model.names, model.true, found, errors, strict=True):
            parameter, true, x, error = row
            print(f"{title:18}{parameter:12}{true:8.2f}{x:10.4f}{error:8.4f}{shown}")
            title = shown = ""
    try:
        import scipy.stats  # noqa: F401  # it takes a second to import
    except ImportError:
        return
    worst = max(difference_to_scipy(name, data[name], found) for name, found in maxima.items())
    print(f"\nSciPy's log-likelihoods differ by {worst:.0e} of themselves at most")


if __name__ == "__main__":
    main()
