"""The printer of docs/write-printers.md is short, and what it writes computes the gradient."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pluggrad import Graph, Value, ops

PAGE = Path(__file__).parents[2] / "docs" / "write-printers.md"

MAIN = """fn main() {
  let (y, d) = value_and_gradient([0.75, -1.5]);
  println!("{} {} {}", y[0], d[0], d[1]);
}"""


@pytest.fixture(scope="module")
def printer():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    [source] = [text for text in blocks if "class RustPrinter" in text]
    assert len(source.splitlines()) < 150
    names = {"__name__": "rust_printer"}
    exec(source, names)
    return names["RustPrinter"]()


@pytest.mark.skipif(shutil.which("rustc") is None, reason="there is no Rust compiler, rustc")
def test_the_rust_of_the_documentation_has_the_value_and_gradient_of_backward(printer, tmp_path):
    a, b = Value(0.75, label="a"), Value(-1.5, label="b")
    loss = ops.sigmoid(a * b) + (a - b).relu().log1p() * (b % 0.7) - ops.softplus(b) ** 2.0
    loss.backward()
    (tmp_path / "loss.rs").write_text(f"{printer(Graph(loss))}\n{MAIN}")
    subprocess.run(["rustc", "-O", "-o", "loss", "loss.rs"], cwd=tmp_path, check=True)
    done = subprocess.run(["./loss"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert list(map(float, done.stdout.split())) == pytest.approx(
        [loss.data, a.grad, b.grad], rel=1e-15
    )
