"""Wheels of packages that setuptools builds, many in one process."""

import subprocess
import sys

# pip starts three processes for each package. Here the first is built by the process from which the
# others fork, so that each finds all imported; and setuptools asks dozens of times for the entry
# points of all that is installed, which stay as they are.
PROGRAM = """
import functools, gc, importlib.metadata, os, sys
importlib.metadata.entry_points = functools.cache(importlib.metadata.entry_points)
from setuptools import build_meta

def build(source):
    os.chdir(source)
    build_meta.build_wheel(folder)

folder, first, *others = sys.argv[1:]
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
build(first)
gc.freeze()
for source in others:
    if os.fork() == 0:
        build(source)
        os._exit(0)
    assert os.wait()[1] == 0, source
"""


def build_wheels(folder, *sources):
    """Write a wheel of each source folder into a folder; files are left beside the sources."""
    subprocess.run([sys.executable, "-c", PROGRAM, folder, *sources], check=True)
