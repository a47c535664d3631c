"""What a compiled function takes, and how it looks."""

import datetime
from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from pluggrad import CompileError, CompileWarning, Value, compile, custom_rule, func
from pluggrad.ops import sin

EXECUTORS = ["interpreter", "numba"]


# ----- Its own fields -----


@pytest.mark.parametrize(
    "name", ["function", "bound", "threads", "executor", "arrays", "_recordings", "_values", "grad"]
)
def test_attributes_of_the_function_do_not_overwrite_those_of_the_compiled_one(name):
    def square(x):
        return x * x

    setattr(square, name, "mine")
    square.other = "kept"
    compiled = compile(square)
    assert compiled.value_and_grad(3.0) == (9.0, 6.0)
    assert compiled.other == "kept"


def test_compiling_a_compiled_function_takes_the_new_options():
    def total(v):
        return v[0] * v[1]

    again = compile(compile(total), arrays="elements", bound=3)
    assert (again.arrays, again.bound) == ("elements", 3)
    assert again.grad(np.array([2.0, 3.0])).tolist() == [3.0, 2.0]


def test_a_custom_rule_keeps_its_own_rule():
    def square(x):
        return float(x) ** 2

    square._rule = square._fun = None
    ruled = custom_rule(square, lambda g, out, x: 2 * g * x)
    x = Value(3.0)
    ruled(x).backward()
    assert x.grad == 6.0


# ----- What is no real number -----


@pytest.mark.parametrize("recorded_before", [False, True])
@pytest.mark.parametrize(
    "thing",
    [
        np.complex128(1j), 1j, np.ma.masked, np.timedelta64(3, "s"), np.datetime64("2020-01-01"),
        datetime.timedelta(1), 10**400, -(10**400), np.array([1j]), np.array(["1"]),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_real_number_is_refused_in_every_call(thing, recorded_before):
    compiled = compile(lambda x: x * 2.0 + x)
    if recorded_before:
        compiled.value_and_grad(1.0)
        compiled(np.array([1.0]))
    for call in (compiled, compiled.grad, compiled.value_and_grad):
        with pytest.raises(CompileError):
            call(thing)


# ----- Guards -----


THRESHOLDS = [
    Fraction(1, 3), Fraction(-1, 3), 2**53 + 1, -(2**53) - 1, 2**53, 10**400, -(10**400),
    Decimal("0.1"), Decimal(1) / Decimal(3), 0.1, 3, np.float32(0.1), Fraction(1, 10**400),
    np.int64(2**53 + 1), np.uint64(2**64 - 1), np.float16(0.1), mpmath.fraction(1, 3)(prec=200),
]  # fmt: skip
COMPARISONS = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", COMPARISONS)
@pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda x: repr(x)[:30])
def test_guards_compare_exactly_as_python_does(threshold, name, executor):
    holds = COMPARISONS[name]
    exact = threshold.item() if isinstance(threshold, np.generic) else threshold
    compiled = compile(lambda x: x if holds(x, threshold) else 2.0 * x, executor=executor)
    try:
        near = float(threshold)
    except OverflowError:
        near = 1.7e308 if threshold > 0 else -1.7e308
    numbers = [near, np.nextafter(near, 9e999), np.nextafter(near, -9e999), 0.0, -0.0, 1.0, -1.0]
    for x in map(float, [*numbers, *reversed(numbers), float("inf"), float("-inf")]):
        assert compiled(x) == (x if holds(x, exact) else 2.0 * x)
        slope = 1.0 if holds(x, exact) else 2.0
        assert func.jvp(lambda v: v if holds(v, threshold) else 2.0 * v, (x,), (1.0,))[1] == slope


def branching(x):
    return x * x if x > 1 else (sin(x) if x > 0 else -x)


@pytest.mark.parametrize(
    "derivative",
    [
        lambda c, x: c.jvp((x,), (1.0,)),
        lambda c, x: c.hvp((x,), (1.0,)),
    ],
)
def test_derivatives_of_a_branching_function_are_recorded_once_for_each_way(derivative):
    compiled = compile(branching)
    for i in range(40):
        x = 0.1 * i - 1.95
        got = derivative(compiled, x)
        assert got == pytest.approx(derivative(_plain(), x), rel=1e-12)
    (derived,) = compiled._derived.values()
    assert len(derived.recordings) == 3


def test_a_hessian_of_a_branching_function_is_recorded_once_for_each_way():
    compiled = compile(lambda x: func.hessian(branching)(x))
    for i in range(40):
        x = 0.1 * i - 1.95
        assert compiled(x) == pytest.approx(func.hessian(branching)(x), rel=1e-12)
    assert len(compiled.recordings) == 3


class _plain:
    def jvp(self, primals, tangents):
        return func.jvp(branching, primals, tangents)

    def hvp(self, primals, tangents):
        return func.hvp(branching, primals, tangents)


def test_more_ways_than_are_kept_gives_one_warning():
    compiled = compile(lambda x: x * len([i for i in range(20) if x > i]), executor="interpreter")
    numbers = [i + 0.5 for _ in range(3) for i in range(20)]
    with pytest.warns(CompileWarning, match=r"more than 16 ways.*bound=64") as warned:
        found = [compiled(x) for x in numbers]
    assert found == [x * (x + 0.5) for x in numbers]
    assert len(warned) == 1


def test_the_way_that_the_fast_path_takes_counts_as_used():
    compiled = compile(lambda x: x * x if x > 0 else (x if x > -1 else 2.0 * x), bound=2)
    compiled.value_and_grad(-0.5)
    compiled.value_and_grad(1.0)
    compiled.value_and_grad(-0.5)
    compiled.value_and_grad(1.0)
    kept = compiled.recordings[-1]
    with pytest.warns(CompileWarning, match="more than 2 ways"):
        compiled.value_and_grad(-2.0)
    assert kept in compiled.recordings


# ----- Arguments and results -----


def test_a_comparison_gives_an_answer_for_each_lane():
    compiled = compile(lambda x: x > 0)
    assert compiled(np.array([1.0, -1.0, 2.0])).tolist() == [True, False, True]
    assert compiled(np.array([1.0, -1.0])).dtype == bool
    assert compiled(1.0) is True
    assert compiled(-1.0) is False
    assert compile(lambda x: {"big": x > 1, "x": x})(2.0) == {"big": True, "x": 2.0}


def test_arguments_by_keyword_have_gradients_too():
    compiled = compile(lambda x, y=2.0: x * x * y)
    assert compiled.grad(x=2.0) == compiled.grad(2.0, 2.0) == (8.0, 4.0)
    assert compiled.grad(2.0, y=3.0) == (12.0, 4.0)
    with pytest.raises(CompileError, match="no positional argument"):
        compile(lambda *, x: x * x).grad(x=2.0)


def test_nothing_is_no_function():
    with pytest.raises(CompileError, match="not NoneType"):
        compile(None)


@dataclass
class Pair:
    left: float
    right: float


def test_ordered_dicts_and_dataclasses_are_arguments():
    ordered = compile(lambda p: p["a"] * p["b"])
    given = OrderedDict(a=2.0, b=3.0)
    assert ordered(given) == 6.0
    assert ordered.grad(given) == OrderedDict(a=3.0, b=2.0)
    assert type(ordered.grad(given)) is OrderedDict
    pair = compile(lambda p: p.left * p.right * p.right)
    assert pair(Pair(2.0, 3.0)) == 18.0
    assert pair.grad(Pair(2.0, 3.0)) == Pair(9.0, 12.0)


class Spring:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    @compile
    def energy(self, x):
        """Return the energy."""
        return 0.5 * self.stiffness * x * x


def test_a_method_can_be_compiled():
    soft, hard = Spring(1.0), Spring(10.0)
    assert (soft.energy(2.0), hard.energy(2.0)) == (2.0, 20.0)
    assert (soft.energy.grad(2.0), hard.energy.grad(2.0)) == (2.0, 20.0)
    assert soft.energy is soft.energy
    assert soft.energy.__doc__ == Spring.energy.__doc__ == "Return the energy."


# ----- Programs -----


def test_assigning_parameters_sets_them():
    x, y = Value(1.0), Value(2.0)
    program = compile(x * y, wrt=[x, y])
    program.parameters = [3.0, 5.0]
    program.step()
    assert program.results.tolist() == [15.0]
    assert program.gradients.tolist() == [5.0, 3.0]
    with pytest.raises(CompileError, match="2 parameters, not 1"):
        program.parameters = [1.0]
    with pytest.raises(CompileError, match="what a run gives"):
        program.gradients = [0.0, 0.0]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_leaf_that_plays_no_part_has_the_gradient_0(executor):
    x, idle, late = Value(3.0), Value(5.0, label="idle"), Value(7.0)
    program = compile(x * x, wrt=[idle, x, late], executor=executor)
    assert program() == 9.0
    assert (idle.grad, x.grad, late.grad) == (0.0, 6.0, 0.0)
    program.parameters = [1.0, 4.0, 2.0]
    program.step()
    assert program.gradients.tolist() == [0.0, 8.0, 0.0]


class Scaled:
    def __init__(self, scale):
        self.scale = scale

    @compile
    def loss(self, x):
        return self.scale * x * x


def test_a_compiled_method_keeps_its_object_alive():
    assert Scaled(3.0).loss(2.0) == 12.0
    assert Scaled(3.0).loss.value_and_grad(2.0) == (12.0, 12.0)


def test_the_methods_of_one_object_share_what_is_recorded():
    scaled = Scaled(3.0)
    assert scaled.loss(2.0) == 12.0
    assert len(scaled.loss.recordings) == 1
    assert Scaled(4.0).loss.recordings == ()


def test_equal_objects_have_their_own_compiled_methods():
    @dataclass(frozen=True)
    class Named:
        name: str
        scale: float = field(compare=False)

        @compile
        def loss(self, x):
            return self.scale * x

    first, second = Named("a", 2.0), Named("a", 5.0)
    assert (first.loss(1.0), second.loss(1.0), first.loss(1.0)) == (2.0, 5.0, 2.0)


def test_what_machine_code_cannot_take_is_not_prepared_for_it_at_each_call(monkeypatch):
    pytest.importorskip("numba")
    from pluggrad.compiler.recording import Recording

    f = compile(lambda v: v[0] * v[1] + v[2], arrays="elements")
    x = np.array([2.0, 3.0, 4.0])
    assert f(x) == 10.0
    f.value_and_grad(x)
    made = []
    another = Recording._another
    monkeypatch.setattr(Recording, "_another", lambda self: made.append(1) or another(self))
    for _ in range(5):
        assert f(x) == 10.0
        assert f.value_and_grad(x)[1].tolist() == [3.0, 2.0, 1.0]
    assert not made
