"""What an op computes is known by all that its functions reach, wherever its numbers are kept."""

import math
import types
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from pluggrad import Op, Value
from pluggrad.compiler import Program
from pluggrad.compiler.tape.fingerprint import fingerprint

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

Forward = Callable[[float], float]


class Scale:
    """A function that keeps its number in itself."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, x: float) -> float:
        return x * self.factor

    def method(self, x: float) -> float:
        return x * self.factor


class Slotted:
    """A function that keeps its number in a slot."""

    __slots__ = ("factor",)

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, x: float) -> float:
        return x * self.factor


def in_a_module(factor: float) -> Forward:
    inner, outer = types.ModuleType("inner"), types.ModuleType("outer")
    outer.inner = inner  # type: ignore[attr-defined]
    inner.factor = factor  # type: ignore[attr-defined]
    return lambda x: x * outer.inner.factor


def in_a_module_that_a_helper_reads(factor: float) -> Forward:
    module = types.ModuleType("settings")
    module.factor = factor  # type: ignore[attr-defined]

    def zoom(held: Any) -> float:
        return held.factor  # type: ignore[no-any-return]

    return lambda x: x * zoom(module)


def in_a_class(factor: float) -> Forward:
    settings = type("Settings", (), {"factor": factor})
    return lambda x: x * settings.factor  # type: ignore[attr-defined, no-any-return]


def in_a_namespace(factor: float) -> Forward:
    settings = types.SimpleNamespace(factor=factor)
    return lambda x: x * settings.factor  # type: ignore[no-any-return]


def in_a_keyword(factor: float) -> Forward:
    def forward(x: float, *, factor: float = factor) -> float:
        return x * factor

    return forward


def in_an_array(factor: float) -> Forward:
    table = np.full(2000, factor)
    return lambda x: x * table[1500]  # type: ignore[no-any-return]


def in_a_fraction(factor: float) -> Forward:
    exact = Fraction(factor)
    return lambda x: x * float(exact)


PLACES: list[Callable[[float], Any]] = [
    Scale,
    Slotted,
    lambda factor: Scale(factor).method,
    in_a_module,
    in_a_module_that_a_helper_reads,
    in_a_class,
    in_a_namespace,
    in_a_keyword,
    in_an_array,
    in_a_fraction,
    lambda factor: partial(lambda x, k: x * k, k=factor),
    lambda factor: lambda x: math.sin(x) * factor,
]


@pytest.mark.parametrize("forward", PLACES)
def test_a_number_counts_wherever_it_is_kept(forward: Callable[[float], Any]) -> None:
    assert fingerprint(forward(2.0)) == fingerprint(forward(2.0))
    assert fingerprint(forward(2.0)) != fingerprint(forward(3.0))


@pytest.mark.parametrize("forward", PLACES)
def test_an_op_of_one_name_never_meets_the_code_of_another(
    forward: Callable[[float], Any],
) -> None:
    for factor in (2.0, 3.0):
        function = forward(factor)
        op = Op("kept_elsewhere", function, lambda g, out, x: g, ieee=lambda x: math.nan)
        y = op.record((Value(2.0),))
        program = Program(y, executor="auto")
        assert program.forward() == pytest.approx(function(2.0), rel=1e-14)


def test_what_machine_code_knows_of_a_rule_changes_with_the_objects_it_calls() -> None:
    for factor in (2.0, 3.0):
        scale = Scale(factor)
        op = Op("its_rule_calls", lambda x: x, _calling(scale))
        program = Program(op.record((Value(1.0),)), executor="numba")
        program.step()
        assert program.gradients.tolist() == [factor]


def _calling(scale: Scale) -> Any:
    return lambda g, out, x: scale(g)


def test_an_op_may_have_a_name_of_any_letters() -> None:
    op = Op("größe", lambda x: 3.0 * x, lambda g, out, x: 3.0 * g)
    program = Program(op.record((Value(2.0),)), executor="numba")
    program.step()
    assert (program.results[0], program.gradients[0]) == (6.0, 3.0)


def test_a_function_of_numpy_may_be_an_op() -> None:
    op = Op("from_numpy", np.tanh, lambda g, out, x: g * (1.0 - out * out))
    program = Program(op.record((Value(0.5),)), executor="numba")
    program.step()
    assert program.results[0] == pytest.approx(math.tanh(0.5), rel=1e-14)
    assert program.gradients[0] == pytest.approx(1.0 - math.tanh(0.5) ** 2, rel=1e-14)


class Refusing(BaseException):
    """What no `except Exception` catches, as the refusals of pytest are."""


class RefusesNames:
    """Something that refuses to be asked for what it has not."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        raise Refusing(name)


class AnswersAll:
    """Something that has whatever it is asked for, as a mock does."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return 2.0


class AnswersAllWithItself:
    """Something that has whatever it is asked for, even `__dict__`, as libraries of cffi do."""

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name) if name == "__class__" else self


def _moved_module() -> types.ModuleType:
    """Return a module that refuses, as numpy.core warns of, whatever it is asked for."""
    module = types.ModuleType("moved")
    vars(module)["__getattr__"] = RefusesNames().__getattr__
    return module


@pytest.mark.parametrize("make", [RefusesNames, AnswersAll, AnswersAllWithItself, _moved_module])
def test_what_a_rule_holds_is_not_asked_for_names_that_it_may_not_have(make: Any) -> None:
    thing = make()
    held = {"thing": thing, "slope": 2.0}
    op = Op("held_back", lambda x: x * held["slope"], lambda g, out, x: g * held["slope"])
    assert fingerprint(op) == fingerprint(op)
    program = Program([op(Value(3.0))])
    program.step()
    assert program.gradients.tolist() == [2.0]


class Holding:
    """Something with a slot."""

    __slots__ = ("number",)


class Computing(Holding):
    """Something that computes what its base holds, as the constants of mpmath do."""

    __slots__ = ()

    @property
    def number(self) -> float:
        raise Refusing("this takes long")


def test_what_is_computed_under_the_name_of_a_slot_is_not_asked_for() -> None:
    thing = Computing()
    op = Op("computes", lambda x: x, lambda g, out, x: g if thing is None else g * 2.0)
    assert fingerprint(op) == fingerprint(op)
