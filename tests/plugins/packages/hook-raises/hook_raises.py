"""Its hook fails."""

from pluggrad import hookimpl


@hookimpl
def pluggrad_register_ops():
    raise LookupError("the table of\nops is lost")
