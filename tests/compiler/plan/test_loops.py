"""The planner's loops in plain Python and in machine code write the same program."""

import random

import pytest
from pluggrad import Value, plugins
from pluggrad.ops import tanh

pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

from pluggrad.compiler.codegen.code import code_of
from pluggrad.compiler.lower.kinds import Kinds
from pluggrad.compiler.plan import loops
from pluggrad.compiler.plan.plan import planned
from pluggrad.compiler.tape import recorded_tape


def graph(seed: int) -> list[Value]:
    """Record a layer of sums of products, and a tangle on top of it."""
    rng = random.Random(seed)
    weights = [[Value(rng.uniform(-1, 1)) for _ in range(5)] for _ in range(6)]
    x = [Value(rng.uniform(-1, 1), requires_grad=False) for _ in range(5)]
    nodes = [tanh(sum(w * a for w, a in zip(row, x, strict=True))) for row in weights]
    for _ in range(40):
        op = plugins.op(rng.choice(["add", "mul", "sub", "relu", "neg", "where"]))
        nodes.append(op(*[rng.choice(nodes) for _ in range(op.arity)]))
    return nodes[-3:]


@pytest.mark.parametrize("lanes", [1, 16])
def test_plain_python_and_machine_code_plan_alike(
    lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(5):
        tape, _, _ = recorded_tape(graph(seed), None, None)
        found = []
        for patience in (10**9, -1):
            monkeypatch.setattr(loops, "PATIENCE", patience)
            monkeypatch.setattr(loops, "_is_kept", lambda function: False)
            plan = planned(tape, Kinds(tape.ops, 3))
            codes = code_of(plan, lanes), code_of(plan, lanes, backward=True)
            found.append([x.tolist() for c in codes for x in (c.words, c.starts, c.kinds)])
        assert found[0] == found[1]


def test_many_small_programs_are_worth_compiling_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(n: int) -> int:
        return n

    monkeypatch.setattr(loops, "_is_kept", lambda function: False)
    monkeypatch.setattr(loops, "_compiled", lambda function: lambda n: -n)
    assert [loops.call(count, 1, work=loops.PATIENCE // 2) for _ in range(4)] == [1, 1, -1, -1]
