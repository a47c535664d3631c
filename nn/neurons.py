"""Neuron, Layer and MLP, as micrograd has them: the same calls give the same weights."""

from __future__ import annotations

import random
from collections.abc import Sequence
from operator import methodcaller
from typing import Any, Never

from pluggrad import Value, plugins
from pluggrad.errors import quoted
from pluggrad.hints.calls import explained

from .hyperparameters import count_of
from .initial import generator
from .layers import check_length
from .module import Module


class Neuron(Module):
    """A weighted sum of the inputs plus a bias, through an activation function.

    Parameters:
        nin: the number of inputs.
        nonlin: False omits the activation function.
        activation: the name of an op of one operand.
        rng: the random generator that draws weights, uniform(-1, 1); by default Python's own.

    Raises:
        TypeError: when it is called with another number of inputs.

    >>> from pluggrad.nn import Neuron
    >>> neuron = Neuron(2)
    >>> neuron, len(neuron.parameters())
    (ReLUNeuron(2), 3)
    """

    @explained
    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: str = "relu",
        rng: random.Random | None = None,
    ) -> None:
        nin = count_of("nin= of Neuron", nin, least=0)
        draw = generator(rng).uniform
        self.w = [Value(draw(-1, 1), f"w{i}") for i in range(nin)]
        self.b = Value(0.0, "b")
        self.nonlin = nonlin
        self.activation = plugins.op(activation).name  # an unknown name is an error here
        self._activate = methodcaller(activation)

    def forward(self, x: Sequence[Any]) -> Any:
        """Compute from a sequence of `nin` numbers or Values."""
        try:
            act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
            return self._activate(act) if self.nonlin else act
        except (ValueError, TypeError):
            check_length(self, x, len(self.w))
            raise
        except AttributeError:  # of an array
            raise TypeError(
                f"{self!r} takes a vector of numbers, not of {type(x[0]).__name__}: "
                "[neuron(x) for x in rows]"
            ) from None

    def __repr__(self) -> str:
        kind = {"relu": "ReLU"}.get(self.activation, self.activation.capitalize())
        return f"{kind if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """Neurons side by side, all with the same inputs.

    Parameters:
        nin: the number of inputs.
        nout: the number of neurons.
        options: those of `Neuron`.

    >>> from pluggrad.nn import Layer
    >>> layer = Layer(2, 3, activation="tanh")
    >>> len(layer([1.0, -1.0])), len(layer.parameters())
    (3, 9)
    """

    @explained
    def __init__(self, nin: int, nout: int, **options: Any) -> None:
        nout = count_of("nout= of Layer", nout)
        self.neurons = [Neuron(nin, **options) for _ in range(nout)]

    def forward(self, x: Sequence[Any]) -> Any:
        """Compute a list of `nout` Values, or a single Value for one neuron."""
        out = []
        for neuron in self.neurons:
            y = neuron.forward(x)
            neuron.region.claim(y)  # quicker than neuron(x), which would look at every input again
            out.append(y)
        return out[0] if len(out) == 1 else out

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """Layers one after another: a multi-layer perceptron.

    Parameters:
        nin: the number of inputs.
        nouts: the number of neurons in each layer.
        linear_output: whether the last layer has no activation function.
        options: those of `Neuron`, except `nonlin`.

    >>> import random
    >>> from pluggrad.nn import MLP
    >>> model = MLP(3, [4, 4, 1], rng=random.Random(0))
    >>> len(model.parameters())
    41
    >>> round(model([2.0, 3.0, -1.0]).data, 4)
    4.7647
    """

    @explained
    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        *more: Never,
        linear_output: bool = True,
        **options: Any,
    ) -> None:
        if more or not isinstance(nouts, Sequence):
            listed = ", ".join(map(str, [nouts, *more]))
            raise TypeError(
                f"nouts= of MLP is a list of sizes, not {quoted(nouts)}: "
                f"write MLP({nin}, [{listed}])"
            )
        sizes = [nin, *nouts]
        last = len(nouts) - 1 if linear_output else len(nouts)
        self.layers = [
            Layer(sizes[i], sizes[i + 1], nonlin=i != last, **options) for i in range(len(nouts))
        ]

    def forward(self, x: Sequence[Any]) -> Any:
        """Compute the outputs of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"
