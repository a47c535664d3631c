"""Names in formulas: labels as people write them in maths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ..labels import one_line
from .formula import ATOM, POWER, Formula, escape_text

LABEL = 40  # characters of a label that are shown
GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)
_INDEXED = re.compile(r"([A-Za-z]+)_?(\d*)|([A-Za-z]+)_([A-Za-z]\w*)", re.ASCII)


class Names:
    """The names in one formula: equal labels of different values are told apart.

    Parameters:
        labels: all labels of the graph, so that made-up names keep clear of them.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._used: Counter[str] = Counter()
        self._labels = {written(label) for label in set(labels)}
        self._fresh = 0

    def of(self, label: str) -> Formula:
        """Name one value by its label."""
        text = written(label)
        self._used[text] += 1
        time = self._used[text]
        return Formula(text) if time == 1 else Formula(f"{text}^{{({time})}}", POWER)

    def fresh(self) -> Formula:
        """Name one value that has no label: t with the next index."""
        while True:
            self._fresh += 1
            text = f"t_{{{self._fresh}}}"
            if text not in self._labels:
                return Formula(text, ATOM)


def written(label: str) -> str:
    r"""Write a label in LaTeX.

    >>> print(written("x1"), written("alpha"), written("loss"), written("w_in"), written("50 %"))
    x_{1} \alpha \mathit{loss} w_{\mathrm{in}} \text{50 \%}
    """
    found = _INDEXED.fullmatch(label) if len(label) <= LABEL else None
    if found is None:
        return rf"\text{{{escape_text(one_line(label, LABEL))}}}"
    letters, digits, stem, index = found.groups()
    if stem is not None:
        return rf"{_letters(stem)}_{{\mathrm{{{escape_text(index)}}}}}"
    return f"{_letters(letters)}_{{{digits}}}" if digits else _letters(letters)


def _letters(text: str) -> str:
    if text in GREEK:
        return f"\\{text}"
    return text if len(text) == 1 else rf"\mathit{{{text}}}"
