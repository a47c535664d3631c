"""Functions with derivatives of their own, as users write them."""

import math

from pluggrad import custom_rule
from pluggrad.ops import cos, sin


@custom_rule
def cube_root(x):
    """The real cube root."""
    return math.copysign(abs(float(x)) ** (1 / 3), x)


@cube_root.rule
def _(g, out, x):
    return g / (3.0 * out * out)


@custom_rule
def polar(p, scale=1.0):
    r, angle = p["r"], p["angle"]
    return [scale * r * cos(angle), scale * r * sin(angle)]


@polar.rule
def _(g, out, p, scale):
    r = -g[0] * out[1] + g[1] * out[0]
    return {
        "r": scale * (g[0] * cos(p["angle"]) + g[1] * sin(p["angle"])),
        "angle": r,
    }, (g[0] * out[0] + g[1] * out[1]) / scale
