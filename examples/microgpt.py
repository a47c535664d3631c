"""A GPT that learns names letter by letter, on scalars, in compiled code.

    python examples/microgpt.py [--short] [--data names.txt]

The design is that of microgpt: one layer, 16 channels, 4 heads, a context of 16 letters, 4,192
parameters; one name a step, Adam with a learning rate that falls to 0 in 1,000 steps. At the end it
makes up names. `--data` is a file with a name in each line, of the letters a to z; without it,
names.txt beside this file is used.

The graph is recorded once, for names of any length: which letter stands where, which one comes
next, and how much that counts are inputs of the program, a 1 among zeros.
"""

from __future__ import annotations

import argparse
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

from charts import lines
from pluggrad import Value, compile
from pluggrad.nn import Adam, Attention, Embedding, Linear, Module, RMSNorm, cross_entropy, gauss
from pluggrad.nn import linear as falling

from progress import progress

CHANNELS, HEADS, CONTEXT, STEPS = 16, 4, 16, 1000
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
END = len(ALPHABET)  # the token before and after each name
VOCABULARY = END + 1


class GPT(Module):
    """Tokens in, a score for each possible next token out."""

    def __init__(self, rng: random.Random) -> None:
        small: dict[str, Any] = {"initial": gauss(0.08), "rng": rng}
        self.tokens = Embedding(VOCABULARY, CHANNELS, **small)
        self.positions = Embedding(CONTEXT, CHANNELS, **small)
        self.head = Linear(CHANNELS, VOCABULARY, bias=False, **small)
        self.attention = Attention(CHANNELS, HEADS, **small)
        self.up = Linear(CHANNELS, 4 * CHANNELS, bias=False, **small)
        self.down = Linear(4 * CHANNELS, CHANNELS, bias=False, **small)
        self.norms = [RMSNorm(CHANNELS, scale=False) for _ in range(3)]

    def forward(self, tokens: list[Any]) -> list[list[Any]]:
        first, second, third = self.norms
        xs = [first(added(self.tokens(token), self.positions(i))) for i, token in enumerate(tokens)]
        attended = self.attention([second(x) for x in xs])
        xs = [added(a, x) for a, x in zip(attended, xs, strict=True)]
        hidden = [[a.relu() for a in self.up(third(x))] for x in xs]
        xs = [added(self.down(h), x) for h, x in zip(hidden, xs, strict=True)]
        return [self.head(x) for x in xs]


def added(a: list[Any], b: list[Any]) -> list[Any]:
    return [x + y for x, y in zip(a, b, strict=True)]


class Trainer:
    """The loss of one name as a compiled program, and Adam on its parameters."""

    def __init__(self, model: GPT, length: int, steps: int) -> None:
        self.length = min(CONTEXT, length)
        given, wanted = table(self.length), table(self.length)
        logits = model(given)
        # Each row of `wanted` has 1 / count at the next letter, and zeros behind the name's end.
        loss = cross_entropy(logits, wanted) * len(logits)
        inputs = [x for rows in (given, wanted) for row in rows for x in row]
        self.program = compile(loss, inputs=inputs)
        self.optimizer = Adam(self.program, lr=falling(0.01, 0.0, steps), betas=(0.85, 0.99))
        self.scores = compile([x for row in logits for x in row], inputs=inputs[: len(inputs) // 2])

    def step(self, name: str) -> float:
        """Learn from one name; return the loss before."""
        letters = spelled(name)[: self.length + 1]
        given, wanted = self.shaped(self.program.inputs[len(self.program.parameters) :])
        given[:], wanted[:] = 0.0, 0.0
        for i, (letter, following) in enumerate(pairwise(letters)):
            given[i, letter] = 1.0
            wanted[i, following] = 1.0 / (len(letters) - 1)
        self.program.step()
        self.optimizer.step()
        return float(self.program.results[0])

    def sample(self, rng: random.Random, temperature: float = 0.5) -> str:
        """Make up a name, one letter after another."""
        import numpy as np

        self.optimizer.write()
        self.scores.read()
        (given,) = self.shaped(self.scores.inputs[len(self.scores.parameters) :])
        given[:] = 0.0
        letter, name = END, ""
        for i in range(self.length):
            given[i, letter] = 1.0
            self.scores.forward()
            row = self.scores.results.reshape(self.length, VOCABULARY)[i]
            weights = np.exp((row - row.max()) / temperature)
            (letter,) = rng.choices(range(VOCABULARY), weights.tolist())
            if letter == END:
                break
            name += ALPHABET[letter]
        return name

    def shaped(self, inputs: Any) -> Any:
        return inputs.reshape(-1, self.length, VOCABULARY)


def table(length: int) -> list[list[Value]]:
    """Make inputs, a row for each position and a column for each token."""
    return [[Value(0.0, requires_grad=False) for _ in range(VOCABULARY)] for _ in range(length)]


def spelled(name: str) -> list[int]:
    """Return a name's tokens, with the delimiter at both ends."""
    return [END, *map(ALPHABET.index, name), END]


def main() -> None:
    """Train, and make up names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).with_name("names.txt"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--short", action="store_true", help="30 steps, short names only")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    names = [name.strip().lower() for name in options.data.read_text().split()]
    if options.short:
        names, options.steps = [name for name in names if len(name) < 5], 30
    rng = random.Random(options.seed)
    rng.shuffle(names)

    model = GPT(rng)
    trainer = Trainer(model, max(map(len, names)) + 1, options.steps)
    print(f"{len(names)} names, {len(model.parameters()):,} parameters, "
          f"{len(trainer.program):,} nodes a step")  # fmt: skip
    losses = [trainer.step(names[k % len(names)]) for k in progress(options.steps, "training")]
    every = max(1, options.steps // 10)
    means = [
        (k + every, sum(losses[k : k + every]) / every)
        for k in range(0, options.steps - every + 1, every)
    ]
    print("steps    mean loss")
    for k, loss in means:
        print(f"{k:5}    {loss:.4f}  {'#' * round(10 * loss)}")
    lines({"one name*": list(enumerate(losses)), "mean": means}, "microgpt.svg", "Loss by step")
    known = set(names)
    made = [trainer.sample(rng) for _ in range(20)]
    print(
        "\nmade up:", ", ".join(name if name not in known else f"{name} (known)" for name in made)
    )
    print("drawn: microgpt.svg")


if __name__ == "__main__":
    main()
