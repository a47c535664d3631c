"""`pluggrad step MODULE:OBJECT`: go through a computation in the terminal, step by step."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from pluggrad import Graph
from pluggrad.insight.steps import Step, steps

from .table import shown
from .target import load

HELP = """\
n  the next step (Enter again)     b  one step back
c  on to the end                   f  back to the first step
g  to where backprop begins        u NAME  until a value is computed, or its gradient complete
x  until nan or infinity           p NAME  print a value as it is
h  this list                       q  leave"""


class Walk:
    """Where one is in the list of steps, and what the keys do.

    Parameters:
        graph: the computation.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps = steps(graph)
        self.now = 0

    def here(self) -> str:
        """Tell the step that was taken last."""
        if not self.now:
            back = sum(step.kind == "backward" for step in self.steps)
            then = f", then {back:,} contributions" if back else ""
            results = sum(step.kind == "forward" for step in self.steps)
            return f"{results:,} results{then}. n takes the next step, h lists the keys."
        return f"{self.now}/{len(self.steps)}  {self.steps[self.now - 1].text}"

    def obey(self, line: str) -> str:
        """Do what a line says; return what to print."""
        key, _, name = line.strip().partition(" ")
        if key == "p":
            return self._told(name)
        if key == "h":
            return HELP
        moves: dict[str, Callable[[], int | None]] = {
            "": lambda: self.now + 1,
            "n": lambda: self.now + 1,
            "b": lambda: self.now - 1,
            "c": lambda: len(self.steps),
            "f": lambda: 0,
            "g": lambda: self._next(lambda step: step.kind == "begin", 0),
            "u": lambda: self._until(name),
            "x": lambda: self._next(
                lambda step: "nan" in step.text or "inf" in step.text, self.now
            ),
        }
        if key not in moves:
            return f"there is no key {key!r}\n{HELP}"
        to = moves[key]()
        if to is None:
            return f"no step does that{f' to {name}' if name else ''}"
        self.now = max(0, min(len(self.steps), to))
        return self.here()

    def _next(self, wanted: Callable[[Step], bool], after: int) -> int | None:
        for number, step in enumerate(self.steps[after:], after + 1):
            if wanted(step):
                return number
        return None

    def _until(self, name: str) -> int | None:
        ids = self._ids(name)
        computed = self._next(lambda s: s.kind == "forward" and s.node in ids, 0)
        if computed is not None and computed > self.now:
            return computed
        flows = [i for i, s in enumerate(self.steps, 1) if s.kind != "forward" and s.node in ids]
        return flows[-1] if flows else computed

    def _told(self, name: str) -> str:
        ids = self._ids(name)
        nodes = [node for node in self.graph.nodes if node.id in ids]
        told = [f"{n.label or n.id} ({n.id}): data {n.data!r}, grad {n.grad!r}" for n in nodes]
        return "\n".join(told) or f"there is no value {name!r}"

    def _ids(self, name: str) -> set[str]:
        return {node.id for node in self.graph.nodes if name in (node.id, node.label)}


def run(given: Namespace) -> None:
    """Read keys from the terminal, or commands line by line from a pipe."""
    found = load(given.target)
    walk = Walk(found if isinstance(found, Graph) else Graph(found))
    print(shown_lines(walk.here()))
    while sys.stdin is not None:  # it may have been closed
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line or line.strip() == "q":
            return
        print(shown_lines(walk.obey(line)))


def shown_lines(text: str) -> str:
    """Escape what a terminal would obey, but for the ends of lines."""
    return "\n".join(map(shown, text.split("\n")))


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "step",
        help="go through a computation and its backward pass, step by step",
        description="Go through a computation and its backward pass with the keys of a debugger.",
        epilog=HELP,
    )
    command.add_argument(
        "target",
        metavar="MODULE:OBJECT|FILE.py:OBJECT",
        help="a Value, several, a Graph, or a function without arguments that returns one",
    )
    command.set_defaults(run=run)
