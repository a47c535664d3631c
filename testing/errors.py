"""What the kit raises."""

from __future__ import annotations

from pluggrad import PluggradError


class ConformanceError(PluggradError, AssertionError):
    """An op or a renderer breaks the contract; one line says which, where, and how.

    Attributes:
        op: the op's name; "" for a renderer.
        renderer: the renderer's name; "" for an op.
        check: the name of the check that found it.
        operand: which operand, from 0; None where no single one is to blame.
        at: the operands at which it shows; None where it shows everywhere.
    """

    def __init__(
        self,
        text: str,
        *,
        op: str = "",
        renderer: str = "",
        check: str = "",
        operand: int | None = None,
        at: tuple[float, ...] | None = None,
    ) -> None:
        super().__init__(text)
        self.op = op
        self.renderer = renderer
        self.check = check
        self.operand = operand
        self.at = at


def text_of(cause: BaseException | None) -> str:
    """Return an exception's class and text."""
    return f"{type(cause).__name__}: {cause}"
