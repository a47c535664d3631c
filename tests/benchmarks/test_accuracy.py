"""The accuracy of every op, and the excuses that are read from the comments beside them."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pluggrad import Op, plugins

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROGRAM = [sys.executable, BENCHMARKS / "accuracy.py", "--short", "--jobs", "1"]


@pytest.fixture
def accuracy(benchmark):
    return benchmark("accuracy")


def test_ops_are_as_accurate_as_they_have_to_be_or_say_why_not():
    ops = "--ops=silu,gelu,power_rule,atan2,div,sin,log,relu"
    done = subprocess.run([*PROGRAM, ops], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "8 ops" in done.stdout
    assert "excused" in done.stdout
    assert "BEYOND" not in done.stdout


def test_every_built_in_op_has_a_reference(accuracy):
    ours = {op.name for p in plugins if p.name.startswith("pluggrad.") for op in p.ops}
    assert set(accuracy.REFERENCES) == ours


def test_an_inaccurate_op_is_beyond_the_limit(accuracy, monkeypatch):
    rough = Op("exp", lambda x: plugins_exp(x) * (1 + 2e-15), lambda g, out, x: g * out)
    plugins_exp = plugins.op("exp").evaluate
    monkeypatch.setattr(accuracy, "plugins", type("Plugins", (), {"ops": {"exp": rough}}))
    report = accuracy.measure(("exp", 5, 1, False))
    assert 8 < report.forward.most < 20
    assert accuracy.show([report], verbose=False) == 2


COMMENTS = """
# Few digits are left.
# Accuracy of silu, operand 0: 2 / abs(exact) units where -1.6 < x < -1. The two
# terms cancel.
# Accuracy of silu, forward: 9 units where x > 100. So it is.
silu = ...

# Accuracy of sine, forward: 7 units. It lacks a place.
"""


def test_excuses_are_read_from_comments(accuracy):
    found = accuracy.excuses_in(COMMENTS)
    assert list(found) == ["silu"]
    (partial,), (forward,) = found["silu"][0], found["silu"]["forward"]
    assert partial == ("2 / abs(exact)", "-1.6 < x < -1", "The two terms cancel.")
    assert forward == ("9", "x > 100", "So it is.")


def test_an_excuse_covers_its_place_and_size_only(accuracy):
    silu = plugins.op("silu")
    excuse = accuracy.Excuse("2 / abs(exact)", "-1.6 < x < -1", "")
    assert excuse.covers(19.0, silu, (-1.2,), 0.1)
    assert not excuse.covers(21.0, silu, (-1.2,), 0.1)
    assert not excuse.covers(19.0, silu, (1.2,), 0.1)
    assert excuse.covers(1e9, silu, (-1.2,), 0.0)


def test_an_excuse_that_nothing_needs_is_told(accuracy):
    report = accuracy.Report("silu")
    (needless,) = accuracy.needless_excuses([report])
    assert needless.startswith("silu, 0: nothing is beyond the limit where -1.6 < x < -1")


def test_every_excuse_stands_right_above_its_op(accuracy):
    for op in plugins.ops.values():
        for excuses in accuracy.excuses_of(op).values():
            rule = next(rule for rule in op.rules if rule is not None)
            source = inspect.getsource(inspect.getmodule(rule))
            comment = source.index(f"Accuracy of {op.name}")
            declaration = re.search(rf"\n{op.name} += Op\(", source).start()
            assert 0 < declaration - comment < 1_500
            assert all(len(excuse.reason) > 10 for excuse in excuses)
