"""Handing a ufunc to guests: one way after the other, until a guest takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from ..capture.guests import advice, is_lazy, named, refuse_no_numbers

if TYPE_CHECKING:
    from .protocol import Ufunc


class SeveralOutputsError(CompileError):
    """A guest takes functions with one output only."""


class Handing:
    """One call of a ufunc whose arguments have guests among them.

    Parameters:
        ufunc: what is handed over.
        guests: one of each type, in the order in which they are asked.
        inputs: the arguments.
        outs: arrays to write into, one for each output, or none.
    """

    def __init__(
        self, ufunc: Ufunc, guests: Sequence[Any], inputs: Sequence[Any], outs: Sequence[Any]
    ) -> None:
        self.ufunc = ufunc.elementwise()
        self.guests = guests
        self.inputs = inputs
        self.outs = outs
        self.causes: list[Exception] = []

    def results(self) -> list[Any]:
        """Return the outputs that a guest has made of it.

        Raises:
            CompileError: when all refuse, or one holds no numbers.
        """
        for given in self.inputs:
            refuse_no_numbers(given)
        if self.ufunc.nout == 1:
            found = self._asked(self.ufunc, self.outs, **self._dtype(self.ufunc))
        else:
            self.ufunc.log.kept = []  # some ask for each output apart, with the same inputs
            try:
                found = self._several()
            finally:
                self.ufunc.log.kept = None
        if found is None:
            raise self._refusal() from (self.causes[0] if self.causes else None)
        return found

    def _several(self) -> list[Any] | None:
        found = self._asked(self.ufunc, self.outs)
        if found is None and not self.causes and not self.outs:
            # What Dask calls generalised: the only kind that it takes with several outputs.
            kinds = [bool if kind == "?" else float for kind in self.ufunc.kinds]
            general = self.ufunc.generalised()
            found = self._asked(general, (), output_dtypes=kinds, allow_rechunk=True)
        return self._one_by_one() if found is None else found

    def _one_by_one(self) -> list[Any] | None:
        found = []
        for i in range(self.ufunc.nout):
            single = self.ufunc.single(i)
            before = single.log.calls
            answer = self._asked(single, self.outs[i : i + 1], **self._dtype(single))
            if answer is None or single.log.calls == before or is_lazy(answer[0]):
                return None  # what is computed later would be computed anew for each
            found += answer
        return found

    def _asked(self, ufunc: Ufunc, outs: Sequence[Any], **options: Any) -> list[Any] | None:
        if outs:
            options["out"] = tuple(outs)
        for guest in self.guests:
            protocol = type(guest).__array_ufunc__
            if protocol is None:
                continue
            before = ufunc.log.calls
            try:
                answer = protocol(guest, ufunc, "__call__", *self.inputs, **options)
            except Exception as cause:
                if ufunc.log.calls > before and self.ufunc.nout == 1:
                    raise  # from inside the function
                self.causes.append(cause)
                continue
            if answer is not NotImplemented:
                return self._checked(ufunc, guest, answer, outs)
        return None

    def _checked(
        self, ufunc: Ufunc, guest: Any, answer: Any, outs: Sequence[Any]
    ) -> list[Any] | None:
        if not isinstance(answer, tuple | list):
            answer = (answer,)
        if len(answer) == ufunc.nout:
            written = outs or [None] * len(answer)
            return [x if out is None else out for x, out in zip(answer, written, strict=True)]
        self.causes.append(
            TypeError(f"{type(guest).__name__} answered with {len(answer)} of {ufunc.nout} outputs")
        )
        return None

    def _dtype(self, ufunc: Ufunc) -> dict[str, Any]:
        # So that nobody finds it out by a call with numbers of its own.
        return {"dtype": float} if ufunc.kinds == ["d"] else {}

    def _refusal(self) -> Exception:
        outputs = self.ufunc.nout
        kind = CompileError if outputs == 1 else SeveralOutputsError
        known = "" if outputs == 1 else f" with {outputs} outputs"
        why = f" ({' '.join(str(self.causes[0]).split()):.150})" if self.causes else ""
        guest = self.guests[0]
        return kind(
            f"{named(guest)}: its type takes no functions{known} but those that it knows, and so "
            f"not {self.ufunc.compiled!r}{why}. "
            + ("Leave out= away and assign the results" if self.outs else advice(guest))
        )
