"""What type checkers see: the types of what people call, none of them Any."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pluggrad import Value, plugins, render
from pluggrad.drawing.rendering import Textual

REVEALED = {
    "compile(area)": "Compiled[[a: float, b: float], float]",
    "compile(area)(1.0, 2.0)": "float",
    "compile(x * x)": "Program",
    "compile([x, x * x])": "Program",
    "compile(executor='interpreter')(area)(1.0, 2.0)": "float",
    "compile(area, in_axes=(0, None))": "OverRows",
    "decorated(1.0)": "float",
    "ops.exp(x)": "Value",
    "ops.exp(1.0)": "float",
    "ops.atan2(x, 2.0)": "Value",
    "x.exp() + 1": "Value",
    "render(x, 'text')": "str",
    "render(x, 'svg')": "str",
    "func.grad(area)(1.0, 2.0)": "float",
    "func.grad(weighted)({'w': 1.0}, 2.0)": "dict[str, float]",
    "func.value_and_grad(weighted)({'w': 1.0}, 2.0)": "tuple[float, dict[str, float]]",
    "func.grad(of_a_point)(Point(1.0, 2.0))": "Point",
    "grad(x * x, x)": "float",
    "grad(x * x, [x])": "list[float]",
    "grad(x * x, x, create_graph=True)": "Value",
    "values([1.0]).grad": "ndarray[tuple[Any, ...], dtype[float64]]",
    "nn.MLP(2, [1]).parameters()": "list[Value]",
    "nn.Sequential(nn.Linear(2, 1), nn.Tanh())": "Sequential",
    "x.data": "float",
}

PROGRAM = """
from dataclasses import dataclass
from pluggrad import Value, compile, func, grad, nn, ops, render, values

@dataclass
class Point:
    x: float
    y: float

def area(a: float, b: float) -> float: return a * b
def weighted(p: dict[str, float], x: float) -> float: return p["w"] * x
def of_a_point(p: Point) -> float: return p.x * p.y
@compile
def decorated(a: float) -> float: return a
func.grad(lambda x: x**3)(2.0)
func.grad(func.grad(lambda x: x**3))(2.0)
compile(lambda x, y: x * y)(1.0, 2.0)
x = Value(1.0)
"""


def program() -> str:
    return PROGRAM + "".join(f"reveal_type({expression})\n" for expression in REVEALED)


def plain(revealed: str) -> str:
    """Take the modules off a type."""
    return re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)", "", revealed)


def test_mypy_sees_the_types_of_what_people_call(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(program())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    found = re.findall(r'Revealed type is "(.*)"', done.stdout)
    assert "error" not in done.stdout, done.stdout
    assert dict(zip(REVEALED, map(plain, found), strict=True)) == REVEALED


def test_pyright_finds_no_error_in_the_same_program(tmp_path: Path) -> None:
    pyright = shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not installed")
    (tmp_path / "user.py").write_text(program())
    done = subprocess.run(
        [pyright, "--pythonpath", sys.executable, "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "0 errors" in done.stdout, done.stdout


def test_wrong_uses_are_found(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        PROGRAM
        + textwrap.dedent("""
            func.grad(weighted)("w", 2.0)
            render(x, "text").no_such_method()
            compile(x * x).no_such_method()
            ops.exp(x).no_such_method()
        """)
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Found 4 errors" in done.stdout, done.stdout


@pytest.mark.parametrize("name", Textual.__args__)  # type: ignore[attr-defined]
def test_a_renderer_that_type_checkers_take_for_text_gives_text(name: str) -> None:
    assert isinstance(render(Value(1.0) * 2, name), str)


def test_no_renderer_of_text_is_left_out() -> None:
    for name, kind in plugins.renderers.items():
        if kind.__module__.startswith("pluggrad.") and isinstance(
            render(Value(1.0) * 2, name), str
        ):
            assert name in Textual.__args__  # type: ignore[attr-defined]
