"""Both executors against the engine itself, for every op there is."""

import math
import random

import pytest
from pluggrad import Op, Value, plugins
from pluggrad.compiler import Program

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")


def points(op: Op, count: int) -> list[list[float]]:
    """Draw operands inside the op's domain."""
    rng = random.Random(op.name)
    drawn = []
    for _ in range(count):
        operands = []
        for domain in op.domain:
            low, high = domain or (-math.inf, math.inf)
            low, high = max(low, -3.0 if high > -3.0 else high - 3.0), min(high, max(low, -3.0) + 6)
            operands.append(low + (high - low) * (0.01 + 0.98 * rng.random()))
        drawn.append(operands)
    return drawn


def eager(op: Op, operands: list[float]) -> tuple[float, list[float]]:
    values = [Value(x) for x in operands]
    out = op(*values)
    out.backward()
    return out.data, [x.grad for x in values]


@pytest.mark.parametrize("name", sorted(plugins.ops))
@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_an_op_gives_the_numbers_of_the_engine(name: str, executor: str) -> None:
    op = plugins.op(name)
    drawn = points(op, 12)
    leaves = [[Value(1.0) for _ in operands] for operands in drawn]
    outputs = [op(*row) for row in leaves]
    program = Program(outputs, [x for row in leaves for x in row], executor=executor)
    assert program.executor.name == executor
    program.parameters[:] = np.array(drawn).ravel()
    program.step()
    expected = [eager(op, operands) for operands in drawn]
    values = np.array([value for value, _ in expected])
    gradients = np.array([g for _, row in expected for g in row])
    np.testing.assert_allclose(program.results, values, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(program.gradients, gradients, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", sorted(plugins.ops))
def test_an_op_is_the_same_in_both_executors_where_ieee_754_is_asked(name: str) -> None:
    op = plugins.op(name)
    hard = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-320, 800.0, -800.0, 0.5, 2.0]
    rng = random.Random(name)
    drawn = [[rng.choice(hard) for _ in range(op.arity)] for _ in range(40)]
    if op.arity == 1:
        drawn = [[x] for x in hard]
    if name == "round":  # numba rounds by a power of ten, which overflows at 300 digits
        drawn = [[x, digits] for x, digits in drawn if abs(digits) < 300]
    leaves = [[Value(1.0) for _ in operands] for operands in drawn]
    outputs = [op(*row) for row in leaves]
    inputs = [x for row in leaves for x in row]
    found = []
    for executor in ("interpreter", "numba"):
        program = Program(outputs, inputs, executor=executor)
        program.parameters[:] = np.array(drawn).ravel()
        program.step()
        found.append((np.array(program.results), np.array(program.gradients)))
    (values, gradients), (compiled_values, compiled_gradients) = found
    np.testing.assert_allclose(compiled_values, values, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(compiled_gradients, gradients, rtol=1e-12, atol=1e-300)
