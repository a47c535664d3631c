"""What all tests share: the package, compiled once for the many interpreters that they start."""

import compileall
from pathlib import Path

import pluggrad


def pytest_configure(config):
    """Write the bytecode of an editable installation, which pip leaves to the first import.

    Where PYTHONDONTWRITEBYTECODE is set, each of the hundreds of processes that tests start would
    compile the whole package again.
    """
    if not hasattr(config, "workerinput"):  # in the first process, before xdist starts others
        compileall.compile_dir(Path(pluggrad.__file__).parent, quiet=2)
