"""Wrong use of programs gives errors that say what to do."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from pluggrad import CompileError, Value, compile, plugins
from pluggrad.ops import exp, log

pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


def test_a_loss_without_inputs_is_an_error() -> None:
    with pytest.raises(CompileError, match="needs inputs"):
        compile(Value(2.0, requires_grad=False) * 3.0, inputs=[])


def test_a_result_that_plays_no_part_is_named() -> None:
    x = Value(2.0)
    dropped = x * 3.0
    dropped.label = "dropped"
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


def test_a_number_that_is_masked_is_missing() -> None:
    masked = pytest.importorskip("numpy").ma.array([3.0], mask=[True])
    program = compile(exp(Value(2.0)))
    with pytest.raises(CompileError, match=r"parameters\[0\] takes real numbers, not a Masked"):
        program.parameters = masked
    assert program() == math.exp(2.0)


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


def test_another_number_of_parameters_is_an_error() -> None:
    a, b = Value(1.0), Value(2.0)
    program = compile(a * b)
    with pytest.raises(CompileError, match="has 2 parameters, not 3"):
        program.value_and_gradient([1.0, 2.0, 3.0])


def test_wrt_takes_leaves_that_require_gradients_each_once() -> None:
    x, constant = Value(2.0), Value(3.0, requires_grad=False)
    y = x * constant
    with pytest.raises(CompileError, match="requires no gradient"):
        compile(y, wrt=[constant])
    with pytest.raises(CompileError, match="names a Value twice"):
        compile(y, wrt=[x, x])
    with pytest.raises(CompileError, match="takes Values; number 0 is a float"):
        compile(y, wrt=[2.0])


def test_inputs_are_leaves_of_this_graph() -> None:
    x, other = Value(2.0), Value(3.0, label="other")
    with pytest.raises(CompileError, match="inputs= names 'other', which is not a leaf"):
        compile(x * x, inputs=[other])


def test_outputs_are_values_and_there_is_one_at_least() -> None:
    with pytest.raises(CompileError, match="made of Values, not float"):
        compile([Value(1.0), 2.0])
    with pytest.raises(CompileError, match="at least one output"):
        compile([])


def test_data_too_large_for_a_float_is_refused_where_it_is_set() -> None:
    x = Value(2.0)
    program = compile(x * x)
    with pytest.raises(OverflowError, match="too large for a float"):
        x.data = 10**400
    assert program() == 4.0


def test_a_name_that_a_program_does_not_have_is_not_set():
    x = Value(3.0)
    program = compile(x * x, executor="interpreter")
    with pytest.raises(AttributeError, match="no 'paramters' to set; available: parameters"):
        program.paramters = [5.0]


@pytest.mark.parametrize(
    "odd", [Decimal("sNaN"), 10**400, Fraction(10**400), "1.0", b"1", None, 1j, Value], ids=repr
)
@pytest.mark.parametrize("name", ["inputs", "parameters", "seeds"])
def test_what_is_no_float_is_refused_by_an_array_of_a_program_with_its_place(odd, name) -> None:
    x, y = Value(2.0), Value(3.0)
    program = compile([x * y, x + y], wrt=[x, y])
    with pytest.raises(CompileError, match=rf"program.{name}\[1\] (is too large|takes real)"):
        setattr(program, name, [1.0, odd])
    assert program.inputs.tolist() == [2.0, 3.0]


def test_complex_numbers_of_numpy_are_refused_by_a_program() -> None:
    np = pytest.importorskip("numpy")
    x = Value(2.0)
    program = compile(x * x)
    for odd in ([np.complex128(1)], np.array([1j]), np.array(["a"]), np.array([None])):
        with pytest.raises(CompileError, match=r"program.inputs\[0\] takes real numbers"):
            program.inputs = odd
    program.inputs = np.array([3], np.int8)
    assert program.inputs.tolist() == [3.0]
