"""Film: what the leaves of a graph held over time, which a page computes everything else from."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from pluggrad import strong_zero
from pluggrad.errors import GraphError
from pluggrad.graph import Graph, Node
from pluggrad.registry import plugins
from pluggrad.topology import topological_order
from pluggrad.value import Value

MOST = 400  # frames that are kept; then every second one goes


class Compiled(Protocol):
    """What `pluggrad.compile(loss)` gives, as far as a film looks at it."""

    outputs: list[Value]
    wrt: list[Value]
    parameters: Any


class Frames(NamedTuple):
    """What changed over time.

    Attributes:
        steps: for each frame how often `shoot()` had been called before.
        losses: what `shoot()` was given for each frame; nan where it was given nothing.
        ids: the leaves that changed.
        numbers: for each frame what these leaves held.
    """

    steps: Sequence[int]
    losses: Sequence[float]
    ids: Sequence[str]
    numbers: Sequence[Sequence[float]]


class Footage(Graph):
    """The graph of a film, with the numbers of its last frame.

    Attributes:
        frames: what changed over time.
    """

    frames: Frames

    def __init__(self, graph: Graph, frames: Frames) -> None:
        vars(self).update(vars(graph))
        last = dict(zip(frames.ids, frames.numbers[-1], strict=True))
        self.nodes = _computed(graph, last)
        self.frames = frames
        for cached in ("record", "_by_id"):
            vars(self).pop(cached, None)


class Film:
    """A film of training: what each leaf of a loss held at each step.

    `save(film, "training.html")` is a page with a second track: the curve of the loss, how large
    gradients are in each layer, which units no longer react to anything, and the graph with all
    its numbers as they were. The page computes them from the leaves, so that a frame is a copy of
    these and nothing more. What it draws is the graph of `loss` as it was recorded: the same data,
    seen by the model as it changes.

    Parameters:
        loss: a Value, several, or what `pluggrad.compile(loss)` gave, whose `parameters` are
            filmed then.
        every: how many calls of `shoot()` make one frame. It doubles whenever there are more than
            400 frames, so that training of any length fits.
        names: labels for Values without one, from a dict such as `locals()`.

    Raises:
        TypeError: for what is neither a Value nor a program.
        ValueError: for an `every` below 1.

    >>> from pluggrad import Film, Value, render
    >>> w = Value(3.0, label="w")
    >>> film = Film((w - 1.0) ** 2)
    >>> for _ in range(20):
    ...     loss = (w - 1.0) ** 2
    ...     w.grad = 0.0
    ...     loss.backward()
    ...     w.data -= 0.1 * w.grad
    ...     film.shoot()
    >>> film
    <Film of 20 frames>
    """

    def __init__(
        self,
        loss: Value | Iterable[Value] | Compiled,
        *,
        every: int = 1,
        names: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"every is a whole number from 1 on, not {every!r}")
        self.every = every
        self._roots, self._names = _roots(loss), names
        self._program: Any = loss if hasattr(loss, "wrt") else None
        ids = {x: f"n{i}" for i, x in enumerate(topological_order(self._roots)) if x.op is None}
        self._leaves = list(ids) if self._program is None else list(self._program.wrt)
        self._ids = {i: ids[x] for i, x in enumerate(self._leaves) if x in ids}
        self._calls = 0
        self._steps: list[int] = []
        self._losses: list[float] = []
        self._numbers: list[array[float]] = []

    @property
    def leaves(self) -> list[Value]:
        """The Values that are filmed."""
        return list(self._leaves)

    def __len__(self) -> int:
        return len(self._steps)

    def __repr__(self) -> str:
        frames = len(self._steps)
        return f"<Film of {frames:,} frame{'' if frames == 1 else 's'}>"

    def shoot(self, loss: Value | float | None = None) -> None:
        """Take a frame, once in `every` calls: copy what the leaves hold.

        Parameters:
            loss: what to show beside the filmed loss, where the model is trained on other data
                than the film is of, such as the loss of this step's batch.
        """
        step = self._calls
        self._calls = step + 1
        if step % self.every:
            return
        self._numbers.append(self._now())
        self._steps.append(step)
        self._losses.append(_number(loss))
        if len(self._steps) > MOST:
            self.every *= 2
            for column in (self._numbers, self._steps, self._losses):
                del column[1::2]

    def _now(self) -> array[float]:
        if self._program is not None:
            return array("d", self._program.parameters.tobytes())
        return array("d", [x._number for x in self._leaves])

    def graph(self) -> Footage:
        """Return the graph as it is now, with all frames; renderers draw it.

        Raises:
            GraphError: when a function recorded as one node, such as a checkpoint, would have to
                run again.
        """
        now = self._now()
        steps, losses, numbers = [*self._steps], [*self._losses], [*self._numbers]
        if not numbers or numbers[-1].tobytes() != now.tobytes():
            steps.append(self._calls)
            losses.append(_number(None))
            numbers.append(now)
        moved = [i for i in _moved(numbers) if i in self._ids]
        frames = Frames(
            steps,
            losses,
            [self._ids[i] for i in moved],
            [[row[i] for i in moved] for row in numbers],
        )
        return Footage(Graph(self._roots, names=self._names), frames)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return dict(plugins.renderer("html")().notebook(self.graph()))


def _roots(loss: Any) -> list[Value]:
    """List the outputs of what a film can be made of."""
    given = getattr(loss, "outputs", loss)
    roots = list(given) if isinstance(given, Iterable) else [given]
    if not roots or not all(isinstance(root, Value) for root in roots):
        raise TypeError(
            "a Film is made of a loss: a Value, several, or what pluggrad.compile(loss) gave"
        )
    return roots


def _moved(numbers: Sequence[array[float]]) -> list[int]:
    """Find the leaves that changed; all of them in a film of one frame."""
    if len(numbers) == 1:
        return list(range(len(numbers[0])))
    moved: set[int] = set()
    for a, b in pairwise(numbers):
        if a != b:
            moved.update([i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y])
    return sorted(moved)


def _number(loss: Value | float | None) -> float:
    if loss is None:
        return float("nan")
    return loss.data if isinstance(loss, Value) else float(loss)


# ----- All numbers, from those of the leaves -----


def _computed(graph: Graph, leaves: Mapping[str, float]) -> tuple[Node, ...]:
    """Return a graph's nodes as one run gives them, forward and backward, from these leaves."""
    data = {node.id: leaves.get(node.id, node.data) for node in graph.nodes}
    operands, ops = graph.operands, graph.ops
    for id, op in ops.items():
        if op.is_composite:
            raise GraphError(
                f"{id} cannot be filmed: {op.name} is a Python function recorded as one node, and "
                "only running the program again runs it"
            )
        data[id] = op.evaluate(*[data[x] for x in operands[id]])
    grads = dict.fromkeys(graph.outputs, 1.0)
    wanted = {node.id for node in graph.nodes if node.requires_grad}
    for id in reversed(list(ops)):
        if id not in grads:
            continue
        numbers = [data[x] for x in operands[id]]
        for index, x in enumerate(operands[id]):
            if x in wanted:
                part = strong_zero.partial(ops[id], index, grads[id], data[id], numbers)
                grads[x] = grads.get(x, 0.0) + part
    return tuple([n._replace(data=data[n.id], grad=grads.get(n.id)) for n in graph.nodes])
