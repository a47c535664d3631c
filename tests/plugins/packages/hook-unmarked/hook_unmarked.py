"""Forgot the marker."""

from pluggrad import Op


def pluggrad_register_ops():
    return [Op("unmarked", lambda x: x * x, lambda g, out, x: g * 2 * x)]
