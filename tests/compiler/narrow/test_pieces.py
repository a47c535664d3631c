"""Programs that repeat nothing run in straight-line pieces once they have run often."""

import os
import random
import subprocess
import sys
import threading
import warnings

import pytest
from pluggrad import CompileWarning, Value, ops
from pluggrad.compiler import compile

pytest.importorskip("numba")

from pluggrad.compiler.narrow import background
from pluggrad.compiler.narrow.pieces import in_pieces
from pluggrad.compiler.run import machine
from pluggrad.compiler.run.machine import Machine

CHOICES = [
    lambda a, b: a * b,
    lambda a, b: a + b,
    lambda a, b: a - b * 0.3,
    lambda a, b: ops.sin(a),
    lambda a, b: ops.tanh(a + b),
    lambda a, b: a / (b * b + 1.0),
    lambda a, b: ops.maximum(a, 0.5 * b),
    lambda a, b: ops.where(a - b, a, b * 2.0),
    lambda a, b: -ops.exp(-a * a),
    lambda a, b: sum([a, b, a * b, 1.0]),
]


def drawn(seed, nodes=250):
    """Draw what is computed, and of which of the last nine results, so that nothing repeats."""
    rng = random.Random(seed)
    return [(rng.choice(CHOICES), *rng.sample(range(-9, 0), 2)) for _ in range(nodes)]


def tangle(inputs, steps):
    made = list(inputs)
    for choice, a, b in steps:
        made.append(choice(made[a], made[b]))
    return sum([*inputs, *made[-9:]])


def program_of(seed, nodes=250):
    values = [Value(0.3 + 0.1 * i) for i in range(9)]
    return compile(tangle(values, drawn(seed, nodes)), wrt=values)


def numbers(executor):
    return executor.outputs.tolist(), executor.gradients.tolist()


@pytest.fixture
def soon(monkeypatch):
    """Let twenty runs be many."""
    monkeypatch.setattr(machine, "RUNS", 20)


@pytest.mark.parametrize("seed", range(6))
def test_pieces_give_the_same_bits(seed):
    plain = program_of(seed).executor
    pieces = Machine(plain.tape, plain.plan)
    found = {
        way: in_pieces(plain.plan, backward=way == "backward") for way in ("forward", "backward")
    }
    pieces.take(found)
    assert len(pieces.code) < len(plain.code) / 4
    rng = random.Random(seed)
    for _ in range(5):
        plain.inputs[:] = pieces.inputs[:] = [rng.uniform(-1.5, 1.5) for _ in range(9)]
        for run in ("step", "forward", "backward"):
            getattr(plain, run)()
            getattr(pieces, run)()
            assert numbers(plain) == numbers(pieces)


def test_a_program_takes_pieces_when_it_has_run_often(soon):
    program = program_of(11)
    program.step()
    expected, length = numbers(program.executor), len(program.executor.code)
    for _ in range(19):
        program.step()
        assert numbers(program.executor) == expected
    program.executor.background.thread.join()
    assert len(program.executor.code) < length / 4
    program.step()
    assert numbers(program.executor) == expected
    assert "straight code" in str(program.report(seconds=0.01))


def test_forward_runs_count_too(soon):
    program = program_of(12)
    results = {program.forward() for _ in range(20)}
    program.executor.background.thread.join()
    assert {program.forward()} == results


def test_calls_of_a_function_take_pieces_one_after_the_other(soon):
    steps = drawn(13)
    compiled = compile(lambda *x: tangle(x, steps))
    given = [0.3 + 0.1 * i for i in range(9)]
    first, both = compiled(*given), compiled.value_and_grad(*given)
    for _ in range(40):
        assert compiled(*given) == first
        assert compiled.value_and_grad(*given) == both
    compiled.recordings[0].executor.background.thread.join()
    assert compiled(*given) == first
    assert compiled.value_and_grad(*given) == both
    lengths = {len(x.machine.code) for x in (*compiled._values, *compiled._gradients)}
    assert len(lengths) == 1
    others = [-x for x in given]
    assert compiled(*others) == compile(lambda *x: tangle(x, steps))(*others)


def test_what_is_short_or_runs_many_nodes_at_once_stays_as_it_is():
    x = [Value(0.1 * i) for i in range(50)]
    short = compile(x[0] * x[1] + x[2])
    wide = compile(sum(a * b for a in x for b in x))
    assert short.executor.background is wide.executor.background is None


def test_a_nan_after_the_last_run_that_is_counted_is_mended(soon):
    program = program_of(14)
    for _ in range(19):
        program.step()
    program.inputs[:] = [float("nan")] * 9
    program.step()
    program.executor.background.thread.join()
    program.inputs[:] = [0.3 + 0.1 * i for i in range(9)]
    program.step()
    other = program_of(14)
    other.step()
    assert numbers(program.executor) == numbers(other.executor)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_forked_meanwhile_can_compile(soon):
    program = program_of(15)
    for _ in range(20):
        program.step()
    child = os.fork()
    if child == 0:
        right = compile(lambda x: x * 1.25 + ops.sinh(x))(0.0) == 0.0
        os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0
    program.executor.background.thread.join()


def test_a_process_may_end_meanwhile(tmp_path):
    script = "\n".join([
        "from pluggrad.compiler.run import machine",
        "machine.RUNS = 20",
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})",
        "from test_pieces import program_of",
        "program = program_of(16, nodes=120)",
        "[program.step() for _ in range(20)]",
        "assert program.executor.background.thread is not None",
    ])  # fmt: skip
    environment = {**os.environ, "PLUGGRAD_CACHE_DIR": str(tmp_path), "PLUGGRAD_PROGRESS": "0"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_pieces_that_nobody_wants_any_more_are_not_made():
    stop = background.Event()
    stop.set()
    assert in_pieces(program_of(17).executor.plan, backward=False, stop=stop) is None


def test_an_error_while_pieces_are_made_is_one_warning_and_the_slow_path_stays(soon, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(sys.modules[in_pieces.__module__], "in_pieces", broken)
    escaped = []
    monkeypatch.setattr(threading, "excepthook", escaped.append)
    program, other = program_of(18), program_of(18)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(60):
            program.step()
        program.executor.background.thread.join()
    assert [x.category for x in told] == [CompileWarning]
    assert "faster code could not be compiled: OSError: no space left" in str(told[0].message)
    assert not escaped
    program.step()
    other.step()
    assert numbers(program.executor) == numbers(other.executor)
