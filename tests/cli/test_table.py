"""Tables of commands, and how rich draws them on a terminal."""

import io
import sys

import pytest
from pluggrad.cli import main, table


class Terminal(io.StringIO):
    def isatty(self):
        return True


def listing(monkeypatch, rich):
    """Print the settings on a terminal with rich, or without."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(table, "find_spec", lambda name: rich or None)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["config"]) == 0
    return terminal.getvalue()


def test_rich_draws_a_table_where_it_is_installed(monkeypatch):
    pytest.importorskip("rich", reason="draws tables")
    monkeypatch.setenv("NO_COLOR", "1")
    drawn = listing(monkeypatch, rich=object())
    assert "─" in drawn
    assert "renderer" in drawn


def test_without_rich_the_columns_are_aligned_by_spaces(monkeypatch):
    drawn = listing(monkeypatch, rich=None)
    assert "─" not in drawn
    assert "renderer" in drawn


def test_rich_takes_nothing_in_a_cell_for_markup_or_a_command(monkeypatch):
    pytest.importorskip("rich", reason="draws tables")
    monkeypatch.setenv("PLUGGRAD_RENDERER", "[red]x\x1b[2J")
    drawn = listing(monkeypatch, rich=object())
    assert "[red]x\\x1b[2J" in drawn
