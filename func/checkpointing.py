"""checkpoint: compute a part of a program again in the backward pass instead of keeping it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from inspect import Parameter, signature
from typing import Any, TypeVar

from pluggrad.errors import GradientError, quoted
from pluggrad.gradient import is_watched, propagate
from pluggrad.recording import Context, SwitchedContext, Watcher, recording, watchers
from pluggrad.topology import order_down_to
from pluggrad.value import Value, constant, recorded

from .composite import Composite, same
from .dual import Dual
from .passes import ARGUMENT, below_hooks, private_gradients, transforming
from .tree import leaves, rebuild, structure_of

Result = TypeVar("Result")


def checkpoint(fun: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Call a function without keeping its intermediate results; gradients compute them again.

    The whole call becomes one node of the graph, which remembers the function and its arguments.
    A long program cut into k parts needs the memory of one part and of k results, for the time of
    one more forward pass. Gradients are the same, of any order and in any mode.

    Parameters:
        fun: any function that returns the same whenever its arguments are the same. Values that it
            uses without taking them as arguments are found, and get their gradients.
        args, kwargs: its arguments: numbers, nested lists, tuples and dicts, and anything else.

    Returns:
        What `fun` returns.

    Raises:
        GradientError: in the backward pass, when `fun` returns something else than before.
        TypeError: when it is used as a decorator.

    >>> from pluggrad import Value, checkpoint
    >>> x = Value(3.0)
    >>> y = checkpoint(lambda x: x * x * x, x)
    >>> y.backward()
    >>> y.data, x.grad, y.prev == (x,)
    (27.0, 27.0, True)
    """
    if not args and not kwargs:
        _check_no_decorator(fun)
    if not recording.get():
        return fun(*args, **kwargs)
    if any(x.sees_every_step for x in watchers.get()):
        with transforming():  # as below: what transforms give inside are Values
            return fun(*args, **kwargs)
    call = _Call(fun, args, kwargs)
    made = _MadeInside()
    inputs = [_copy(x, x) for x in call.operands]
    with transforming(), _seen_by(made):
        result: Any = call(inputs)
    structure, atoms = _atoms(result)
    inside = made.nodes.union(inputs)
    roots = [x for x in atoms if isinstance(x, Value) and x.requires_grad]
    closed_over = _entering(roots, inside, inputs)
    op = _Checkpoint(call, len(call.operands) + len(closed_over), [x._number for x in roots])
    if not roots:
        return result  # type: ignore[no-any-return]
    outputs = iter(op.record_results((*call.operands, *closed_over), op.data))
    kept = [
        next(outputs) if isinstance(x, Value) and x.requires_grad else _without_history(x)
        for x in atoms
    ]
    return _joined(structure, kept)  # type: ignore[no-any-return]


def _check_no_decorator(fun: Any) -> None:
    """Refuse a function that needs arguments, and has none: it stands below `@checkpoint`."""
    try:
        parameters = signature(fun).parameters.values()
    except (TypeError, ValueError):  # it tells none
        return
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    needed = [x.name for x in parameters if x.kind in kinds and x.default is Parameter.empty]
    if needed:
        name = getattr(fun, "__name__", "f")
        raise TypeError(
            "checkpoint() calls a function at once, and makes none, as a decorator does: "
            f"write checkpoint({name}, {', '.join(needed)}) where it is called"
        )


class _Call:
    """A call of a function, with its Values taken out, so that it can be repeated with others."""

    def __init__(self, fun: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self.fun = fun
        self.structure, atoms = _atoms((args, kwargs))
        self.operands = [x for x in atoms if isinstance(x, Value)]
        self.fixed = [None if isinstance(x, Value) else (x,) for x in atoms]

    def __call__(self, inputs: Sequence[Value]) -> Any:
        values = iter(inputs)
        args, kwargs = _joined(
            self.structure, [next(values) if x is None else x[0] for x in self.fixed]
        )
        return self.fun(*args, **kwargs)

    @property
    def name(self) -> str:
        return getattr(self.fun, "__qualname__", repr(self.fun))


class _Checkpoint(Composite):
    is_program = True

    def __init__(self, call: _Call, arity: int, data: Sequence[float]) -> None:
        super().__init__("checkpoint", arity, len(data))
        self.call = call
        self.data = list(data)

    def gradients(
        self, g: Any, node: Value, operands: Sequence[Value], *, create_graph: bool
    ) -> Sequence[Any]:
        given = operands[: len(self.call.operands)]
        closed_over = operands[len(given) :]
        with transforming():
            inputs = [_copy(x if create_graph else constant(x._number), x) for x in given]
            roots = self._again(inputs)
            cotangents = {0: g} if self.results == 1 else g
            seeds = [(roots[i], part) for i, part in cotangents.items()]
            wanted = [x for x in (*inputs, *closed_over) if x.requires_grad]
            order = below_hooks(order_down_to([root for root, _ in seeds], set(wanted)), inputs)
            if create_graph or closed_over or is_watched(order):
                found = propagate(seeds, order, create_graph=create_graph, wanted=wanted)
                return [found.get(x) for x in (*inputs, *closed_over)]
            return private_gradients(seeds, order, inputs)

    def _again(self, inputs: Sequence[Value]) -> list[Value]:
        atoms = _atoms(self.call(inputs))[1]
        roots = [x for x in atoms if isinstance(x, Value) and x.requires_grad]
        now = [x._number for x in roots]
        if len(now) != len(self.data) or not all(map(same, now, self.data)):
            raise GradientError(
                f"checkpoint({self.call.name}): computed again for the gradient it gave "
                f"{_told(now)}, but {_told(self.data)} before. It has to give the same every time, "
                "and what it uses must not change between"
            )
        return roots


def _copy(operand: Value, like: Value) -> Value:
    copy = recorded(ARGUMENT, (operand,), operand._number)
    copy.label = like.label
    copy.requires_grad = like.requires_grad
    return copy


class _MadeInside(Watcher):
    sees_rules = True  # a derivative taken inside is made inside

    def __init__(self) -> None:
        self.nodes: set[Value] = set()

    def computed(self, op: Any, operands: tuple[Any, ...], out: Any) -> None:
        self.nodes.add(out)


def _seen_by(made: _MadeInside) -> Context[tuple[Watcher, ...]]:
    """Let one watcher for checkpoints see what is computed inside, in place of those around it."""
    return SwitchedContext(
        "checkpoint",
        watchers,
        lambda around: (*[x for x in around if not isinstance(x, _MadeInside)], made),
    )


def _entering(roots: Sequence[Value], inside: set[Value], inputs: Sequence[Value]) -> list[Value]:
    """Find the Values from outside that went into `roots` without being arguments."""
    found: list[Value] = []
    seen = set(inputs)
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node in seen or not node.requires_grad:
            continue
        seen.add(node)
        if node in inside:
            stack.extend(reversed(node.prev))
        else:
            found.append(node)
    return found


# ----- Results and arguments, down to floats and Values -----


def _atoms(tree: Any) -> tuple[Any, list[Any]]:
    """Take a tree apart, and the primal and tangent of what a forward pass moves."""
    structure = structure_of(tree)
    shapes: list[Any] = []
    atoms: list[Any] = []
    for _, x in leaves(structure, tree, ""):
        shapes.append(_shape(x, atoms))
    return (structure, shapes), atoms


def _shape(x: Any, atoms: list[Any]) -> Any:
    if isinstance(x, Dual):
        return _shape(x.primal, atoms), _shape(x.tangent, atoms), x.level
    atoms.append(x)
    return None


def _joined(structure: Any, atoms: Sequence[Any]) -> Any:
    tree, shapes = structure
    source = iter(atoms)
    return rebuild(tree, iter([_join(shape, source) for shape in shapes]))


def _join(shape: Any, source: Iterator[Any]) -> Any:
    if shape is None:
        return next(source)
    primal, tangent, level = shape
    return Dual(_join(primal, source), _join(tangent, source), level)


def _without_history(x: Any) -> Any:
    return x.detach() if isinstance(x, Value) else x


def _told(data: Sequence[float]) -> str:
    return str(data[0]) if len(data) == 1 else f"{len(data)} numbers, {quoted(list(data))}"
