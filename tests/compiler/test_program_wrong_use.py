"""Wrong use of programs gives errors that say what to do."""

import math

import pytest
from pluggrad import CompileError, Value, compile, plugins
from pluggrad.ops import exp, log

pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


def test_a_loss_without_inputs_is_an_error() -> None:
    with pytest.raises(CompileError, match="needs inputs"):
        compile(Value(2.0, requires_grad=False) * 3.0, inputs=[])


def test_a_leaf_that_plays_no_part_is_named() -> None:
    x, dropped = Value(2.0), Value(1.0, label="dropped")
    with pytest.raises(CompileError, match="'dropped', which the outputs do not depend on"):
        compile(x * x, wrt=[x, dropped])


def test_what_is_no_leaf_cannot_be_set() -> None:
    x = Value(2.0)
    y = x * x
    with pytest.raises(CompileError, match="only leaves can be set"):
        compile(y * y, wrt=[y])


def test_an_unknown_executor_names_those_there_are() -> None:
    with pytest.raises(CompileError, match="available: auto, numba, interpreter"):
        compile(Value(1.0) * 2.0, executor="gpu")


def test_an_unknown_compiler_names_those_there_are() -> None:
    with pytest.raises(CompileError, match="unknown compiler 'other'; available: default"):
        compile(Value(1.0) * 2.0, compiler="other")


@executors
def test_check_finite_names_the_op_that_began_it(executor: str) -> None:
    x = Value(1.0)
    program = compile(log(x) + exp(x), executor=executor, check_finite=True)
    assert math.isfinite(program())
    x.data = -1.0
    with pytest.raises(CompileError, match=r"op 'log', gave nan for -1.0"):
        program()


@executors
def test_check_finite_looks_at_gradients_too(executor: str) -> None:
    x = Value(1.0)
    program = compile(plugins.op("sqrt")(x), executor=executor, check_finite=True)
    x.data = 0.0
    with pytest.raises(CompileError, match=r"op 'sqrt', gave a gradient of inf at 0\.0"):
        program()


def test_data_that_is_no_number_is_an_error() -> None:
    x = Value(1.0, label="x")
    program = compile(x * x)
    x.data = "one"  # type: ignore[assignment]
    with pytest.raises(CompileError, match="data of 'x' is 'one'"):
        program()
