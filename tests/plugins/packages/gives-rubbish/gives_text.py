"""Its hook gives a text."""

from pluggrad import hookimpl


@hookimpl
def pluggrad_register_ops():
    return "square"
