"""Who waits for long is told why; who does not is left alone."""

import io
import sys
from typing import Any

import pytest
from pluggrad.compiler import compile, progress


@pytest.fixture(autouse=True)
def nobody_waits() -> None:
    """Begin where no piece of work is under way, not even one that a signal ended at its door."""
    progress._current.set(None)


def many(x: Any) -> Any:
    for _ in range(12_000):
        x = x + 1.0
    return x


def test_a_long_recording_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    assert compile(many, executor="interpreter")(0.0) == 12_000.0
    assert capsys.readouterr().err == "pluggrad: recording\n"


def test_a_short_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    compile(lambda x: x * x, executor="interpreter")(1.0)
    assert capsys.readouterr().err == ""


def test_an_environment_variable_silences_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("PLUGGRAD_PROGRESS", "0")
    compile(many, executor="interpreter")(0.0)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_line_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.waiting():
        progress.tell("planning", long=True)
        with progress.waiting():  # the same piece of work
            progress.tell("linking")
    assert terminal.getvalue() == "\r\x1b[Kpluggrad: planning\r\x1b[K"


def test_nobody_waits_outside(capsys: pytest.CaptureFixture[str]) -> None:
    progress.tell("anything", long=True)
    assert capsys.readouterr().err == ""
