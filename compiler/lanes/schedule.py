"""The order of instructions: long chains first, as registers allow.

A processor looks some hundred instructions ahead, and LLVM keeps roughly to the order that it is
given. In the order of a formula each function waits for its own results while another could run.
So straight pieces are ordered by a list schedule: at each step, of the instructions whose operands
are there, the one with the longest chain behind it. (J. Fisher, "Trace scheduling", 1981, sec. 2.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

NAME = re.compile(r"%[\w.]+")
STRAIGHT = re.compile(r"  (?:(%[\w.]+) = (?!phi )|store )")
LIVE = 64  # vectors; with more, what was written first goes first, so that they come to an end
# Clock cycles from an instruction to its result. What is not listed is arithmetic, or free.
ARITHMETIC = 4
LATENCIES = {
    "fdiv": 24,
    "load": 8,
    "call": 5,
    "bitcast": 0,
    "fneg": 0,
    "getelementptr": 0,
}
SQRT = 32
AHEAD = 100  # instructions of two registers each that a processor looks ahead
WAITING = 1.5  # cycles of a chain for each instruction, from where on twice the lanes are faster
SLOW = 16  # cycles for which a division keeps the divider busy


def in_order(lines: Iterable[str], changed: Callable[[list[str]], list[str]]) -> list[str]:
    """Order the straight pieces of a function's body.

    Parameters:
        lines: the body.
        changed: is asked what should stand there for each piece.
    """
    found: list[str] = []
    piece: list[str] = []
    for line in [*lines, ""]:
        if STRAIGHT.match(line):
            piece.append(line)
        else:
            found += scheduled(changed(piece))
            found.append(line)
            piece = []
    return found[:-1]


def scheduled(lines: list[str]) -> list[str]:
    """Order a straight piece; what an instruction uses may stand anywhere in it.

    Parameters:
        lines: instructions without branches. Stores and loads are of different memory.
    """
    return Schedule(lines).run() if len(lines) > 2 else lines


def mostly_waits(lines: Iterable[str]) -> bool:
    """Say whether a body is mostly long chains, in which a processor waits for result after result.

    Short bodies do not wait: meanwhile it is at the next lanes. Chains are counted from branch to
    branch, and what is rarely done not at all.
    """
    chains = work = 0
    for piece in _usual_pieces(lines):
        schedule = Schedule(piece)
        chains += max(schedule.height)
        work += sum(map(bool, schedule.latency))
    return work > AHEAD and chains > WAITING * work


def _usual_pieces(lines: Iterable[str]) -> Iterator[list[str]]:
    """Give the straight pieces outside of the blocks that `Instructions.rarely` writes."""
    piece: list[str] = []
    is_rare = False
    for line in [*lines, ""]:
        if STRAIGHT.match(line):
            piece.append(line)
            continue
        if piece and not is_rare:
            yield piece
        piece = []
        if line.startswith(("rare", "usual")):
            is_rare = line.startswith("rare")


class Schedule:
    """A list schedule of one straight piece."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.latency = [_latency(line) for line in lines]
        made = {m[1]: i for i, line in enumerate(lines) if (m := STRAIGHT.match(line)) and m[1]}
        self.operands: list[set[int]] = []
        self.users: list[list[int]] = [[] for _ in lines]
        for i, line in enumerate(lines):
            used = {made[x] for x in NAME.findall(line) if x in made} - {i}
            self.operands.append(used)
            for x in used:
                self.users[x].append(i)
        self.height = self._heights()

    def _heights(self) -> list[int]:
        """Count the cycles from each instruction to the end of the longest chain behind it."""
        height = [0] * len(self.lines)
        left = [len(users) for users in self.users]
        ends = [i for i, count in enumerate(left) if not count]
        while ends:
            i = ends.pop()
            height[i] += self.latency[i]
            for x in self.operands[i]:
                height[x] = max(height[x], height[i])
                left[x] -= 1
                if not left[x]:
                    ends.append(x)
        return height

    def run(self) -> list[str]:
        """Go through the cycles."""
        waiting = [len(x) for x in self.operands]
        unused = [len(x) for x in self.users]
        start = [0.0] * len(self.lines)
        done = bytearray(len(self.lines))
        coming: list[tuple[float, int]] = []  # by the cycle in which operands are there
        longest: list[tuple[int, int]] = []  # ready, the longest chain first
        first: list[int] = []  # ready, by where they stood
        order: list[int] = []
        clock = divider = 0.0
        live = 0
        for i, count in enumerate(waiting):
            if not count:
                heappush(coming, (0.0, i))
        while len(order) < len(self.lines):
            while coming and (coming[0][0] <= clock or not longest):
                at, i = heappop(coming)
                clock = max(clock, at)
                heappush(longest, (-self.height[i], i))
                heappush(first, i)
            i = heappop(first) if live > LIVE else heappop(longest)[1]
            while done[i]:
                i = heappop(first) if live > LIVE else heappop(longest)[1]
            done[i] = 1
            order.append(i)
            begin = clock
            if self.latency[i] >= LATENCIES["fdiv"]:
                begin = max(clock, divider)
                divider = begin + SLOW
            clock += 1.0 if self.latency[i] else 0.0
            for x in self.operands[i]:
                unused[x] -= 1
                live -= not unused[x]
            live += bool(self.users[i])
            for x in self.users[i]:
                waiting[x] -= 1
                start[x] = max(start[x], begin + self.latency[i])
                if not waiting[x]:
                    heappush(coming, (start[x], x))
            while longest and done[longest[0][1]]:
                heappop(longest)
        return [self.lines[i] for i in order]


def _latency(line: str) -> int:
    if "@llvm.sqrt" in line:
        return SQRT
    word = line.split("= ", 1)[-1].split(None, 1)[0]
    return LATENCIES.get(word, ARITHMETIC)
