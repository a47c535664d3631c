"""Five things that go wrong first, each as a page on which it can be seen and tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pluggrad import Value, explain, render
from pluggrad.ops import where


class Mistake(NamedTuple):
    """One thing that goes wrong.

    Attributes:
        title: what it is called.
        about: what is to be seen.
        attempt: what to try on the page.
        cure: what to write instead.
        make: computes it; returns the output, and what is printed.
        moment: of the page, as its address has it; "" as it opens.
    """

    title: str
    about: str
    attempt: str
    cure: str
    make: Callable[[], tuple[Value, str]]
    moment: str

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"mistake-{self.title.split()[-1].lower()}"

    @property
    def link(self) -> str:
        """Write the address of its page."""
        return f"{self.name}.html#{self.moment}".rstrip("#")

    @property
    def page(self) -> str:
        """Draw its page."""
        about = "\n".join([self.about, self.attempt, self.cure])
        return str(render(self.make()[0], "html", title=self.title, about=about, live=True))


def files() -> dict[str, str]:
    """Return the pages: names, and texts."""
    return {f"pages/{mistake.name}.html": mistake.page for mistake in MISTAKES}


def forgotten_zero_grad() -> tuple[Value, str]:
    """Take a second step of training on top of the first one's gradients."""
    w = Value(3.0, label="w")
    for target in (1.0, 2.0):
        loss = (w - target) ** 2
        loss.label = "loss"
        loss.backward()
    return loss, render(loss, "text")


def backward_twice() -> tuple[Value, str]:
    """Run the backward pass of one output two times."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    out = a * b
    out.label = "out"
    out.backward()
    out.backward()
    return out, render(out, "text")


def dead_relu() -> tuple[Value, str]:
    """Push a neuron to where its activation is flat."""
    x, w, b = Value(1.0, label="x"), Value(0.5, label="w"), Value(-2.0, label="b")
    out = (x * w + b).relu() * 3.0
    out.label = "out"
    out.backward()
    return out, str(explain(out, w))


def exploding_chain() -> tuple[Value, str]:
    """Multiply by the same number again and again."""
    x, w = Value(1.0, label="x"), Value(8.0, label="w")
    state = x
    for _ in range(9):
        state = state * w
    state.label = "state"
    state.backward()
    return state, str(explain(state, x))


def masked_branch() -> tuple[Value, str]:
    """Choose a branch that is fine beside one that is not."""
    x = Value(0.0, label="x")
    out = where(x > 0, x.sqrt(), x * 2.0)
    out.label = "out"
    out.backward()
    return out, ""


MISTAKES = (
    Mistake(
        "A forgotten zero_grad",
        "The gradient of the second loss lands on top of the first one's: `w` held 4.0 before the "
        "pass, the pass adds 2.0, and 6.0 is the slope of neither.",
        "Choose `w` and press Nudge: the measured slope is 2.0.",
        "Call `optimizer.zero_grad()` before each `backward()`.",
        forgotten_zero_grad,
        "",
    ),
    Mistake(
        "Calling backward twice",
        "Leaves add up, so each has twice its gradient, and says what it held before.",
        "Choose `a` and press Nudge: the measured slope is half of what `grad` says.",
        "Call `backward()` once for each loss, or set gradients to 0 in between.",
        backward_twice,
        "",
    ),
    Mistake(
        "A dead relu",
        "`relu` is flat where its operand is below 0, so every gradient below it is 0, and no step "
        "of descent changes anything.",
        "Choose `b` and press One step of descent: nothing moves. Then move `b` up with the slider "
        "until `relu` is above 0: gradients come back.",
        "Begin with smaller numbers, lower the learning rate, or use `leaky_relu`.",
        dead_relu,
        "",
    ),
    Mistake(
        "An exploding chain",
        "Each step multiplies the gradient by 8, and `explain` says by how much on average.",
        "Choose `w` and move it to 1.0: each step keeps the gradient as it is. Below, it vanishes.",
        "Normalise, clip gradients (`nn.clip_grad_norm_`), or begin with factors near 1.",
        exploding_chain,
        "heat=1",
    ),
    Mistake(
        "Nan from a masked branch",
        "In engines that multiply 0 by the infinite slope of `sqrt` at 0, the gradient is nan. "
        "Here a gradient of 0 sends 0 on, and `x` gets the 2 of the branch that was taken.",
        "Choose `x` and move it below 0: `sqrt` has no value there, but the branch that is taken "
        "has one, and so has its gradient.",
        "Elsewhere, choose first what goes into `sqrt`, then take its root.",
        masked_branch,
        "",
    ),
)
