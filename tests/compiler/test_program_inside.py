"""Looking inside a program: pickles, pictures and reports."""

import pickle
import random
from typing import Any

import pytest
from pluggrad import CompileError, Op, Value, compile, plugins, render

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

executors = pytest.mark.parametrize("executor", ["interpreter", "numba"])


@executors
def test_a_pickled_program_computes_on_its_arrays(executor: str) -> None:
    x = Value(3.0)
    program = compile(x * x, executor=executor)
    program()
    loaded = pickle.loads(pickle.dumps(program))
    loaded.parameters[:] = np.array([5.0])
    loaded.step()
    assert (loaded.forward(), loaded.gradients.tolist()) == (25.0, [10.0])
    with pytest.raises(CompileError, match="left its Values behind"):
        loaded()


def test_a_pickle_made_with_another_rule_is_stale() -> None:
    plugins.register_op(Op("changing", lambda x: 3.0 * x, lambda g, out, x: 3.0 * g))
    try:
        x = Value(2.0)
        written = pickle.dumps(compile(x.changing()))
    finally:
        plugins.unregister("changing")
    with pytest.raises(TypeError, match="no plugin provides op 'changing'"):
        pickle.loads(written)
    plugins.register_op(Op("changing", lambda x: 3.0 * x, lambda g, out, x: 4.0 * g))
    try:
        with pytest.raises(CompileError, match="stale pickle: op 'changing'"):
            pickle.loads(written)
    finally:
        plugins.unregister("changing")


def test_a_program_draws_like_any_graph() -> None:
    x = Value(3.0, label="x")
    program = compile(x * x)
    x.data = 4.0
    program()
    graph = program.graph()
    assert [(node.label, node.data, node.grad) for node in graph.nodes] == [
        ("x", 4.0, 8.0),
        ("", 16.0, 1.0),
    ]
    assert render(program, "text") == render(graph, "text")
    assert "16" in render(program, "text")
    assert render(program, "networkx").number_of_nodes() == 2


@executors
def test_the_report_tells_nodes_and_times(network: Any, executor: str) -> None:
    parameters, _, loss = network(random.Random(4))
    report = compile(loss, executor=executor).report()
    assert report.ops["tanh"] == 35
    assert report.microseconds["forward"] > 0.0
    assert "tanh" in str(report)
    assert parameters
