"""Sequential: modules one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pluggrad.errors import quoted

from .module import Module


class Sequential(Module):
    """Modules, or any functions, each of which takes what the one before gave.

    Parameters:
        modules: in the order in which they compute.

    Raises:
        TypeError: for what cannot be called.

    >>> import random
    >>> from pluggrad.nn import Linear, Sequential, Tanh
    >>> rng = random.Random(0)
    >>> model = Sequential(Linear(2, 8, rng=rng), Tanh(), Linear(8, 1, rng=rng))
    >>> len(model), len(model.parameters()), len(model([1.0, 2.0]))
    (3, 33, 1)
    """

    def __init__(self, *modules: Callable[[Any], Any]) -> None:
        for i, module in enumerate(modules):
            if not callable(module):
                raise TypeError(f"module {i} of Sequential is {quoted(module)}, which has no call")
        self.modules = list(modules)

    def forward(self, x: Any) -> Any:
        """Compute what the last module gives."""
        for module in self.modules:
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self.modules)

    def __iter__(self) -> Iterator[Callable[[Any], Any]]:
        return iter(self.modules)

    def __getitem__(self, index: int) -> Callable[[Any], Any]:
        return self.modules[index]
