"""The digamma function, the derivative of log gamma, and all of its derivatives.

Formulas: NIST Digital Library of Mathematical Functions, chapter 5 (https://dlmf.nist.gov/5), and
chapter 25 for Hurwitz's zeta function (https://dlmf.nist.gov/25).
"""

import math

from pluggrad import Op, hookimpl

inf, nan = math.inf, math.nan

# B(2k), Bernoulli's numbers, divided by 2k and by (2k)!, for k = 1, 2, ...; DLMF 24.2.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
DIGAMMA_TAIL = tuple([b / (2 * k) for k, b in enumerate(BERNOULLI, 1)])
SUM_TAIL = tuple([b / math.factorial(2 * k) for k, b in enumerate(BERNOULLI, 1)])

# The root of the digamma function on the right is ROOT + ROOT_REST. Around it, with d the distance,
#     digamma(x) = d (1 / (x x0) + 1 / ((x + 1) (x0 + 1)) + SLOPES[0] + SLOPES[1] d + ...)
# where all terms count in one direction; SLOPES are those of digamma(x + 2) there, which by DLMF
# 5.15.1 are (-1)**k zeta(k + 2, x0 + 2), zeta being Hurwitz's.
ROOT, ROOT_REST = 1.4616321449683622, 9.549995429965697e-17
SLOPES = (
    0.3345617098544669, -0.055476208282819656, 0.012163351366549665, -0.002976677050430833,
    0.0007713020708922787, -0.00020674607628354467, 5.663403931142351e-05, -1.5742042793645156e-05,
    4.4203814378014486e-06, -1.2502790337317232e-06, 3.555004365548999e-07, -1.0147423082995085e-07,
    2.9048430651778795e-08, -8.333507652457267e-09, 2.3946448469644645e-09, -6.889561205460084e-10,
    1.9840436029350833e-10, -5.717729634679893e-11, 1.648677489663636e-11, -4.755891089999048e-12,
    1.3723653713077138e-12,
)  # fmt: skip
MOST = 2.0**53  # from here on adding 1 changes nothing
HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)

# ----- Forward functions -----


def _digamma(x: float) -> float:
    if x > 0.0:
        return _digamma_right(x)
    if x == 0.0:
        return math.copysign(inf, -x)
    rest = x - (x + 0.5) // 1.0
    if rest == 0.0 or x == -inf:
        return nan  # a pole, with another sign on either side
    return _digamma_right(1.0 - x) - math.pi / math.tan(math.pi * rest)  # DLMF 5.5.4


def _digamma_right(x: float) -> float:
    if x >= 10.0:
        return _digamma_far(x)
    total = 0.0
    if x < 1.0:
        total = -1.0 / x
        x += 1.0
    while x > 2.0:
        x -= 1.0
        total += 1.0 / x
    d = (x - ROOT) - ROOT_REST
    slope = 0.0
    for c in SLOPES[::-1]:
        slope = slope * d + c
    return total + d * (1.0 / (x * ROOT) + 1.0 / ((x + 1.0) * (ROOT + 1.0)) + slope)


def _digamma_far(x: float) -> float:
    u = 1.0 / (x * x)  # DLMF 5.11.2
    tail = 0.0
    for c in DIGAMMA_TAIL[::-1]:
        tail = (tail + c) * u
    return math.log(x) - (0.5 / x + tail)


def _polygamma(n: float, x: float) -> float:
    if n == 0.0:
        return _digamma(x)
    if not (n > 0.0 and n % 1.0 == 0.0) or x != x or x == -inf:
        return nan
    sign = 1.0 if n % 2.0 == 1.0 else -1.0
    if x > 0.0:
        return sign * _inverse_powers(n, x, inf)
    rest = x - (x + 0.5) // 1.0
    if rest == 0.0:
        return inf if sign > 0.0 else math.copysign(inf, -x) if x == 0.0 else nan
    # The distances to the poles on the right, and those to the poles on the left as far as 0.
    right = rest if rest > 0.0 else 1.0 + rest
    left = 1.0 - rest if rest > 0.0 else -rest
    beyond = _inverse_powers(n, 1.0 - x, inf)
    if sign < 0.0:  # both sides count against each other, and their difference keeps its digits
        both = _inverse_powers(n, min(left, right), math.fabs(left - right))
        return (both if left < right else -both) - beyond
    return _inverse_powers(n, right, inf) + _without(_inverse_powers(n, left, inf), beyond)


def _without(a: float, b: float) -> float:
    return a - b if a < inf else a


def _polygamma_rise(n: float, a: float, b: float) -> float:
    if not (n >= 0.0 and n % 1.0 == 0.0 and a >= 0.0 and b >= 0.0):
        return nan
    if b == 0.0 or a == inf:
        return 0.0 if a > 0.0 and b < inf else nan
    sign = 1.0 if n % 2.0 == 0.0 else -1.0
    return sign * _inverse_powers(n, a, b) if a > 0.0 else sign * inf


def _inverse_powers(n: float, x: float, apart: float) -> float:
    """Return n! times the sum of (x + k)**-(n + 1) - (x + apart + k)**-(n + 1) over k = 0, 1, ...

    That is how polygamma(n, x) and polygamma(n, x + apart) differ; DLMF 5.15.1.
    """
    s = n + 1.0
    if x == inf:
        return 0.0
    if 0.5 * s * math.log(x) < -400.0:
        return inf
    total = _zeta(s, x, apart)
    if n > 170.0:  # here the factorial overflows; of Stirling's logarithm some digits are lost
        correction = (1.0 - 1.0 / (30.0 * n * n)) / (12.0 * n)
        factorial = (n + 0.5) * math.log(n) - n + HALF_LOG_2PI + correction
        logarithm = factorial - s * math.log(x)
        return total * math.exp(logarithm) if logarithm < 709.7 else inf
    half = math.pow(x, -0.5 * s)  # twice: the whole power may overflow where the result does not
    total *= half
    k = 2.0
    while k <= n:
        total *= k
        k += 1.0
    return total * half


def _zeta(s: float, x: float, apart: float) -> float:
    """Return zeta(s, x) - zeta(s, x + apart), Hurwitz's, divided by x**-s, for s = 1, 2, ...

    The first terms are added up, the rest is an integral with corrections (Euler and Maclaurin;
    DLMF 25.11.5). Nothing cancels.
    """
    total, term, a = 0.0, 1.0, x
    part, far = _missing(s, math.log1p(apart / a)), min(10.0 + 2.0 * s, MOST)
    while a < far:
        total += part
        a += 1.0
        term = math.pow(x / a, s)
        part = term if apart == inf else term * _missing(s, math.log1p(apart / a))
        if s > 20.0 and part <= 1e-19 * total:
            return total
    rising = s / a
    rise = math.log1p(apart / a)
    integral = _missing(s - 1.0, rise) / (s - 1.0) if s > 1.0 else rise
    tail = a * integral + 0.5 * _missing(s, rise)
    for c in SUM_TAIL:
        tail += c * rising * _missing(s + 1.0, rise)
        rising *= (s + 1.0) * (s + 2.0) / (a * a)
        s += 2.0
    return total + term * tail


def _missing(s: float, rise: float) -> float:
    """Return what exp(-s rise) is short of 1."""
    return -math.expm1(-s * rise)


# ----- Where rules hold -----


def _from_pole(x: float) -> float:
    return x - (x + 0.5) // 1.0 if x < 0.5 else 1.0


# Used in rules above their own lines.
polygamma: Op
polygamma_rise: Op

# A table of rules reads better aligned.
# fmt: off

# Between two poles on the left there is a root, near which the two sides cancel.
# Accuracy of digamma, forward: 4 * (1 + log(1 - x)) / abs(exact) units where x < 0. It has a root
# there.
digamma = Op("digamma", _digamma, lambda g, out, x: g * polygamma(1.0, x), kinks=_from_pole,
             doc="psi(x) = gamma'(x) / gamma(x). Derivative: polygamma(1, x).")
# In JavaScript, polygamma, operand 1: 12 units where n > 0. Math.pow is rounded less exactly.
# Accuracy of polygamma, forward: 12 units where x > 0 or n % 2 == 1. Many factors are
# multiplied.
# Accuracy of polygamma, forward: 12 + 8 * gamma(n + 1) * 2**n / abs(exact) units where x < 0 and
# n % 2 == 0. There is a root, too.
# Accuracy of polygamma, operand 1: 12 + 8 * gamma(n + 2) * 4**n / abs(exact) units where x < 0 and
# n % 2 == 1. For the same reason.
polygamma = Op("polygamma", _polygamma,
               None,
               lambda g, out, n, x: g * polygamma(n + 1, x), kinks=lambda n, x: _from_pole(x),
               doc="The n-th derivative of psi(x), n = 0, 1, 2 and so on. "
                   "Derivatives: none; polygamma(n + 1, x).")
# The difference itself has no digit left where b is small beside a.
# In JavaScript, polygamma_rise, operand 2: 12 units where n < 0 or n > 0. A sum near a root.
# Accuracy of polygamma_rise, forward: 12 units where n > 0. A power and a factorial.
# Accuracy of polygamma_rise, operand 2: 12 units where n > 0. For the same reason.
polygamma_rise = Op("polygamma_rise", _polygamma_rise,
                    None,
                    lambda g, out, n, a, b: g * polygamma_rise(n + 1, a, b),
                    lambda g, out, n, a, b: g * polygamma(n + 1, a + b),
                    domain=(None, (0.0, inf), (0.0, inf)),
                    doc="polygamma(n, a + b) - polygamma(n, a). "
                        "Derivatives: none; the same for n + 1; polygamma(n + 1, a + b).")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the digamma function, its derivatives, and their differences."""
    return [digamma, polygamma, polygamma_rise]
