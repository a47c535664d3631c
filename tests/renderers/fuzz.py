"""Graphs with labels, scopes and numbers of any kind."""

import random
import sys

from hypothesis import strategies as st
from pluggrad import Value, scope

from .labels import NASTY

# Every character there is, lone surrogates included.
any_text = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(NASTY)
numbers = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def graphs(draw: st.DrawFn) -> Value:
    """Compose a few values at random, some of them used twice, some never given a gradient."""
    values = [
        Value(draw(numbers), label=draw(any_text), requires_grad=draw(st.booleans()))
        for _ in range(draw(st.integers(1, 4)))
    ]
    for _ in range(draw(st.integers(0, 6))):
        a, b = draw(st.sampled_from(values)), draw(st.sampled_from(values))
        with scope(draw(any_text)):
            made = draw(
                st.sampled_from([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a.tanh()])
            )(a, b)
        made.label = draw(any_text)
        values.append(made)
    if values[-1].requires_grad and draw(st.booleans()):
        values[-1].backward()
    return values[-1]


def random_labels(count: int) -> list[str]:
    """Return labels of random characters, half of them from those that mean something somewhere."""
    rng = random.Random(5)
    special = "<>&\"'`\\/{}[]()|#;:$%^_~*@!?=+-,. \n\t\r\x00\x1b\u2028\u202e\ud800éü中🎉"
    return [
        "".join(
            rng.choice(special) if rng.random() < 0.5 else chr(rng.randrange(sys.maxunicode + 1))
            for _ in range(rng.randint(1, 12))
        )
        for _ in range(count)
    ]
