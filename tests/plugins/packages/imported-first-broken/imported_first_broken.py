"""Fails in its hook, and a program may import it before pluggrad."""

from pluggrad import hookimpl


@hookimpl
def pluggrad_register_ops():
    raise LookupError("lost")
