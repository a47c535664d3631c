"""Forward functions that branch are read from their source, without numba."""

import os
import subprocess
import sys

import pytest
from pluggrad import Op, ops
from pluggrad.compiler import compile
from pluggrad.compiler.lower.kinds import translator
from pluggrad.compiler.lower.probing import points
from pluggrad.compiler.lower.source_text import module_of
from pluggrad.errors import TraceError

COMMON = [
    *("relu", "leaky_relu", "elu", "sigmoid", "softplus", "silu", "gelu", "softsign", "sech"),
    *("maximum", "minimum", "clip", "where", "step", "sign", "floor", "ceil", "trunc"),
    *("logaddexp", "logit", "gaussian", "ndtr", "cbrt"),
]


@pytest.mark.parametrize("name", COMMON)
def test_it_has_the_bits_of_python_at_every_edge(name):
    op = getattr(ops, name)
    assert "_read_" in translator().forward(op).name
    compiled = compile(lambda *xs: op(*xs), math="libm")
    for numbers in list(points(op.arity))[:: op.arity]:
        found, right = compiled(*numbers), op.evaluate(*numbers)
        assert repr(found) == repr(right), (numbers, found, right)  # nan too, and the sign of 0


def test_common_functions_need_no_numba(tmp_path):
    code = (
        "import sys\n"
        "from pluggrad import compile, ops\n"
        "f = lambda x, y: ops.tanh(x) + ops.relu(x * y) ** 2 + ops.sigmoid(y) + abs(x - y)\n"
        "g = lambda x: x * 2 if x > 0 else ops.maximum(x, -1.0)\n"
        "print(compile(f).value_and_grad(0.5, 0.3), compile(g).grad(-0.5), 'numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PLUGGRAD_CACHE_DIR": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split()[-2:] == ["1.0", "False"]


def test_rules_that_call_other_ops_are_translated_though_nothing_is_kept_on_disk(tmp_path):
    code = (
        "from pluggrad import compile, ops\n"
        "f = compile(lambda x: ops.sin(x) + ops.ndtr(x) + ops.log_ndtr(x) + ops.cosh(x))\n"
        "f.value_and_grad(0.5)\n"
        "print(f.recordings[0].executor.name)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PLUGGRAD_CACHE_DIR": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["numba"]


@pytest.mark.parametrize("name", ["digamma", "round", "fma"])
def test_what_has_no_words_is_left_to_numba(name):
    with pytest.raises(TraceError):
        module_of(getattr(ops, name), "f")
    assert "_read_" not in translator().forward(getattr(ops, name)).name


def test_functions_of_strangers_are_numbas():
    bent = Op("bent_by_a_stranger", lambda x: x if x > 0.0 else 0.5 * x, lambda g, out, x: g)
    assert "_read_" not in translator().forward(bent).name
