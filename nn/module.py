"""Module: what all layers and models have in common, which is their parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from reprlib import recursive_repr
from textwrap import indent
from typing import Any, Self

from pluggrad import Region, Value

from .state import fill, tree_of

# The region of the module whose `forward` is running: what it computes itself, between the modules
# in it, is its own.
_calling: ContextVar[tuple[str, ...]] = ContextVar("calling", default=())


class Module:
    """A part of a model: parameters, smaller Modules, and how to compute with them.

    Assign Values and Modules to attributes, or lists and dicts of them, and write `forward`.
    Everything else follows from the attributes: parameters and their names, what is saved, what
    is printed.

    Attributes:
        training: True until `eval()`; for modules that compute something else after training.

    >>> from pluggrad import Value
    >>> from pluggrad.nn import Module
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(-1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).data
    5.0
    >>> [name for name, _ in line.named_parameters()]
    ['slope', 'offset']
    >>> line.state_dict()
    {'slope': 2.0, 'offset': -1.0}
    """

    training = True
    _region: Region | None = None

    # ----- Computing -----

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Compute the outputs; subclasses define how."""
        raise NotImplementedError(f"{type(self).__name__} has no forward()")

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Compute, and let pictures know that this module did it (see `pluggrad.Region`)."""
        region, around = self.region, _calling.get()
        Region.begin(inputs, around)
        if named:
            Region.begin(named.values(), around)
        token = _calling.set(region)
        try:
            outputs = self.forward(*inputs, **named)
        finally:
            _calling.reset(token)
        region.end((outputs,))
        return outputs

    @property
    def region(self) -> Region:
        """The scope of what is computed here: the modules around this one, and its own name.

        The module that is called first is the outermost, and names all modules inside.
        """
        return self._region or self._settle((type(self).__name__,), set())

    def _settle(self, path: tuple[str, ...], seen: set[int]) -> Region:
        self._region = Region(path)
        seen.add(id(self))
        names: set[str] = set()
        for name, thing in _parts(self, ""):
            if isinstance(thing, Value):
                thing.scope = self._region
            elif id(thing) not in seen:
                attribute, _, number = name.partition(".")
                inner = f"{type(thing).__name__} {number}" if number else attribute
                inner = inner if inner not in names else name
                names.add(inner)
                thing._settle((*path, inner), seen)
        return self._region

    # ----- Parameters -----

    def parameters(self) -> list[Value]:
        """List the Values that training changes, each once, in the order of the attributes."""
        return [p for _, p in self.named_parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Return each parameter with its path: `layers.0.neurons.3.w.1`."""
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, x in _parts(module, path):
                if isinstance(x, Value) and x.requires_grad and id(x) not in seen:
                    seen.add(id(x))
                    yield name, x

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """Return this module, whose path is empty, and all modules inside, each once."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [("", self)]
        while stack:
            path, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module
                parts = list(_parts(module, path))
                stack += [(name, m) for name, m in reversed(parts) if isinstance(m, Module)]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0."""
        for p in self.parameters():
            p.grad = 0.0

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and in all modules inside; return the module itself."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set `training` to False here and in all modules inside; return the module itself."""
        return self.train(False)

    # ----- Saving -----

    def state_dict(self) -> dict[str, Any]:
        """Return the numbers of all Values, constants too, as nested lists by path, for JSON."""
        return {name: tree_of(x) for name, x in self._trees()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load the numbers that `state_dict` returned for a model of the same structure.

        Raises:
            StateError: naming everything that is missing, unexpected, of another shape or not a
                number. Nothing is changed then.
        """
        fill(dict(self._trees()), state, type(self).__name__)

    def _trees(self) -> Iterator[tuple[str, Any]]:
        """Return what is saved: attributes that hold Values; beside Modules, each Value alone."""
        seen: set[int] = set()  # what is shared is saved once
        for path, module in self.named_modules():
            for attribute, thing in vars(module).items():
                name = _joined(path, attribute)
                leaves = list(_leaves(thing, name))
                mixed = any(isinstance(x, Module) for _, x in leaves)
                for place, x in leaves if mixed else [(name, thing)] if leaves else []:
                    ids = {id(leaf) for _, leaf in _leaves(x, "")}
                    if not isinstance(x, Module) and not ids <= seen:
                        seen |= ids
                        yield place, x

    @recursive_repr()
    def __repr__(self) -> str:
        parts = [(name, part) for name, part in _parts(self, "") if isinstance(part, Module)]
        inner = "".join(f"\n{indent(f'{name}: {part!r}', '  ')}" for name, part in parts)
        return f"{type(self).__name__}({inner}\n)" if inner else f"{type(self).__name__}()"


def _parts(module: Module, path: str) -> Iterator[tuple[str, Any]]:
    """Return the Values and Modules in a module's attributes, with their paths."""
    for name, thing in vars(module).items():
        yield from _leaves(thing, _joined(path, name))


def _leaves(thing: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Value):
        if thing.op is None:  # not a result that was kept
            yield path, thing
    elif isinstance(thing, Module):
        yield path, thing
    elif isinstance(thing, list | tuple):
        for i, x in enumerate(thing):
            yield from _leaves(x, f"{path}.{i}")
    elif isinstance(thing, dict):
        for key, x in thing.items():
            yield from _leaves(x, f"{path}.{key}")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
