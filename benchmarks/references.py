"""What every built-in op computes, written on mpmath's functions, and its derivatives.

Derivatives are differences of the references in so many digits that more than 20 of them are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from pluggrad.testing.counterparts import MP
from pluggrad.testing.truth import difference_terms

Point = tuple[float, ...]


# ----- References -----


def copysign(x: Any, y: Any) -> Any:
    return -abs(x) if y < 0 else abs(x)


def trunc(x: Any) -> Any:
    return copysign(MP.floor(abs(x)), x)


def clip(x: Any, low: Any, high: Any) -> Any:
    return min(max(x, low), high)


def sign(x: Any) -> Any:
    return MP.mpf((x > 0) - (x < 0))


def lgamma(x: Any) -> Any:
    return MP.re(MP.loggamma(x))


def polygamma(n: Any, x: Any) -> Any:
    """Compute n! zeta(n + 1, x), of which mpmath gives a number of digits after the point."""
    if n == 0 or x <= 0:
        return MP.psi(int(n), x)
    with MP.extradps(int(n * abs(MP.log10(x))) if x > 1 else 0):
        return (-1) ** (n + 1) * MP.factorial(n) * MP.zeta(n + 1, x)


def polygamma_rise(n: Any, a: Any, b: Any) -> Any:
    with MP.extradps(int(2 * abs(MP.log10(b / a))) + 10):
        return polygamma(n, a + b) - polygamma(n, a)


def logaddexp(a: Any, b: Any) -> Any:
    return max(a, b) + MP.log1p(MP.exp(-abs(a - b)))


def log_ndtr(x: Any) -> Any:
    tail = MP.erfc(abs(x) / MP.sqrt(2)) / 2
    return MP.log1p(-tail) if x > 0 else MP.log(tail)


def mills(n: Any, x: Any) -> Any:
    """Compute by parabolic cylinder functions, DLMF 12.5.1."""
    return MP.factorial(n) * MP.exp(x * x / 4) * MP.pcfu(n + MP.mpf(1) / 2, x)


def ndtri(p: Any) -> Any:
    """Solve log P(x) = log p by Newton's method, on the side where P is small."""
    if 2 * p >= 1:
        return MP.zero if 2 * p == 1 else -ndtri(1 - p)
    x, off = -MP.sqrt(-2 * MP.log(p)) + 0.5, MP.one
    while abs(off) > MP.mpf(10) ** (3 - MP.dps):
        tail = MP.erfc(-x / MP.sqrt(2)) / 2
        off = (MP.log(tail) - MP.log(p)) * tail * MP.exp(x * x / 2) * MP.sqrt(2 * MP.pi)
        x -= off
    return x


def erfinv(x: Any) -> Any:
    return copysign(ndtri((1 - abs(x)) / 2), x) / MP.sqrt(2) if x else x


def sinc_slope(n: Any, x: Any) -> Any:
    """Add up the power series differentiated n times, or differentiate a sine divided by z."""
    z, n = MP.pi * x, int(n)
    if n == 0 and x and x == MP.nint(x):
        return MP.zero
    if abs(z) > 30:
        angle = MP.pi * (x - 2 * MP.nint(x / 2))  # exact, of whole numbers too
        slope = MP.sin(angle) / z
        for k in range(1, n + 1):
            slope = (MP.sin(angle + k * MP.pi / 2) - k * slope) / z
        return MP.pi**n * slope
    with MP.extradps(40):
        total, k = MP.zero, (n + 1) // 2
        while True:
            power = 2 * k - n
            term = (-1) ** k * z**power / (MP.factorial(power) * (2 * k + 1))
            total, k = total + term, k + 1
            if power > 40 and abs(term) <= MP.eps * abs(total):
                return MP.pi**n * total


def real(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Take an odd function on positive numbers to negative ones."""
    return lambda x: copysign(function(abs(x)), x)


REFERENCES: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "acos": MP.acos,
    "acosh": MP.acosh,
    "add": lambda a, b: a + b,
    "asin": MP.asin,
    "asinh": real(MP.asinh),
    "atan": MP.atan,
    "atan2": MP.atan2,
    "atanh": MP.atanh,
    "beta": MP.beta,
    "betaln": lambda a, b: lgamma(a) + lgamma(b) - lgamma(a + b),
    "cbrt": real(MP.cbrt),
    "ceil": MP.ceil,
    "clip": clip,
    "compare": lambda a, b: sign(a - b),
    "copysign": copysign,
    "cos": MP.cos,
    "cosh": MP.cosh,
    "digamma": MP.digamma,
    "div": lambda a, b: a / b,
    "elu": lambda x, alpha: x if x > 0 else alpha * MP.expm1(x),
    "erf": MP.erf,
    "erfc": MP.erfc,
    "erfinv": erfinv,
    "exp": MP.exp,
    "exp2": lambda x: MP.power(2, x),
    "expm1": MP.expm1,
    "floor": MP.floor,
    "floordiv": lambda a, b: MP.floor(a / b),
    "fma": lambda a, b, c: a * b + c,
    "fmod": lambda a, b: a - b * trunc(a / b),
    "gamma": MP.gamma,
    "gaussian": lambda x: MP.exp(-x * x),
    "gelu": lambda x: x * MP.erfc(-x / MP.sqrt(2)) / 2,
    "hypot": lambda a, b: MP.sqrt(a * a + b * b),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "lgamma": lgamma,
    "log": MP.log,
    "log10": MP.log10,
    "log1p": MP.log1p,
    "log2": lambda x: MP.log(x) / MP.ln2,
    "log_ndtr": log_ndtr,
    "logaddexp": logaddexp,
    "logit": lambda x: MP.log(x / (1 - x)),
    "maximum": max,
    "mills": mills,
    "minimum": min,
    "mod": lambda a, b: a - b * MP.floor(a / b),
    "mul": lambda a, b: a * b,
    "ndtr": lambda x: MP.erfc(-x / MP.sqrt(2)) / 2,
    "ndtri": ndtri,
    "neg": lambda x: -x,
    "polygamma": polygamma,
    "polygamma_rise": polygamma_rise,
    "pow": MP.power,
    "power_log": lambda a, b: MP.power(a, b) * MP.log(a),
    "power_rule": lambda a, b, factor: factor * b * MP.power(a, b - 1),
    "relu": lambda x: max(x, MP.zero),
    "remainder": lambda a, b: a - b * MP.nint(a / b),
    "round": lambda x, digits: MP.nint(x * MP.power(10, digits)) / MP.power(10, digits),
    "sech": MP.sech,
    "sigmoid": lambda x: 1 / (1 + MP.exp(-x)),
    "sign": sign,
    "silu": lambda x: x / (1 + MP.exp(-x)),
    "sin": MP.sin,
    "sinc": lambda x: sinc_slope(0, x),
    "sinc_slope": sinc_slope,
    "sinh": MP.sinh,
    "softplus": lambda x: MP.log1p(MP.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "sqrt": MP.sqrt,
    "step": lambda x: MP.mpf(x > 0),
    "sub": lambda a, b: a - b,
    "tan": MP.tan,
    "tanh": MP.tanh,
    "trunc": trunc,
    "where": lambda condition, a, b: a if condition else b,
}


# Where a reference says nothing: between jumps that lie closer than floats do, and for digits that
# are no whole number.
SENSIBLE: dict[str, Callable[..., bool]] = {
    "round": lambda x, digits: digits % 1.0 == 0.0 and abs(digits) < 20 and abs(x) < 1e9,
    "fmod": lambda a, b: b and abs(a / b) < 1e15,
    "remainder": lambda a, b: b and abs(a / b) < 1e15,
    "log_ndtr": lambda x: abs(x) < 1e6,
    "mills": lambda n, x: n % 1.0 == 0.0 and 0.0 <= n < 20.0 and 1e-3 < abs(x) < 30.0,
    "ndtri": lambda x: x < 1.0 - 1e-15,
    "erfinv": lambda x: abs(x) < 1.0 - 1e-15,
    "sinc": lambda x: abs(x) < 1e300,
    "sinc_slope": lambda n, x: n % 1.0 == 0.0 and 0.0 <= n < 5.0 and abs(x) < 1e6,
    "logaddexp": lambda a, b: max(abs(a), abs(b)) < 600.0,
    "polygamma": lambda n, x: n % 1.0 == 0.0 and 0.0 <= n < 50.0 and (x > 1e-9 or 1e-3 < -x < 30),
    "polygamma_rise": lambda n, a, b: (
        n % 1.0 == 0.0 and 0.0 <= n < 20.0 and 1e-9 < a < 1e9 and 1e-20 < b < 1e20
    ),
    "gamma": lambda x: x > -200.0,
    "lgamma": lambda x: x > -1e12,
    "digamma": lambda x: x > -1e12,
    "beta": lambda a, b: min(a, b) > 1e-12 and max(a, b) < 1e12,
    "betaln": lambda a, b: min(a, b) > 1e-12 and max(a, b) < 1e12,
    "mod": lambda a, b: b and abs(a / b) < 1e15,
    "floordiv": lambda a, b: b and abs(a / b) < 1e15,
}

# ----- Truth -----


def derivative(function: Callable[..., Any], at: Point, order: tuple[int, ...]) -> Any:
    """Differentiate by central differences in many digits; the value itself for order ().

    Returns:
        a number of MP with more than 20 right digits, or None where there is none.
    """
    small = min([1.0, *(abs(x) for x in at if x)])
    large = max(map(abs, at))
    step = MP.mpf(small) * MP.mpf("1e-45" if all(at) else "1e-65")
    spread = int(abs(math.log10(small)) + max(0.0, math.log10(large or 1.0)))
    digits = 50 + spread + (60 if all(at) else 80) * len(order)
    for attempt in range(4):
        with MP.workdps(digits):
            results = []
            for offsets, weight in difference_terms(order, len(at)):
                operands = [MP.mpf(x) + o * step for x, o in zip(at, offsets, strict=True)]
                try:
                    result = function(*operands)
                except (ArithmeticError, ValueError):
                    return None
                if isinstance(result, MP.mpc) or not MP.isfinite(result):
                    return None
                results.append(weight * MP.mpf(result))
            total, largest = sum(results, MP.zero), max(map(abs, results))
            if abs(total) > largest * MP.mpf(10) ** (25 - digits) or attempt == 3 or not largest:
                if abs(total) <= largest * MP.mpf(10) ** (25 - digits):
                    total = MP.zero  # all digits cancelled, 1,500 of them: it is zero
                return total / (2 * step) ** len(order)
            digits = digits + 60 if attempt == 0 else 3 * digits
    return None


def ulps(got: float, exact: Any) -> float:
    """Tell how many units in the last place a float is off."""
    nearest = float(exact)
    if got == nearest:
        return 0.0
    if math.isinf(nearest) or not math.isfinite(got):
        return 0.0 if abs(nearest) > 1.79e308 and abs(got) > 1.79e308 else math.inf
    with MP.workdps(50):
        return float(abs(MP.mpf(got) - exact) / math.ulp(nearest))
