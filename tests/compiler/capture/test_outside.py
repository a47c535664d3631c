"""What a compiled function reaches outside of itself is as it is now, or it is recorded again."""

import abc
import builtins
import collections
import configparser
import contextvars
import ctypes
import datetime
import decimal
import dis
import enum
import functools
import heapq
import io
import itertools
import json
import logging
import math
import mmap
import multiprocessing
import operator
import os
import pickle
import queue
import random
import re
import signal
import sqlite3
import string
import sys
import threading
import types
import warnings
import weakref
from array import array
from collections import deque
from os import getenv
from pathlib import Path

import numpy as np
import pluggrad
import pytest
from pluggrad import CompileError, CompileWarning, Op, Value, compile, func, load, nn
from pluggrad.compiler.capture.outside import World

K = 2.0
W = None
given = None
read = getenv
op = open


class Model:
    """Has what a function may read, and methods that read something themselves."""

    rate = 2.0
    __slots__ = ("__dict__", "__weakref__", "slot")

    def __init__(self):
        self.slot = 2.0

    def __call__(self, x):
        return W * x

    def scaled(self, x):
        return K * x

    @property
    def weight(self):
        return W


def doubled(x, by=2.0, *, also=1.0):
    return x * by * also


def other(x, by=2.0, *, also=1.0):
    return x * 5.0


def scaled_by(k):
    def scaled(x):
        return k * x

    def change():
        nonlocal k
        k = 5.0

    return scaled, change


def set_global(name):
    return lambda _: globals().__setitem__(name, 5.0 if name == "K" else Value(5.0))


def module(**held):
    found = types.ModuleType("module_of_this_test")
    vars(found).update(held)
    return found


def imported(x):
    import module_of_this_test

    return module_of_this_test.k * x


def imported_from(x):
    from module_of_this_test import k

    return k * x


def setting(name, thing=5.0):
    return lambda held: setattr(held, name, thing)


def rate_if_any(x):
    try:
        return given.rate * x
    except AttributeError:
        return 2.0 * x


class Slotted:
    __slots__ = ("rate",)


class Encoder(json.JSONEncoder):
    """Has a method that nobody but its base calls."""

    text = "two"

    def default(self, thing):
        return self.text


class Switched(nn.Module):
    """Computes something else after training."""

    def __init__(self):
        self.weight = Value(2.0)

    def forward(self, x):
        return self.weight * x if self.training else 5.0 * x


def lambda_with(**held):
    found = lambda: None
    vars(found).update(held)
    return found


class Scale(enum.Enum):
    WIDE = "wide"

    def __init__(self, _):
        self.rate = 2.0

    def of(self, x):
        return K * x


def configured(rate):
    found = configparser.ConfigParser()
    found["rate"] = rate
    return found


# A special method that a class gets late, and a function that calls it unseen.
LATE = {
    "__getattribute__": (
        lambda self, name: 5.0 if name == "rate" else object.__getattribute__(self, name),
        lambda x: given.rate * x,
    ),
    "__bool__": (lambda _: False, lambda x: (2.0 if given else 5.0) * x),
    "__len__": (lambda _: 0, lambda x: (2.0 if given else 5.0) * x),
    "__eq__": (lambda *_: True, lambda x: (5.0 if given == 1 else 2.0) * x),
    "__str__": (lambda _: "", lambda x: (2.0 if f"{given}" else 5.0) * x),
    "__contains__": (lambda *_: True, lambda x: (5.0 if 1 in given else 2.0) * x),
    "__getattr__": (lambda *_: 5.0, lambda x: getattr(given, "other", 2.0) * x),
    "__hash__": (lambda _: 5, lambda x: (5.0 if hash(given) == 5 else 2.0) * x),
    "__init__": (lambda self: setattr(self, "rate", 5.0), lambda x: type(given)().rate * x),
}

# What is held, a function that reads it, and a change of it, after which it gives another number.
CHANGES = {
    "global number": (None, lambda x: K * x, set_global("K")),
    "global Value": (None, lambda x: W * x, set_global("W")),
    "global by its text": (None, lambda x: globals()["K"] * x, set_global("K")),
    "through a method": (Model(), lambda x: given.scaled(x), set_global("K")),
    "through a call": (Model(), lambda x: given(x), set_global("W")),
    "through a property": (Model(), lambda x: given.weight * x, set_global("W")),
    "attribute": (types.SimpleNamespace(rate=2.0), lambda x: given.rate * x, setting("rate")),
    "hidden attribute": (Model(), lambda x: given.rate * x, setting("rate")),
    "hidden method": (Model(), lambda x: given.scaled(x), setting("scaled", other)),
    "slot": (Model(), lambda x: given.slot * x, setting("slot")),
    "by getattr": (Model(), lambda x: getattr(given, "sl" + "ot") * x, setting("slot")),
    "item": ({"rate": 2.0}, lambda x: given["rate"] * x, lambda d: d.update(rate=5.0)),
    "list": ([2.0], lambda x: sum(given) * x, lambda held: held.append(5.0)),
    "set": ({2.0}, lambda x: sum(given) * x, lambda held: held.add(5.0)),
    "order": (
        {"a": 2.0, "b": 5.0},
        lambda x: next(iter(given.values())) * x,
        lambda held: held.update(a=held.pop("a")),
    ),
    "bytes": (bytearray([2]), lambda x: given[0] * x, lambda held: held.append(held.pop() + 3)),
    "attribute of a metaclass": (
        type("Meta", (type,), {"rate": property(lambda kind: K)})("Kind", (), {}),
        lambda x: given.rate * x,
        set_global("K"),
    ),
    "attribute that comes": (
        types.SimpleNamespace(other=1.0),
        lambda x: getattr(given, "rate", 2.0) * x,
        setting("rate"),
    ),
    "global that comes": (
        None,
        lambda x: globals().get("COMES", 2.0) * x,
        lambda _: globals().__setitem__("COMES", 5.0),
    ),
    "context variable with a default": (
        contextvars.ContextVar("rate", default=2.0),
        lambda x: given.get() * x,
        lambda held: held.set(5.0),
    ),
    "list in a tuple": (([2.0],), lambda x: given[0][0] * x, lambda t: t[0].append(t[0].pop() + 1)),
    "array": (np.array([2.0]), lambda x: given[0] * x, lambda held: held.fill(5.0)),
    "array of Values": (
        np.array([Value(2.0)], object),
        lambda x: given[0] * x,
        lambda held: held.fill(Value(5.0)),
    ),
    "helper": (types.SimpleNamespace(f=doubled), lambda x: given.f(x), setting("f", other)),
    "module": (module(k=2.0), lambda x: given.k * x, setting("k")),
    "module in a list": (
        [module(k=2.0)],
        lambda x: given[0].k * x,
        lambda held: setattr(held[0], "k", 5.0),
    ),
    "values of a dict": ({"a": Value(2.0)}, lambda x: sum(given.values()) * x, lambda d: d.clear()),
    "read-only dict": (
        [held := {"a": 2.0}, types.MappingProxyType(held)],
        lambda x: given[1]["a"] * x,
        lambda both: both[0].update(a=5.0),
    ),
    "arguments of a partial function": (
        functools.partial(lambda x, k: k * x, k=2.0),
        lambda x: given(x),
        lambda held: held.keywords.update(k=5.0),
    ),
    "function of a partial function": (
        functools.partial(lambda x: 2.0 * x),
        lambda x: given(x),
        lambda held: held.__setstate__((lambda x: 5.0 * x, (), {}, None)),
    ),
    "cache of results that is emptied": (
        functools.lru_cache(lambda: K),
        lambda x: given() * x,
        lambda held: [globals().__setitem__("K", 5.0), held.cache_clear()],
    ),
    "value of a member of an Enum": (
        enum.Enum("Kept", {"A": 2.0}),
        lambda x: given.A.value * x,
        lambda held: setattr(held.A, "_value_", 5.0),
    ),
    "base of a class": (
        type("Kind", (type("Two", (), {"rate": 2.0}),), {}),
        lambda x: given.rate * x,
        lambda held: setattr(held, "__bases__", (type("Five", (), {"rate": 5.0}),)),
    ),
    "factory of a defaultdict": (
        collections.defaultdict(lambda: 2.0),
        lambda x: given.copy()["absent"] * x,
        lambda held: setattr(held, "default_factory", lambda: 5.0),
    ),
    "what the factory of a defaultdict reads": (
        collections.defaultdict(lambda: K),
        lambda x: given.copy()["absent"] * x,
        set_global("K"),
    ),
    "shape of an array": (
        np.array([[2.0, 5.0]] * 2),
        lambda x: (2.0 if len(given) == 2 else 5.0) * x,
        lambda held: held.resize((4, 1), refcheck=False),
    ),
    "type of the elements of an array": (
        np.array([2.0]),
        lambda x: (2.0 if given[0] == 2.0 else 5.0) * x,
        lambda held: held.__setstate__((1, (1,), np.dtype("i8"), False, held.tobytes())),
    ),
    "what the default of a context variable holds": (
        [held := [2.0], contextvars.ContextVar("held", default=held)],
        lambda x: given[1].get()[0] * x,
        lambda both: both[0].__setitem__(0, 5.0),
    ),
    "context variable that is set to None": (
        contextvars.ContextVar("unset"),
        lambda x: (5.0 if given.get(2.0) is None else 2.0) * x,
        lambda held: held.set(None),
    ),
    "what an attrgetter made of a path gets": (
        [operator.attrgetter("at.rate"), types.SimpleNamespace(at=types.SimpleNamespace(rate=2.0))],
        lambda x: given[0](given[1]) * x,
        lambda held: setattr(held[1].at, "rate", 5.0),
    ),
    "what a methodcaller calls": (
        [operator.methodcaller("scaled", 1.0), Model()],
        lambda x: given[0](given[1]) * x,
        set_global("K"),
    ),
    "module in the place of another": (
        sys.modules.setdefault("of_a_test", module(rate=2.0)),
        lambda x: __import__("of_a_test").rate * x,
        lambda _: sys.modules.__setitem__("of_a_test", module(rate=5.0)),
    ),
    "what a program put among the built-in functions": (
        setattr(builtins, "k_of_a_test", 2.0),
        lambda x: k_of_a_test * x,  # noqa: F821
        lambda _: setattr(builtins, "k_of_a_test", 5.0),
    ),
    "label of a Value": (
        Value(1.0, label="ab"),
        lambda x: len(given.label) * x,
        lambda held: setattr(held, "label", "abcde"),
    ),
    "whether a Value is a constant": (
        Value(1.0),
        lambda x: (2.0 if given.requires_grad else 5.0) * x,
        lambda held: setattr(held, "requires_grad", False),
    ),
    "defaults of a named tuple": (
        collections.namedtuple("Pair", "rate", defaults=(2.0,)),
        lambda x: given().rate * x,
        lambda held: setattr(held.__new__, "__defaults__", (5.0,)),
    ),
    "attribute among all that vars() tells": (
        types.SimpleNamespace(a=2.0),
        lambda x: sum(vars(given).values()) * x,
        lambda held: setattr(held, "b", 3.0),
    ),
    "name of a function": (
        lambda_with(),
        lambda x: (5.0 if given.__name__ == "five" else 2.0) * x,
        lambda held: setattr(held, "__name__", "five"),
    ),
    "attribute that this thread gets": (
        threading.local(),
        lambda x: getattr(given, "rate", 2.0) * x,
        setting("rate"),
    ),
    "arguments of an error": (
        ValueError(2.0),
        lambda x: given.args[0] * x,
        lambda held: setattr(held, "args", (5.0,)),
    ),
    "attribute of a function": (lambda_with(rate=2.0), lambda x: given.rate * x, setting("rate")),
    "zero that gets a sign": (
        {"a": 0},
        lambda x: math.copysign(2.0, given["a"]) * x,
        lambda held: held.update(a=-0.0),
    ),
    "number that becomes a truth": (
        [1],
        lambda x: (5.0 if given[0] is True else 2.0) * x,
        lambda held: held.__setitem__(0, True),
    ),
    "integer that becomes a float": (
        [7.0, 2],
        lambda x: (5.0 if isinstance(given[1], float) else 2.0) * x,
        lambda held: held.__setitem__(1, 2.0),
    ),
    "zero among many": (
        [0] * 50,
        lambda x: math.copysign(2.0, given[7]) * x,
        lambda held: held.__setitem__(7, -0.0),
    ),
    "zero among many floats": (
        [0.0] * 50,
        lambda x: math.copysign(2.0, given[7]) * x,
        lambda held: held.__setitem__(7, -0.0),
    ),
    "zero among floats and texts": (
        [*["a"] * 25, *[0.0] * 25],
        lambda x: math.copysign(2.0, given[30]) * x,
        lambda held: held.__setitem__(30, -0.0),
    ),
    "truth among many": (
        dict.fromkeys(range(50), 1),
        lambda x: (5.0 if given[7] is True else 2.0) * x,
        lambda held: held.__setitem__(7, True),
    ),
    "attribute by a name that is computed": (
        types.SimpleNamespace(w1=2.0, w2=5.0),
        lambda x: getattr(given, f"w{1 + hasattr(given, 'w' + '3')}") * x,
        setting("w3"),
    ),
    "attribute of a module by a name that is computed": (
        module(w1=2.0),
        lambda x: getattr(given, f"w{1}") * x,
        setting("w1"),
    ),
    "attribute of a class that comes by a name that is computed": (
        type("Kind", (), {}),
        lambda x: getattr(given, "".join(["w", "1"]), 2.0) * x,
        setting("w1"),
    ),
    "attribute that comes and is asked for by a name that is computed": (
        types.SimpleNamespace(),
        lambda x: (5.0 if hasattr(given, "w" + str(1)) else 2.0) * x,
        setting("w1"),
    ),
    "built-in function that a variable hides": (
        None,
        lambda x: abs(-2.0) * x,
        lambda _: globals().__setitem__("abs", lambda x: 5.0),
    ),
    "what a method of an Enum reads": (
        Scale.WIDE,
        lambda x: given.of(x),
        set_global("K"),
    ),
    "what the value of an Enum holds": (
        enum.Enum("Kept", {"A": [2.0]}),
        lambda x: given.A.value[0] * x,
        lambda held: held.A.value.__setitem__(0, 5.0),
    ),
    "attribute of a member of an Enum": (
        Scale,
        lambda x: given.WIDE.rate * x,
        lambda held: setattr(held.WIDE, "rate", held.WIDE.rate + 3.0),
    ),
    "object of Python's library": (
        configured({"by": "2"}),
        lambda x: given.getfloat("rate", "by") * x,
        lambda held: held["rate"].__setitem__("by", "5"),
    ),
    "digits of decimals": (
        None,
        lambda x: float(decimal.Decimal(24) + 0) * x,
        lambda _: setattr(decimal.getcontext(), "prec", 1),
    ),
    "class that is registered with an abstract one": (
        [abc.ABCMeta("Abstract", (), {}), Model],
        lambda x: (5.0 if issubclass(given[1], given[0]) else 2.0) * x,
        lambda held: held[0].register(held[1]),
    ),
    "number that a program put into a library": (
        setattr(string, "rate_of_a_test", 2.0),
        lambda x: string.rate_of_a_test * x,
        lambda _: setattr(string, "rate_of_a_test", 5.0),
    ),
    "list that a program put into a library": (
        setattr(np, "rates_of_a_test", [2.0]),
        lambda x: np.rates_of_a_test[0] * x,
        lambda _: np.rates_of_a_test.__setitem__(0, 5.0),
    ),
    "what a function that a program put into a library reads": (
        setattr(pluggrad, "scaled_by_a_test", lambda x: K * x),
        lambda x: pluggrad.scaled_by_a_test(x),
        set_global("K"),
    ),
    "number that a library has": (
        None,
        lambda x: dis.EXTENDED_ARG / 72.0 * x,
        lambda _: setattr(dis, "EXTENDED_ARG", 360.0),
    ),
    "method that a library calls": (
        Encoder(),
        lambda x: len(given.encode({2.0})) * x,
        setting("text", "five."),
    ),
    "method that a library calls, of the object": (
        Encoder(),
        lambda x: len(given.encode({2.0})) * x,
        setting("default", lambda _: "five."),
    ),
    "flag of a Module": (
        Switched(),
        lambda x: given(x),
        lambda held: held.eval(),
    ),
    "forward of a Module": (
        Switched(),
        lambda x: given(x),
        setting("forward", lambda x: 7.0 * x),
    ),
    "attributes of an object, all at once": (
        Model(),
        lambda x: given.rate * x,
        setting("__dict__", {"rate": 5.0}),
    ),
    "class of a module": (
        held := type("Kind", (types.ModuleType,), {"rate": property(lambda _: K)})("module"),
        lambda x: given.rate * x,
        set_global("K"),
    ),
    "what a module answers for itself": (
        module(__getattr__=lambda _: K),
        lambda x: given.rate * x,
        set_global("K"),
    ),
    "what a text names": (None, lambda x: eval("K * 1.0") * x, set_global("K")),
    "what a text in a text names": (None, lambda x: eval("eval('K')") * x, set_global("K")),
    "weak reference": (
        [thing := Model(), weakref.proxy(thing)],
        lambda x: given[1].slot * x,
        lambda both: setattr(both[0], "slot", 5.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_function_reaches_outside_is_as_it_is_now(name, monkeypatch):
    held, function, change = CHANGES[name]
    for comes in ("COMES", "abs"):
        monkeypatch.delitem(globals(), comes, raising=False)
    monkeypatch.setattr(decimal.getcontext(), "prec", 28)
    for known, thing in (("K", 2.0), ("W", Value(2.0)), ("given", held)):
        monkeypatch.setitem(globals(), known, thing)
    compiled, many = compile(function), np.full(300, 3.0)
    before = float(function(3.0))
    assert [compiled(3.0), compiled(3.0), compiled(many)[7]] == [before] * 3
    assert compiled.grad(3.0) == compiled.grad(3.0) == before / 3.0
    change(held)
    now = float(function(3.0))
    assert now != before
    assert [compiled(3.0), compiled(3.0), compiled(many)[7]] == [now] * 3
    assert compiled.grad(3.0) == compiled.grad(3.0) == now / 3.0


# Where there is no rate until it is set.
WITHOUT = {
    "class": lambda: [type("Kind", (), {})] * 2,
    "base class": lambda: [type("Kind", (base := type("Base", (), {}),), {}), base],
    "class of an object": lambda: [(kind := type("Kind", (), {}))(), kind],
    "object": lambda: [types.SimpleNamespace()] * 2,
    "module": lambda: [module()] * 2,
    "function": lambda: [lambda_with()] * 2,
    "slot": lambda: [Slotted()] * 2,
}  # fmt: skip
ASKED = {
    "getattr": lambda x: getattr(given, "rate", 2.0) * x,
    "hasattr": lambda x: (given.rate if hasattr(given, "rate") else 2.0) * x,
    "except": rate_if_any,
}


@pytest.mark.parametrize("name", LATE)
def test_a_special_method_that_a_class_gets_late_is_called(name, monkeypatch):
    method, f = LATE[name]
    kind = type("Kind", (), {"rate": 2.0, "__iter__": lambda _: iter(())})
    monkeypatch.setitem(globals(), "given", kind())
    g = compile(f, executor="interpreter")
    assert (g(1.0), g(2.0)) == (2.0, 4.0)
    setattr(kind, name, method)
    assert g(1.0) == f(1.0) == 5.0


@pytest.mark.filterwarnings("ignore::pluggrad.errors.CompileWarning")
@pytest.mark.parametrize("way", ASKED)
@pytest.mark.parametrize("name", WITHOUT)
def test_an_attribute_that_was_asked_for_is_seen_when_it_comes(name, way, monkeypatch):
    held, where = WITHOUT[name]()
    monkeypatch.setitem(globals(), "given", held)
    compiled, by_op = compile(ASKED[way]), compile(Op("asks", ASKED[way], lambda g, out, x: g))
    assert [compiled(3.0), compiled(3.0), by_op(3.0), by_op(3.0)] == [6.0] * 4
    where.rate = 5.0
    assert [compiled(3.0), compiled(3.0), by_op(3.0), by_op(3.0)] == [15.0] * 4


def test_a_variable_of_an_enclosing_function_that_was_unset_is_seen_when_it_is_set():
    def change():
        nonlocal k
        k = 5.0

    def scaled(x):
        try:
            return k * x
        except NameError:
            return 2.0 * x

    compiled = compile(scaled)
    assert compiled(3.0) == compiled(3.0) == 6.0
    k = 0.0
    del k
    change()
    assert compiled(3.0) == compiled(3.0) == 15.0


@pytest.mark.parametrize("function", [imported, imported_from])
def test_a_module_that_is_imported_inside_is_looked_at(function, monkeypatch):
    found = module(k=2.0)
    monkeypatch.setitem(sys.modules, found.__name__, found)
    compiled = compile(function)
    assert compiled(3.0) == compiled(3.0) == 6.0
    found.k = 5.0
    assert compiled(3.0) == 15.0


def test_a_variable_of_an_enclosing_function_is_read_as_it_is_now():
    scaled, change = scaled_by(2.0)
    compiled = compile(scaled)
    assert compiled(3.0) == compiled(3.0) == 6.0
    change()
    assert compiled(3.0) == compiled(3.0) == 15.0


@pytest.mark.parametrize("part", ["__code__", "__defaults__", "__kwdefaults__"])
@pytest.mark.parametrize("through", [False, True], ids=["the function", "a helper of it"])
def test_a_function_whose_parts_are_assigned_is_recorded_again(part, through):
    f = types.FunctionType(doubled.__code__, globals(), "f", doubled.__defaults__)
    f.__kwdefaults__ = {"also": 1.0}
    new = {"__code__": other.__code__, "__defaults__": (5.0,), "__kwdefaults__": {"also": 2.5}}
    compiled = compile((lambda x: f(x)) if through else f)
    assert compiled(3.0) == compiled(3.0) == 6.0
    setattr(f, part, new[part])
    assert compiled(3.0) == compiled(3.0) == 15.0


@pytest.mark.parametrize("part", ["__code__", "__defaults__", "__kwdefaults__"])
def test_an_op_whose_functions_get_other_parts_computes_with_these(part):
    f = types.FunctionType(doubled.__code__, globals(), "f", doubled.__defaults__)
    f.__kwdefaults__ = {"also": 1.0}
    new = {"__code__": other.__code__, "__defaults__": (5.0,), "__kwdefaults__": {"also": 2.5}}
    op = Op("with_parts", lambda x: f(x), lambda g, out, x: g * f(1.0))
    compiled, leaf = compile(lambda x: op(x)), Value(3.0)
    program = compile(op(leaf))
    assert (compiled.value_and_grad(3.0), program()) == ((6.0, 2.0), 6.0)
    setattr(f, part, new[part])
    assert (compiled.value_and_grad(3.0), program()) == ((15.0, 5.0), 15.0)


def endless(values):
    while True:
        yield from values


def filled(values):
    found = queue.SimpleQueue()
    for x in values:
        found.put(x)
    return found


# What gives one thing after the other, without a trace of which is next.
TURNS = {
    "cycle": (itertools.cycle, next),
    "iterator of a list": (iter, next),
    "map": (functools.partial(map, abs), next),
    "zip": (zip, lambda held: next(held)[0]),
    "chain": (lambda values: itertools.chain(values, values), next),
    "generator": (endless, next),
    "queue": (filled, lambda held: held.get()),
    "heap": (lambda values: [*enumerate(values)], lambda held: heapq.heappop(held)[1]),
    "list that is emptied": (list, lambda held: held.pop(0)),
}


@pytest.mark.parametrize("name", TURNS)
def test_values_that_come_in_turn_do_so_in_a_compiled_function(name):
    make, take = TURNS[name]
    values = [Value(2.0), Value(5.0), Value(7.0), Value(11.0)]
    held = make(values)
    compiled = compile(lambda x: take(held) * x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        assert [compiled(3.0) for _ in range(4)] == [6.0, 15.0, 21.0, 33.0]


def from_the_environment(x):
    return float(os.environ["PLUGGRAD_TEST_RATE"]) * x


def from_a_file(x):
    with open(given) as file:
        return float(file.read()) * x


def from_a_path(x):
    return float(given.read_text()) * x


def read_by_number():
    number = os.open(given, os.O_RDONLY)
    try:
        return os.read(number, 100)
    finally:
        os.close(number)


def opened(file):
    with file:
        return file.read()


READ = {
    "a file that is there or is not": lambda: 1 + os.path.exists(beside(given)),
    "exists by another name": lambda: 1 + is_there(beside(given)),
    "exists of a path": lambda: 1 + beside(given).exists(),
    "what a folder holds": lambda: len(os.listdir(given.parent)),
    "what a path holds": lambda: len(list(given.parent.iterdir())),
    "what a path finds": lambda: len(list(given.parent.glob("*"))),
    "the size of a file": lambda: os.stat(given).st_size + os.path.getsize(given),
    "the subclasses of a class": lambda: len(Parent.__subclasses__()),
    "what was imported": lambda: len(sys.modules),
    "what the command said": lambda: len(sys.argv),
    "how much may be nested": lambda: sys.getrecursionlimit() / 1000,
    "what NumPy does with errors": lambda: len(np.geterr()["over"]),
    "whether something is logged": lambda: 1 + logger.isEnabledFor(15),
    "whether an event has come": lambda: 1 + event.is_set(),
    "whether a lock is locked": lambda: 1 + lock.locked(),
    "what a signal does": lambda: 1 + (signal.getsignal(signal.SIGTERM) is signal.SIG_IGN),
    "what a text that is computed names": lambda: eval("ra" + "te"),
    "what text in a variable names": lambda: eval(text),
    "what a function made by NumPy calls": lambda: of_numpy(1.0),
    "one list of many in a dict": lambda: lists[30_000][0],
    "numbers of C": lambda: numbers_of_c[0],
    "a struct of C": lambda: struct_of_c.rate,
    "shared memory": lambda: shared[0],
    "an array of several processes": lambda: of_processes[0],
    "a number of several processes": lambda: number_of_processes.value,
    "a large array": lambda: large[5],
    "one object of many": lambda: many[-1].rate,
    "a table of pandas": lambda: float(table.rate.sum()),
    "a database": lambda: database.execute("select rate from t").fetchone()[0],
    "getenv": lambda: getenv("PLUGGRAD_TEST_RATE"),
    "getenv by another name": lambda: read("PLUGGRAD_TEST_RATE"),
    "getenv of os": lambda: os.getenv("PLUGGRAD_TEST_RATE"),
    "open": lambda: opened(open(given)),  # noqa: SIM115
    "open by another name": lambda: opened(op(given)),
    "open of io": lambda: opened(io.open(given)),  # noqa: SIM115, UP020
    "open of a path": lambda: opened(given.open()),
    "open of a path that is made": lambda: opened(Path(given).open()),  # noqa: SIM115
    "open of os": read_by_number,
    "read_text": lambda: given.read_text(),
}


def beside(file):
    return file.parent / "other"


class Struct(ctypes.Structure):
    _fields_ = (("rate", ctypes.c_double),)


is_there = os.path.exists
logger = logging.getLogger("a logger of this test")
lock = threading.Lock()
rate = 2.0
text = "rate"
of_numpy = np.frompyfunc(lambda x: rate * x, 1, 1)
lists = {i: [2.0] for i in range(30_001)}
event = threading.Event()
numbers_of_c = (ctypes.c_double * 2)(2.0, 3.0)
struct_of_c = Struct(2.0)
shared = mmap.mmap(-1, 16)
of_processes = multiprocessing.Array("d", [2.0])
number_of_processes = multiprocessing.Value("d", 2.0)
large = np.full(200_000, 2.0)
many = [types.SimpleNamespace(rate=2.0) for _ in range(250)]
table = Parent = None
database = sqlite3.connect(":memory:")
database.execute("create table t(rate)")
database.execute("insert into t values(2.0)")


def change_all(rate, monkeypatch):
    """Change whatever `READ` reads."""
    given.write_text(str(rate) + " " * int(rate))
    monkeypatch.setenv("PLUGGRAD_TEST_RATE", str(rate))
    (beside(given) if rate == 5.0 else given.parent / f"file{rate}").write_text("")
    kept.append(type("Derived", (Parent,), {}))
    monkeypatch.setitem(sys.modules, f"module{rate}", types.ModuleType("module"))
    monkeypatch.setattr(sys, "argv", ["command"] * int(rate))
    sys.setrecursionlimit(3000 + int(rate))
    np.seterr(over={2.0: "ignore", 5.0: "log", 7.0: "raise"}[rate])
    logger.setLevel(10 if rate == 5.0 else 20)
    (event.set if rate == 5.0 else event.clear)()
    if lock.locked() != (rate == 5.0):
        (lock.release if lock.locked() else lock.acquire)()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if rate == 5.0 else signal.SIG_DFL)
    monkeypatch.setitem(globals(), "rate", rate)
    lists[30_000][0] = rate
    numbers_of_c[0] = struct_of_c.rate = large[5] = many[-1].rate = rate
    shared[0] = int(rate)
    of_processes[0] = number_of_processes.value = rate
    table["rate"] = [rate]
    database.execute("update t set rate = ?", [rate])


kept = []


@pytest.fixture
def _as_before(monkeypatch):
    import pandas as pd

    monkeypatch.setitem(globals(), "table", pd.DataFrame({"rate": [2.0]}))
    # Of a class of its own: which classes of another test there still are is up to the collector.
    monkeypatch.setitem(globals(), "Parent", type("Parent", (), {}))
    limit, over = sys.getrecursionlimit(), np.geterr()["over"]
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)
    sys.setrecursionlimit(limit)
    np.seterr(over=over)
    kept.clear()


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("by_op", [False, True], ids=["a function", "an op"])
def test_what_changes_unseen_is_read_anew_by(by_op, name, tmp_path, monkeypatch):
    look = READ[name]
    monkeypatch.setattr(sys.modules[__name__], "given", tmp_path / "rate")
    # A hundredth of what is looked at otherwise; lists in a function are as many as that.
    if name == "one object of many" or (by_op and name == "one list of many in a dict"):
        for file in ("contents", "outside"):
            monkeypatch.setattr(sys.modules[f"pluggrad.compiler.capture.{file}"], "MOST", 200)
    rule = Op("reads", lambda x: float(look()) * x, lambda g, out, x: g * float(look()))
    compiled = compile(lambda x: rule(x)) if by_op else compile(lambda x: float(look()) * x)
    seen = set()
    for rate in (2.0, 5.0, 7.0):
        change_all(rate, monkeypatch)
        now = float(look())
        seen.add(now)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CompileWarning)
            found = [compiled(3.0), 3.0 * compiled.grad(3.0), compiled(np.full(40, 3.0))[7]]
        assert found == [3.0 * now] * 3
    assert len(seen) > 1


GONE = {
    "weak reference": (weakref.ref, lambda kept: 1 + (kept() is None)),
    "set of weak references": (lambda thing: weakref.WeakSet([thing]), lambda kept: 1 + len(kept)),
    "dict of weak references": (
        lambda thing: weakref.WeakValueDictionary(a=thing),
        lambda kept: 1 + ("a" in kept),
    ),
}


@pytest.mark.filterwarnings("ignore::pluggrad.errors.CompileWarning")
@pytest.mark.parametrize("name", GONE)
def test_what_is_referred_to_weakly_does_not_live_on_in_a_recording(name):
    keep, look = GONE[name]
    things = [Model()]
    kept = keep(things[0])
    compiled = compile(lambda x: look(kept) * x)
    before = look(kept)
    assert [compiled(3.0), compiled(3.0)] == [3.0 * before] * 2
    things.clear()
    assert look(kept) != before
    assert [compiled(3.0), compiled(3.0)] == [3.0 * look(kept)] * 2


def test_random_numbers_that_a_library_takes_are_others_in_each_call():
    from scipy import stats

    compiled = compile(lambda x: float(stats.norm.rvs()) * x)
    np.random.seed(1)
    with pytest.warns(CompileWarning, match="random numbers, which may change unseen"):
        found = [compiled(1.0) for _ in range(4)]
    np.random.seed(1)
    assert found == [float(stats.norm.rvs()) for _ in range(4)]


class Answers:
    """Has one attribute, and an error of its own for what Python asks besides."""

    def __getattribute__(self, name):
        return {"rate": K}[name]


class Closed(list):
    def __iter__(self):
        raise RuntimeError("nobody looks in here")


CLOSED = {
    "object": (lambda: Answers(), lambda: given.rate),
    "object in a list": (lambda: [Answers()], lambda: given[0].rate),
    "list": (lambda: Closed([Model(), Answers()]), lambda: given[1].rate),
}


@pytest.mark.filterwarnings("ignore::pluggrad.errors.CompileWarning")
@pytest.mark.parametrize("name", CLOSED)
def test_what_cannot_be_looked_into_is_read_anew(name, monkeypatch):
    make, look = CLOSED[name]
    monkeypatch.setattr(sys.modules[__name__], "given", make())
    monkeypatch.setattr(sys.modules[__name__], "K", 2.0)
    compiled = compile(lambda x: look() * x)
    assert [compiled(3.0), compiled(3.0)] == [6.0, 6.0]
    globals()["K"] = 5.0
    assert [compiled(3.0), compiled.grad(3.0)] == [15.0, 5.0]


def test_a_module_of_nn_is_recorded_once():
    model = Switched()
    compiled = compile(lambda x: model(x))
    assert [compiled(float(i)) for i in range(3)] == [0.0, 2.0, 4.0]
    assert [len(compiled.recordings), compiled.recordings[0].calls] == [1, 3]


def test_a_function_for_each_class_is_recorded_once():
    @functools.singledispatch
    def doubled(x):
        return 2.0 * x

    compiled = compile(lambda x: doubled(x))
    assert [compiled(float(i)) for i in range(3)] == [0.0, 2.0, 4.0]
    assert [len(compiled.recordings), compiled.recordings[0].calls] == [1, 3]


def test_an_open_file_is_read_on_in_each_call():
    lines = io.StringIO("2\n5\n7\n")
    compiled = compile(lambda x: float(lines.readline()) * x)
    with pytest.warns(CompileWarning, match="a StringIO"):
        assert [compiled(3.0) for _ in range(3)] == [6.0, 15.0, 21.0]


def test_an_attribute_named_open_is_no_file(recwarn):
    day = types.SimpleNamespace(open=2.0)
    compiled = compile(lambda x: day.open * x)
    assert [compiled(3.0), compiled(3.0), len(recwarn)] == [6.0, 6.0, 0]
    assert compiled.recordings[0].calls == 2


@pytest.mark.parametrize("f", [from_the_environment, from_a_file, from_a_path])
def test_files_and_the_environment_are_read_anew_in_each_call(f, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "given", tmp_path / "rate")
    compiled = compile(f)

    def call(rate):
        given.write_text(str(rate))
        monkeypatch.setenv("PLUGGRAD_TEST_RATE", str(rate))
        return compiled(3.0), compiled.grad(3.0)

    with pytest.warns(CompileWarning, match="which may change unseen"):
        found = [call(rate) for rate in (2.0, 5.0, 7.0)]
    assert found == [(3.0 * rate, rate) for rate in (2.0, 5.0, 7.0)]


def test_random_numbers_are_others_in_each_call_with_one_warning():
    chance = random.Random(1)
    compiled = compile(lambda x: x * chance.random())
    with pytest.warns(CompileWarning, match="reads a Random, which may change unseen") as caught:
        found = [compiled(1.0) for _ in range(5)]
    again = random.Random(1)
    assert found == [again.random() for _ in range(5)]
    assert len(caught) == 1


def test_a_function_that_is_recorded_anew_for_what_stands_outside_says_so(monkeypatch):
    monkeypatch.setitem(globals(), "K", 0.0)
    compiled = compile(lambda x: K * x, executor="interpreter")

    def with_k(k):
        globals()["K"] = k
        return compiled(3.0)

    with pytest.warns(CompileWarning, match="as 'K' changes from call to call"):
        assert [with_k(float(i)) for i in range(20)] == [3.0 * i for i in range(20)]
    assert len(compiled.recordings) == 1


class Averaged:
    """Keeps the mean of the numbers that it has seen."""

    made = 0

    def __init__(self):
        type(self).made += 1
        self.mean, self.count, self.last = 0.0, type(self).made, 0.0

    def __call__(self, x):
        self.count += 1
        self.mean += (float(x) - self.mean) / self.count
        before, self.last = self.last, float(x)
        return x * before - self.mean


def counting():
    count = 0

    def counted(x):
        nonlocal count
        count += 1
        return x * count

    return counted


def with_attribute(x):
    with_attribute.calls = getattr(with_attribute, "calls", 0) + 1
    return x / with_attribute.calls


def with_default():
    def listed(x, seen=[]):  # noqa: B006
        seen.append(1.0)
        return x * sum(seen)

    return listed


def keeping(kept, change, read):
    def function(x):
        change(kept, x)
        return x * read(kept)

    return function


def set_item(held, key, x):
    held[key] = x


KEEPING = {
    "variable": counting,
    "object": Averaged,
    "class": lambda: lambda x: Averaged().count * x,
    "attribute of a function": lambda: copy_of(with_attribute),
    "default": with_default,
    "list": lambda: keeping([], lambda kept, x: kept.append(float(x)), sum),
    "dict": lambda: keeping({}, lambda kept, x: set_item(kept, len(kept), 0.5), len),
    "set": lambda: keeping(set(), lambda kept, x: kept.add(len(kept)), len),
    "deque": lambda: keeping(deque([1.0, 2.0]), lambda kept, x: kept.rotate(), lambda q: q[0]),
    "array": lambda: keeping(array("d", [1.0]), lambda kept, x: kept.append(0.5), sum),
    "first": lambda: keeping([2.0], lambda kept, x: None, lambda kept: kept.pop() if kept else 3.0),
}


def copy_of(function):
    scope = dict(function.__globals__)
    made = types.FunctionType(function.__code__, scope)
    scope[function.__name__] = made
    return made


@pytest.mark.filterwarnings("ignore::pluggrad.errors.CompileWarning")
@pytest.mark.parametrize("executor", ["interpreter", "numba"])
@pytest.mark.parametrize("name", KEEPING)
def test_a_function_finds_what_it_kept_in_the_call_before(name, executor, monkeypatch):
    monkeypatch.setattr(Averaged, "made", 0)
    plain = KEEPING[name]()
    expected = [func.value_and_grad(plain)(float(x)) for x in (2, 2, 3, 2, 5, 5)]
    monkeypatch.setattr(Averaged, "made", 0)
    compiled = compile(KEEPING[name](), executor=executor)
    found = [compiled.value_and_grad(float(x)) for x in (2, 2, 3, 2, 5, 5)]
    assert found == expected


def test_a_function_that_counts_its_calls_is_recorded_for_each_and_says_so():
    compiled = compile(counting())
    with pytest.warns(CompileWarning, match="recorded again and again, as what a cell holds"):
        assert [compiled(2.0) for _ in range(10)] == [2.0 * i for i in range(1, 11)]
    assert len(compiled.recordings) == 1


def test_a_function_that_remembers_is_recorded_until_it_knows_all():
    known = {}

    def remembered(x):
        if "rate" not in known:
            known["rate"] = 2.0
        return x * known["rate"]

    compiled = compile(remembered)
    assert [compiled(3.0) for _ in range(5)] == [6.0] * 5
    assert compiled.recordings[0].calls == 4


def test_a_number_that_is_assigned_again_and_is_the_same_changes_nothing(monkeypatch):
    monkeypatch.setitem(globals(), "K", 2.0)
    compiled = compile(lambda x: K * x)
    for _ in range(5):
        globals()["K"] = float("2")
        assert compiled(3.0) == 6.0
    assert len(compiled.recordings) == 1
    assert compiled.recordings[0].calls == 5


def test_what_a_function_has_no_name_for_is_not_looked_at():
    held = types.SimpleNamespace(rate=2.0, step=0)
    compiled = compile(lambda x: held.rate * x)
    for _ in range(5):
        held.step += 1
        assert compiled(3.0) == 6.0
    assert compiled.recordings[0].calls == 5


def test_a_context_and_what_it_holds_is_looked_at():
    variable = contextvars.ContextVar("variable", default=None)
    variable.set(Value(2.0))
    context = contextvars.copy_context()
    compiled = compile(lambda x: context[variable] * x)
    assert compiled(3.0) == compiled(3.0) == 6.0
    context.run(variable.set, Value(5.0))
    assert compiled(3.0) == 15.0


def test_what_a_library_keeps_in_each_context_for_itself_is_let_be(recwarn):
    pytest.importorskip("gmpy2").get_context()  # it is in all contexts from now on
    variable = contextvars.ContextVar("variable", default=2.0)
    variable.set(2.0)
    context = contextvars.copy_context()
    compiled = compile(lambda x: context[variable] * x)
    assert [compiled(3.0), compiled(3.0), len(recwarn)] == [6.0, 6.0, 0]


def shifted(x):
    return x + K


class Scaled:
    rate = 2.0

    def __init__(self):
        self.weight = 3.0

    def __call__(self, x):
        return x * self.weight * self.rate


SCALED = Scaled()
TABLE = {"rate": 2.0}


def by_object(x):
    return SCALED(x)


def by_table(x):
    return x * TABLE["rate"]


def by_function(x):
    return doubled(x)


# What changes between a pickle and its arrival: another process has another state.
ARRIVING = {
    "variable": (shifted, lambda to: to.setitem(globals(), "K", 5.0)),
    "dict": (by_table, lambda to: to.setitem(TABLE, "rate", 5.0)),
    "object": (by_object, lambda to: to.setattr(SCALED, "weight", 5.0)),
    "class": (by_object, lambda to: to.setattr(Scaled, "rate", 5.0)),
    "default": (by_function, lambda to: to.setattr(doubled, "__defaults__", (5.0,))),
    "function": (by_function, lambda to: to.setitem(globals(), "doubled", other)),
    "code": (shifted, lambda to: to.setattr(shifted, "__code__", other_code)),
}
other_code = (lambda x: x * K * 7.0).__code__


@pytest.mark.parametrize("name", ARRIVING)
def test_a_pickle_arrives_without_what_was_recorded_where_something_else_stands(name, monkeypatch):
    function, change = ARRIVING[name]
    compiled = compile(function, executor="interpreter")
    compiled(3.0)
    packed = pickle.dumps(compiled)
    assert len(pickle.loads(packed).recordings) == 1
    change(monkeypatch)
    assert pickle.loads(packed)(3.0) == function(3.0) != compiled.recordings[0].answer([3.0])[0][0]


def random_share(x):
    return x * random.random()


@pytest.mark.filterwarnings("ignore::pluggrad.errors.CompileWarning")
@pytest.mark.parametrize("function", [random_share, counting()])
def test_what_was_recorded_for_one_call_is_neither_pickled_nor_saved(function, tmp_path):
    compiled = compile(function)
    compiled(3.0)
    assert compiled._packed() == []
    with pytest.raises(CompileError, match="cannot be saved"):
        compiled.save(tmp_path / "f.json")


def test_what_does_not_hold_any_more_is_neither_pickled_nor_saved(monkeypatch, tmp_path):
    monkeypatch.setitem(globals(), "K", 2.0)
    compiled = compile(shifted)
    compiled(3.0)
    globals()["K"] = 5.0
    assert pickle.loads(pickle.dumps(compiled))(3.0) == 8.0
    with pytest.raises(CompileError, match="has changed since it was recorded; call it again"):
        compiled.save(tmp_path / "f.json")
    assert compiled(3.0) == 8.0
    compiled.save(tmp_path / "f.json")
    assert load(tmp_path / "f.json")(3.0) == 8.0


def test_a_copy_from_a_pickle_looks_outside_too(monkeypatch):
    monkeypatch.setitem(globals(), "K", 2.0)
    compiled = compile(shifted)
    assert compiled(3.0) == 5.0
    again = pickle.loads(pickle.dumps(compiled))
    assert len(again.recordings) == 1
    assert again(3.0) == 5.0
    globals()["K"] = 5.0
    assert again(3.0) == 8.0


def test_libraries_are_not_walked_through():
    world = World(lambda x: np.sin(x) + pytest.approx(x))
    assert [x.__name__ for x in world.functions] == ["<lambda>"]


class Weighted:
    """Has a weight that was chosen at random."""

    def __init__(self, kind=Value):
        self.kind = kind
        self.w = kind(random.uniform(1.0, 2.0))

    def __call__(self, x):
        return self.w * x + self.kind(1.0)


def test_a_model_that_was_made_with_random_numbers_is_recorded_once(recwarn):
    model = Weighted()
    compiled = compile(model, executor="interpreter")
    assert [compiled(x) for x in (1.0, 2.0)] == [model.w.data * x + 1.0 for x in (1.0, 2.0)]
    assert compiled.recordings[0].calls == 2
    assert not recwarn.list


@pytest.mark.parametrize(
    "f",
    [
        lambda x: Weighted()(x),
        lambda x, model=Weighted(): type(model)()(x),  # noqa: B008
        lambda x, model=Weighted(): model.__class__()(x),  # noqa: B008
    ],
)
def test_a_model_that_is_made_inside_has_new_numbers_in_each_call(f):
    compiled = compile(f, executor="interpreter")
    with pytest.warns(CompileWarning, match="the module random"):
        found = {compiled(1.0) for _ in range(4)}
    assert len(found) == 4


ARRAYS = {
    "durations": lambda: np.array([1, 2], dtype="m8[s]"),
    "dates": lambda: np.array(["2020-01-01", "2021-01-01"], dtype="M8[D]"),
    "texts": lambda: np.array(["a", "b"], dtype="U1"),
    "half precision": lambda: np.array([1.0, 2.0], dtype="f2"),
    "texts of any length": lambda: np.array(["a", "b"], dtype=np.dtypes.StringDType()),
    "brain floats": lambda: np.array([1.0, 2.0], dtype=pytest.importorskip("ml_dtypes").bfloat16),
}


@pytest.mark.parametrize("make", ARRAYS.values(), ids=ARRAYS)
def test_an_array_of_any_type_is_read_again_when_it_has_changed(make):
    array = make()

    def equal(x):
        return x * 2.0 if array[0] == array[1] else x * 3.0

    compiled = compile(equal)
    assert compiled(1.0) == 3.0
    array[1] = array[0]
    assert compiled(1.0) == 2.0


def test_a_table_of_data_is_compared_and_the_function_not_recorded_again(recwarn):
    numbers = np.full(200_000, 2.0)
    compiled = compile(lambda x: numbers[5] * x)
    assert [compiled(3.0), compiled(4.0), len(recwarn)] == [6.0, 8.0, 0]
    assert [recording.calls for recording in compiled.recordings] == [2]
    numbers[5] = 5.0
    assert compiled(3.0) == 15.0


def test_a_large_array_that_nobody_can_write_to_is_taken_as_it_is(recwarn):
    numbers = np.full(2_000_000, 2.0)
    numbers.flags.writeable = False
    compiled = compile(lambda x: numbers[5] * x)
    assert [compiled(3.0), compiled(3.0), len(recwarn)] == [6.0, 6.0, 0]
    assert compiled.recordings[0].calls == 2


def test_a_large_array_that_can_be_written_to_is_named_in_a_warning():
    numbers = np.full(2_000_000, 2.0)
    with pytest.warns(CompileWarning, match="an array of 16,000,000 bytes that can be written to"):
        assert compile(lambda x: numbers[5] * x)(3.0) == 6.0


STEADY = {
    "names of the system": lambda x: len(os.sep) * x,
    "parts of a path": lambda x: len(Path("a/b").parts) * len(os.path.join("a", "b")) * x,
    "the size of floats": lambda x: min(sys.float_info.max, 2.0) * x,
    "dates": lambda x: datetime.date(2020, 1, 1).year * x,
    "a logger": lambda x: (logger.debug("x"), x)[1] * 2.0,
    "a lock": lambda x: with_lock(x),
    "a pattern": lambda x: len(re.match("a+", "aaa")[0]) * x,
    "a function of NumPy": lambda x: float(np.add(1.0, 1.0)) * x,
    "an attribute by its name": lambda x: getattr(np, "pi") * x,  # noqa: B009
    "built-in functions": lambda x: max(abs(-1.0), sum([1.0, 2.0])) * x,
}
lock = threading.Lock()


def with_lock(x):
    with lock:
        return x * 2.0


@pytest.mark.parametrize("name", STEADY)
def test_what_stays_as_it_is_needs_one_recording(name, recwarn):
    compiled = compile(STEADY[name])
    assert compiled(3.0) == compiled(3.0) == float(STEADY[name](3.0))
    assert [len(compiled.recordings), compiled.recordings[0].calls, len(recwarn)] == [1, 2, 0]


def test_a_model_whose_attributes_fail_in_their_own_way_is_looked_at():
    class Stored:
        def __getattr__(self, name):
            return {"rate": rates[0]}[name]  # KeyError for all others

    rates, stored = [2.0], Stored()
    compiled = compile(Op("stored", lambda x: stored.rate * x, lambda g, out, x: g * stored.rate))
    assert [compiled(3.0), compiled.grad(3.0)] == [6.0, 2.0]
    rates[0] = 5.0
    assert [compiled(3.0), compiled.grad(3.0)] == [15.0, 5.0]


class Waiting:
    def step(self, x):
        return 2.0 * x


class Running(Waiting):
    def step(self, x):
        return 5.0 * x


@pytest.mark.parametrize("executor", ["auto", "interpreter"])
def test_an_object_that_is_given_another_class_is_seen(executor):
    thing = Waiting()
    compiled = compile(lambda x: thing.step(x), executor=executor)
    assert [compiled(3.0), compiled.grad(3.0)] == [6.0, 2.0]
    thing.__class__ = Running
    assert [compiled(3.0), compiled.grad(3.0)] == [15.0, 5.0]
    thing.__class__ = Waiting
    assert [compiled(3.0), compiled(3.0), compiled.grad(3.0)] == [6.0, 6.0, 2.0]


def test_an_attribute_that_takes_the_place_of_what_getattr_made_up_is_seen():
    class Lazy:
        def __getattr__(self, name):
            if name == "rate":
                return 2.0
            raise AttributeError(name)

    lazy = Lazy()
    compiled = compile(lambda x: x * lazy.rate)
    assert compiled(3.0) == 6.0
    lazy.rate = 5.0
    assert compiled(3.0) == 15.0
    del lazy.rate
    assert compiled(3.0) == 6.0


def test_methods_that_dispatch_by_class_or_are_partial_are_looked_into():
    class Rates:
        rate = 2.0

        @functools.singledispatchmethod
        def scaled(self, x):
            return x * self.rate

        def times(self, x, *, by=1.0):
            return x * by * self.rate

        doubled = functools.partialmethod(times, by=2.0)

    rates = Rates()
    compiled = compile(lambda x: rates.scaled(x) + rates.doubled(x))
    assert compiled(3.0) == 18.0
    Rates.rate = 4.0
    assert compiled(3.0) == 36.0
    vars(Rates)["doubled"].keywords["by"] = 3.0
    assert compiled(3.0) == 48.0
    vars(Rates)["scaled"].register(Value, lambda self, x: x * 100.0)
    assert compiled(3.0) == 336.0
