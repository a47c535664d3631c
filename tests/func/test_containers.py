"""Containers of numbers are the same to transforms and to compiled functions."""

from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest
from pluggrad import compile, func
from pluggrad.func.containers import _REGISTERED

Pair = namedtuple("Pair", "x y")


@dataclass
class Data:
    x: Any
    y: Any


@dataclass(frozen=True)
class Frozen:
    x: Any
    y: Any


class Rows(list):  # type: ignore[type-arg]
    pass


class Own:
    def __init__(self, parts: Any, name: str) -> None:
        self.parts, self.name = tuple(parts), name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


func.register_pytree_node(Own, lambda x: (x.parts, x.name), lambda name, parts: Own(parts, name))

# A container of the numbers 2 and 3, and how to read the two.
TREES: dict[str, tuple[Any, Any]] = {
    "list": ([2.0, 3.0], lambda t: (t[0], t[1])),
    "tuple": ((2.0, 3.0), lambda t: (t[0], t[1])),
    "dict": ({"x": 2.0, "y": 3.0}, lambda t: (t["x"], t["y"])),
    "ordered dict": (OrderedDict(x=2.0, y=3.0), lambda t: (t["x"], t["y"])),
    "default dict": (defaultdict(list, {"x": 2.0, "y": 3.0}), lambda t: (t["x"], t["y"])),
    "named tuple": (Pair(2.0, 3.0), lambda t: (t.x, t.y)),
    "dataclass": (Data(2.0, 3.0), lambda t: (t.x, t.y)),
    "frozen dataclass": (Frozen(2.0, 3.0), lambda t: (t.x, t.y)),
    "subclass of list": (Rows([2.0, 3.0]), lambda t: (t[0], t[1])),
    "class of a program": (Own([2.0, 3.0], "n"), lambda t: t.parts),
    "nested": (
        {"x": Data([2.0], None), "y": (Pair(3.0, ()),)},
        lambda t: (t["x"].x[0], t["y"][0].x),
    ),
    "with None": ({"x": 2.0, "y": 3.0, "z": None}, lambda t: (t["x"], t["y"])),
}


@pytest.fixture(params=TREES)
def tree(request: pytest.FixtureRequest) -> Any:
    return TREES[request.param]


def function_of(read: Any) -> Any:
    def f(tree: Any) -> Any:
        x, y = read(tree)
        return x * x * y

    return f


def test_a_gradient_is_built_like_the_argument_with_and_without_compiling(tree: Any) -> None:
    given, read = tree
    f = function_of(read)
    for gradient in (func.grad(f)(given), compile(f).grad(given)):
        assert type(gradient) is type(given)
        assert read(gradient) == (12.0, 4.0)
    assert func.grad(f)(given) == compile(f).grad(given)
    assert func.value_and_grad(f)(given)[0] == compile(f)(given) == 12.0


def test_a_result_may_be_any_container_with_and_without_compiling(tree: Any) -> None:
    given, _ = tree
    same = lambda t: t
    assert func.jvp(same, (given,), (given,)) == (given, given)
    assert func.vjp(same, given)[1](given) == (given,)
    assert compile(same)(given) == given
    assert type(compile(same)(given)) is type(given)


def test_a_jacobian_and_a_hessian_nest_the_container(tree: Any) -> None:
    given, read = tree
    rows = read(func.hessian(function_of(read))(given))
    assert [read(row) for row in rows] == [(6.0, 4.0), (4.0, 0.0)]
    assert read(read(func.jacobian(lambda t: t)(given))[0]) == (1.0, 0.0)


def test_another_shape_is_recorded_anew() -> None:
    total = compile(lambda own: sum(own.parts) * (2.0 if own.name == "double" else 1.0))
    assert total(Own([1.0, 2.0], "single")) == 3.0
    assert total(Own([1.0, 2.0], "double")) == 6.0
    assert total(Own([1.0, 2.0, 4.0], "single")) == 7.0


def test_a_tangent_that_is_built_differently_is_refused_with_its_place() -> None:
    f = lambda d: d.x * d.y
    with pytest.raises(
        TypeError, match=r"tangents\[0\]\.y is a list of 1, but primals\[0\]\.y has"
    ):
        func.jvp(f, (Data(1.0, 2.0),), (Data(1.0, [2.0]),))
    with pytest.raises(TypeError, match=r"Own of 1, but primals\[0\] has an? .*Own of 2 there"):
        func.jvp(lambda o: o.parts[0], (Own([1.0, 2.0], ""),), (Own([1.0], ""),))


def test_a_class_that_is_not_registered_says_how_to_register_it() -> None:
    class Stranger:
        pass

    with pytest.raises(TypeError, match=r"Stranger; register its class with pluggrad\.func\."):
        func.grad(lambda s: s.x)(Stranger())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: func.register_pytree_node(3, list, list), TypeError, "takes a class, not 3"),
        (lambda: func.register_pytree_node(Pair, 3, list), TypeError, "takes two functions, not 3"),
        (lambda: func.register_pytree_node(dict, list, list), ValueError, "dict is a container"),
        (lambda: func.register_pytree_node(Own, list, list), ValueError, "Own is a container"),
    ],
)
def test_a_wrong_registration_is_refused(call: Any, error: Any, message: str) -> None:
    before = dict(_REGISTERED)
    with pytest.raises(error, match=message):
        call()
    assert before == _REGISTERED


def test_what_is_registered_with_optree_is_a_container_too() -> None:
    optree = pytest.importorskip("optree", reason="reads the registry of optree")

    class Theirs:
        def __init__(self, x: Any, y: Any) -> None:
            self.x, self.y = x, y

    optree.register_pytree_node(
        Theirs, lambda t: ((t.x, t.y), None, ("x", "y")), lambda aux, parts: Theirs(*parts),
        namespace="pluggrad",
    )  # fmt: skip
    f = lambda t: t.x * t.x * t.y
    for found in (func.grad(f)(Theirs(2.0, 3.0)), compile(f).grad(Theirs(2.0, 3.0))):
        assert (type(found), found.x, found.y) == (Theirs, 12.0, 4.0)
