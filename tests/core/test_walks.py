"""Three walks through core/, as docs/design.md tells them: which files a reader has to open."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pluggrad
import pytest
from pluggrad import Op, Value, hookimpl, plugins, render

CORE = Path(pluggrad.__file__).parent
DESIGN = (Path(__file__).parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
WINGS = (
    "drawing",
    "hints",
    "insight",
    "ops",
    "renderers",
    "settings",
    "summary",
    "copying",
    "func",
)


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


# ----- The walks, in a process where nothing else has happened -----


def neuron():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    (a * b + a).backward()  # the code of the rules is made once
    return a * b + a


def backward():
    return entered(neuron().backward)


def backward_with_a_rule_that_calls_an_op():
    x = Value(0.5)
    x.tanh().backward()
    return entered(x.tanh().backward)


def register():
    op = Op("walked", lambda x: x * x, lambda g, out, x: 2.0 * g * x)

    class Plugin:
        @hookimpl
        def pluggrad_register_ops(self):
            return [op]

    return entered(lambda: plugins.register(Plugin(), "walked"))


def render_as_text():
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    made = a * b + a
    made.backward()  # once: gradients of two passes are looked into
    render(made, "text")  # the plugins of renderers are loaded once
    return entered(lambda: render(made, "text"))


WALKS = (backward, backward_with_a_rule_that_calls_an_op, register, render_as_text)


@pytest.fixture(scope="module")
def walked():
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True)
    return {
        name: tuple(map(set, found))
        for name, found in json.loads(done.stdout.splitlines()[-1]).items()
    }


def test_a_value_goes_backward_through_four_files(walked):
    own, others = walked["backward"]
    assert own == told("`o.backward()`")
    assert len(own) <= 4
    assert not others


def test_the_rule_that_calls_another_op_is_a_fifth_file(walked):
    own, _ = walked["backward_with_a_rule_that_calls_an_op"]
    assert own == {*told("`o.backward()`"), "op.py"}


def test_an_op_gets_in_through_three_files(walked):
    own, others = walked["register"]
    assert own | others == told("`plugins.register(plugin, name)`")
    assert len(own | others) <= 4


def test_a_value_becomes_text_through_six_files(walked):
    own, others = walked["render_as_text"]
    assert own | others == told('`render(o, "text")`')
    assert len(own | others) <= 6


if __name__ == "__main__":
    print(json.dumps({walk.__name__: [sorted(found) for found in walk()] for walk in WALKS}))
