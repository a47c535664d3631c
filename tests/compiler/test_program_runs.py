"""Programs: a graph that computes again gives what the engine gives."""

import math
import random
from typing import Any

import pytest
from pluggrad import Value, compile, plugins
from pluggrad.compiler import Program
from pluggrad.ops import exp, tanh

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


@executors
def test_a_program_gives_the_loss_and_gradients_of_the_engine(network: Any, executor: str) -> None:
    parameters, _, loss = network(random.Random(1))
    loss.backward()
    expected = [p.grad for p in parameters]
    for p in parameters:
        p.grad = 0.0
    program = compile(loss, executor=executor)
    assert program() == pytest.approx(loss.data, rel=1e-15)
    assert [p.grad for p in parameters] == pytest.approx(expected, rel=1e-13, abs=1e-16)


@executors
def test_a_training_loop_changes_by_one_line(network: Any, executor: str) -> None:
    trained = []
    for compiled in (False, True):
        parameters, _, loss = network(random.Random(2))
        program = compile(loss, executor=executor) if compiled else None
        for _ in range(20):
            for p in parameters:
                p.grad = 0.0
            if program is not None:
                program()
            else:
                rng = random.Random(2)
                _, _, loss = rebuilt(network, parameters, rng)
                loss.backward()
            for p in parameters:
                p.data -= 0.05 * p.grad
        trained.append([p.data for p in parameters])
    assert trained[0] == pytest.approx(trained[1], rel=1e-12)


def rebuilt(network: Any, parameters: list[Value], rng: random.Random) -> Any:
    """Record the network anew with the values that its parameters have now."""
    fresh, inputs, loss = network(rng)
    for old, new in zip(parameters, fresh, strict=True):
        new.data = old.data
    program = Program(loss, fresh, executor="interpreter")
    program()
    for old, new in zip(parameters, fresh, strict=True):
        old.grad += new.grad
    return fresh, inputs, loss


@executors
def test_leaves_accumulate_as_they_do_in_backward(executor: str) -> None:
    x = Value(3.0)
    program = compile(x * x, executor=executor)
    program()
    program()
    assert x.grad == 12.0


@executors
def test_inputs_that_somebody_holds_are_read_again_and_plain_numbers_are_not(executor: str) -> None:
    x, scale = Value(3.0), Value(2.0, requires_grad=False)
    program = compile(x * scale * 5.0, executor=executor)
    scale.data = 4.0
    assert program() == 60.0
    assert len(program.inputs) == 2


@executors
def test_arrays_are_in_the_order_of_wrt_and_no_value_is_touched(executor: str) -> None:
    a, b = Value(2.0), Value(5.0)
    program = compile(a * a * b, wrt=[b, a], executor=executor)
    program.parameters[:] = np.array([7.0, 3.0])
    program.step()
    assert program.gradients.tolist() == [9.0, 42.0]
    assert (a.data, a.grad, program.forward()) == (2.0, 0.0, 63.0)


@executors
def test_several_outputs_start_from_their_seeds(executor: str) -> None:
    a, b = Value(2.0), Value(5.0)
    program = compile([a * b, a + b, a], executor=executor)
    assert program() == (10.0, 7.0, 2.0)
    program.seeds[:] = np.array([1.0, 10.0, 100.0])
    program.step()
    assert program.gradients.tolist() == [115.0, 12.0]


@executors
def test_chosen_inputs_freeze_all_other_leaves(executor: str) -> None:
    a, b, c = Value(2.0), Value(5.0), Value(7.0)
    program = compile(a * b * c, wrt=[a], inputs=[b], executor=executor)
    a.data, b.data, c.data = 1.0, 1.0, 100.0
    assert program() == 7.0


def test_both_executors_give_the_same_on_random_graphs() -> None:
    names = ["add", "mul", "sub", "tanh", "sin", "relu", "div", "neg", "maximum", "where"]
    for seed in range(25):
        rng = random.Random(seed)
        leaves = [Value(rng.uniform(0.5, 2.0)) for _ in range(6)]
        nodes = list(leaves)
        for _ in range(120):
            op = plugins.op(rng.choice(names))
            nodes.append(op(*[rng.choice(nodes[-12:]) for _ in range(op.arity)]))
            if rng.random() < 0.2:
                nodes.append(sum(rng.choices(nodes, k=rng.randint(2, 6)), rng.choice(nodes)))
        outputs = [tanh(x) for x in nodes[-3:]]
        found = []
        for executor in ("interpreter", "numba"):
            program = Program(outputs, executor=executor)
            program.step()
            found.append((np.array(program.results), np.array(program.gradients)))
        np.testing.assert_array_equal(found[0][0], found[1][0])
        np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-12)


def test_forward_is_the_engine_to_the_last_bit(network: Any) -> None:
    parameters, _, loss = network(random.Random(3))
    program = compile(loss, executor="numba")
    assert program.forward() == loss.data
    assert len(parameters) == len(program.parameters)


def test_a_chain_of_thirty_thousand_runs() -> None:
    x, w = Value(0.3), Value(0.9)
    y = x
    for _ in range(30_000):
        y = tanh(y * w + 0.1)
    y.backward()
    program = compile(y, executor="numba", math="libm")
    program.step()
    assert program.results[0] == y.data
    assert program.gradients.tolist() == pytest.approx([x.grad, w.grad], rel=1e-12)


def test_a_program_takes_no_gradients_where_none_are_wanted() -> None:
    x = Value(-2.0)
    program = compile(x**3.0, executor="numba")  # d/d(exponent) would be log(-2)
    program.step()
    assert program.gradients.tolist() == [12.0]


@executors
def test_a_graph_may_be_a_leaf_or_made_of_one_operand_ops_alone(executor: str) -> None:
    x = Value(0.5)
    program = compile(x, executor=executor)
    x.data = 2.0
    assert (program(), x.grad) == (2.0, 1.0)
    y = Value(0.5)
    program = compile([tanh(y), exp(tanh(y)), y, y], executor=executor)
    t = math.tanh(0.5)
    assert program() == (t, math.exp(t), 0.5, 0.5)
    assert y.grad == pytest.approx((1 - t * t) * (1 + math.exp(t)) + 2.0, rel=1e-14)
