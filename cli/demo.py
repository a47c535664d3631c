"""`pluggrad demo`: one neuron, its gradients and its picture."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from pluggrad import RenderError, Value, draw_dot, render

from .table import add_json, shown


def neuron() -> tuple[Value, dict[str, Value]]:
    """Make the neuron o = tanh(x1*w1 + x2*w2 + b), and give its inputs by name.

    >>> o, inputs = neuron()
    >>> round(o.data, 12)
    0.707106781187
    """
    numbers = {"x1": 2.0, "x2": 0.0, "w1": -3.0, "w2": 1.0, "b": 6.881373587019543}
    inputs = {name: Value(number, label=name) for name, number in numbers.items()}
    x1, x2, w1, w2, b = inputs.values()
    o = (x1 * w1 + x2 * w2 + b).tanh()
    o.label = "o"
    return o, inputs


def run(given: Namespace) -> None:
    """Print the neuron's value, gradients and text picture, and draw it."""
    o, inputs = neuron()
    o.backward()
    if given.output == "-":
        print(render(o, "svg"))
        return
    if given.json:
        gradients = {name: value.grad for name, value in inputs.items()}
        print(json.dumps({"o": o.data, "gradients": gradients}, indent=2))
        return
    print(f"o = tanh(x1*w1 + x2*w2 + b) = {o.data!r}\n")
    for name, value in inputs.items():
        print(f"do/d{name:2} = {value.grad: .6f}    at {name:2} = {value.data!r}")
    print(f"\n{render(o, 'text')}\n")
    try:
        path = draw_dot(o, given.output)
    except RenderError as cause:
        if isinstance(cause.__cause__, OSError):  # the path is wrong, which the person can mend
            raise
        print(f"No picture: {cause}")
    else:
        print(f"{shown(str(path))}: drawn by {_engine(path) or 'Graphviz'}")


def _engine(path: Path) -> str:
    """Tell what an SVG says about who laid it out; other formats do not say."""
    from pluggrad.renderers.graphviz.engines import engine_of

    return engine_of(path) if path.suffix.lower() == ".svg" else ""


def add_to(commands: Any) -> None:
    """Add this subcommand to the parser."""
    command = commands.add_parser(
        "demo", help="compute, differentiate and draw one neuron", description=__doc__
    )
    command.add_argument(
        "-o",
        "--output",
        default="graph.svg",
        metavar="PATH",
        help="the picture (%(default)s); - is standard output",
    )
    add_json(command)
    command.set_defaults(run=run)
