"""Layered layout in pure Python: where the nodes of a directed graph stand, how its edges run.

The method of Sugiyama, Tagawa and Toda (1981), each step a file of its own: `ranking` gives every
node a layer, `segments` cuts long edges into pieces from layer to layer, `ordering` sorts each
layer so that few edges cross, `alignment` gives coordinates that keep long edges straight, and
`routing` draws them. Nothing is recursive and nothing is random: the same sizes and edges give the
same picture in every process, and time grows about linearly.
"""

from __future__ import annotations

from .crossings import count_crossings
from .folding import folded
from .plan import Layout, lay_out_layers

__all__ = ["Layout", "count_crossings", "folded", "lay_out_layers"]
