"""Three walks through core/, as docs/design.md tells them: which files a reader has to open."""

import re
import sys
from pathlib import Path

import pluggrad
import pytest
from pluggrad import Op, Value, hookimpl, plugins, render

CORE = Path(pluggrad.__file__).parent
DESIGN = (Path(__file__).parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
WINGS = ("drawing", "hints", "insight", "ops", "renderers", "summary", "copying", "func")


def entered(walk):
    """List the files of core/ whose functions run, and those that only a wing runs."""
    own, others = {}, {}

    def look(frame, event, arg):
        place = _place(frame)
        if event == "call" and place is not None and place.parts[0] not in WINGS:
            caller = frame.f_back
            while caller is not None and _place(caller) == place:
                caller = caller.f_back
            behind = caller and _place(caller)
            wing = behind is not None and behind.parts[0] in ("insight", "renderers", "ops")
            (others if wing else own)[place.as_posix()] = True

    sys.setprofile(look)
    try:
        walk()
    finally:
        sys.setprofile(None)
    return set(own), set(others) - set(own)


def _place(frame):
    file = Path(frame.f_code.co_filename)
    return file.relative_to(CORE) if file.is_relative_to(CORE) else None


def told(start):
    """Read from the documentation which files a walk goes through."""
    line = re.search(rf"^- {re.escape(start)}(.*?)(?=^- |^$)", DESIGN, re.MULTILINE | re.DOTALL)
    assert line is not None, start
    return set(re.findall(r"`([\w/]+\.py)`", line[1].partition("More: ")[0]))


@pytest.fixture
def made():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    (a * b + a).backward()  # the code of the rules is made once
    return a * b + a


def test_a_value_goes_backward_through_four_files(made):
    own, others = entered(made.backward)
    assert own == told("`o.backward()`")
    assert len(own) <= 4
    assert not others


def test_the_rule_that_calls_another_op_is_a_fifth_file():
    x = Value(0.5)
    x.tanh().backward()
    own, _ = entered(x.tanh().backward)
    assert own == {*told("`o.backward()`"), "op.py"}


def test_an_op_gets_in_through_three_files():
    op = Op("walked", lambda x: x * x, lambda g, out, x: 2.0 * g * x)

    class Plugin:
        @hookimpl
        def pluggrad_register_ops(self):
            return [op]

    try:
        own, others = entered(lambda: plugins.register(Plugin(), "walked"))
    finally:
        plugins.unregister("walked")
    assert own | others == told("`plugins.register(plugin, name)`")
    assert len(own | others) <= 4


def test_a_value_becomes_text_through_six_files_and_that_of_the_check(made):
    made.backward()
    render(made, "text")  # the plugins of renderers are loaded once
    own, others = entered(lambda: render(made, "text"))
    assert own == told('`render(o, "text")`')
    assert len(own) <= 6
    assert others == {"strong_zero.py"}
