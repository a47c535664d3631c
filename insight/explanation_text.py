"""An explanation in words: the shortest answer first, then the numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pluggrad.graph import Graph
from pluggrad.value import Value

from .path_summary import abridged
from .paths import MOST_COUNTED
from .record import older_values
from .value_text import Wording

if TYPE_CHECKING:
    from .paths import Between, Link, Path, Step

ANEW = "the output again to explain it as it is now"
LINES = 21  # of all paths together
MOST, FEWEST = 12, 3  # lines of one path
TINY, HUGE = 1e-6, 1e6  # gradients that ask for a reason
BLOCKS = 5  # places that are named where a gradient is blocked


def told(between: Between, paths: Sequence[Path], number: int, digits: int) -> str:
    """Return the whole answer."""
    lines = list(_Telling(between, paths, number, digits).lines())
    older = older_values(Graph(between.output))
    if older:
        lines += ["", f"{older}: this explains numbers of two times. Compute {ANEW}."]
    return "\n".join(lines)


class _Telling(Wording):
    def __init__(self, between: Between, paths: Sequence[Path], number: int, digits: int) -> None:
        super().__init__(between, digits)
        self.paths, self.number = paths, number
        self.x, self.y = self.name(between.wrt), self.name(between.output)

    def lines(self) -> Iterator[str]:
        between, g = self.between, self.between.gradient
        about = f"d({self.y})/d({self.x}) = {self.short(g)}"
        if between.start < 0:
            yield f"{about}: {self.y} was not computed from {self.x}."
            yield from self.detached()
        elif not between.wrt.requires_grad:
            yield f"{about}: {self.x} is a constant (requires_grad is False)."
        elif between.start == between.end:
            yield f"{about}: they are the same value."
        elif math.isnan(g):
            yield f"{about}: somewhere on the way a number stopped being a number."
            yield from self.origin()
        elif math.isinf(g):
            yield f"{about}: somewhere on the way a slope is infinite."
            yield from self.origin()
        elif g == 0:
            yield from self.zero(about)
        elif math.isnan(between.output.data):
            yield f"{about}, but {self.y} itself is nan, so it means nothing."
            yield from self.origin()
        else:
            times = "as much" if abs(g) == 1 else f"{self.short(abs(g))} times as much"
            moves = "grows" if g > 0 else "falls"
            yield f"{about}: if {self.x} grows a little, {self.y} {moves} {times}."
            yield from self.extreme()
            yield from self.sum()

    def extreme(self) -> Iterator[str]:
        """Explain what makes a gradient very small or very large."""
        if TINY <= abs(self.between.gradient) <= HUGE:
            return
        steps = self.paths[0].steps
        logs = [math.log(abs(step.local)) for step in steps]
        total = math.fsum(logs)
        shrinks = abs(self.between.gradient) < 1
        if (total < 0) != shrinks:
            return  # it is not one path that does it, but how many there are
        most = min(range(len(logs)), key=lambda i: logs[i] if shrinks else -logs[i])
        one = "It is" if self.number == 1 else "The largest path is"
        grows = "vanishingly small" if shrinks else "very large"
        if logs[most] / total > 0.5:
            step = steps[most]
            yield f"{one} {grows} because of one step, × {self.short(step.local)}:"
            yield f"     {self.formula(step.value)}"
        else:
            mean = math.exp(total / len(steps))
            yield (
                f"{one} {grows} because {len(steps):,} steps multiply it "
                f"by {self.short(mean)} each, on average."
            )

    # ----- Paths -----

    def sum(self) -> Iterator[str]:
        """Describe the largest contributions."""
        yield ""
        if self.number == 1:
            yield f"One path leads from {self.x} to {self.y}, and its local derivatives multiply:"
            yield ""
            yield from self.path(self.paths[0])
            return
        yield (
            f"{_counted(self.number)} paths lead from {self.x} to {self.y}, "
            "and their contributions add up:"
        )
        for place, path in enumerate(self.paths, 1):
            share = path.contribution / self.between.gradient
            percent = f" ({100 * share:.4g} %)" if math.isfinite(share) else ""
            if percent and abs(share) < 0.1:
                percent = f" ({100 * share:.1g} %)"
            yield ""
            yield f"{place}. contributes {self.short(path.contribution)}{percent}"
            yield from self.path(path)
        missing = self.number - len(self.paths)
        if missing > 0:
            rest = self.between.gradient - math.fsum(path.contribution for path in self.paths)
            others = "All others together add"
            if self.number < MOST_COUNTED:
                others = f"The other {_counted(missing)} paths together add"
            yield ""
            yield f"{'The other path adds' if missing == 1 else others} {self.short(rest)}."

    def path(self, path: Path) -> Iterator[str]:
        """Describe one path, a line for each step; the middle of a long one in one line."""
        yield f"     {self.x} = {self.short(self.between.wrt.data)}"
        lines = max(FEWEST, min(MOST, LINES // len(self.paths)))
        shown = [self.line(part) for part in abridged(path.steps, lines)]
        wide = max(len(factor) for factor, _ in shown)
        for factor, formula in shown:
            yield f"     {factor:<{max(wide, 11)}}    {formula}"

    def line(self, part: Step | tuple[float, int]) -> tuple[str, str]:
        """Return the factor of a step, or of several, and what it says."""
        if len(part) == 2:
            product, count = part
            return f"× {self.short(product)}", f"… {count:,} more steps …"
        return f"× {self.short(part.local)}", self.formula(part.value)

    # ----- Zero -----

    def zero(self, about: str) -> Iterator[str]:
        """Explain why a gradient is zero although there are paths."""
        blocks = self.blocks()
        passing = [path for path in self.paths if path.contribution]
        if passing:
            yield f"{about}: its contributions cancel."
            yield from self.sum_of_zero()
            return
        if blocks is None:
            yield f"{about}: no local derivative is 0, but their product is too small for a float."
            yield ""
            yield from self.path(self.paths[0])
            return
        told: dict[str, None] = {}
        for link in blocks:
            formula = self.formula(self.between.order[link.target])
            told[f"     {formula}\n       {self.reason(link)}"] = None
        where = "one place" if len(told) == 1 else f"{len(told):,} places"
        paths = "the only path" if self.number == 1 else f"each of {_counted(self.number)} paths"
        yield f"{about}: a local derivative of 0 blocks {paths}, at {where}:"
        yield ""
        yield from list(told)[:BLOCKS]
        if len(told) > BLOCKS:
            yield f"     … and {len(told) - BLOCKS:,} more places"

    def sum_of_zero(self) -> Iterator[str]:
        yield ""
        for path in self.paths:
            yield f"     {self.short(path.contribution)} through {self.through(path)}"
        missing = self.number - len(self.paths)
        if missing > 0:
            rest = -math.fsum(path.contribution for path in self.paths)
            yield f"     {self.short(rest)} through {_counted(missing)} more"

    def through(self, path: Path) -> str:
        if len(path.steps) == 1:
            (step,) = path.steps
            return f"operand {step.operand + 1} of {self.formula(step.value)}"
        names = [self.name(step.value) for step in path.steps[:-1]]
        if len(names) > 6:
            names = [*names[:3], "…", *names[-2:]]
        return ", ".join(names)

    def blocks(self) -> list[Link] | None:
        """Find the first zeros on the way from `wrt`; None where a way around all of them is."""
        open_ = {self.between.start}
        found = []
        for link in self.between.links:
            if link.source in open_:
                if link.local == 0:
                    found.append(link)
                else:
                    open_.add(link.target)
        return None if self.between.end in open_ else found

    def reason(self, link: Link) -> str:
        """Explain why a local derivative is 0, as far as the op's declaration tells."""
        node = self.between.order[link.target]
        op, operands = node.op, node.prev
        assert op is not None
        inner = self.name(operands[link.operand])
        if op.rules[link.operand] is None:
            return f"no gradient goes through {op.name} to {inner}: its author declared none"
        number = operands[link.operand].data
        if op.symbol == "*" and len(operands) == 2:
            other = operands[1 - link.operand]
            if other.data == 0:
                return f"the other factor, {self.described(other)}, is 0"
        kinks = op.kinks if not callable(op.kinks) else ()
        if len(operands) == 1 and kinks:
            kink = min(kinks, key=lambda at: abs(at - number))
            if number == kink:
                at = self.described(operands[0])
                return f"{op.name} has a kink at {at}, where its rule takes 0 as the slope"
            place = f"{'below' if number < kink else 'above'} its kink at {self.short(kink)}"
            return f"{op.name} is flat here: {self.described(operands[0])} is {place}"
        if len(operands) == 1:
            return f"the slope of {op.name} at {self.short(number)} is 0"
        return f"{self.name(node)} does not move when {inner} moves a little"

    def detached(self) -> Iterator[str]:
        """Point to a constant that looks like a detached copy."""
        wrt = self.between.wrt
        for node in self.between.order:
            same = node.data == wrt.data and node.op is None and not node.requires_grad
            if wrt.label and node.label == wrt.label and same:
                yield ""
                yield (
                    f"A constant of the same name and number was used ({self.id(node)}).\n"
                    "A copy by detach() or stop_gradient() cuts the gradient off."
                )
                return

    # ----- Nan and infinity -----

    def origin(self) -> Iterator[str]:
        """Explain where nan or infinity began: in the forward pass if it did, else going back."""
        between = self.between
        yield ""
        for node in between.order:
            if not math.isnan(node.data):
                continue
            if node.op is None:
                yield f"It began in the forward pass: {self.name(node)} itself is nan."
            else:
                yield "It began in the forward pass, where no operand was nan yet:"
                yield ""
                yield f"     {self.formula(node)}"
                yield from self.infinity(node)
            return
        wrong = (math.isnan, math.isinf) if math.isnan(between.gradient) else (math.isinf,)
        for test in wrong:
            for link in reversed(between.links):
                upstream = between.adjoints[link.target]
                if test(upstream) or not test(between.contribution(link, upstream)):
                    continue
                node = between.order[link.target]
                inner = node.prev[link.operand]
                yield "It began in the backward pass, where the forward pass was fine:"
                yield ""
                yield f"     {self.formula(node)}"
                yield (
                    f"       its slope for {self.name(inner)} is {self.short(link.local)}, "
                    f"times the gradient {self.short(upstream)} from above"
                )
                return
        yield "It began where contributions of opposite infinities met in a sum."

    def infinity(self, node: Value) -> Iterator[str]:
        """Explain where an infinite operand came from."""
        if not any(math.isinf(x.data) for x in node.prev):
            return
        first = next(x for x in self.between.order if math.isinf(x.data))
        if first.op is not None:
            yield f"     {self.formula(first)} was the first number to be infinite"


def _counted(number: int) -> str:
    return f"{number:,}" if number < MOST_COUNTED else f"More than {MOST_COUNTED:,}"
