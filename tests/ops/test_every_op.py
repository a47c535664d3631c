"""What holds for every built-in op."""

import math
import pickle
from itertools import product
from pathlib import Path

import numpy as np
import pluggrad.ops
import pytest
from pluggrad import Op, Value, compile, func, grad, plugins

EXPORTED = [getattr(pluggrad.ops, name) for name in pluggrad.ops.__all__]
BUILT_IN = [op for op in EXPORTED if isinstance(op, Op)]
every_op = pytest.mark.parametrize("op", BUILT_IN, ids=lambda op: op.name)


def test_every_registered_op_of_pluggrad_is_exported_under_its_name():
    ours = [op for p in plugins if p.distribution.startswith("pluggrad ") for op in p.ops]
    assert sorted(op.name for op in ours) == sorted(op.name for op in BUILT_IN)
    assert all(getattr(pluggrad.ops, op.name) is op for op in ours)


def test_the_changelog_counts_them():
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
    assert f"{len(BUILT_IN)} built-in operations" in changelog


@every_op
def test_takes_floats_and_gives_a_float(op):
    result = op(*[0.25] * op.arity)
    assert type(result) is float
    assert type(op(*[np.float64(0.25)] * op.arity)) is float


@every_op
def test_takes_values_and_records(op):
    values = [Value(0.25) for _ in range(op.arity)]
    result = op(*values)
    assert isinstance(result, Value)
    assert (result.op, result.prev) == (op, tuple(values))
    assert result.data == op(*[0.25] * op.arity) or math.isnan(result.data)


@every_op
def test_is_a_method_of_values(op):
    first, *others = [0.25] * op.arity
    assert repr(getattr(Value(first), op.name)(*others).data) == repr(op(first, *others))


@every_op
def test_nan_is_never_hidden(op):
    for index in range(op.arity):
        operands = [-0.25] * op.arity  # the side on which leaky_relu has a slope
        operands[index] = math.nan
        if op.name == "where" and index != 1:
            continue  # a choice between a and b looks at the one it chooses
        if op.name == "copysign" and index == 1:
            continue  # a nan has a sign, too
        assert math.isnan(op(*operands)), index


@every_op
def test_rules_are_linear_in_the_gradient(op):
    operands = [0.3, 0.45, 0.6][: op.arity]
    out = op(*operands)
    for index in range(op.arity):
        one = op.partial(index, 1.0, out, *operands)
        assert op.partial(index, -4.0, out, *operands) == -4.0 * one or math.isnan(one)
        assert op.partial(index, 0.0, out, *operands) == 0.0 or math.isnan(one)


@every_op
def test_backward_and_recorded_gradients_agree(op):
    numbers = [0.3, 0.45, 0.6][: op.arity]
    leaves = [Value(x) for x in numbers]
    op(*leaves).backward()
    again = [Value(x) for x in numbers]
    recorded = grad(op(*again), again, create_graph=True)
    np.testing.assert_array_equal([x.grad for x in leaves], [x.data for x in recorded])


@every_op
def test_says_what_it_computes_and_its_derivative(op):
    assert "Derivative" in op.__doc__
    assert "\n" not in op.__doc__
    assert getattr(Value, op.name).__doc__ == op.__doc__


@every_op
def test_an_op_is_pickled_by_its_name(op):
    assert isinstance(op, Op)
    assert pickle.loads(pickle.dumps(op)) is op


ZEROS = (0.0, -0.0)


@every_op
def test_every_mode_says_the_same_where_operands_are_zeros_of_either_sign(op):
    for at in product(ZEROS, repeat=op.arity):
        leaves = [Value(x) for x in at]
        out = op(*leaves)
        out.backward()
        wanted = [x.grad for x in leaves]
        again = [Value(x) for x in at]
        compiled = compile(lambda *xs: op(*xs) * 1.0, executor="interpreter")
        argnums = tuple(range(op.arity))
        found = {
            "grad()": grad(op(*again), again),
            "create_graph": [g.data for g in grad(op(*again), again, create_graph=True)],
            "func.grad": func.value_and_grad(op, argnums)(*at)[1],
            "vjp": func.vjp(op, *at)[1](1.0),
            "compiled": compiled.grad(*at) if op.arity > 1 else [compiled.grad(*at)],
        }
        for index in range(op.arity):
            direction = [float(i == index) for i in range(op.arity)]
            value, slope = func.jvp(op, at, tuple(direction))
            found[f"jvp by operand {index}"] = [
                slope if i == index else g for i, g in enumerate(wanted)
            ]
            assert repr(value) == repr(out.data), at
        for mode, gradient in found.items():
            np.testing.assert_array_equal(list(gradient), wanted, f"{mode} at {at}")
