"""Fewer divisions: a processor does one in the time of thirty multiplications.

Rules divide by what the forward function divided by, several at once. Quotients of one divisor b
become products with r = 1 / b, and a step that mends the rounding: q = a r, then q + (a - q b) r.
(P. Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor", 1990.)
Where r or q leave the range of floats that is nan, and the lane is left to the careful way, as any
lane with a nan in its gradient. So this is for rules, and not for results. Of reciprocals of
numbers known to be neither large nor small, two are found by one division.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .schedule import NAME, in_order
from .symbols import DOUBLE
from .writer import Writer


def arranged(w: Writer) -> list[str]:
    """List a function's instructions as a processor likes them."""
    return in_order(w.lines, lambda piece: share(w, piece))


def share(w: Writer, piece: list[str]) -> list[str]:
    """Share divisions in a straight piece; what an instruction uses may come after it then.

    Parameters:
        w: has written it, and knows which quotients may be products.
        piece: instructions without branches.
    """
    made = {line.split(None, 1)[0]: i for i, line in enumerate(piece) if " = fdiv " in line}
    if len(made) < 2 or not w.has_fma:
        return piece
    lines = dict(_products(w, made))
    lines |= _pairs(w, piece, made)
    return [new for i, line in enumerate(piece) for new in lines.get(i, [line])]


def _products(w: Writer, made: dict[str, int]) -> Iterator[tuple[int, list[str]]]:
    by_divisor: dict[str, list[str]] = defaultdict(list)
    for name in made:
        if name in w.quotients:
            by_divisor[w.quotients[name][1]].append(name)
    for divisor, names in by_divisor.items():
        if len(names) > 1:
            inverse = w.name()
            division = f"  {inverse} = fdiv {w.type(DOUBLE)} {w.constant(DOUBLE, 1.0)}, {divisor}"
            yield made[names[0]], [division, *_mended(w, names[0], inverse)]
            yield from [(made[name], _mended(w, name, inverse)) for name in names[1:]]


def _mended(w: Writer, name: str, inverse: str) -> list[str]:
    """Write a quotient as a product that is mended."""
    a, b = w.quotients[name]
    kind = w.type(DOUBLE)
    w.declared[f"declare {kind} @llvm.fma.{w.suffix}({', '.join([kind] * 3)})"] = None
    fma = f"call {kind} @llvm.fma.{w.suffix}"
    return [
        f"  {name}.q = fmul {kind} {a}, {inverse}",
        f"  {name}.m = fneg {kind} {name}.q",
        f"  {name}.r = {fma}({kind} {name}.m, {kind} {b}, {kind} {a})",
        f"  {name} = {fma}({kind} {name}.r, {kind} {inverse}, {kind} {name}.q)",
    ]


def _pairs(w: Writer, piece: list[str], made: dict[str, int]) -> dict[int, list[str]]:
    """Find 1 / a and 1 / b as b / (a b) and a / (a b), where b does not depend on 1 / a."""
    lines: dict[int, list[str]] = {}
    left = [name for name in made if name in w.reciprocals]
    while len(left) > 1:
        one, *left = left
        behind = _behind(piece, made[one])
        other = next((x for x in left if w.reciprocals[x] not in behind), None)
        if other is not None:
            left.remove(other)
            a, b = w.reciprocals[one], w.reciprocals[other]
            kind = w.type(DOUBLE)
            lines[made[one]] = []
            lines[made[other]] = [
                f"  {one}.b = fmul {kind} {a}, {b}",
                f"  {one}.i = fdiv {kind} {w.constant(DOUBLE, 1.0)}, {one}.b",
                f"  {one} = fmul {kind} {one}.i, {b}",
                f"  {other} = fmul {kind} {one}.i, {a}",
            ]
    return lines


def _behind(piece: list[str], start: int) -> set[str]:
    """List what depends on an instruction."""
    found = {NAME.findall(piece[start])[0]}
    for line in piece[start + 1 :]:
        name, *used = NAME.findall(line)
        if not found.isdisjoint(used):
            found.add(name)
    return found
