"""No forked process outlives the one that runs the tests, whose pipes it holds open."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # of linux/prctl.h


def end_forks_with_this_process():
    """Have the system kill each later fork when the thread that forked it ends, on Linux.

    What waits for the output of a process waits for all that share it: where a worker of
    pytest-xdist ends in the middle of a test, nobody would hear of it while a fork of it lives.
    """
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        os.register_at_fork(after_in_child=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
