"""A lock between the processes in which tests run."""

from contextlib import contextmanager


@contextmanager
def alone(path):
    """Hold a lock on a file that other processes wait for, where the system has such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
