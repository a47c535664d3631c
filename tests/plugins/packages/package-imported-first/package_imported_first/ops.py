"""The plugin is an object in this module, and needs a name from the package around it."""

from pluggrad import Op, hookimpl

from . import NAME


class Ops:
    @hookimpl
    def pluggrad_register_ops(self):
        return [Op(NAME, lambda x: x * x, lambda g, out, x: g * 2 * x)]


ops = Ops()
