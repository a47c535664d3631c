"""Its hook gives a list of something else."""

from pluggrad import hookimpl


@hookimpl
def pluggrad_register_ops():
    return [3, "square"]
