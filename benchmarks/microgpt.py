"""The microgpt workload: a one-layer GPT on scalars, for every engine with micrograd's interface.

Vocabulary of 27 (a to z, and one delimiter), 16 channels, 4 heads, a context of 16; rmsnorm, relu
MLP, no biases, a separate output head; 4,192 parameters. The loss of one name is the mean of
-log p(next letter); Adam with a learning rate that falls linearly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

VOCABULARY, CHANNELS, HEADS, CONTEXT = 27, 16, 4, 16
WIDTH = CHANNELS // HEADS
RATE, BETA1, BETA2, EPS, STEPS = 0.01, 0.85, 0.99, 1e-8, 1000
NAMES = tuple(
    """emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily elizabeth
    mila ella avery sofia camila aria scarlett victoria madison luna grace chloe penelope layla
    riley zoey nora lily eleanor hannah lillian addison aubrey ellie stella natalie zoe leah hazel
    violet aurora savannah audrey brooklyn bella claire skylar lucy paisley everly anna caroline
    nova genesis emilia kennedy samantha maya willow kinsley naomi aaliyah elena sarah ariana
    allison gabriella alice madelyn cora ruby eva serenity autumn adeline hailey gianna""".split()
)


class MicroGPT:
    """The model.

    Parameters:
        value: makes a scalar of the engine from a float.
        log: the engine's logarithm.
        exp: the engine's exponential.
        seed: of the weights.
    """

    def __init__(
        self,
        value: Callable[[float], Any],
        log: Callable[[Any], Any],
        exp: Callable[[Any], Any],
        seed: int = 42,
    ) -> None:
        rng = random.Random(seed)
        self.log, self.exp = log, exp

        def matrix(rows: int, columns: int) -> list[list[Any]]:
            return [[value(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        self.tokens = matrix(VOCABULARY, CHANNELS)
        self.positions = matrix(CONTEXT, CHANNELS)
        self.head = matrix(VOCABULARY, CHANNELS)
        self.query = matrix(CHANNELS, CHANNELS)
        self.key = matrix(CHANNELS, CHANNELS)
        self.value = matrix(CHANNELS, CHANNELS)
        self.out = matrix(CHANNELS, CHANNELS)
        self.up = matrix(4 * CHANNELS, CHANNELS)
        self.down = matrix(CHANNELS, 4 * CHANNELS)
        matrices = [self.tokens, self.positions, self.head, self.query, self.key, self.value,
                    self.out, self.up, self.down]  # fmt: skip
        self.parameters = [p for m in matrices for row in m for p in row]
        self.means = [0.0] * len(self.parameters)
        self.squares = [0.0] * len(self.parameters)

    def softmax(self, logits: list[Any]) -> list[Any]:
        """Return probabilities; the largest logit is subtracted as a plain number."""
        largest = max(x.data for x in logits)
        exps = [self.exp(x - largest) for x in logits]
        total = sum(exps)
        return [e / total for e in exps]

    def relu(self, x: Any) -> Any:
        """Return x where it is positive, else 0."""
        return x.relu()

    def loss(self, name: str) -> Any:
        """Return the mean loss over the letters of one name."""
        letters = spelled(name)
        rows = [self.tokens[letter] for letter in letters[:-1]]
        losses = [
            -self.log(probabilities[letter])
            for probabilities, letter in zip(self.probabilities(rows), letters[1:], strict=True)
        ]
        return (1 / len(losses)) * sum(losses)

    def probabilities(self, rows: list[list[Any]]) -> Iterator[list[Any]]:
        """Return for each position, from the rows of its tokens, the probabilities of the next."""
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        for row, place in zip(rows, self.positions, strict=False):
            x = rmsnorm([a + b for a, b in zip(row, place, strict=True)])
            before = x
            x = rmsnorm(x)
            query = linear(x, self.query)
            keys.append(linear(x, self.key))
            values.append(linear(x, self.value))
            attended: list[Any] = []
            for h in range(0, CHANNELS, WIDTH):
                scores = [
                    sum(query[h + j] * k[h + j] for j in range(WIDTH)) / WIDTH**0.5 for k in keys
                ]
                weights = self.softmax(scores)
                attended += [
                    sum(w * v[h + j] for w, v in zip(weights, values, strict=True))
                    for j in range(WIDTH)
                ]
            x = [a + b for a, b in zip(linear(attended, self.out), before, strict=True)]
            before = x
            x = [self.relu(a) for a in linear(rmsnorm(x), self.up)]
            x = [a + b for a, b in zip(linear(x, self.down), before, strict=True)]
            yield self.softmax(linear(x, self.head))

    def update(self, k: int) -> None:
        """Take Adam's step number `k` with the gradients that are there, and reset them."""
        rate = RATE * (1 - k / STEPS)
        for i, p in enumerate(self.parameters):
            self.means[i] = BETA1 * self.means[i] + (1 - BETA1) * p.grad
            self.squares[i] = BETA2 * self.squares[i] + (1 - BETA2) * p.grad**2
            mean = self.means[i] / (1 - BETA1 ** (k + 1))
            square = self.squares[i] / (1 - BETA2 ** (k + 1))
            p.data -= rate * mean / (square**0.5 + EPS)
            p.grad = 0.0


def spelled(name: str) -> list[int]:
    """Return a name's letters as numbers, with a delimiter before and after; at most a context."""
    return [26, *(ord(letter) - ord("a") for letter in name), 26][: CONTEXT + 1]


def linear(x: list[Any], weights: list[list[Any]]) -> list[Any]:
    """Multiply a matrix and a vector."""
    return [sum(w * a for w, a in zip(row, x, strict=True)) for row in weights]


def rmsnorm(x: list[Any]) -> list[Any]:
    """Scale a vector to a root mean square of 1."""
    scale = (sum(a * a for a in x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]
