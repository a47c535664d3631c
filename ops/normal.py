"""The normal distribution on a logarithmic scale, and its inverses.

Formulas: NIST Digital Library of Mathematical Functions, chapter 7 (https://dlmf.nist.gov/7), and
M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 26.2.
"""

import math

from pluggrad import Op, hookimpl

from .arithmetic import abs
from .piecewise import maximum, minimum, step, where
from .special import DENSITY, gaussian, ndtr

inf, nan = math.inf, math.nan
LOG_DENSITY = -0.5 * math.log(2.0 * math.pi)
ROOT_TWO, ROOT_HALF = math.sqrt(2.0), math.sqrt(0.5)
ERF_SLOPE = 2.0 / math.sqrt(math.pi)  # of erf at 0
GRID = 1.5 * 2.0**46  # adding it rounds a number to a multiple of 1/64

# ----- Forward functions -----


def _mills(n: float, x: float) -> float:
    if not (0.0 <= n <= 1000.0 and n % 1.0 == 0.0) or x != x:
        return nan
    if x > 10.0 or (n > 0.0 and x > 0.7):
        return _mills_right(n, x)
    ratio = _mills_near(x)
    if n == 0.0:
        return ratio
    # By parts: mills(n + 1) = n mills(n - 1) - x mills(n).
    before, ratio = ratio, 1.0 - x * ratio
    k = 1.0
    while k < n:
        before, ratio = ratio, k * before - x * ratio
        k += 1.0
    return ratio


def _mills_near(x: float) -> float:
    if x < -37.67:
        return inf
    t = math.fabs(x)
    near = (t + GRID) - GRID  # its square is exact, see gaussian
    e = math.exp(0.5 * (t - near) * (t + near))
    return ndtr(-x) / DENSITY * math.exp(0.5 * near * near) * e


def _mills_right(n: float, x: float) -> float:
    # mills(k) / mills(k - 1) = k / (x + mills(k + 1) / mills(k)), from far enough up; for n = 0
    # that is Laplace's continued fraction, DLMF 7.9.1.
    root = math.sqrt(n) + 18.0 / x
    k = (root * root) // 1.0 + 8.0
    tail = 2.0 * k / (math.sqrt(x * x + 4.0 * k) + x)
    product = 1.0
    while k > 0.0:
        tail = k / (x + tail)
        if k <= n:
            product *= tail
        k -= 1.0
    return product / (x + tail)


def _log_ndtr(x: float) -> float:
    if x > 0.0:
        return math.log1p(-ndtr(-x))
    if x > -10.0:
        return math.log(ndtr(x))
    return LOG_DENSITY - 0.5 * x * x + math.log(_mills_right(0.0, -x)) if x > -inf else x


def _ndtri(p: float) -> float:
    if p < 0.25:
        return -_upper(p)
    return _upper(1.0 - p) if p > 0.75 else ROOT_TWO * _erfinv_near(2.0 * p - 1.0)


def _erfinv(x: float) -> float:
    if math.fabs(x) <= 0.5:
        return _erfinv_near(x)
    return math.copysign(ROOT_HALF * _upper(0.5 * (1.0 - math.fabs(x))), x)


def _upper(p: float) -> float:
    """Find where the normal distribution has the part p above, p <= 1/4."""
    if not p > 0.0:
        return inf if p == 0.0 else nan
    logarithm = math.log(p)
    # A first guess, A&S 26.2.23; then Halley's method on log(p), each step three times the digits.
    t = math.sqrt(-2.0 * logarithm)
    t -= (2.515517 + t * (0.802853 + t * 0.010328)) / (
        1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    )
    t = _nearer(t, logarithm)
    return _nearer(t, logarithm)


def _nearer(t: float, logarithm: float) -> float:
    ratio = _mills(0.0, t)
    off = _log_ndtr(-t) - logarithm
    newton = off * ratio
    return t + newton / (1.0 + 0.5 * off * (1.0 - t * ratio))


def _erfinv_near(x: float) -> float:
    """Invert erf between -1/2 and 1/2, by Halley's method from three terms of its series."""
    y = x / ERF_SLOPE
    y += y * y * y * (1.0 / 3.0 + y * y * (7.0 / 30.0 + y * y * (127.0 / 630.0)))
    y = _nearer_erf(y, x)
    return _nearer_erf(y, x)


def _nearer_erf(y: float, x: float) -> float:
    newton = (math.erf(y) - x) / (ERF_SLOPE * math.exp(-y * y))
    return y - newton / (1.0 + y * newton)


# Used in rules above its own line.
mills: Op

# A table of rules reads better aligned.
# fmt: off

# The quotient of the two that are small is the inverse of mills(0, -x); to the right of 1 that one
# overflows sooner or later. What is not chosen is kept in range.
# In JavaScript, log_ndtr, operand 0: 8 units where x > 0.5. Four exponentials are multiplied.
log_ndtr = Op("log_ndtr", _log_ndtr,
              lambda g, out, x: g * where(
                  step(x - 1),
                  DENSITY * gaussian(0.5 * x) * gaussian(0.5 * x) / ndtr(maximum(x, 0.0)),
                  1 / mills(0.0, -minimum(x, 2.0))),
              doc="log ndtr(x), accurate far out. "
                  "Derivative: e**(-x**2 / 2) / (sqrt(2 pi) ndtr(x)).")
mills = Op("mills", _mills,
           None,
           lambda g, out, n, x: -g * mills(n + 1, x),
           doc="The integral of t**n e**(-x t - t**2 / 2) over t > 0; Mills' ratio for n = 0. "
               "Derivatives: none; -mills(n + 1, x).")

# ----- Inverses -----

# Not 1 / P' beyond the quarters: e**(out**2 / 2) would magnify the rounding of out.
ndtri = Op("ndtri", _ndtri,
           lambda g, out, p: g * where(
               step(0.25 - p), mills(0.0, -out) / p,
               where(step(p - 0.75), mills(0.0, out) / (1 - p),
                     1 / (DENSITY * gaussian(0.5 * out) * gaussian(0.5 * out)))),
           domain=(0.0, 1.0), kinks=(0.0, 1.0),
           doc="Where the normal distribution function ndtr is p. "
               "Derivative: sqrt(2 pi) e**(out**2 / 2).")
# In JavaScript, erfinv, operand 0: 8 units where abs(x) > 0.5. Exponentials are multiplied.
erfinv = Op("erfinv", _erfinv,
            lambda g, out, x: g * where(
                step(abs(x) - 0.5), ROOT_HALF * mills(0.0, ROOT_TWO * abs(out)) / (1 - abs(x)),
                1 / (ERF_SLOPE * gaussian(out))),
            domain=(-1.0, 1.0), kinks=(-1.0, 1.0),
            doc="Where erf is x. Derivative: sqrt(pi) / 2 e**out**2.")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the logarithm and the inverses of the normal distribution."""
    return [log_ndtr, mills, ndtri, erfinv]
