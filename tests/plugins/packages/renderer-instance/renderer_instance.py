"""Gives an object in place of a class."""

from pluggrad import hookimpl


class InstanceRenderer:
    name = "instance"

    def __call__(self, graph):
        return ""


@hookimpl
def pluggrad_register_renderers():
    return [InstanceRenderer()]
