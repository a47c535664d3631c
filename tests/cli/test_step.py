"""pluggrad step: keys as in a debugger."""

import io
from pathlib import Path

import pytest
from pluggrad.cli import main

PROGRAM = """
from pluggrad import Value
def loss():
    x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    y = (x * w).tanh()
    y.label = "y"
    y.backward()
    return y
"""


@pytest.fixture
def target(tmp_path: Path) -> str:
    path = tmp_path / "model.py"
    path.write_text(PROGRAM)
    return f"{path}:loss"


def said(
    target: str, keys: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(keys.split(","))))
    assert main(["step", target]) == 0
    return capsys.readouterr().out.splitlines()


def test_steps_go_forward_and_back(target, monkeypatch, capsys) -> None:
    lines = said(target, "n,n,b,c,q", monkeypatch, capsys)
    assert lines[0] == "2 results, then 3 contributions. n takes the next step, h lists the keys."
    assert lines[1] == "1/6  n2 = x * w = 2.0 * (-3.0) = -6.0"
    assert lines[2] == "2/6  y = tanh(n2) = tanh(-6.0) = -1.0"
    assert lines[3] == lines[1]
    assert lines[4].startswith("6/6  w.grad += local 2.0")


def test_one_goes_on_until_a_value_is_computed_or_its_gradient_complete(
    target, monkeypatch, capsys
) -> None:
    lines = said(target, "u y,g,u x,p x,u nobody,zz", monkeypatch, capsys)
    assert lines[1].startswith("2/6  y = tanh(n2)")
    assert lines[2].startswith("3/6  y.grad = 1.0   backprop begins here")
    assert lines[3].startswith("5/6  x.grad += local -3.0")
    assert lines[4].startswith("x (n0): data 2.0, grad -7.37")
    assert lines[5] == "no step does that to nobody"
    assert lines[6] == "there is no key 'zz'"


def test_a_closed_stdin_ends_it_as_the_end_of_a_file_does(target, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert main(["step", target]) == 0
    assert capsys.readouterr().out.startswith("2 results, then 3 contributions.")


def test_what_is_no_text_is_no_key(target, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\nn\n"), "utf-8"))
    assert main(["step", target]) == 0
    assert "there is no key '\\\\xff'" in capsys.readouterr().out
