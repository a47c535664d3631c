"""Who waits for long is told why; who does not is left alone."""

import io
import os
import select
import signal
import sys
import threading
import time
from itertools import count
from types import FrameType
from typing import Any

import pytest
from pluggrad import Value, render
from pluggrad.compiler import compile
from pluggrad.progress import line, screens, tell, waiting, working


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin where no piece of work is under way, not even one that a signal ended at its door."""
    line._current.set(None)
    monkeypatch.delenv("PLUGGRAD_PROGRESS", raising=False)  # other tests are silent


def many(x: Any) -> Any:
    select.select([], [], [], 0.2)  # gives the clock time, which has a thread of its own
    for _ in range(12_000):
        x = x + 1.0
    return x


def test_a_long_recording_is_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    assert compile(many, executor="interpreter")(0.0) == 12_000.0
    assert capsys.readouterr().err == "pluggrad: recording\n"


def test_a_short_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    compile(lambda x: x * x, executor="interpreter")(1.0)
    assert capsys.readouterr().err == ""


def test_an_environment_variable_silences_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    monkeypatch.setenv("PLUGGRAD_PROGRESS", "0")
    compile(many, executor="interpreter")(0.0)
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal without rich, whose reader has waited long enough."""
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    monkeypatch.setattr(screens, "find_spec", lambda name: None)
    return found


def test_on_a_terminal_the_line_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    with waiting():
        tell("planning", long=True)
        with waiting():  # the same piece of work
            tell("linking")
    assert terminal.getvalue() == "\r\x1b[Kpluggrad: planning\r\x1b[K"


def test_what_is_counted_has_a_bar_and_its_parts_are_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = watched(monkeypatch)
    monkeypatch.setattr(line, "EVERY", -1.0)
    with waiting():
        tell("row 1 of 4", done=1, total=4)
        tell("recording")
        tell("row 2 of 4", done=2, total=4)
    shown = terminal.getvalue().split("\r\x1b[K")
    assert [text for text in shown if text] == [
        f"pluggrad: row 1 of 4 [{'#' * 7}{'-' * 23}] 25 %",
        f"pluggrad: row 2 of 4 [{'#' * 15}{'-' * 15}] 50 %",
    ]


def test_what_calls_nobody_is_said_by_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    with working("drawing"):
        for _ in range(500):
            if terminal.getvalue():
                break
            time.sleep(0.01)
    assert terminal.getvalue() == "\r\x1b[Kpluggrad: drawing\r\x1b[K"


def test_a_large_picture_is_told_of_and_a_small_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    x = Value(1.0)
    render(x * 2.0, "text")
    assert terminal.getvalue() == ""
    for _ in range(5_000):
        x = x + 1.0
    render(x, "networkx")
    assert "pluggrad: drawing 10,001 nodes" in terminal.getvalue()


def test_rich_draws_the_bar_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = watched(monkeypatch)
    pytest.importorskip("rich", reason="draws a bar")
    monkeypatch.setattr(screens, "find_spec", lambda name: object())
    with waiting():
        tell("row [1] of 4", done=1, total=4)
    assert "pluggrad: row [1] of 4" in terminal.getvalue()
    assert "25%" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # the line is gone


def test_where_no_terminal_is_some_work_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    with working("drawing"):
        tell("drawing", long=True)
    assert capsys.readouterr().err == ""


def test_nobody_waits_outside(capsys: pytest.CaptureFixture[str]) -> None:
    tell("anything", long=True)
    assert capsys.readouterr().err == ""


class Odd:
    """A stderr that only takes texts, as some programs put there."""

    def write(self, text: str) -> None:
        raise RuntimeError("no room")


def closed() -> io.StringIO:
    stream = Terminal()
    stream.close()
    return stream


class Full(Terminal):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "broken", [Odd, closed, Full, lambda: io.TextIOWrapper(io.BytesIO(), "cp437", "strict")]
)
def test_a_stderr_that_takes_no_text_does_not_end_the_work(
    broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    monkeypatch.setattr(line, "EVERY", 0.0)
    monkeypatch.setattr(sys, "stderr", broken())
    with waiting(), working("Σ", done=1, total=3):
        tell("Ω and ∂", done=2, total=3, long=True)
        tell("again", done=3, total=3, long=True)
    assert compile(many, executor="interpreter")(0.0) == 12_000.0


def interrupted(moment: int) -> bool:
    """Begin and end a piece of work, with Ctrl-C at one moment of it; say whether it came."""
    moments = count(1)

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != line.__file__:
            return None
        if event in ("call", "line") and next(moments) == moment:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        with working("drawing"):
            pass
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def test_wherever_ctrl_c_comes_nobody_waits_for_a_clock_that_was_not_started() -> None:
    came: list[int] = []

    def interrupt_everywhere() -> None:
        came.extend(moment for moment in range(1, 100) if interrupted(moment))

    thread = threading.Thread(target=interrupt_everywhere, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits"
    assert len(came) > 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_forked_while_a_clock_runs_comes_to_the_end_of_the_work() -> None:
    def forked(x: Any) -> Any:
        children.append(os.fork())
        if children == [0]:
            signal.alarm(60)
        return x * x

    children: list[int] = []
    result = compile(forked, executor="interpreter")(3.0)
    if children == [0]:
        os._exit(0 if result == 9.0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_forked_while_a_clock_writes_can_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            writing.set()
            written.wait(60)
            return len(text)

    writing, written = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "stderr", Slow())
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    with waiting(), working("drawing"):
        assert writing.wait(60)
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            sys.stderr = Terminal()
            tell("drawing", long=True)
            os._exit(0)
        written.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
