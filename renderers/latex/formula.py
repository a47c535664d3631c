"""Formulas in LaTeX: what an operation makes of the formulas of its operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

# How tightly a formula holds together; a looser one needs brackets inside a tighter one.
SUM, SIGN, PRODUCT, FRACTION, POWER, ATOM = range(6)


@dataclass(frozen=True)
class Formula:
    """A piece of LaTeX that can become a part of a larger one.

    Attributes:
        text: valid in math mode.
        binding: SUM to ATOM.
        depth: brackets, fractions and exponents inside each other.
        tall: whether brackets around it have to grow.
    """

    text: str
    binding: int = ATOM
    depth: int = 0
    tall: bool = False

    @classmethod
    def number(cls, text: str) -> Formula:
        """Write a number: `1e-09` as 1 times a power of ten."""
        text = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}.get(text, text)
        mantissa, e, exponent = text.partition("e")
        if e and exponent.lstrip("+-").isdigit():
            power = f"10^{{{int(exponent)}}}"
            bare = cls(power, POWER) if mantissa == "1" else None
            signed = SIGN if mantissa.startswith("-") else PRODUCT
            return bare or cls(rf"{mantissa} \cdot {power}", signed)
        return cls(text, SIGN if text.startswith("-") else ATOM)

    def held(self, binding: int) -> str:
        """Return the text, in brackets where it does not hold together tightly enough."""
        return self.text if self.binding >= binding else self.bracketed()

    def bracketed(self) -> str:
        """Return the text in brackets."""
        return rf"\left({self.text}\right)" if self.tall else f"({self.text})"

    @property
    def signed(self) -> bool:
        """Whether it begins with a minus sign."""
        return self.text.startswith("-")


def apply(name: str, symbol: str, operands: Sequence[Formula]) -> Formula:
    """Write an operation on operands, as people do where there is a custom, else as `name(a, b)`.

    >>> apply("mul", "*", [Formula("x"), Formula("a + b", SUM)]).text
    'x (a + b)'
    """
    write = _WRITERS.get((symbol, len(operands))) or _WRITERS.get((name, len(operands)))
    if not operands:
        return Formula(_named(name))
    return write(*operands) if write else _call(_FUNCTIONS.get(name) or _named(name), operands)


def escape_text(text: str) -> str:
    r"""Write any printable text inside `\text{...}`.

    >>> print(escape_text("50% of {x}"))
    50\% of \{x\}
    """
    return "".join(
        _IN_TEXT.get(mark, mark) if mark.isprintable() else rf"\textbackslash{{}}u{ord(mark):04x}"
        for mark in text
    )


# ----- Arithmetic -----


def _add(a: Formula, b: Formula) -> Formula:
    text = f"{a.text} - {b.text[1:].lstrip()}" if b.signed else f"{a.text} + {b.text}"
    return _made(text, SUM, 0, a, b)


def _sub(a: Formula, b: Formula) -> Formula:
    right = b.bracketed() if b.signed else b.held(SIGN)
    return _made(f"{a.text} - {right}", SUM, right != b.text, a, b)


def _mul(a: Formula, b: Formula) -> Formula:
    left = a.held(SIGN)
    right = b.bracketed() if b.signed else b.held(PRODUCT)
    between = r" \cdot " if right[0].isdigit() or _wordy(left) or _wordy(right) else " "
    inside = (left != a.text) or (right != b.text)
    return _made(left + between + right, SIGN if a.signed else PRODUCT, inside, a, b)


def _div(a: Formula, b: Formula) -> Formula:
    return _made(rf"\frac{{{a.text}}}{{{b.text}}}", FRACTION, 1, a, b, tall=True)


def _pow(a: Formula, b: Formula) -> Formula:
    return _made(f"{a.held(ATOM)}^{{{b.text}}}", POWER, 1, a, b)


def _neg(a: Formula) -> Formula:
    inner = a.bracketed() if a.signed else a.held(PRODUCT)
    return _made(f"-{inner}", SIGN, inner != a.text, a)


def _floordiv(a: Formula, b: Formula) -> Formula:
    return _wrapped(r"\left\lfloor ", r" \right\rfloor")(_div(a, b))


def _mod(a: Formula, b: Formula) -> Formula:
    return _made(rf"{a.held(PRODUCT)} \bmod {b.held(FRACTION)}", SIGN, 1, a, b)


# ----- Shapes -----


def _wrapped(before: str, after: str, binding: int = ATOM) -> Callable[..., Formula]:
    return lambda a: _made(before + a.text + after, binding, 1, a)


def _exp(a: Formula) -> Formula:
    return _call(r"\exp", [a]) if a.tall or len(a.text) > 40 else _pow(Formula("e"), a)


def _call(function: str, operands: Sequence[Formula]) -> Formula:
    inner = Formula(", ".join(a.text for a in operands), tall=any(a.tall for a in operands))
    return _made(function + inner.bracketed(), POWER, 1, *operands)


def _polygamma(n: Formula, x: Formula) -> Formula:
    called = _call(rf"\psi^{{({n.text})}}", [x])
    return _made(called.text, POWER, 0, called, n)


def _made(
    text: str, binding: int, deeper: int, *parts: Formula, tall: bool | None = None
) -> Formula:
    depth = deeper + max((part.depth for part in parts), default=0)
    return Formula(text, binding, depth, any(p.tall for p in parts) if tall is None else tall)


def _named(name: str) -> str:
    # Blanks count in a text only.
    return rf"\{'operatorname' if name.isidentifier() else 'text'}{{{escape_text(name)}}}"


def _wordy(text: str) -> bool:
    return r"\mathit" in text or r"\text" in text


_WRITERS: dict[tuple[str, int], Callable[..., Formula]] = {
    ("+", 2): _add,
    ("-", 2): _sub,
    ("*", 2): _mul,
    ("/", 2): _div,
    ("**", 2): _pow,
    ("//", 2): _floordiv,
    ("%", 2): _mod,
    ("-", 1): _neg,
    ("abs", 1): _wrapped(r"\left|", r"\right|"),
    ("floor", 1): _wrapped(r"\left\lfloor ", r" \right\rfloor"),
    ("ceil", 1): _wrapped(r"\left\lceil ", r" \right\rceil"),
    ("sqrt", 1): _wrapped(r"\sqrt{", "}"),
    ("cbrt", 1): _wrapped(r"\sqrt[3]{", "}"),
    ("exp", 1): _exp,
    ("polygamma", 2): _polygamma,
    ("fma", 3): lambda a, b, c: _add(_mul(a, b), c),
}
_FUNCTIONS = {
    **{f: rf"\{f}" for f in "sin cos tan sinh cosh tanh max min".split()},
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "log": r"\ln",
    "log2": r"\log_{2}",
    "log10": r"\log_{10}",
    "sigmoid": r"\sigma",
    "maximum": r"\max",
    "minimum": r"\min",
    "relu": r"\operatorname{ReLU}",
    "gamma": r"\Gamma",
    "lgamma": r"\ln \Gamma",
    "digamma": r"\psi",
    "beta": r"\mathrm{B}",
    "betaln": r"\ln \mathrm{B}",
    "ndtr": r"\Phi",
    "ndtri": r"\Phi^{-1}",
    "log_ndtr": r"\ln \Phi",
    "erfinv": r"\operatorname{erf}^{-1}",
}
_IN_TEXT = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textquoteleft{}",
    **{mark: f"\\{mark}" for mark in "{}$&#_%"},
}
