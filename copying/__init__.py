"""Copies and pickles of recorded graphs of any depth; pickles find here what makes them Values."""

from .graphs import History, copy_graph, last, reduce_graph, restore

__all__ = ["History", "copy_graph", "last", "reduce_graph", "restore"]
