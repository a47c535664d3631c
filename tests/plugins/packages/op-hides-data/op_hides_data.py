"""An op that would replace Value.data."""

from pluggrad import Op, hookimpl


@hookimpl
def pluggrad_register_ops():
    return [Op("data", lambda x: x * x, lambda g, out, x: g * 2 * x)]
