"""A function over rows with its parameters, for optimizers that step through batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pluggrad import CompileError

from ..capture.arguments import put_together
from ..warning import counted
from .axes import SHARED, merged
from .taken import Cursor, Given, as_array, shared_given

if TYPE_CHECKING:
    from .over import OverRows  # which makes it


class Fit:
    """What all rows share, as parameters in one array, and their gradients in another.

    The optimizers of `pluggrad.nn` take it as they take a program: `nn.Adam(model)`, and after
    each `model.step(...)` their own `step()`. A step that fails or is interrupted changes nothing.

    Parameters:
        rows: the function.
        shared: what all rows share, at first; it is copied.

    Attributes:
        parameters: all numbers that rows share, an array. Assign into it.
        gradients: those that the last step found.
        wrt: their places, as optimizers ask for them.
    """

    def __init__(self, rows: OverRows, shared: tuple[Any, ...]) -> None:
        import numpy as np

        if rows.reduce is None:
            raise CompileError("parameters are fitted to a sum: reduce= is 'sum' or 'mean'")
        expected = rows.in_axes.count(SHARED)
        if len(shared) != expected:
            raise CompileError(f"{rows!r} has {expected} shared arguments, not {len(shared)}")
        self._rows = rows
        self._shapes, self.parameters = shared_given(shared)
        self.gradients = np.zeros(len(self.parameters))
        self.wrt = range(len(self.parameters))

    def __repr__(self) -> str:
        return f"{repr(self._rows)[:-1]}, with {counted(len(self.parameters), 'parameter')}>"

    def __setattr__(self, name: str, thing: Any) -> None:
        """Write into the array of parameters, rather than put another one in its place."""
        if name == "shared" or (name in ("gradients", "wrt") and name in self.__dict__):
            raise CompileError(f"model.{name} is read only; assign into model.parameters")
        if name == "parameters" and name in self.__dict__:
            import numpy as np

            numbers = np.asarray(thing)
            if numbers.shape not in (self.parameters.shape, ()) or numbers.dtype.kind not in "biuf":
                raise CompileError(
                    f"this model has {len(self.parameters)} parameters; an array of the shape "
                    f"{numbers.shape} of {numbers.dtype} does not fit"
                )
            self.parameters[:] = numbers
        else:
            object.__setattr__(self, name, thing)

    @property
    def shared(self) -> Any:
        """What all rows share now, built as it was given; arrays are views of `parameters`."""
        numbers: Any = Cursor(self.parameters, copies=False)
        found = [put_together(x, numbers, as_array) for x in self._shapes]
        return found[0] if len(found) == 1 else tuple(found)

    def step(self, *rows: Any) -> float:
        """Compute the value for some rows, and `gradients`; return the value."""
        value, _, gradients = self._rows._computed(self._given(rows), backward=True)
        self.gradients[:] = gradients
        return float(value)

    def value(self, *rows: Any) -> float:
        """Compute the value for some rows."""
        return float(self._rows._computed(self._given(rows), backward=False)[0])

    def _given(self, rows: tuple[Any, ...]) -> Given:
        shared = self.shared if len(self._shapes) != 1 else (self.shared,)
        return self._rows._given(merged(self._rows.in_axes, shared, rows, repr(self._rows)))
