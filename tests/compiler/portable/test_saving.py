"""Programs and compiled functions saved as data, and loaded in another process."""

import json
import math
import os
import struct
import sys
import threading

import forks
import numpy as np
import pluggrad
import pytest
from pluggrad import CompileError, ForwardError, Op, Value, compile, plugins
from pluggrad.compiler import Compiled, OverRows, Program
from pluggrad.ops import exp, log, tanh, where

EXECUTORS = ["interpreter", "numba"]


def net(executor="interpreter"):
    """Make a small net with a literal, a label and a parameter that plays no part."""
    w = [Value(0.1 * i, label=f"w{i}") for i in range(6)]
    x = Value(0.7, requires_grad=False)
    hidden = [tanh(w[i] * x + w[i + 1] * 0.3) for i in range(4)]
    return compile(log(1.0 + exp(sum(hidden))), wrt=w, inputs=[x], executor=executor)


def bits(numbers):
    return [struct.pack("d", x) for x in numbers]


def elsewhere(code):
    """Run code in a fresh process; give what it printed, read as JSON."""
    done = forks.run([sys.executable, "-c", "import json, pluggrad\n" + code], check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_loaded_program_gives_the_same_bits_in_another_process(executor, tmp_path):
    program = net(executor)
    program.parameters[:] = np.linspace(-1.0, 1.0, 6)
    program.save(tmp_path / "p.json")
    program.step()
    found = elsewhere(
        f"p = pluggrad.load({str(tmp_path / 'p.json')!r}, executor={executor!r})\n"
        "p.step()\n"
        "print(json.dumps([x.tolist() for x in (p.results, p.gradients, p.parameters)]))"
    )
    there = [*found[0], *found[1], *found[2]]
    assert bits(there) == bits([*program.results, *program.gradients, *program.parameters])


def test_a_loaded_program_keeps_its_labels_seeds_and_options(tmp_path):
    x = Value(2.0, label="x")
    program = compile([x * x, 3.0 * x], executor="interpreter", check_finite=True)
    program.seeds = [1.0, -2.0]
    program.save(tmp_path / "p.json")
    loaded = pluggrad.load(tmp_path / "p.json", executor="interpreter")
    assert isinstance(loaded, Program)
    assert loaded.forward().tolist() == [4.0, 6.0]
    assert loaded.backward().tolist() == [2.0 * 2.0 - 2.0 * 3.0]
    assert "x" in {node.label for node in loaded.graph().nodes}
    loaded.parameters[:] = [math.inf]
    with pytest.raises(CompileError, match="inf"):
        loaded.step()
    with pytest.raises(CompileError, match="was loaded, or went through a pickle"):
        loaded()


def test_infinite_numbers_and_zeros_with_a_sign_are_kept(tmp_path):
    x = Value(-0.0)
    program = compile(x * math.inf + math.nan * x - (-0.0), executor="interpreter")
    program.save(tmp_path / "p.json")
    loaded = pluggrad.load(tmp_path / "p.json", executor="interpreter")
    assert bits(loaded.parameters) == bits([-0.0])
    program.step(), loaded.step()
    np.testing.assert_array_equal(loaded.gradients, program.gradients)


def huber(x, width=1.0):
    return 0.5 * x * x if abs(x) < width else width * (abs(x) - 0.5 * width)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_loaded_function_takes_each_way_that_was_recorded(executor, tmp_path):
    f = compile(huber, executor=executor)
    numbers = [0.5, 3.0, -4.0]
    here = [f.value_and_grad(x) for x in numbers]
    f(0.5, width=2.0)
    f.save(tmp_path / "f.json")
    loaded = pluggrad.load(tmp_path / "f.json", executor=executor)
    assert isinstance(loaded, Compiled)
    assert [loaded.value_and_grad(x) for x in numbers] == here
    assert loaded(0.5, width=2.0) == f(0.5, width=2.0)
    lanes = np.linspace(-3.0, 3.0, 500)
    np.testing.assert_array_equal(loaded(lanes), f(lanes))
    np.testing.assert_array_equal(loaded.grad(lanes), f.grad(lanes))


def test_a_loaded_function_is_differentiated_and_used_in_others(tmp_path):
    f = compile(lambda x: x**3 if x > 0 else -x, executor="interpreter")
    f(2.0), f(-2.0)
    f.save(tmp_path / "f.json")
    loaded = pluggrad.load(tmp_path / "f.json", executor="interpreter")
    assert loaded.jvp((2.0,), (1.0,)) == (8.0, 12.0)
    assert loaded.hvp((2.0,), (1.0,)) == 12.0
    x = Value(-2.0)
    y = loaded(x) * 2.0
    y.backward()
    assert (y.data, x.grad) == (4.0, -2.0)
    larger = compile(lambda x: loaded(x) + loaded(-x), executor="interpreter")
    assert larger.value_and_grad(2.0) == (10.0, 13.0)
    assert larger.value_and_grad(-3.0) == (30.0, -28.0)


def questions(x, y):
    """Ask in every way that Python code can."""
    found = y
    found = found + (x if x <= y else y)
    found = found + (1.0 if x else 2.0) * int(y) * x
    found = found + float(y) * x
    try:
        found = found + plugins.op("brittle_test")(x)
    except ForwardError:
        found = found - x
    return found * x.detach() if isinstance(x, Value) else found * x


def brittle(x):
    if x < 0:
        raise ArithmeticError("a negative number")
    return x


@pytest.fixture
def brittle_op():
    op = Op("brittle_test", brittle, lambda g, out, x: g)
    plugins.register_op(op)
    yield op
    plugins.unregister("brittle_test")


def test_each_kind_of_question_is_kept_and_asked_again(brittle_op, tmp_path):
    f = compile(questions, executor="interpreter")
    points = [(1.0, 2.0), (3.0, 2.0), (0.0, 2.0), (-1.0, 2.0)]
    here = [f.value_and_grad(*point) for point in points]
    f.save(tmp_path / "f.json")
    loaded = pluggrad.load(tmp_path / "f.json", executor="interpreter")
    assert [loaded.value_and_grad(*point) for point in points] == here
    for point, (value, slopes) in zip(points, here, strict=True):
        leaves = [Value(x) for x in point]
        result = loaded(*leaves)
        result.backward()
        assert (result.data, tuple([x.grad for x in leaves])) == (value, slopes)
    with pytest.raises(CompileError, match=r"no Python code; these arguments take another way"):
        loaded(1.0, 2.5)
    with pytest.raises(CompileError, match="these arguments have another shape"):
        loaded([1.0], 2.0)


def test_nested_arguments_and_results_keep_their_shape(tmp_path):
    def f(tree, mode, vector):
        a, (b, c) = tree["a"], tree["pair"]
        return {"sum": [a + b, vector[0] * vector[1][0]], "flag": True, "text": (c,)}

    compiled = compile(f, executor="interpreter", arrays="elements")
    tree = {"a": 1.0, "pair": (2.0, 3.0)}
    call = tree, "fast", [4.0, np.array([5.0])]
    here = compiled(*call)
    compiled.save(tmp_path / "f.json")
    loaded = pluggrad.load(tmp_path / "f.json", executor="interpreter")
    assert loaded(*call) == here == {"sum": [3.0, 20.0], "flag": True, "text": (3.0,)}
    with pytest.raises(CompileError, match="have another shape"):
        loaded(tree, "slow", call[2])


@pytest.mark.parametrize("saved", [True, np.True_])
def test_flags_of_numpy_and_python_find_what_was_recorded_for_either(saved, tmp_path):
    compiled = compile(lambda is_on, x: x * x if is_on else x, executor="interpreter")
    compiled(saved, 3.0)
    compiled.save(tmp_path / "f.json")
    loaded = pluggrad.load(tmp_path / "f.json", executor="interpreter")
    assert loaded(True, 3.0) == loaded(np.True_, 3.0) == 9.0
    with pytest.raises(CompileError, match="have another shape"):
        loaded(np.False_, 3.0)


@pytest.mark.parametrize("reduce", ["sum", "mean", None])
def test_a_function_over_rows_is_loaded_with_its_axes(reduce, tmp_path):
    fit = compile(
        lambda w, x, y: where(x[0] > 0, (w[0] * x[0] + w[1] * x[1] - y) ** 2, 0.0 * w[0]),
        in_axes=(None, 0, 0),
        reduce=reduce,
    )
    chance = np.random.default_rng(1)
    w, x, y = np.array([0.5, -1.0]), chance.normal(size=(1000, 2)), chance.normal(size=1000)
    fit.value_and_grad(w, x, y)
    fit.save(tmp_path / "fit.json")
    loaded = pluggrad.load(tmp_path / "fit.json")
    assert isinstance(loaded, OverRows)
    value, slopes = fit.value_and_grad(w, x, y)
    again, slopes_again = loaded.value_and_grad(w, x, y)
    np.testing.assert_array_equal(again, value)
    np.testing.assert_array_equal(slopes_again, slopes)


def test_a_file_of_a_plugin_tells_whether_its_op_is_the_same_here(tmp_path):
    def registered(factor):
        op = Op("scaled_test", lambda x: factor * x, lambda g, out, x: g * factor)
        plugins.register_op(op)
        return op

    op = registered(2.0)
    try:
        program = compile(op(Value(1.0)) + 1.0, executor="interpreter")
        program.save(tmp_path / "p.json")
        loaded = pluggrad.load(tmp_path / "p.json", executor="interpreter")
        assert (loaded.forward(), loaded.backward().tolist()) == (3.0, [2.0])
        plugins.unregister("scaled_test")
        with pytest.raises(CompileError, match="needs op 'scaled_test' of plugin 'scaled_test'"):
            pluggrad.load(tmp_path / "p.json")
        registered(3.0)
        with pytest.raises(CompileError, match="'scaled_test' computes something else here"):
            pluggrad.load(tmp_path / "p.json")
    finally:
        plugins.unregister("scaled_test")


# ----- What cannot be saved -----


def test_an_op_that_is_not_registered_is_refused_by_name(tmp_path):
    op = Op("mine_test", lambda x: x, lambda g, out, x: g)
    program = compile(op(Value(1.0)), executor="interpreter")
    with pytest.raises(CompileError, match="cannot be saved: it uses op 'mine_test'"):
        program.save(tmp_path / "p.json")
    assert list(tmp_path.iterdir()) == []


def test_values_from_outside_are_refused_by_their_labels(tmp_path):
    scale = Value(2.0, label="scale")
    f = compile(lambda x: scale * x, executor="interpreter")
    f(1.0)
    with pytest.raises(CompileError, match=r"reads Values from outside .*'scale'"):
        f.save(tmp_path / "f.json")


def test_hooks_are_refused(tmp_path):
    def f(x):
        y = x * x
        pluggrad.on_gradient(y, lambda g: 2.0 * g)
        return y

    compiled = compile(f, executor="interpreter")
    compiled.grad(3.0)
    with pytest.raises(CompileError, match=r"calls a hook of on_gradient\(\), which"):
        compiled.save(tmp_path / "f.json")


def test_a_function_without_a_recording_is_refused(tmp_path):
    with pytest.raises(CompileError, match="nothing is recorded yet; call it first"):
        compile(lambda x: x).save(tmp_path / "f.json")


class Line(tuple):
    """A class of this program."""


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (Line((1.0, 2.0)), "takes or gives a Line"),
        ({1.5: 2.0}, "keys of a dict"),
        ([1.0, b"raw"], "for the argument b'raw'"),
    ],
)
def test_arguments_that_are_no_data_are_refused(argument, message, tmp_path):
    f = compile(lambda x: 2.0 * next(iter(x.values() if isinstance(x, dict) else x)))
    f(argument)
    with pytest.raises(CompileError, match=message):
        f.save(tmp_path / "f.json")


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    program = net()
    program.save(tmp_path / "p.json")
    before = (tmp_path / "p.json").read_bytes()

    def full(place, content):
        raise OSError("no space left on device")

    monkeypatch.setattr(sys.modules["pluggrad.drawing.writing"], "_write_all", full)
    with pytest.raises(OSError, match="no space left"):
        program.save(tmp_path / "p.json")
    assert (tmp_path / "p.json").read_bytes() == before
    assert [x.name for x in tmp_path.iterdir()] == ["p.json"]


def test_what_stands_at_the_path_stays_what_it_is(tmp_path):
    program = net()
    file, link, other = tmp_path / "p.json", tmp_path / "link.json", tmp_path / "other.json"
    program.save(file)
    content = file.read_bytes()
    file.write_bytes(b"old")
    file.chmod(0o600)
    link.symlink_to(file)
    program.save(link)
    assert link.is_symlink()
    assert file.read_bytes() == content
    assert file.stat().st_mode & 0o777 == 0o600
    os.link(file, other)
    program.save(file)
    assert other.samefile(file)


def test_a_pipe_is_written_to(tmp_path):
    program = net()
    program.save(tmp_path / "p.json")
    os.mkfifo(tmp_path / "pipe")
    found = []
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    program.save(tmp_path / "pipe")
    reader.join()
    assert found == [(tmp_path / "p.json").read_bytes()]


def test_arguments_nested_deeper_than_files_may_be_are_refused_at_once(tmp_path):
    nested = 1.0
    for _ in range(150):
        nested = [nested]
    f = compile(lambda x, nest: x)
    f(2.0, nested)
    with pytest.raises(CompileError, match="nested too deeply: more than 100 times"):
        f.save(tmp_path / "f.json")
