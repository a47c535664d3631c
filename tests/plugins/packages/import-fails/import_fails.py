"""Needs a package that is not there."""

import no_such_package_anywhere  # noqa: F401
from pluggrad import hookimpl


@hookimpl
def pluggrad_register_ops():
    return []
