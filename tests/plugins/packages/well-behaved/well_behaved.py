"""A plugin with nothing wrong, beside all the broken ones."""

from pluggrad import Op, hookimpl


@hookimpl
def pluggrad_register_ops():
    return [Op("well_behaved", lambda x: x * x, lambda g, out, x: g * 2 * x)]
