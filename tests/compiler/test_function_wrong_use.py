"""Wrong use of compiled functions gives errors that say what to do."""

from typing import Any

import pytest
from pluggrad import CompileError
from pluggrad.compiler import compile
from pluggrad.ops import tanh

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")


def smooth(x: Any, y: Any) -> Any:
    return x * y + tanh(x) / y


compiled_smooth = compile(smooth)


def test_arrays_that_do_not_broadcast_name_their_shapes() -> None:
    with pytest.raises(CompileError, match=r"do not broadcast together: \(3,\), \(4,\)"):
        compiled_smooth(np.ones(3), np.ones(4))


def test_empty_arrays_give_empty_arrays() -> None:
    assert compiled_smooth(np.empty((0, 3)), 1.0).shape == (0, 3)


def test_what_is_no_number_is_named() -> None:
    with pytest.raises(CompileError, match="gave a str"):
        compile(lambda x: "text")(1.0)
    with pytest.raises(CompileError, match="not a complex"):
        compiled_smooth(1.0, 2j)
    with pytest.raises(CompileError, match="takes a Value, several, or a function, not int"):
        compile(3)


def test_a_function_of_something_else_than_its_arguments_is_found_out() -> None:
    looked = []

    def moody(x: Any) -> Any:
        looked.append(x)
        return x if x > len(looked) % 2 else -x  # compares with another number each time

    f = compile(moody)
    assert f(0.5) == -0.5
    assert f(2.0) == 2.0


def test_an_unknown_way_with_arrays_names_those_there_are() -> None:
    with pytest.raises(CompileError, match="available: lanes, elements"):
        compile(smooth, arrays="static")
