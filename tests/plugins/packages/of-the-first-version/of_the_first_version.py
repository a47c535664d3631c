"""Hooks as the first version of pluggrad had them. This file must never be brought up to date."""

import math

from pluggrad import Graph, Op, hookimpl


def whole_part(x):
    return float(math.floor(x)) if math.isfinite(x) else x


staircase = Op("staircase", whole_part, lambda g, out, x: 0.0 * g, kinks=whole_part)


class Sizes:
    """Write how many nodes a graph has."""

    name = "sizes"

    def __init__(self, unit: str = "nodes") -> None:
        self.unit = unit

    def __call__(self, graph: Graph) -> str:
        return f"{len(graph)} {self.unit}"


@hookimpl
def pluggrad_register_ops():
    return [staircase]


@hookimpl
def pluggrad_register_renderers():
    return [Sizes]


@hookimpl
def pluggrad_register_words():
    return {"c": {"staircase": "floor({0})", "staircase/0": "0.0 * {0}"}}
