"""What the transforms are made of: one reverse pass, one forward pass, and what surrounds them.

A reverse pass lifts each argument to a fresh node, a private copy, records the function on it, and
sends gradients back to the copies. An argument that belongs to a pass further out is copied by an
identity that is recorded on it, so that both passes find their own node and neither takes the
other's for its own. An argument that a forward pass moves has its primal copied, and what comes out
moving is differentiated part by part: the gradient of (p, t) is (gradient of p, gradient of t).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from numbers import Real
from typing import Any, NamedTuple, SupportsFloat

from pluggrad import strong_zero
from pluggrad.codegen.pullbacks import pull_back
from pluggrad.gradient import backward as pull_back_alone
from pluggrad.gradient import hooks, is_watched, propagate
from pluggrad.op import Op, made
from pluggrad.recording import always_recording, keeper, recording
from pluggrad.topology import order_down_to, topological_order
from pluggrad.trace.outside import refresh, standing
from pluggrad.value import Value, above, as_float, constant

from . import fused
from .arguments import Arguments, scalar
from .dual import Dual, highest_level, is_zero, primal_of, tangent_of
from .symmetry import check_symmetry
from .tree import tree_map


class _Argument(Op):
    """The identity by which a pass tells its argument from a value of the pass around it."""

    def is_under_way(self) -> bool:
        """Return whether any transform is being run here."""
        return _depth.get() > 0

    def __reduce__(self) -> tuple[object, ...]:
        return _argument, ()


def _argument() -> Op:
    return ARGUMENT


ARGUMENT = _Argument("argument", lambda x: x, lambda g, out, x: g, doc="x, as an argument")

levels = count(1)
_depth: ContextVar[int] = ContextVar("_depth", default=0)


class Surroundings(NamedTuple):
    """What a transform was called in.

    Attributes:
        depth: how many transforms are being run around this one.
        recording: whether anything outside records; not under `no_grad`.
        stems: by the id of copies, what is known of results computed on them.
    """

    depth: int
    recording: bool
    stems: dict[int, _Stems]

    def give(self, x: Any) -> Any:
        """Hand out one number: a float at the outermost level, else something that differentiates.

        A Value stays one where values of the caller's own, outside of any transform, went into it,
        and where no number may leave the graph.
        """
        watcher: Any = keeper()
        x = primal_of(x, 0)
        if watcher is not None and isinstance(x, Value):
            if self.recording and self.depth:
                return watcher.inside(x)
            return x if self.recording and not watcher.is_number(x) else watcher.number(x)
        if isinstance(x, Dual | Value) and not self.recording:
            x = float(x)
        if isinstance(x, Real):
            return constant(x) if self.depth else float(x)
        if isinstance(x, Value) and not self.depth:
            return x if self._stems((), 0).of(x) else x._number
        return x

    def give_result(self, x: Any, copies: Sequence[Value]) -> Any:
        """Hand out what a reverse pass computed on its copies, without the copies where it can."""
        is_recorded = isinstance(x, Value) and x.requires_grad and keeper() is None
        if is_recorded and not self._stems(copies, self.depth).of(x):
            x = x._number
        return self.give(x)

    def _stems(self, copies: Sequence[Value], depth: int) -> _Stems:
        found = self.stems.get(id(copies))
        if found is None:
            found = self.stems[id(copies)] = _Stems(copies, depth)
        return found


@contextmanager
def transforming() -> Iterator[Surroundings]:
    """Run a transform inside: operations are recorded, under `no_grad` as well."""
    if standing:
        refresh()
    around = Surroundings(_depth.get(), recording.get(), {})
    token = _depth.set(around.depth + 1)
    try:
        with always_recording():
            yield around
    finally:
        _depth.reset(token)


def give_tree(around: Surroundings, tree: Any, copies: Sequence[Value] = ()) -> Any:
    """Hand out whatever came with a result; what is no number stays as it is."""
    return tree_map(
        lambda x: around.give_result(x, copies) if isinstance(x, Value | Dual) else x, tree
    )


# ----- Reverse -----

# Unlike 0.0 it leaves a -0.0 that is added to it as it is, so that a gradient has the same sign
# whether or not it was recorded.
EMPTY_SUM = -0.0


def lifted(x: Any, copies: list[Value]) -> Any:
    """Make the private copy of an argument that a reverse pass leads to."""
    if isinstance(x, Dual):
        return Dual(lifted(x.primal, copies), x.tangent, x.level)
    operand = x if isinstance(x, Value) else constant(x)
    copy = made(ARGUMENT, (operand,), operand._number)
    copy.requires_grad = True
    copies.append(copy)
    return copy


def call_on_copies(
    fun: Callable[..., Any], arguments: Arguments, named: Mapping[str, Any] | None = None
) -> tuple[Any, list[Value]]:
    """Call a function on private copies of its arguments; return the result, and the copies."""
    copies: list[Value] = []
    inputs = [lifted(x, copies) for x in arguments.leaves]
    return fun(*arguments.with_leaves(inputs), **(named or {})), copies


def backward(output: Any, gradient: SupportsFloat = 1.0) -> None:
    """Do the work of `Value.backward`; arguments sum up, as the leaves do that they stand for."""
    if not _depth.get() or not isinstance(output, Value):
        pull_back_alone(output, gradient)
        return
    order = topological_order([output], differentiable=True)
    copies = [node for node in order if node.op is ARGUMENT]
    before = [copy._grad for copy in copies]
    try:
        pull_back_alone(output, gradient)
        before = [had + copy._grad for had, copy in zip(before, copies, strict=True)]
    finally:
        for copy, grad in zip(copies, before, strict=True):
            copy._grad = grad


above.backward = backward


def pulled(
    pairs: Sequence[tuple[Any, Any]],
    copies: Sequence[Value],
    around: Surroundings,
    *,
    again: bool = False,
    moves: bool = False,
) -> list[Any]:
    """Compute, for each copy, the sum over (output, cotangent) of cotangent * d(output)/d(copy).

    Parameters:
        pairs: outputs of the function and the gradients to start from.
        copies: the private copies of the arguments.
        around: where the transform was called.
        again: whether the graph will be used again, perhaps by two threads at a time.
        moves: whether forward mode goes through the pass.

    Raises:
        GradientError: where it does, and rules are no derivatives.
    """
    level = highest_level([x for pair in pairs for x in pair])
    if level is not None:
        still = [(primal_of(out, level), primal_of(g, level)) for out, g in pairs]
        moving = [
            *[(tangent_of(out, level), primal_of(g, level)) for out, g in pairs],
            *[(primal_of(out, level), tangent_of(g, level)) for out, g in pairs],
        ]
        moving = [(out, g) for out, g in moving if not (is_zero(out) or is_zero(g))]
        primals = pulled(still, copies, around, again=again, moves=True)
        tangents = pulled(moving, copies, around, again=again)
        return [Dual(p, t, level) for p, t in zip(primals, tangents, strict=True)]
    seeds = [(out, g) for out, g in pairs if isinstance(out, Value) and out.requires_grad]
    roots = [out for out, _ in seeds]
    if not around.depth:
        order = topological_order(roots, differentiable=True)
    else:
        order = below_hooks(order_down_to(roots, set(copies)), copies)
    if moves:
        check_symmetry(order, copies)
    is_kept = keeper() is not None
    outside = stems_from_outside(order, copies, around.depth) or any(
        isinstance(g, Value) and g.requires_grad for _, g in seeds
    )
    if outside or again or is_kept:
        create_graph = is_kept or (outside and around.recording)
        if not create_graph:
            seeds = [(out, float(g)) for out, g in seeds]
        found = propagate(seeds, order, create_graph=create_graph, wanted=copies)
        return told([found.get(x, 0.0) for x in copies])
    return private_gradients([(out, float(g)) for out, g in seeds], order, copies)


def below_hooks(order: list[Value], copies: Sequence[Value]) -> list[Value]:
    """Put the copies that have hooks below what was computed from them: a pass visits them too."""
    hooked_copies = [x for x in copies if x in hooks or not (x.op is None or x.op.is_linear)]
    return [*hooked_copies, *order] if hooked_copies else order


def private_gradients(
    seeds: Sequence[tuple[Value, float]], order: Sequence[Value], inputs: Sequence[Value]
) -> list[float]:
    """Compute the gradients of `inputs` on a graph that nobody else sees: fast, through `grad`."""
    if not is_watched(order):
        try:
            for node in (*order, *inputs):
                node._grad = EMPTY_SUM
            for root, g in seeds:
                root._grad += g
            pull_back([node for node in order if node.op is not None])
            gradients = [as_float(x._grad) for x in inputs]
            if all(g == g for g in gradients):
                return _with_plain_zeros(gradients, seeds, order, inputs)
        except Exception:  # IEEE 754, or a faulty rule, which the careful way names
            pass
    found = propagate(seeds, order, create_graph=False, wanted=inputs)
    return [found.get(x, 0.0) for x in inputs]


def _with_plain_zeros(
    gradients: list[float],
    seeds: Sequence[tuple[Value, float]],
    order: Sequence[Value],
    inputs: Sequence[Value],
) -> list[float]:
    """Give inputs that nothing flowed to the gradient 0.0, and no empty sum."""
    if not any(g == 0.0 and math.copysign(1.0, g) < 0.0 for g in gradients):
        return gradients
    reached = {root for root, _ in seeds}.union(*[node.prev for node in order])
    return [g if x in reached else 0.0 for g, x in zip(gradients, inputs, strict=True)]


def told(derivatives: list[Any]) -> list[Any]:
    """Return derivatives, and tell watchers which of them are nan: they may have been told as 0."""
    for x in derivatives:
        if isinstance(x, Value):
            strong_zero.is_nan(x)
    return derivatives


def product_along_graph(
    fun: Callable[..., Any], arguments: Arguments, directions: Sequence[Any]
) -> list[float] | None:
    """Compute the product of a Hessian with a direction the fast way: two sweeps over one graph.

    Returns:
        None where anything from outside, a hook or a watcher takes part: then it is for `jvp` of
        `grad` to do.
    """
    given = [*arguments.leaves, *directions]
    if _depth.get() or not all(isinstance(x, Real) for x in given):
        return None
    with transforming():
        result, copies = call_on_copies(fun, arguments)
        result = scalar(result, "hvp")
    if not isinstance(result, Value) or not result.requires_grad:
        return None
    order = topological_order([result], differentiable=True)
    if is_watched(order) or stems_from_outside(order, copies, 0):
        return None
    return fused.gradient_moved(result, order, copies, [float(t) for t in directions])


class _Stems:
    """Answers for one result after the other what `stems_from_outside` answers for a graph.

    Each node is visited once, however many results share it.
    """

    def __init__(self, copies: Sequence[Value], depth: int) -> None:
        self.copies = copies
        self.depth = depth
        self.always = any(copy.prev[0].requires_grad for copy in copies)
        self.seen = set(copies)
        self.outside: set[Value] = set()

    def of(self, result: Value) -> bool:
        """Return whether anything that a caller may differentiate goes into a result."""
        if self.always:
            return True
        for node in order_down_to([result], self.seen):
            is_argument = bool(self.depth) and node.op is ARGUMENT
            if node.op is None or is_argument or not self.outside.isdisjoint(node.prev):
                self.outside.add(node)
        return result in self.outside


def stems_from_outside(order: Iterable[Value], copies: Sequence[Value], depth: int) -> bool:
    """Return whether anything that a caller may differentiate goes into a graph.

    Parameters:
        order: the nodes of the graph.
        copies: the copies of this pass, which count only for what they were copied from.
        depth: how many passes are around; their copies count.
    """
    if any(copy.prev[0].requires_grad for copy in copies):
        return True
    own = set(copies)
    for node in order:
        if node.op is None or (depth and node.op is ARGUMENT and node not in own):
            return True
    return False


# ----- Forward -----


def pushed_forward(primals: Sequence[Any], tangents: Sequence[Any], level: int) -> list[Any]:
    """Make the arguments of a forward pass: those whose tangent is 0.0 are Values to it, too."""
    return [
        x if is_zero(t) and not isinstance(x, Real) else Dual(_plain(x), _plain(t), level)
        for x, t in zip(primals, tangents, strict=True)
    ]


def _plain(x: Any) -> Any:
    return float(x) if isinstance(x, Real) else x
