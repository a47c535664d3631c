"""What stands for a function of floats where numbers have many digits.

Tables of counterparts, all on mpmath numbers of one context: for `math`, `operator` and builtins,
for NumPy and SciPy's special functions, and for mpmath itself, whose functions compute with the
digits of the context that they belong to, 15 unless somebody says otherwise.
"""

from __future__ import annotations

import builtins
import math
import operator
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import mpmath
from mpmath import MPContext
from mpmath.libmp import (
    ComplexResult,
    fone,
    mpf_add,
    mpf_exp,
    mpf_log,
    mpf_sub,
    round_nearest,
)

Forward = Callable[..., Any]

# A context of our own: its precision is nobody else's, and its numbers can be given the few
# methods of floats that mpmath's lack.
MP = MPContext()
MP.mpf.__floordiv__ = lambda a, b: MP.floor(a / b)
MP.mpf.__rfloordiv__ = lambda a, b: MP.floor(MP.mpf(b) / a)
MP.mpf.item = lambda x: x
MP.mpf.is_integer = lambda x: bool(MP.isint(x))

# mpmath takes seconds for the exponential of what is much larger than that.
FAR = MP.mpf("1e40")


def _not_far(function: Forward, leftmost: Any = None) -> Forward:
    """Return an exponential function with what it tends to far left, and nothing far right."""

    def near(x: Any) -> Any:
        if not isinstance(x, MP.mpf) or not FAR < abs(x) < MP.inf:
            return function(x)
        if leftmost is None or x > 0:
            raise OverflowError("it is larger than any float")
        return leftmost

    return near


def _expm1(x: Any, lost: int) -> Any:
    """Compute exp(x) - 1 on the numbers inside of mpmath's, given how many bits cancel."""
    return mpf_sub(mpf_exp(x, MP.prec + lost + 10), fone, MP.prec, round_nearest)


def _log1p(x: Any, lost: int) -> Any:
    """Compute log(1 + x); the sum keeps all bits."""
    return mpf_log(mpf_add(fone, x), MP.prec, round_nearest)


def _at_once(function: Forward, compute: Forward) -> Forward:
    """Return a function that knows how many bits cancel near 0; mpmath's tries more and more."""

    def computed(x: Any) -> Any:
        if not isinstance(x, MP.mpf):
            return function(x)
        _, mantissa, exponent, bits = x._mpf_
        lost = -exponent - bits
        if not mantissa or lost > MP.prec:  # 0 or not finite, or only x itself is left
            return function(x)
        try:
            return MP.make_mpf(compute(x._mpf_, max(0, lost)))
        except ComplexResult:
            return function(x)

    return computed


MP.expm1, MP.log1p = _at_once(MP.expm1, _expm1), _at_once(MP.log1p, _log1p)
MP.exp, MP.expm1 = _not_far(MP.exp, MP.zero), _not_far(MP.expm1, -MP.one)
MP.sinh, MP.cosh = _not_far(MP.sinh), _not_far(MP.cosh)

# What only takes floats (compiled code, tables) would round such a number without a word, and its
# differences would be 0. So while a forward runs, its numbers do not turn into floats.
_to_float = MP.mpf.__float__
kept_exact: ContextVar[bool] = ContextVar("kept_exact", default=False)


def _as_float(x: Any) -> float:
    if kept_exact.get():
        raise TypeError("a number with many digits does not become a float here")
    return float(_to_float(x))


MP.mpf.__float__ = _as_float


def counterpart(thing: Any) -> Any:
    """Return what stands for a function, or a module of them; None where nothing is known to."""
    if isinstance(thing, ModuleType):
        return _module(thing)
    if isinstance(thing, MPContext):
        return PRECISE
    try:
        if thing in _COUNTERPARTS:
            return _COUNTERPARTS[thing]
    except (TypeError, ValueError):  # neither hashable nor a function
        return None
    return _of_mpmath(thing) or _libraries().get(id(thing))


def _module(module: ModuleType) -> Any:
    """Return a namespace of counterparts for a module that has them."""
    if module is mpmath:
        return PRECISE
    if module is math:
        return SimpleNamespace(**_MATH)
    if module is operator:
        return SimpleNamespace(**{**vars(operator), **_OPERATOR})
    if module.__name__ == "scipy":
        return SimpleNamespace(special=SimpleNamespace(**_SCIPY))
    tables = {"numpy": _NUMPY, "scipy.special": _SCIPY}
    table = tables.get(module.__name__)
    return SimpleNamespace(**table) if table else None


# ----- Of math, operator and builtins -----


def _copysign(x: Any, y: Any) -> Any:
    negative = y < 0 or (y == 0 and isinstance(y, float) and math.copysign(1.0, y) < 0)
    return -abs(x) if negative else abs(x)


def _truncated(x: Any) -> Any:
    return MP.floor(x) if x >= 0 else MP.ceil(x)


def _rounded(x: Any, digits: Any = 0) -> Any:
    power = MP.mpf(10) ** int(digits or 0)
    return MP.nint(x * power) / power


def _cbrt(x: Any) -> Any:
    return MP.cbrt(x) if x >= 0 else -MP.cbrt(-x)


def _isclose(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> bool:
    return bool(abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol))


def _lgamma(x: Any) -> Any:
    return MP.re(MP.loggamma(x))


_SAME = """
    acos acosh asin asinh atan atan2 atanh cos cosh degrees erf erfc exp expm1 fabs gamma hypot
    isfinite isinf isnan log log10 log1p radians sin sinh sqrt tan tanh
""".split()

_MATH: dict[str, Any] = {
    **{name: getattr(MP, name) for name in _SAME},
    **{name: getattr(math, name) for name in ("e", "inf", "nan", "pi", "tau")},
    "cbrt": _cbrt,
    "ceil": MP.ceil,
    "comb": MP.binomial,
    "copysign": _copysign,
    "dist": lambda p, q: MP.sqrt(sum((a - b) ** 2 for a, b in zip(p, q, strict=True))),
    "exp2": lambda x: MP.mpf(2) ** x,
    "factorial": MP.factorial,
    "floor": MP.floor,
    "fmod": lambda x, y: x - y * _truncated(MP.mpf(x) / y),
    "fsum": MP.fsum,
    "isclose": _isclose,
    "ldexp": lambda x, n: x * MP.mpf(2) ** n,
    "lgamma": _lgamma,
    "log2": lambda x: MP.log(x, 2),
    "modf": lambda x: (x - _truncated(x), _truncated(x)),
    "pow": lambda x, y: MP.mpf(x) ** y,
    "prod": MP.fprod,
    "remainder": lambda x, y: x - y * MP.nint(MP.mpf(x) / y),
    "trunc": _truncated,
}

_OPERATOR: dict[str, Any] = {
    "floordiv": lambda a, b: MP.floor(MP.mpf(a) / b),
    "mod": lambda a, b: a - b * MP.floor(MP.mpf(a) / b),
}

BUILTINS: dict[str, Any] = {
    **vars(builtins),
    "float": lambda x=0: MP.mpf(x),
    "pow": _MATH["pow"],
    "round": _rounded,
}

_KEPT = "abs add and_ eq ge gt le lt mul ne neg not_ or_ pos pow sub truediv".split()

_COUNTERPARTS: dict[Any, Forward] = {
    **{getattr(operator, name): getattr(operator, name) for name in _KEPT},
    **{getattr(operator, name): counterpart for name, counterpart in _OPERATOR.items()},
    **{
        getattr(math, name): counterpart
        for name, counterpart in _MATH.items()
        if callable(counterpart) and hasattr(math, name)
    },
    **{function: function for function in (abs, max, min, sum)},
    round: _rounded,
}

# ----- Of NumPy -----


def _extreme(better: Callable[[Any, Any], bool]) -> Forward:
    return lambda a, b: a if a != a or better(a, b) else b


def _log_sum(base: Any) -> Forward:
    def log_sum(a: Any, b: Any) -> Any:
        high, low = max(a, b), min(a, b)
        return high + MP.log1p(MP.mpf(base) ** (low - high)) / MP.log(base)

    return log_sum


def _e_log_sum(a: Any, b: Any) -> Any:
    return max(a, b) + MP.log1p(MP.exp(min(a, b) - max(a, b)))


_NUMPY: dict[str, Any] = {
    **_MATH,
    **{name: getattr(MP, name) for name in ("sinc", "sign")},
    **{f"arc{name[1:]}": getattr(MP, name) for name in _SAME if name[0] == "a"},
    "add": operator.add,
    "equal": operator.eq,
    "greater": operator.gt,
    "less": operator.lt,
    "abs": abs,
    "absolute": abs,
    "clip": lambda x, low, high: min(max(x, low), high),
    "deg2rad": MP.radians,
    "divide": operator.truediv,
    "float64": MP.mpf,
    "float_power": _MATH["pow"],
    "floor_divide": _OPERATOR["floordiv"],
    "fmax": max,
    "fmin": min,
    "greater_equal": operator.ge,
    "heaviside": lambda x, middle: MP.mpf(x > 0) if x != 0 else middle,
    "less_equal": operator.le,
    "logaddexp": _e_log_sum,
    "logaddexp2": _log_sum(2),
    "maximum": _extreme(operator.ge),
    "minimum": _extreme(operator.le),
    "mod": _OPERATOR["mod"],
    "multiply": operator.mul,
    "negative": operator.neg,
    "positive": operator.pos,
    "power": _MATH["pow"],
    "rad2deg": MP.degrees,
    "reciprocal": lambda x: 1 / MP.mpf(x),
    "remainder": _OPERATOR["mod"],
    "rint": MP.nint,
    "round": _rounded,
    "sinc": lambda x: MP.sincpi(x),
    "square": lambda x: x * x,
    "subtract": operator.sub,
    "true_divide": operator.truediv,
    "where": lambda condition, a, b: a if condition else b,
}

# ----- Of scipy.special -----


def _normal(x: Any) -> Any:
    return MP.erfc(-x / MP.sqrt(2)) / 2


def _times_log(x: Any, y: Any) -> Any:
    return MP.zero if x == 0 else x * MP.log(y)


_SCIPY: dict[str, Any] = {
    **{name: _MATH[name] for name in "cbrt erf erfc exp2 expm1 gamma log1p".split()},
    "beta": MP.beta,
    "betainc": lambda a, b, x: MP.betainc(a, b, 0, x, regularized=True),
    "betaln": lambda a, b: MP.log(abs(MP.beta(a, b))),
    "binom": MP.binomial,
    "boxcox": lambda x, p: MP.expm1(p * MP.log(x)) / p if p else MP.log(x),
    "cosm1": lambda x: -2 * MP.sin(x / 2) ** 2,
    "dawsn": lambda x: MP.sqrt(MP.pi) / 2 * MP.exp(-x * x) * MP.erfi(x),
    "digamma": MP.digamma,
    "ellipe": MP.ellipe,
    "ellipk": MP.ellipk,
    "entr": lambda x: -_times_log(x, x),
    "erfcx": lambda x: MP.exp(x * x) * MP.erfc(x),
    "erfi": MP.erfi,
    "erfinv": MP.erfinv,
    "exp1": MP.e1,
    "exp10": lambda x: MP.mpf(10) ** x,
    "expi": MP.ei,
    "expit": lambda x: 1 / (1 + MP.exp(-x)),
    "expn": MP.expint,
    "exprel": lambda x: MP.expm1(x) / x,
    "gammainc": lambda a, x: MP.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda a, x: MP.gammainc(a, x, MP.inf, regularized=True),
    "gammaln": _lgamma,
    "hyp0f1": MP.hyp0f1,
    "hyp1f1": MP.hyp1f1,
    "hyp2f1": MP.hyp2f1,
    "i0": lambda x: MP.besseli(0, x),
    "i0e": lambda x: MP.exp(-abs(x)) * MP.besseli(0, x),
    "i1": lambda x: MP.besseli(1, x),
    "i1e": lambda x: MP.exp(-abs(x)) * MP.besseli(1, x),
    "iv": MP.besseli,
    "j0": lambda x: MP.besselj(0, x),
    "j1": lambda x: MP.besselj(1, x),
    "jn": MP.besselj,
    "jv": MP.besselj,
    "k0": lambda x: MP.besselk(0, x),
    "k0e": lambda x: MP.exp(x) * MP.besselk(0, x),
    "k1": lambda x: MP.besselk(1, x),
    "k1e": lambda x: MP.exp(x) * MP.besselk(1, x),
    "kn": MP.besselk,
    "kv": MP.besselk,
    "log_expit": lambda x: -MP.log1p(MP.exp(-x)),
    "log_ndtr": lambda x: MP.log(_normal(x)),
    "loggamma": MP.loggamma,
    "logit": lambda p: MP.log(p / (1 - p)),
    "ndtr": _normal,
    "ndtri": lambda p: MP.sqrt(2) * MP.erfinv(2 * p - 1),
    "poch": MP.rf,
    "pseudo_huber": lambda d, r: d * d * (MP.sqrt(1 + (r / d) ** 2) - 1),
    "psi": MP.digamma,
    "rel_entr": lambda x, y: _times_log(x, x / y),
    "rgamma": MP.rgamma,
    "spence": lambda x: MP.polylog(2, 1 - x),
    "struve": MP.struveh,
    "xlog1py": lambda x, y: _times_log(x, 1 + y),
    "xlogy": _times_log,
    "y0": lambda x: MP.bessely(0, x),
    "y1": lambda x: MP.bessely(1, x),
    "yn": MP.bessely,
    "yv": MP.bessely,
    "zeta": MP.zeta,
}


def _libraries() -> dict[int, Any]:
    """List the functions of the libraries that are loaded, by identity."""
    return _listed(*(sys.modules.get(name) for name in ("numpy", "scipy.special")))


@cache
def _listed(numpy: ModuleType | None, scipy: ModuleType | None) -> dict[int, Any]:
    pairs = [(numpy, _NUMPY), (scipy, _SCIPY)]
    return {
        id(getattr(module, name)): stand_in
        for module, table in pairs
        if module is not None
        for name, stand_in in table.items()
        if callable(stand_in) and hasattr(module, name)
    }


# ----- Of mpmath -----


class _Precise:
    """Stands for mpmath and its contexts: as many digits as the kit asks for, and no fewer."""

    def __getattr__(self, name: str) -> Any:
        if name in ("mp", "fp"):
            return self
        return getattr(MP, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(MP, name, max(value, getattr(MP, name)) if name in ("dps", "prec") else value)

    def workdps(self, digits: int) -> Any:
        """Compute with so many digits, or more."""
        return MP.workdps(max(digits, MP.dps))

    def workprec(self, bits: int) -> Any:
        """Compute with so many bits, or more."""
        return MP.workprec(max(bits, MP.prec))


PRECISE = _Precise()


def _of_mpmath(function: Any) -> Any:
    """Return the same function of mpmath, in the context of the kit."""
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", "")
    if not isinstance(owner, mpmath.MPContext | type(mpmath.fp)):
        owner, name = _named(function)
    return getattr(PRECISE, name, None) if name else None


def _named(function: Any) -> tuple[Any, str]:
    """Find what mpmath calls one of its functions that all have the name `f`."""
    if getattr(function, "__module__", "") != "mpmath.ctx_mp_python":
        return None, ""
    for owner in (mpmath.mp, *_contexts_of(function)):
        for name, held in vars(owner).items():
            if held is function:
                return owner, name
    return None, ""


def _contexts_of(function: Any) -> list[Any]:
    cells = getattr(function, "__closure__", None) or ()
    return [c.cell_contents for c in cells if isinstance(c.cell_contents, MPContext)]
