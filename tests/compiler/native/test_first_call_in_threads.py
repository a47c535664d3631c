"""Compiled code lives as long as the process, whoever asked for it first."""

import subprocess
import sys

FIRST_CALLS = """
import sys
from threading import Barrier, Thread

import numpy as np
from pluggrad import compile

sys.setswitchinterval(1e-6)
square, x, ready, right = compile(lambda x: x * x), np.arange(200_000.0), Barrier(6), []

def call():
    ready.wait()
    for _ in range(3):
        value, gradient = square.value_and_grad(x)
        right.append(bool((value == x * x).all() and (gradient == 2 * x).all()))

threads = [Thread(target=call) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert right == [True] * 18, right
"""


def test_the_first_call_may_come_from_several_threads_at_once():
    done = subprocess.run([sys.executable, "-c", FIRST_CALLS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
