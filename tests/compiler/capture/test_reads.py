"""What an op's functions read from outside is as it is now, in every way of computing."""

import abc
import array
import copy
import dataclasses
import enum
import functools
import importlib
import itertools
import math
import os
import pickle
import sys
import types
import warnings
import weakref
from collections import ChainMap, deque
from fractions import Fraction
from math import sqrt
from typing import ClassVar

import numpy as np
import pytest
from pluggrad import CompileError, Op, Value, compile, func, hookimpl, plugins
from pluggrad.compiler.capture.places import is_data
from pluggrad.compiler.capture.reads import reads_of

outside = None
OTHER = 5.0


class Settings:
    slope = 2.0


class Inherited(Settings):
    pass


class Slotted:
    __slots__ = ("__hidden", "slope")

    def __init__(self):
        self.slope = self.__hidden = 2.0

    def set_hidden(self, number):
        self.__hidden = number

    def hidden(self):
        return self.__hidden


@dataclasses.dataclass(slots=True)
class Data:
    slope: float = 2.0


class Computed:
    def __init__(self):
        self.number = 2.0

    @property
    def slope(self):
        return self.number

    def __call__(self):
        return self.number

    def __getitem__(self, key):
        return self.number

    def __float__(self):
        return self.number


class Mode(enum.Enum):
    PLAIN = 2.0
    STEEP = 5.0


def setting(name):
    return lambda thing: setattr(thing, name, OTHER)


def replacing(new):
    return lambda _: globals().update(outside=new)


def helper():
    return outside.slope


def helped():
    return 2.0


def keeping_a_list(kept=[2.0]):  # noqa: B006 - that is what is tested
    return kept[-1]


SETTINGS = Settings()
MODULE = types.ModuleType("with_a_slope")
MODULE.slope = 2.0


class Counting(type):
    """Is asked for its length by its classes."""

    kept: ClassVar = [2.0]

    def __len__(cls):
        return len(cls.kept)


class Counted(metaclass=Counting):
    pass


class Remembered:
    """A descriptor that keeps what objects have."""

    def __init__(self):
        self.kept = weakref.WeakKeyDictionary()

    def __get__(self, thing, kind):
        return self.kept.get(thing, 2.0)

    def __set__(self, thing, number):
        self.kept[thing] = number


class Described:
    slope = Remembered()


CHANGES = {
    "text": ("plain", replacing("steep"), lambda: 2.0 if outside == "plain" else 5.0),
    "nothing": (None, replacing(3.0), lambda: outside or 2.0),
    "enumeration": (Mode.PLAIN, replacing(Mode.STEEP), lambda: outside.value),
    "fraction": (Fraction(1, 2), replacing(Fraction(1, 3)), lambda: float(outside)),
    "complex": (2 + 0j, replacing(5 + 0j), lambda: outside.real),
    "type": (float, replacing(int), lambda: outside(2.5)),
    "ufunc": (np.sin, replacing(np.cos), lambda: float(outside(1.0))),
    "sign of zero": (0.0, replacing(-0.0), lambda: math.copysign(3.0, outside)),
    "class": (Settings, setting("slope"), lambda: outside.slope),
    "base class": (Inherited(), lambda _: setattr(Settings, "slope", OTHER), lambda: outside.slope),
    "new attribute": (Settings(), setting("slope"), lambda: outside.slope),
    "slots": (Slotted(), setting("slope"), lambda: outside.slope),
    "private slot": (Slotted(), lambda x: x.set_hidden(OTHER), lambda: outside.hidden()),
    "data class": (Data(), setting("slope"), lambda: outside.slope),
    "namespace": (types.SimpleNamespace(slope=2.0), setting("slope"), lambda: outside.slope),
    "through a helper": (types.SimpleNamespace(slope=2.0), setting("slope"), lambda: helper()),
    "property": (Computed(), setting("number"), lambda: outside.slope),
    "call": (Computed(), setting("number"), lambda: outside()),
    "item": (Computed(), setting("number"), lambda: outside[0]),
    "conversion": (Computed(), setting("number"), lambda: float(outside)),
    "longer list": ([2.0], lambda x: x.append(OTHER), lambda: sum(outside)),
    "empty list": ([], lambda x: x.append(OTHER), lambda: 2.0 + len(outside)),
    "longer dict": ({"a": 2.0}, lambda x: x.update(b=OTHER), lambda: outside.get("b", 2.0)),
    "set": ({1.0}, lambda x: x.add(OTHER), lambda: float(len(outside))),
    "deque": (deque([2.0]), lambda x: x.append(OTHER), lambda: outside[-1]),
    "array": (array.array("d", [2.0]), lambda x: x.__setitem__(0, OTHER), lambda: outside[0]),
    "large array": (np.full(9000, 2.0), lambda x: x.put(0, OTHER), lambda: float(outside[0])),
    "memoryview": (
        memoryview(bytearray(b"\2")),
        lambda x: x.__setitem__(0, 5),
        lambda: float(outside[0]),
    ),
    "metaclass": (Counted, lambda _: Counting.kept.append(OTHER), lambda: 1.0 + len(outside)),
    "state of a descriptor": (Described(), setting("slope"), lambda: outside.slope),
    "built-in function that a variable hides": (
        None,
        lambda _: globals().__setitem__("abs", lambda x: OTHER),
        lambda: abs(-2.0),
    ),
    "code of a helper": (
        helped,
        lambda x: setattr(x, "__code__", (lambda: OTHER).__code__),
        lambda: outside(),
    ),
    "list that is a default": (
        keeping_a_list,
        lambda x: x.__defaults__[0].append(OTHER),
        lambda: outside(),
    ),
    "weak reference": (
        weakref.ref(SETTINGS),
        lambda x: setting("slope")(x()),
        lambda: outside().slope,
    ),
    "module in a list": ([MODULE], lambda x: setting("slope")(x[0]), lambda: outside[0].slope),
    "chain of dicts": (ChainMap({"a": 2.0}), lambda x: x.update(a=OTHER), lambda: outside["a"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_an_op_reads_is_as_it_is_now_in_every_way_of_computing(name, monkeypatch):
    thing, change, read = CHANGES[name]
    monkeypatch.setitem(globals(), "outside", thing)
    monkeypatch.setattr(Settings, "slope", 2.0)
    monkeypatch.delitem(globals(), "abs", raising=False)
    op = Op("reads", lambda x: x * read(), lambda g, out, x: g * read())

    def f(x):
        return op(x) * x

    compiled, rows, gradient = compile(f), compile(f, in_axes=(0,)), compile(func.grad(f))
    many, leaf = np.full(300, 3.0), Value(3.0)
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what may change unseen runs in the interpreter
        program = compile(f(leaf))
        for _ in range(2):
            leaf.grad = 0.0
            value, slope = func.value_and_grad(f)(3.0)
            found = [compiled.value_and_grad(3.0), compiled.value_and_grad(3.0)]
            found.append((compiled(many)[7], compiled.grad(many)[7]))
            found.append((rows(many) / 300, compiled.jacobian(3.0)))
            found.append((program(), leaf.grad))
            for numbers in found:
                assert numbers == pytest.approx((value, slope), rel=1e-12)
            if name != "large array":  # which is refused below
                assert compiled.jvp((3.0,), (1.0,)) == pytest.approx((value, slope), rel=1e-12)
                assert gradient(3.0) == pytest.approx(slope, rel=1e-12)
            seen.append(value)
            change(outside)
    assert seen[0] != seen[1]


SCALE = 2.0
SCALED = Op("scaled_from_outside", lambda x: x * SCALE, lambda g, out, x: g * SCALE)


class Scaling:
    """A plugin of one op."""

    @hookimpl
    def pluggrad_register_ops(self):
        return [SCALED]


def scaled(x):
    return SCALED(x) * x


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_what_an_op_reads_is_as_it_is_now_in_a_copy_and_from_a_pickle(copied, monkeypatch):
    plugins.register(Scaling(), "scaled")
    try:
        compiled, rows = compile(scaled), compile(scaled, in_axes=(0,))
        assert (compiled(3.0), rows([3.0])) == (18.0, 18.0)
        compiled, rows = copied(compiled), copied(rows)
        assert (compiled(3.0), rows([3.0])) == (18.0, 18.0)
        monkeypatch.setattr(sys.modules[__name__], "SCALE", 5.0)
        assert (compiled(3.0), rows([3.0])) == (45.0, 45.0)
    finally:
        plugins.unregister("scaled")


def test_what_a_library_without_values_holds_is_read_anew_by_an_op(tmp_path, monkeypatch):
    folder = tmp_path / "site-packages"
    folder.mkdir()
    folder.joinpath("library_of_rates.py").write_text("rate = 2.0\ndef read(): return rate\n")
    monkeypatch.syspath_prepend(folder)
    library = importlib.import_module("library_of_rates")
    op = Op("rated", lambda x: x * library.read(), lambda g, out, x: g * library.read())
    f = compile(lambda x: op(x))
    assert f.value_and_grad(3.0) == (6.0, 2.0)
    library.rate = 5.0
    assert f.value_and_grad(3.0) == (15.0, 5.0)


def test_what_an_op_reads_is_as_it_is_now_where_the_rule_of_another_calls_it(monkeypatch):
    op = Op("calling", lambda x: 2.0 * x, lambda g, out, x: SCALED(g))
    f = compile(lambda x: op(x))
    assert f.grad(3.0) == 2.0
    monkeypatch.setattr(sys.modules[__name__], "SCALE", 5.0)
    assert f.grad(3.0) == 5.0


def test_an_op_whose_functions_are_methods_is_what_its_object_is_now():
    class Scaled:
        scale = 2.0

        def forward(self, x):
            return x * self.scale

        def rule(self, g, out, x):
            return g * self.scale

    scaled = Scaled()
    op = Op("scaled", scaled.forward, scaled.rule)
    f = compile(lambda x: op(x))
    assert f.value_and_grad(3.0) == (6.0, 2.0)
    scaled.scale = 5.0
    assert f.value_and_grad(3.0) == (15.0, 5.0)


def test_an_op_whose_functions_are_partials_knows_their_keywords_as_they_are_now():
    forward = functools.partial(lambda x, scale: x * scale, scale=2.0)
    rule = functools.partial(lambda g, out, x, scale: g * scale, scale=2.0)
    op = Op("scaled", forward, rule)
    f = compile(lambda x: op(x))
    assert f.value_and_grad(3.0) == (6.0, 2.0)
    forward.keywords["scale"] = rule.keywords["scale"] = 5.0
    assert f.value_and_grad(3.0) == (15.0, 5.0)


def test_a_rule_that_reads_what_changes_unseen_is_not_recorded():
    numbers = itertools.repeat(2.0)
    op = Op("unseen", lambda x: 2.0 * x, lambda g, out, x: g * next(numbers))
    f = compile(lambda x: op(x) * x, executor="interpreter")
    assert f.value_and_grad(3.0) == (18.0, 12.0)  # where the rule is called as it stands
    with pytest.raises(CompileError, match="rule of op 'unseen' reads a repeat"):
        f.jvp((3.0,), (1.0,))


def test_an_op_that_reads_what_changes_unseen_runs_in_the_interpreter():
    numbers = itertools.count(2.0)
    op = Op("counted", lambda x: x * next(numbers), lambda g, out, x: g)
    with pytest.warns(match="it reads a count, which may change unseen"):
        f = compile(op(Value(1.0)))
    assert f.executor.name == "interpreter"


def test_a_large_array_that_nobody_can_write_to_stays_in_machine_code():
    table = np.full(9000, 2.0)
    table.flags.writeable = False
    op = Op("looked_up", lambda x: x * table[3], lambda g, out, x: g * table[3])
    f = compile(lambda x: op(x))
    assert f.value_and_grad(3.0) == (6.0, 2.0)
    assert f.recordings[0].executor.name == "numba"


def test_a_value_that_a_rule_reads_is_read_anew():
    weight = Value(2.0)
    op = Op("weighted", lambda x: 2.0 * x, lambda g, out, x: g * weight)
    f = compile(lambda x: op(x), executor="interpreter")
    assert f.jvp((3.0,), (1.0,)) == (6.0, 2.0)
    weight.data = 5.0
    assert f.jvp((3.0,), (1.0,)) == (6.0, 5.0)


def test_nothing_is_looked_at_for_ops_that_call_functions_of_math():
    op = Op("plain", lambda x: sqrt(x * x) + math.pi + np.pi, lambda g, out, x: g)
    assert not any(map(is_data, reads_of([op.forward, *op.rules]).places))


def imported_inside():
    import module_of_this_test

    return module_of_this_test.rate


RATE = 2.0
module_here = None
DYNAMIC = {
    "globals()": lambda: globals()["RATE"],
    "eval": lambda: eval("RATE"),
    "a module by a text": lambda: getattr(module_here, "ra" + "te"),
    "an import": imported_inside,
    "the environment": lambda: float(os.environ["RATE_OF_THIS_TEST"]),
}


@pytest.mark.parametrize("name", DYNAMIC)
@pytest.mark.parametrize("of", ["the rule", "the forward function"])
@pytest.mark.filterwarnings("ignore::pluggrad.errors.CompileWarning")
def test_what_is_found_by_a_text_or_an_import_is_as_it_is_now(name, of, monkeypatch):
    read, module = DYNAMIC[name], types.ModuleType("module_of_this_test")

    def set_rate(rate):
        monkeypatch.setitem(globals(), "RATE", rate)
        monkeypatch.setenv("RATE_OF_THIS_TEST", str(rate))
        module.rate = rate

    monkeypatch.setitem(globals(), "module_here", module)
    monkeypatch.setitem(sys.modules, "module_of_this_test", module)
    set_rate(2.0)
    if of == "the rule":
        op = Op("found", lambda x: x, lambda g, out, x: g * read())
    else:
        op = Op("found", lambda x: x * read(), lambda g, out, x: g * out / x)
    x = Value(3.0)
    program, compiled = compile(op(x)), compile(lambda v: op(v))
    for rate in (2.0, 5.0, 7.0):
        set_rate(rate)
        x.grad = 0.0
        program()
        assert [x.grad, compiled.grad(3.0), func.grad(op)(3.0)] == [rate] * 3
        assert compiled.grad(np.full(300, 3.0))[7] == rate


def test_an_op_that_reads_a_table_of_pandas_runs_in_the_interpreter(recwarn):
    import pandas as pd

    table = pd.DataFrame({"slope": [2.0]})
    op = Op("tabled", lambda x: x * float(table.slope[0]), lambda g, out, x: g * table.slope[0])
    f = compile(lambda x: op(x))
    assert [f(3.0), f.grad(3.0)] == [6.0, 2.0]
    assert "it reads a BlockManager, which may change unseen" in str(recwarn[0].message)
    table.loc[0, "slope"] = 5.0
    assert [f(3.0), f.grad(3.0)] == [15.0, 5.0]


class Marked(abc.ABC):  # noqa: B024 - classes are registered with it
    pass


class Plain:
    pass


def test_a_class_that_is_registered_with_an_abstract_one_is_seen_in_rules_and_forwards():
    thing = Plain()
    op = Op(
        "asking",
        lambda x: (2.0 if isinstance(thing, Marked) else 3.0) * x,
        lambda g, out, x: g * (2.0 if issubclass(Plain, Marked) else 3.0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled, program = compile(lambda x: op(x) + 0.0), compile(op(x := Value(5.0)))
        assert [*compiled.value_and_grad(5.0), program(), x.grad] == [15.0, 3.0, 15.0, 3.0]
        Marked.register(Plain)
        assert [*compiled.value_and_grad(5.0), program(), x.grad] == [10.0, 2.0, 10.0, 5.0]
        assert compiled.grad(np.ones(200))[7] == 2.0
