"""Has a good hook and a misspelt one: neither may be kept."""

from pluggrad import Op, hookimpl


@hookimpl
def pluggrad_register_ops():
    return [Op("kept_by_nobody", lambda x: x * x, lambda g, out, x: g * 2 * x)]


@hookimpl
def pluggrad_register_opps():
    return []
