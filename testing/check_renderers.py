"""Checks of renderers: what they give, what they leave alone, and what no graph may do to them.

Each is a function of one renderer under examination that raises ConformanceError. One that could
not look gives the reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from pluggrad import Graph, Op, Value

from .formats import Format, FormatError, format_of
from .fresh_process import answer, deep, deep_name, digests, high, refusal, start, stop
from .picture import Picture
from .sample_graphs import LABELS, LONG, PLAIN, SAMPLES, after_backward, chain, labelled, tower

RendererCheck = Callable[[Picture], "str | None"]

SHALLOW = 20_000  # beyond any recursion, and soon drawn
PATIENCE = 60.0  # seconds for small graphs


# ----- What it is and what it gives -----


def it_is_a_class_with_a_name_and_options(picture: Picture) -> None:
    """Look at name, suffixes and options, which people read in `pluggrad renderers`."""
    kind = picture.kind
    if not isinstance(kind, type):
        raise picture.failure("a renderer is a class; this is an instance. Give its class")
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not name:
        raise picture.failure(f"its attribute name is the text people choose it by, not {name!r}")
    suffixes = getattr(kind, "suffixes", ())
    right = isinstance(suffixes, tuple | list) and all(
        isinstance(one, str) and one.startswith(".") and one == one.lower() for one in suffixes
    )
    if not right:
        raise picture.failure(
            f'its suffixes are a tuple of texts such as (".csv",), lower case, not {suffixes!r}'
        )
    if not any("__call__" in vars(base) for base in kind.__mro__):
        raise picture.failure("it has no method __call__(graph)")
    for option in inspect.signature(kind).parameters.values():
        named = option.kind in (option.POSITIONAL_OR_KEYWORD, option.KEYWORD_ONLY)
        if not named or option.default is option.empty:
            raise picture.failure(
                f"__init__ has {option}; options are keywords, each with a default, so that "
                "render(value) and the settings can choose it by its name alone"
            )
    picture.made()


def small_graphs_are_drawn(picture: Picture) -> None:
    """Draw a graph of each kind, and a very long label; None is no picture."""
    for what, make in SAMPLES.items():
        picture.draw(make(), what)
    picture.draw(Graph(labelled(LONG)), f"a label of {len(LONG):,} characters")


def files_are_written(picture: Picture) -> None:
    """Save a graph with every suffix that it declares."""
    for suffix in picture.suffixes:
        if not picture.file(Graph(after_backward()), suffix, "a neuron"):
            raise picture.failure(f"a neuron, saved as {suffix}: the file is empty")


def notebooks_can_show_it(picture: Picture) -> None:
    """Call notebook(), where it has that: it gives texts by MIME type."""
    if not hasattr(picture.kind, "notebook"):
        return
    made = picture.made()
    bundle = picture.attempt(
        "notebook(graph)", lambda: dict(made.notebook(Graph(after_backward())))
    )
    for kind, text in bundle.items():
        if not (isinstance(kind, str) and "/" in kind and isinstance(text, str)):
            raise picture.failure(
                f"notebook(graph) gives {kind!r}: {type(text).__name__}; it gives texts by MIME "
                'type, {"text/html": "..."}'
            )


# ----- What it leaves alone, and what it tells apart -----


def the_graph_is_left_alone(picture: Picture) -> None:
    """Compare graph and Values before and after."""
    values = after_backward()
    graph = Graph(values)
    before = _state(graph, values)
    picture.draw(graph, "a neuron")
    for (what, was), (_, now) in zip(before, _state(graph, values), strict=True):
        if was != now:
            raise picture.failure(
                f"drawing changed {what}: {_difference(was, now)}. Others draw the same graph; "
                "copy what you change"
            )


def the_same_graph_gives_the_same_picture(picture: Picture) -> None:
    """Draw each graph twice, made anew."""
    for what, make in SAMPLES.items():
        first, second = picture.form(make(), what), picture.form(make(), what)
        if first != second:
            raise picture.failure(
                f"{what}, drawn twice, gives two pictures: {_difference(first, second)}. No time, "
                "chance, counter or id() belongs into one; node ids are the same every time"
            )


def every_process_draws_the_same(picture: Picture) -> str | None:
    """Draw in two processes, in which texts have other hashes."""
    reason = refusal(picture)
    if reason:
        return f"not drawn in other processes: {reason}"
    processes = [start(picture, digests.__name__, seed) for seed in ("1", "2")]
    what = "small graphs in a fresh process"
    try:
        one, two = [answer(picture, process, what, PATIENCE) for process in processes]
    finally:
        for process in processes:  # where the first has failed, the other still runs
            if process.returncode is None:
                stop(process)
    for what in SAMPLES:
        if one[what] != two[what]:
            raise picture.failure(
                f"{what}, drawn under PYTHONHASHSEED=1 and 2, gives two pictures: the order of a "
                "set or a hash shows. Sort it, or keep order with dict.fromkeys"
            )
    return None


def every_use_of_an_operand_is_drawn(picture: Picture) -> None:
    """Compare f(x, x) with f(x): a renderer that draws edges draws both of the first."""
    once = Op("f", lambda x: 2 * x, lambda g, out, x: 2 * g)
    twice = Op("f", lambda a, b: a + b, lambda g, out, a, b: g, lambda g, out, a, b: g)

    def drawn(what: str, *used: int, op: Op) -> str | bytes:
        leaves = [Value(3.0, label="x"), Value(3.0, label="y")]
        return picture.form(Graph([*leaves, op(*[leaves[i] for i in used])]), what)

    if drawn("f(x)", 0, op=once) == drawn("f(y)", 1, op=once):
        return  # it draws no edges, so it cannot lose one
    if drawn("f(x, x)", 0, 0, op=twice) == drawn("f(x)", 0, op=once):
        raise picture.failure(
            "f(x, x) is drawn like f(x): one of two parallel edges is lost. graph.edges has one "
            "for each use, which differ in their operand"
        )
    if drawn("f(x, y)", 0, 1, op=twice) == drawn("f(x, x)", 0, 0, op=twice):
        raise picture.failure("f(x, y) is drawn like f(x, x): the second operand is lost")


def a_gradient_that_is_missing_differs_from_zero(picture: Picture) -> None:
    """Compare None, before a backward pass, with 0; a renderer may show no gradients at all."""

    def drawn(what: str, grad: float | None) -> str | bytes:
        x = Value(2.0, label="x")
        if grad is not None:
            x.grad = grad
        return picture.form(Graph(x), what)

    if drawn("a gradient of 0.5", 0.5) == drawn("a gradient of 0.25", 0.25):
        return
    if drawn("no gradient yet", None) == drawn("a gradient of 0", 0.0):
        raise picture.failure(
            "a gradient that no backward pass has computed is drawn like 0, which teaches what is "
            "not so; node.grad is None then"
        )


def labels_change_nothing_but_themselves(picture: Picture) -> None:
    """Try labels that mean something to some format, and read the picture by a parser of its own.

    With any label the structure is that of a plain label: the same elements, keys, cells or lines.
    XML, HTML, JSON and tables bring each printable label back as it went in.
    """
    form = picture.form(Graph(labelled(PLAIN)), "a plain label")
    suffix = picture.suffixes[0] if picture.suffixes else ""
    known = format_of(form, suffix) if isinstance(form, str) else None
    for what, label in LABELS.items():
        shown = f"a label with {what} ({label!r})"
        text = picture.form(Graph(labelled(label)), shown)
        if known is not None and isinstance(form, str) and isinstance(text, str):
            _compare(picture, known, form, text, shown, label)


def _compare(picture: Picture, known: Format, form: str, text: str, shown: str, label: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise picture.failure(
            f"{shown}: the result cannot be written as UTF-8; escape lone surrogates"
        ) from None
    expected = known.read(form)
    try:
        found = known.read(text)
    except FormatError as cause:
        raise picture.failure(f"{shown}: {cause}. Escape labels") from cause
    if found.structure != expected.structure:
        raise picture.failure(
            f"{shown} changes the structure of the {known.name}, which a plain label does not: "
            f"{_difference(str(expected.structure), str(found.structure))}. Escape labels"
        )
    texts = found.texts
    if texts is None or not label.isprintable() or not _holds(expected.texts or [], PLAIN):
        return
    if not _holds(texts, label):
        raise picture.failure(
            f"{shown} does not come back: a parser of its {known.name} finds another text. Escape "
            "labels once, not twice or never"
        )


def _holds(texts: list[str], label: str) -> bool:
    return any(label in text for text in texts)


# ----- Size -----


def pictures_grow_no_faster_than_graphs(picture: Picture) -> None:
    """Compare sizes: of chains twice as long, and of towers whose paths double with each node."""
    smaller, larger = (len(picture.form(Graph(chain(n)), f"a chain of {n}")) for n in (300, 600))
    if larger > 2.5 * smaller + 1000:
        raise picture.failure(
            f"a chain of 300 gives {smaller:,} characters, one of 600 {larger:,}: it grows with "
            "the square. Indent only so far, or leave out what is far from the outputs and say so"
        )
    low, high = (len(picture.form(Graph(tower(n)), f"a tower of {n}")) for n in (8, 16))
    if high > 4 * low + 1000:
        raise picture.failure(
            f"a tower of 8 doublings gives {low:,} characters, one of 16 {high:,}: it draws every "
            "path. Draw each node once, and refer to it after that"
        )


def deep_graphs_are_drawn(picture: Picture) -> str | None:
    """Draw a chain deeper than any recursion; where it can be, in a process of its own."""
    shallow = replace(picture, depth=min(SHALLOW, picture.depth))
    _in_time(shallow, deep)
    reason = refusal(picture)
    if reason and picture.depth > SHALLOW:
        return f"not drawn deeper than {SHALLOW:,}: {reason}"
    if picture.depth > SHALLOW:
        process = start(picture, deep.__name__, "0")
        answer(picture, process, deep_name(picture), picture.patience)
    return None


def _in_time(picture: Picture, task: Callable[[Picture], Any]) -> None:
    try:
        task(picture)
    except MemoryError:
        raise picture.failure(f"{deep_name(picture)}: there is not enough memory") from None


def paths_are_not_followed(picture: Picture) -> str | None:
    """Draw 60 doublings: 61 nodes, and more paths than there is time."""
    reason = refusal(picture)
    if reason:
        return f"no tower of 60 doublings was drawn: {reason}"
    what = "a tower of 60 doublings, 61 nodes with 2**60 paths"
    answer(picture, start(picture, high.__name__, "0"), what, PATIENCE)
    return None


# ----- Saying it -----


def _state(graph: Graph, value: Value) -> list[tuple[str, str]]:
    """Return all that a renderer could change."""
    found = [(f"graph.{name}", repr(getattr(graph, name))) for name in ("nodes", "edges")]
    found += [("graph.outputs", repr(graph.outputs)), ("graph.operands", repr(graph.operands))]
    found.append(("graph.users", repr(graph.users)))
    stack, told = [value], []
    while stack:
        node = stack.pop()
        told.append((node.label, node.data, node.grad, node.requires_grad))
        stack += node.prev
    return [*found, ("the Values", repr(told))]


def _difference(one: str | bytes, other: str | bytes) -> str:
    """Show where two forms begin to differ."""
    if isinstance(one, bytes) or isinstance(other, bytes):
        return f"{len(one):,} and {len(other):,} bytes"
    for a, b in zip_longest(one.split("\n"), other.split("\n"), fillvalue=""):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
            return " and ".join([repr(text[max(0, at - 20) : at + 30]) for text in (a, b)])
    return "no line"


RENDERER_CHECKS: tuple[RendererCheck, ...] = (
    it_is_a_class_with_a_name_and_options,
    small_graphs_are_drawn,
    files_are_written,
    notebooks_can_show_it,
    the_graph_is_left_alone,
    the_same_graph_gives_the_same_picture,
    every_use_of_an_operand_is_drawn,
    a_gradient_that_is_missing_differs_from_zero,
    labels_change_nothing_but_themselves,
    pictures_grow_no_faster_than_graphs,
    every_process_draws_the_same,
    deep_graphs_are_drawn,
    paths_are_not_followed,
)
