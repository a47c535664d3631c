"""The gamma function, its logarithm, and the beta function made of it.

Formulas: NIST Digital Library of Mathematical Functions, chapter 5 (https://dlmf.nist.gov/5).
"""

import math

from pluggrad import Op, hookimpl

from .polygammas import BERNOULLI, HALF_LOG_2PI, digamma, polygamma_rise

inf, nan = math.inf, math.nan
EULER = 0.5772156649015329
ROOT_2PI = math.sqrt(2.0 * math.pi)
ROOT_HALF_PI = math.sqrt(0.5 * math.pi)
FAR = 6.5  # from here on Stirling's series has all digits

# 1 / gamma(1 + z) = 1 + EULER z + RECIPROCAL[0] z**2 + RECIPROCAL[1] z**3 + ...; DLMF 5.7.1.
RECIPROCAL = (
    -0.6558780715202539, -0.042002635034095237, 0.16653861138229148, -0.04219773455554433,
    -0.009621971527876973, 0.0072189432466630995, -0.001165167591859065, -0.00021524167411495098,
    0.00012805028238811619, -2.0134854780788238e-05, -1.2504934821426706e-06,
    1.133027231981696e-06, -2.0563384169776072e-07, 6.116095104481416e-09, 5.002007644469223e-09,
    -1.18127457048702e-09, 1.0434267116911005e-10, 7.782263439905071e-12, -3.696805618642206e-12,
    5.100370287454476e-13,
)  # fmt: skip
# log gamma(x) = (x - 1/2) log x - x + log(2 pi) / 2 + STIRLING[0] / x + STIRLING[1] / x**3 + ...;
# DLMF 5.11.1.
STIRLING = (
    *[b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI, 1)],
    43867 / 244188, -174611 / 125400,
)  # fmt: skip

# ----- Forward functions -----


def _bend(z: float) -> float:
    """Return what is missing in 1 / gamma(1 + z) = 1 + z (EULER + ...), for |z| up to 1/2."""
    total = 0.0
    for c in RECIPROCAL[::-1]:
        total = (total + c) * z
    return total


def _correction(x: float) -> float:
    """Return the sum of Stirling's series for log gamma(x)."""
    u = 1.0 / (x * x)
    total = 0.0
    for c in STIRLING[::-1]:
        total = total * u + c
    return total / x


def _gamma(x: float) -> float:
    if x > 171.7 or x != x:
        return x if x != x else inf
    if x > FAR and (x > 24.0 or x % 1.0 != 0.0):  # factorials are exact as long as floats hold them
        scale = (ROOT_2PI + ROOT_2PI * math.expm1(_correction(x))) * math.exp(-x)
        if x < 140.0:
            return scale * math.pow(x, x - 0.5)
        half = math.pow(x, 0.5 * x - 0.25)  # the whole power overflows where gamma does not
        return half * scale * half
    whole = (x + 0.5) // 1.0
    rest = x - whole
    if x <= 0.0 and (rest == 0.0 or x == -inf):
        return math.copysign(inf, x) if x == 0.0 else nan
    if x < -FAR:
        return _gamma_left(x, rest)
    # To gamma(1 + rest), by steps that are exact: DLMF 5.5.1.
    product = 1.0
    k = 1.0
    while k < whole:
        product *= x - k
        k += 1.0
    inverse = 1.0 + rest * (EULER + _bend(rest))
    if whole >= 1.0:
        return product / inverse
    k = 0.0
    while k <= -whole:
        product *= x + k
        k += 1.0
    return 1.0 / (product * inverse)


def _gamma_left(x: float, rest: float) -> float:
    """Reflect: gamma(-x) gamma(x) = -pi / (x sin(pi x)); DLMF 5.5.3."""
    sign = -1.0 if (x // 1.0) % 2.0 == 1.0 else 1.0
    x = -x
    if x > 184.0:
        return sign * 0.0
    scale = ROOT_HALF_PI + ROOT_HALF_PI * math.expm1(-_correction(x))
    scale *= sign * math.exp(x) / (x * math.fabs(math.sin(math.pi * rest)))
    if x < 140.0:
        return scale / math.pow(x, x - 0.5)
    half = math.pow(x, 0.5 * x - 0.25)
    return scale / half / half


def _lgamma(x: float) -> float:
    if x > FAR:
        return _lgamma_far(x)
    if x != x or x == -inf:
        return math.fabs(x)
    if x > 1.5:
        # To gamma(2 + z), where the logarithm is 0: 1 / gamma(2 + z) = 1 + z (EULER - 1 + ...) /
        # (1 + z).
        product = 1.0
        while x >= 2.5:
            x -= 1.0
            product *= x
        z = x - 2.0
        return math.log(product) - math.log1p(z * ((EULER - 1.0) + _bend(z)) / (1.0 + z))
    if x > 0.5:
        z = x - 1.0
        return -math.log1p(z * (EULER + _bend(z)))
    rest = x - (x + 0.5) // 1.0
    if x <= 0.0 and rest == 0.0:
        return inf
    if x < -FAR:
        sine = math.fabs(math.sin(math.pi * rest))
        return math.log(math.pi / (-x * sine)) - _lgamma_far(-x)
    product = 1.0
    while x < -0.5:
        product *= x
        x += 1.0
    product *= x
    return -math.log1p(x * (EULER + _bend(x))) - math.log(math.fabs(product))


def _lgamma_far(x: float) -> float:
    logarithm = (x - 0.5) * (math.log(x) - 1.0) if x < inf else inf
    return logarithm + ((HALF_LOG_2PI - 0.5) + _correction(x))


def _ratio(a: float, b: float) -> float:
    """Return log(gamma(b) / gamma(a + b)) for b of 10 or more, as Stirling's series differ."""
    corrections = _correction(b) - _correction(a + b)
    return corrections - (a + b - 0.5) * math.log1p(a / b) - a * (math.log(b) - 1.0)


def _beta_near(small: float, large: float) -> float:
    # What rounding takes off the sum would change gamma by a hundred units in the last place.
    total = small + large
    rest = small - (total - large)
    bend = 1.0 + rest * digamma(total) if rest != 0.0 else 1.0
    return _gamma(large) / (_gamma(total) * bend) * _gamma(small)


def _beta(a: float, b: float) -> float:
    if not (a >= 0.0 and b >= 0.0):
        return nan
    if a == 0.0 or b == 0.0:
        return nan if a == inf or b == inf else inf
    small, large = min(a, b), max(a, b)
    if small + large < 171.0:
        return _beta_near(small, large)
    logarithm = _betaln(a, b)
    return math.exp(logarithm) if logarithm < 709.7 else inf


def _betaln(a: float, b: float) -> float:
    if not (a >= 0.0 and b >= 0.0):
        return nan
    small, large = min(a, b), max(a, b)
    if large == inf:
        return -inf if small > 0.0 else nan
    if small == 0.0:
        return inf
    if large < 10.0:
        if small < 1e-300:
            return math.log1p(small / large) - math.log(small)
        return math.log(_beta_near(small, large))
    if small < 10.0:
        return _lgamma(small) + _ratio(small, large)
    # DLMF 5.12.1 with 5.11.1 for each of the three.
    share = small / large
    corrections = _correction(small) + _correction(large) - _correction(small + large)
    powers = (small - 0.5) * math.log(share / (1.0 + share)) - large * math.log1p(share)
    return powers + (HALF_LOG_2PI - 0.5 * math.log(large) + corrections)


# ----- Where rules hold -----


def _from_pole(x: float) -> float:
    return x - (x + 0.5) // 1.0 if x < 0.5 else 1.0


# A table of rules reads better aligned.
# fmt: off

# ----- One number -----

# Accuracy of gamma, operand 0: 8 + 8 * (1 + log(1 - x)) * abs(gamma(x) / exact) units where x < 0.
# Between two poles the slope is 0 somewhere; see digamma.
gamma  = Op("gamma",  _gamma,  lambda g, out, x: g * out * digamma(x), kinks=_from_pole,
            doc="(x - 1)!, the integral of t**(x - 1) e**-t over t > 0. "
                "Derivative: gamma(x) digamma(x).")
# Accuracy of lgamma, forward: 4 + 2 * (1 + abs(x * log(-x))) / abs(exact) units where x < -2. Its
# roots on the left.
# Accuracy of lgamma, operand 0: 4 * (1 + log(1 - x)) / abs(exact) units where x < 0. See digamma
# above.
lgamma = Op("lgamma", _lgamma, lambda g, out, x: g * digamma(x),       kinks=_from_pole,
            doc="log |gamma(x)|. Derivative: digamma(x).")

# ----- Two numbers -----

# psi(a) - psi(a + b) as one op, which keeps its digits.
# In JavaScript, beta, operand 1: 8 units where a + b < 171. Math.pow is rounded less exactly.
# Accuracy of beta, forward: 8 + 2 * abs(log(exact)) units where a + b >= 171. The
# exponential magnifies the rounding of its operand.
# Accuracy of beta, forward: 6 units where a + b < 171. It is a quotient of three gammas.
# Accuracy of beta, operand 0: 16 + 4 * abs(log(abs(exact))) units where a + b >= 171. For the same
# reason.
# Accuracy of beta, operand 1: 16 + 4 * abs(log(abs(exact))) units where a + b >= 171. For the same
# reason.
# Accuracy of beta, higher: 24 + 2 * abs(log(abs(exact))) units where a + b >= 171. For the same
# reason.
beta   = Op("beta",   _beta,   lambda g, out, a, b: -g * out * polygamma_rise(0.0, a, b),
                               lambda g, out, a, b: -g * out * polygamma_rise(0.0, b, a),
            domain=((0.0, inf), (0.0, inf)), kinks=min,
            doc="B = gamma(a) gamma(b) / gamma(a + b). "
                "Derivatives: B (psi(a) - psi(a + b)), B (psi(b) - psi(a + b)).")
# Accuracy of betaln, forward: 4 + 4 / abs(exact) units where abs(exact) < 1. Where beta is about 1.
betaln = Op("betaln", _betaln, lambda g, out, a, b: -g * polygamma_rise(0.0, a, b),
                               lambda g, out, a, b: -g * polygamma_rise(0.0, b, a),
            domain=((0.0, inf), (0.0, inf)),
            doc="log beta(a, b). Derivatives: psi(a) - psi(a + b), psi(b) - psi(a + b).")

# fmt: on


@hookimpl
def pluggrad_register_ops() -> list[Op]:
    """Return the gamma and beta functions."""
    return [gamma, lgamma, beta, betaln]
