"""Which nodes of a graph belong together: by scope, by depth, and by what they have in common.

A group is known by its key. What is put together here may form a cycle with the rest; where it
does, `cut_open` makes pieces of it that follow each other.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Set
from typing import NamedTuple

from .repeats import runs, trees
from .structure import Structure

Key = Hashable


class Groups(NamedTuple):
    """What belongs together.

    Attributes:
        keys: for each node the key of its group, or None.
        titles: for each key what to call the group.
    """

    keys: list[Key]
    titles: dict[Key, str]


def by_scope(structure: Structure, depth: int, opened: Set[Key]) -> Groups:
    """Group by scope, the first `depth` names of it; more where a scope is opened."""
    keys: list[Key] = []
    titles: dict[Key, str] = {}
    for node in structure.nodes:
        key: Key = None
        for length in range(min(depth, len(node.scope)), len(node.scope) + 1):
            prefix = node.scope[:length]
            if prefix and prefix not in opened:
                key = prefix
                titles[key] = "/".join(prefix)
                break
        keys.append(key)
    return with_leaves(structure, cut_open(structure, Groups(keys, titles)), opened)


def by_depth(structure: Structure, depth: int, opened: Set[Key]) -> Groups:
    """Group bands of `depth` levels, counted from the leaves; a leaf belongs to its first user."""
    level = structure.levels()
    for i in range(len(structure)):
        if not structure.operands[i] and structure.users[i]:
            level[i] = min([level[user] for user in structure.users[i]])
    keys: list[Key] = [("band", x // depth) for x in level]
    titles = {key: _band(key, depth) for key in set(keys)}
    return Groups([None if key in opened else key for key in keys], titles)


def _band(key: Key, depth: int) -> str:
    assert isinstance(key, tuple)
    first = key[1] * depth
    return f"level {first}" if depth == 1 else f"levels {first}–{first + depth - 1}"


def by_repeats(structure: Structure, opened: Set[Key]) -> Groups:
    """Group what has the same structure on the same level, and runs of equal steps."""
    units: list[Key] = [node.scope or None for node in structure.nodes]
    # For each unit its kind, its name, and the name that all of its kind have in common.
    kinds: dict[Key, tuple[Key, str, str]] = {}
    for scope in {node.scope for node in structure.nodes if node.scope}:
        common = _without_number(scope[-1])
        outer = scope[:-1]
        kinds[scope] = ((outer, common), "/".join(scope), "/".join((*outer, common)))
    for find in (trees, runs):
        for members, kind, name in find(structure, units):
            unit = (find.__name__, members[0])
            kinds[unit] = ((find.__name__, kind), name, name)
            for i in members:
                units[i] = unit
    pieces = cut_open(structure, Groups(units, {}))
    level = _levels_of_groups(structure, pieces.keys)
    keys: list[Key] = []
    named: dict[Key, set[Key]] = {}
    for i, piece in enumerate(pieces.keys):
        key: Key = None
        if piece is not None:
            key = (kinds[units[i]][0], level[i])
            named.setdefault(key, set()).add(units[i])
        keys.append(key)
    titles = {key: _repeated(kinds, alike) for key, alike in named.items()}
    single = {
        key
        for key, alike in named.items()
        if len(alike) == 1 and next(iter(alike))[:1] == ("trees",)  # type: ignore[index]
    }
    kept: list[Key] = [None if key in opened or key in single else key for key in keys]
    return with_leaves(structure, Groups(kept, titles), opened)


def _repeated(kinds: dict[Key, tuple[Key, str, str]], units: set[Key]) -> str:
    name, common = kinds[min(units, key=repr)][1:]
    return name if len(units) == 1 else f"{common} × {len(units)}"


def _without_number(name: str) -> str:
    """Return what `neuron3`, `neuron[3]` and `neuron 3` have in common."""
    return re.sub(r"[\s_.\[(#-]*\d+[\])]*$", "", name) or name


# ----- Leaves -----


def with_leaves(structure: Structure, groups: Groups, opened: Set[Key]) -> Groups:
    """Put leaves without a label into the one group that uses them; the others, if alike, together.

    Who labels a leaf wants to see it. Leaves are alike that go into the same groups and nodes.
    """
    keys, titles = list(groups.keys), dict(groups.titles)
    alike: dict[Key, list[int]] = {}
    for i, node in enumerate(structure.nodes):
        if structure.operands[i] or keys[i] is not None or i in structure.outputs:
            continue
        users = {groups.keys[x] or x for x in structure.users[i]}
        user = groups.keys[structure.users[i][0]]
        if len(users) == 1 and user is not None and not node.label:
            keys[i] = user
        else:
            alike.setdefault(("leaves", node.kind, frozenset(users)), []).append(i)
    for key, members in alike.items():
        if len(members) > 1 and key not in opened:
            titles[key] = f"{_common_name(structure, members)} × {len(members)}"
            for i in members:
                keys[i] = key
    return Groups(keys, titles)


def _common_name(structure: Structure, leaves: list[int]) -> str:
    names = {_without_number(structure.nodes[i].label) for i in leaves}
    return names.pop() if len(names) == 1 and "" not in names else structure.nodes[leaves[0]].kind


# ----- No cycles -----


def vertices(keys: list[Key]) -> list[int]:
    """Number groups by their first node; a node in no group is a vertex of its own."""
    first: dict[Key, int] = {}
    return [i if key is None else first.setdefault(key, i) for i, key in enumerate(keys)]


def cut_open(structure: Structure, groups: Groups) -> Groups:
    """Cut groups that form a cycle into pieces that do not.

    A piece ends wherever a way through the graph leaves it; what is entered later is a later piece.
    A leaf belongs to the piece that uses it first.
    """
    vertex = vertices(groups.keys)
    _, behind = structure.merged(vertex)
    if not behind:
        return groups
    _, before = structure.merged(vertex, backwards=True)
    cyclic = behind & before
    entered = [0] * len(structure)

    def crossing(x: int, i: int) -> bool:
        return vertex[x] != vertex[i] and not cyclic.isdisjoint((vertex[x], vertex[i]))

    for i, operands in enumerate(structure.operands):
        for x in operands:
            entered[i] = max(entered[i], entered[x] + crossing(x, i))
    for x, users in enumerate(structure.users):
        if users and not structure.operands[x]:
            entered[x] = min([entered[i] - crossing(x, i) for i in users])
    keys: list[Key] = [
        (key, entered[i]) if key is not None and vertex[i] in cyclic else key
        for i, key in enumerate(groups.keys)
    ]
    titles = dict(groups.titles)
    pieces: dict[Key, set[int]] = {}
    for i, key in enumerate(groups.keys):
        if key is not None and vertex[i] in cyclic:
            pieces.setdefault(key, set()).add(entered[i])
    for key, times in pieces.items():
        for number, time in enumerate(sorted(times), 1):
            title = groups.titles.get(key, "")
            titles[key, time] = f"{title} ({number})" if len(times) > 1 else title
    return Groups(keys, titles)


def _levels_of_groups(structure: Structure, keys: list[Key]) -> list[int]:
    """Return for each node the length of the longest way to its group from any leaf."""
    vertex = vertices(keys)
    order, _ = structure.merged(vertex)
    members: dict[int, list[int]] = {}
    for i, v in enumerate(vertex):
        members.setdefault(v, []).append(i)
    level = dict.fromkeys(order, 0)
    for v in order:
        for i in members[v]:
            for x in structure.operands[i]:
                if vertex[x] != v:
                    level[v] = max(level[v], level[vertex[x]] + 1)
    return [level[v] for v in vertex]
