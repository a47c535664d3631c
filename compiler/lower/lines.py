"""LLVM text, line by line."""

from __future__ import annotations

from collections.abc import Callable


class Lines:
    """The lines of one function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.number = 0
        self.block = "entry"

    def text(self) -> str:
        """Return all lines."""
        return "entry:\n" + "".join(
            f"  {line}\n" if not line.endswith(":") else f"{line}\n" for line in self.lines
        )

    def say(self, line: str) -> None:
        """Write a line."""
        self.lines.append(line)

    def new(self, expression: str) -> str:
        """Name the result of an expression; return the name."""
        self.number += 1
        name = f"%t{self.number}"
        self.say(f"{name} = {expression}")
        return name

    def label(self, name: str) -> None:
        """Begin a block."""
        self.say(f"{name}:")
        self.block = name

    def at(self, pointer: str, offset: str) -> str:
        """Find the address so many numbers further on."""
        return self.new(f"getelementptr double, ptr {pointer}, i64 {offset}")

    def counted(
        self, name: str, start: str, end: str, step: int, body: Callable[[str], None]
    ) -> None:
        """Write a loop that counts from one number to another, perhaps not once round."""
        before = self.block
        some = self.new(f"icmp ult i64 {start}, {end}")
        self.say(f"br i1 {some}, label %{name}, label %{name}end")
        self.label(name)
        i = f"%i{name}"
        self.say(f"{i} = phi i64 [ {start}, %{before} ], [ {i}n, %{name}latch ]")
        body(i)
        self.say(f"br label %{name}latch")
        self.label(f"{name}latch")
        self.say(f"{i}n = add nuw nsw i64 {i}, {step}")
        more = self.new(f"icmp ult i64 {i}n, {end}")
        self.say(f"br i1 {more}, label %{name}, label %{name}end")
        self.label(f"{name}end")
