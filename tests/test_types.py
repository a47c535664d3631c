"""What type checkers see: the types of what people call, none of them Any."""

import importlib
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from pluggrad import Value, plugins, render
from pluggrad.drawing.rendering import Textual
from type_checking import mypy

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
    "func.vjp(area, 1.0, 2.0)": "tuple[float, def (float) -> tuple[float, float]]",
    "func.jvp(area, (1.0, 2.0), (1.0, 0.0))": "tuple[float, float]",
    "func.linearize(area, 1.0, 2.0)": "tuple[float, def (float, float) -> float]",
    "func.hvp(area, (1.0, 2.0), (1.0, 0.0))": "tuple[float, float]",
    "func.vmap(area)([1.0], [2.0])": "list[float]",
    "func.stop_gradient({'w': x})": "dict[str, Value]",
    "compile(area).grad(1.0, 2.0)": "tuple[float, ...]",
    "compile(area).value_and_grad(1.0, 2.0)": "tuple[float, tuple[float, ...]]",
    "decorated.grad(1.0)": "float",
    "compile(norm).grad([1.0, 2.0])": "list[float]",
    "compile(area).jvp((1.0, 2.0), (1.0, 0.0))": "tuple[float, float]",
    "compile(norm).hessian([1.0, 2.0])": "ndarray[tuple[Any, ...], dtype[float64]]",
    "ops.softmax([x, x])": "list[Value]",
    "ops.logsumexp([1.0, 2.0])": "float",
    "nn.mse([x, x], [1.0, 2.0])": "Value",
    "nn.mse([1.0], [2.0])": "float",
    "nn.cross_entropy([[x, x]], [0])": "Value",
    "nn.mse_loss([[x], [x]], [[1.0], [2.0]])": "Value",
    "nn.huber_loss([x], [1.0], 'none')": "list[Value]",
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
def norm(v: list[float]) -> float: return v[0] * v[1]
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
    done = mypy("user.py", cwd=tmp_path)
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
    done = mypy("user.py", cwd=tmp_path)
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


# ----- Every public name -----

MODULES = (
    "pluggrad", "pluggrad.arrays", "pluggrad.compiler", "pluggrad.drawing", "pluggrad.func",
    "pluggrad.insight", "pluggrad.nn", "pluggrad.nn.lr_scheduler", "pluggrad.ops",
    "pluggrad.printers", "pluggrad.testing",
)  # fmt: skip
# Names whose result is Any for whoever calls them in the first way that they offer, and why.
ANY = {
    r"Op\.\w+": "between the engine and its registry",
    r"(Plugin\.renderers|renderers_of|renderer_suite)": "a renderer may be any class",
    r"ValueArray\.(data|grad)": "float64; NumPy says Any for a shape that is not known",
    r"(load|Compiled\.(hessian|jacobian))": "what was saved; arrays of any shape, see ValueArray",
    r"(from_sympy|to_sympy|widget)": "SymPy and anywidget have no types",
    r"(hessian|jacfwd|jacrev|jacobian)": "a tree of trees: the result's, and in it the argument's",
    r"\w+\.(forward|__call__|look|function|update)": "of floats it makes floats, of Values Values",
    r"\w+\.state_dict": "as deep as the model",
    r"Program\.(backward|value_and_gradient)": "built like what the program was made of",
    r"OverRows\.(gauss_newton|grad|hessp|hvp|value_and_grad)": "built like what rows share",
    r"(Compiled\.(hvp|into)|Recording\.\w+)": "inside the compiler",
}


def public_names() -> list[str]:
    """List every public name, and those of the classes among them."""
    found = []
    for module in MODULES:
        for name in importlib.import_module(module).__all__:
            found.append(f"{module}.{name}")
            thing = getattr(sys.modules[module], name)
            if isinstance(thing, type):
                found += [f"{module}.{name}.{member}" for member in members(thing)]
    return found


def members(kind: type) -> list[str]:
    """List what pluggrad's own classes give to one: what users may call or read."""
    own = [c for c in kind.__mro__ if c.__module__.startswith("pluggrad.")]
    names = {name for c in own for name, x in vars(c).items() if type(x).__name__ != "NameOfOthers"}
    foreign = [plugin for plugin in plugins if not plugin.name.startswith("pluggrad.")]
    others = {op.name for plugin in foreign for op in plugin.ops} if kind is Value else set()
    return sorted(n for n in names - others if n == "__call__" or not n.startswith("_"))


def first_way(revealed: str) -> str:
    """Return the first of the ways in which something can be called."""
    inside = revealed.removeprefix("Overload(")
    ends = [
        i for i, depth in enumerate(depths(inside)) if depth < 0 or (inside[i], depth) == (",", 0)
    ]
    return inside[: ends[0]] if ends else inside


def result(way: str) -> str:
    """Return what stands behind the brackets that close the parameters; all, where none do."""
    if not way.startswith("def "):
        return way
    begin = way.index("(", way.index("] (") if way.startswith("def [") else 0)
    inside = way[begin:]
    end = next(i for i, depth in enumerate(depths(inside)) if not depth)
    return result(inside[end + 1 :].removeprefix(" -> "))  # of a function that it returns, too


def depths(text: str) -> Iterator[int]:
    """Return in how many brackets each letter stands, itself counted."""
    depth = 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        yield depth


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The type of every public name, as mypy reveals it."""
    folder = tmp_path_factory.mktemp("names")
    names = public_names()
    lines = [f"import {module}" for module in MODULES]
    lines += [f"reveal_type({name})" for name in names]
    (folder / "user.py").write_text("\n".join(lines) + "\n")
    done = mypy("user.py", cwd=folder)
    assert done.returncode == 0, re.findall(".*: error: .*", done.stdout)
    found = re.findall(r'Revealed type is "(.*)"', done.stdout)
    return dict(zip(names, found, strict=True))


def short(name: str) -> str:
    """Take the module off a name."""
    return min((name.removeprefix(f"{module}.") for module in MODULES), key=len)


def tells_nothing(revealed: str) -> bool:
    return re.search(r"\bAny\b", result(first_way(revealed))) is not None


def test_no_public_name_gives_any_without_a_reason(told: dict[str, str]) -> None:
    assert len(told) > 800
    silent = {short(name) for name, revealed in told.items() if tells_nothing(revealed)}
    unexcused = {name for name in silent if not any(re.fullmatch(a, name) for a in ANY)}
    assert not unexcused


def test_every_reason_for_any_is_needed(told: dict[str, str]) -> None:
    silent = {short(name) for name, revealed in told.items() if tells_nothing(revealed)}
    assert not [pattern for pattern in ANY if not any(re.fullmatch(pattern, x) for x in silent)]


@pytest.mark.parametrize(
    ("revealed", "silent"),
    [
        ("Any", True),
        ("def (x: Any) -> float", False),
        ("def (x: float) -> Any", True),
        ("def [T] (f: def (T) -> Any) -> list[T]", False),
        ("Overload(def (x: float) -> float, def (x: Any) -> Any)", False),
        ("def (f: def (*Any) -> float) -> def (*Any, **Any) -> list[float]", False),
        ("def (x: int | dict[str, def () -> Any]) -> int", False),
        ("tuple[float, def (*Any, **Any) -> Any]", True),
    ],
)
def test_what_tells_nothing_is_seen(revealed: str, silent: bool) -> None:
    assert tells_nothing(revealed) is silent
