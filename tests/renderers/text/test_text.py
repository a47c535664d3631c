"""The text renderer: each node once, in a form that a terminal can hold."""

import copy
import os
import pickle
import re
import subprocess
import sys

import pytest
from pluggrad import Graph, RenderError, Value, render, scope
from pluggrad.renderers.labels import columns

from ..labels import ATTACKS, labelled, neuron


def test_the_neuron_is_drawn_with_values_and_gradients() -> None:
    drawn = render(neuron(), "text")
    rows = {line.split()[0]: line.split()[-2:] for line in drawn.splitlines()[1:]}
    assert rows["n9"] == ["0.707107", "1"]
    assert [rows[id][1] for id in ("n0", "n1", "n3", "n4", "n7")] == [
        "-1.5",
        "1",
        "0.5",
        "0",
        "0.5",
    ]
    assert len(rows) == 10


def test_a_shared_node_is_drawn_once_and_referred_to_after_that() -> None:
    x = Value(2.0, label="x")
    y = x * x
    drawn = render(y + y, "text").splitlines()
    assert sum(line.startswith("n0") for line in drawn) == 1
    assert sum("↑" in line and "n0" in line for line in drawn) == 1
    assert sum("↑" in line and "n1" in line for line in drawn) == 1


def test_a_tower_of_doublings_grows_with_its_nodes_not_with_its_paths() -> None:
    x = Value(1.0)
    for _ in range(100):
        x = x + x
    assert len(render(x, "text").splitlines()) < 400


def test_a_gradient_that_was_not_computed_is_a_dash_and_a_computed_zero_a_zero() -> None:
    a, b = Value(1.0, label="a"), Value(0.0, label="b")
    y = a * b
    assert "—" in render(y, "text")
    y.backward()
    line = next(x for x in render(y, "text").splitlines() if " a " in x)
    assert line.split()[-1] == "0"


@pytest.mark.parametrize("attack", ATTACKS)
def test_any_label_stays_in_its_line_and_sends_the_terminal_nothing(attack: str) -> None:
    drawn = render(labelled(ATTACKS[attack]), "text")
    assert len(drawn.splitlines()) == 4
    assert drawn.replace("\n", "").isprintable()
    assert max(map(len, drawn.splitlines())) < 120
    drawn.encode("utf-8")


def test_what_is_left_out_is_counted() -> None:
    x = Value(1.0)
    for _ in range(1000):
        x = x.tanh()
    drawn = render(x, "text", max_nodes=10)
    assert "991 of 1,001 nodes left out" in drawn
    assert len(render(x, "text", max_nodes=None).splitlines()) > 1000


@pytest.mark.parametrize(
    ("option", "wrong", "told"),
    [("digits", 0, "digits"), ("max_depth", "deep", "max_depth"), ("max_nodes", -1, "max_nodes")],
)
def test_a_wrong_option_is_named(option: str, wrong: object, told: str) -> None:
    with pytest.raises(RenderError, match=told):
        render(Value(1.0), "text", **{option: wrong})


def test_the_drawing_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "from pluggrad import Value, render\n"
        "xs = [Value(float(i), label=f'x{i}') for i in range(9)]\n"
        "print(render([xs[i] * xs[-i] + 2.0 * xs[3] for i in range(1, 9)], 'text'))"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(drawn) == 1


# ----- Width -----


def wide() -> Value:
    """Long labels, of wide letters too, and much indentation."""
    x = Value(-1234.56789, label="数学の名前はとても長い " * 3)
    for i in range(30):
        with scope(f"part {i}"):
            x = (x * 1.000001).tanh() + x
            x.label = f"the result of step number {i}, which is long"
    x.backward()
    return x


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("make", [neuron, wide, lambda: Graph(wide()).collapse()])
def test_no_line_is_longer_than_the_width(make, width: int) -> None:
    drawn = render(make(), "text", width=width, max_nodes=None)
    assert max(map(columns, drawn.splitlines())) <= width
    assert all(f"{node.id} " in drawn for node in render_graph(make()).nodes if node.kind == "op")


def render_graph(made) -> Graph:
    return made if isinstance(made, Graph) else Graph(made)


def test_a_width_that_is_enough_changes_nothing() -> None:
    assert render(neuron(), "text", width=200) == render(neuron(), "text")


def test_a_narrow_picture_is_less_deep_and_says_where_it_goes_on() -> None:
    drawn = render(wide(), "text", width=60, max_nodes=None)
    assert drawn.count("shown below") > render(wide(), "text", max_nodes=None).count("shown below")


# ----- Colours -----

CODE = re.compile("\x1b\\[[0-9;]*m")


def test_colours_change_nothing_but_colours() -> None:
    for made in (neuron(), wide(), Graph(wide()).collapse()):
        coloured = render(made, "text", color=True)
        assert CODE.sub("", coloured) == render(made, "text", color=False)
        assert len(CODE.findall(coloured)) > 10


def test_kinds_and_alarms_have_their_colours() -> None:
    x = Value(float("nan"), label="x")
    drawn = render(x * Value(2.0, label="w"), "text", color=True)
    assert "\x1b[34mx\x1b[0m" in drawn
    assert drawn.count("\x1b[1;31m") == 3  # both are nan, and where it began is told
    assert "\x1b[1;33m*\x1b[0m" in drawn


def test_a_result_is_plain_text_for_every_purpose_but_printing(tmp_path) -> None:
    drawn = render(neuron(), "text")
    assert "\x1b" not in drawn + f"{drawn}" + drawn.upper()
    for again in (copy.deepcopy(drawn), pickle.loads(pickle.dumps(drawn))):
        assert again == drawn
        assert again.coloured == drawn.coloured
    (tmp_path / "a.txt").write_text(drawn)
    assert (tmp_path / "a.txt").read_text() == drawn


PROGRAM = """
import sys
from pluggrad import Value, render, save
x = Value(2.0, label="x" * 30)
for i in range(20):
    x = x.tanh()
drawn = render(x, "text")
save(x, sys.argv[1])
open(sys.argv[2], "w").write(drawn)
import logging
with open(sys.argv[2], "a") as file:
    logging.basicConfig(stream=file)
    logging.warning(drawn)
    logging.warning("%s", drawn)
    print(drawn, file=file)
    print("a", drawn, sep=" ", file=file, flush=True)
    print(drawn, **{"file": file})
    print(str(drawn), f"{drawn}", "%s" % drawn, "{}".format(drawn), file=file)
    file.write(str(drawn)); file.write(f"{drawn!s}"); print("done")
    assert "\\x1b" not in str(drawn) + f"{drawn!s}"
print(drawn)
"""


def on_a_terminal(folder, **environment: str) -> str:
    """Run the program where standard output is a terminal of 70 columns."""
    pty = pytest.importorskip("pty", reason="this system has no terminals to try")
    import fcntl
    import struct
    import termios

    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 70, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder / "saved.txt"), str(folder / "written.txt")],
        stdout=inner,
        env={**clean, "TERM": "xterm", **environment},
    )
    os.close(inner)
    found = b""
    try:
        while part := os.read(outer, 4096):
            found += part
    except OSError:  # how a terminal ends on Linux
        pass
    os.close(outer)
    assert process.wait() == 0
    return found.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_its_width_and_files_get_no_colours(tmp_path) -> None:
    shown = on_a_terminal(tmp_path)
    assert "\x1b[34m" in shown
    assert shown.count("\x1b[34m") == 1  # printed once, with one leaf
    assert max(len(CODE.sub("", line)) for line in shown.splitlines()) <= 70
    for name in ("saved.txt", "written.txt"):
        assert "\x1b" not in (tmp_path / name).read_text()


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_who_wants_no_colours_gets_none(tmp_path, environment) -> None:
    assert "\x1b" not in on_a_terminal(tmp_path, **environment)


def test_options_of_width_and_colour_are_checked() -> None:
    for option in ({"width": 10}, {"width": "80"}, {"color": "auto"}):
        with pytest.raises(RenderError, match=next(iter(option))):
            render(Value(1.0), "text", **option)
