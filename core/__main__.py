"""`python -m pluggrad` is the command `pluggrad`."""

from runpy import run_module

run_module("pluggrad.cli", run_name="__main__", alter_sys=True)
