"""An op that would replace Value.backward."""

from pluggrad import Op, hookimpl


@hookimpl
def pluggrad_register_ops():
    return [
        Op("before_backward", lambda x: x * x, lambda g, out, x: g * 2 * x),
        Op("backward", lambda x: x * x, lambda g, out, x: g * 2 * x),
    ]
