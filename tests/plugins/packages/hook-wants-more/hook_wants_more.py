"""Its hook wants an argument that no one gives."""

from pluggrad import Op, hookimpl


@hookimpl
def pluggrad_register_ops(registry):
    return [Op("wants_more", lambda x: x * x, lambda g, out, x: g * 2 * x)]
