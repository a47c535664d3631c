"""The renderer c, compiled by cc and compared with Python bit for bit."""

import ctypes
import functools
import hashlib
import math
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pluggrad import Graph, Op, RenderError, Value, checkpoint, ops, render, save

from .points import OPS, expected, leaves_of, points, same, ulps

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler, cc")

FLAGS = ["-O1", "-std=c99", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
# Python computes hypot in its own way, more exactly than C libraries do.
OWN_HYPOT = {"hypot": 1.0, "asinh": 2.0, "atan": 8.0, "atan2": 4.0}


# What a compiler makes of the same text is the same, so it is kept for the next run.
KEPT = Path(__file__).parents[2] / ".pytest_cache" / "cc"


def compiled(folder, *files):
    texts = [compiler(), *FLAGS, *[Path(file).read_text("utf-8") for file in files]]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    if not (library := KEPT / f"{digest}.so").exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        made = folder / "all.so"
        subprocess.run(["cc", *FLAGS, "-o", made, *files, "-lm"], check=True)
        shutil.copy(made, unfinished := KEPT / f"{digest}.{os.getpid()}")
        unfinished.replace(library)
    return ctypes.CDLL(str(library))


@functools.cache
def compiler():
    """Say which compiler it is."""
    return subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True).stdout


def run(function, x, outputs, size, dy=None):
    """Call a function of value and gradient; return outputs and gradients."""
    y, dx = (ctypes.c_double * outputs)(), (ctypes.c_double * len(x))()
    work = (ctypes.c_double * (2 * size))()
    seeds = dy and (ctypes.c_double * outputs)(*dy)
    function((ctypes.c_double * len(x))(*x), seeds, y, dx, work)
    return list(y), list(dx)


def printed(tmp_path, graph, x, **options):
    """Print a graph, compile it, and call it."""
    file = save(graph, tmp_path / "loss.c", **options)
    function = compiled(tmp_path, file).value_and_gradient
    return run(function, x, len(graph.outputs), len(graph))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ops")
    files = [
        save(op(*leaves_of(op)), folder / f"{op.name}.c", function=f"f_{op.name}") for op in OPS
    ]
    return compiled(folder, *files)


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_every_built_in_op_and_its_partials_are_those_of_python_bit_for_bit(op, library):
    function = getattr(library, f"f_{op.name}")
    for p in points(op):
        (y,), dx = run(function, p, 1, op.arity + 1)
        for wanted, got in zip(expected(op, p), [y, *dx], strict=True):
            if wanted is not None and not same(got, wanted):
                assert ulps(got, wanted) <= OWN_HYPOT.get(op.name, 0.0), (p, got, wanted)


def random_graph(nodes, leaves=20):
    chance = random.Random(nodes)
    values = [Value(chance.uniform(-1, 1), label=f"x{i}") for i in range(leaves)]
    makers = [
        lambda a, b: a * b,
        lambda a, b: a + b,
        lambda a, b: (a - b).tanh(),
        lambda a, b: ops.maximum(a, -0.5 * b),
        lambda a, b: ops.sigmoid(b) / (1.5 + a * a),
    ]
    while len(values) < nodes:
        a, b = chance.choice(values[-500:]), chance.choice(values[-500:])
        values.append(chance.choice(makers)(a, b).tanh())
    return sum(values[-500:]) / 500


@pytest.mark.parametrize("nodes", [30, 3000])
def test_a_graph_has_the_value_and_gradient_of_backward_bit_for_bit(nodes, tmp_path):
    loss = random_graph(nodes)
    loss.backward()
    graph = Graph(loss)
    leaves = [node for node in graph.nodes if node.kind == "leaf"]
    (y,), dx = printed(tmp_path, graph, [leaf.data for leaf in leaves])
    assert y == loss.data
    assert dx == [leaf.grad for leaf in leaves]


def test_large_graphs_are_tables_that_compile_in_seconds(tmp_path):
    text = render(random_graph(5000), "c")
    assert "switch (*p)" in text
    assert max(map(len, text.splitlines())) < 300


def test_a_zero_wins_over_infinity_as_in_backward(tmp_path):
    x = Value(0.0, label="x")
    y = ops.where(ops.step(x), ops.sqrt(x), 0.0)
    y.backward()
    (value,), (slope,) = printed(tmp_path, Graph(y), [0.0])
    assert (value, slope) == (0.0, x.grad) == (0.0, 0.0)


def test_several_outputs_share_what_they_have_in_common(tmp_path):
    a, b = Value(1.5, label="a"), Value(-0.5, label="b")
    shared = (a * b).exp()
    graph = Graph([shared + a, shared * b, Value(2.0, requires_grad=False) * 3.0])
    function = compiled(tmp_path, save(graph, tmp_path / "two.c")).value_and_gradient
    y, dx = run(function, [1.5, -0.5], 3, len(graph), dy=[2.0, -1.0, 5.0])
    ((shared + a) * 2.0 - shared * b).backward()
    assert y == [(shared + a).data, (shared * b).data, 6.0]
    assert dx == pytest.approx([a.grad, b.grad], rel=1e-15)


def test_constants_are_exact_whatever_they_are(tmp_path):
    x = Value(1.0, label="x")
    numbers = [0.1, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 2.0**60]
    graph = Graph([ops.copysign(x, n) * n for n in numbers])
    y, _ = printed(tmp_path, graph, [1.0])
    assert all(map(same, y, [math.copysign(1.0, n) * n for n in numbers]))


@pytest.mark.parametrize("label", ["*/ int x;", "/* ", "a\nb", "\\", "??/", "é\u2028\u202e", "%s"])
def test_a_label_stays_in_its_comment(label, tmp_path):
    x = Value(3.0, label=label)
    y = x * x
    y.label = label
    assert printed(tmp_path, Graph(y), [3.0]) == ([9.0], [6.0])


def test_names_that_c_has_already_are_no_trouble(tmp_path):
    def forward(double, exp, int):
        long = double * exp if double > exp else double
        return math.exp(long) + int

    odd = Op("int_", forward, lambda g, out, double, exp, int: g * exp, None, None)
    x = Value(0.25, label="x")
    y = odd(x, 0.125, 2.0)
    (value,), _ = printed(tmp_path, Graph(y), [0.25])
    assert value == y.data


def test_what_is_written_says_what_goes_in_and_comes_out():
    a, b = Value(2.0, label="a"), Value(0.5, label="b")
    text = render(a * b + 1.0, "c", function="loss")
    assert re.search(r"x\[0\]  a, here 2\.0\n +x\[1\]  b, here 0\.5", text)
    assert (
        "void loss(const double *x, const double *dy, double *y, double *dx, double *work)" in text
    )
    assert "v[2] = v[0] * v[1];" in text


def test_a_summary_is_written_as_the_graph_that_it_stands_for():
    x = Value(0.5, label="x")
    graph = Graph(x.tanh().tanh().tanh())
    assert render(graph.collapse("depth", depth=2), "c") == render(graph, "c")


def test_a_function_that_is_no_op_is_refused_by_name():
    y = checkpoint(lambda a: a * a, Value(2.0))
    with pytest.raises(RenderError, match=r"op 'checkpoint.*' cannot be written in c: .*function"):
        render(y, "c")


def test_what_is_left_out_in_a_part_stays_what_it_is(tmp_path):
    x, y = Value(2.0, label="x"), Value(0.5, label="y")
    square = x * x
    part = Graph(square.exp() * y).around(y, 1)
    assert [node.label or node.op for node in part.nodes] == ["y", "mul"]
    assert printed(tmp_path, part, [3.0]) == ([math.exp(4.0) * 3.0], [math.exp(4.0)])


@pytest.mark.parametrize("name", ["", "a b", "double", "1", "x();", 3])
def test_a_name_that_is_none_in_c_is_refused(name):
    with pytest.raises(RenderError, match="function is a name"):
        render(Value(1.0), "c", function=name)
