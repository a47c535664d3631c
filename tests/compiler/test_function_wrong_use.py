"""Wrong use of compiled functions gives errors that say what to do."""

import pickle
from decimal import Decimal
from typing import Any

import pytest
from pluggrad import CompileError, Op, func, plugins
from pluggrad.compiler import Compiled, compile
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


class Symbol:
    """Has no number, and says so when it is asked, in a way of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __float__(self) -> float:
        raise self.error


@pytest.mark.parametrize("error", [TypeError("no"), RuntimeError("no"), AttributeError("no")])
@pytest.mark.parametrize(
    "use",
    [
        lambda f, x: f(x),
        lambda f, x: f.grad(x),
        lambda f, x: f.jvp((x,), (1.0,)),
        lambda f, x: f.jvp((1.0,), (x,)),
        lambda f, x: f.hessian(x),
        lambda f, x: compile(lambda v: [v[0]])([x]),
        lambda f, x: compile(lambda v: [v[0]]).jacobian([x]),
        lambda f, x: compile(lambda w, x: w * x, in_axes=(None, 0))(x, [1.0]),
    ],
)
def test_what_has_no_number_when_it_is_asked_is_named(use: Any, error: Exception) -> None:
    f = compile(lambda x: x * x, executor="interpreter")
    for _ in range(2):
        with pytest.raises(CompileError, match="real numbers and arrays of them, not a Symbol"):
            use(f, Symbol(error))
        f(2.0)


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_a_decimal_that_is_a_signalling_nan_is_refused_wherever_a_number_is_taken(executor) -> None:
    nan = Decimal("sNaN")
    f = compile(lambda x: x * x, executor=executor)
    rows = compile(lambda w, x: w * x, in_axes=(None, 0), executor=executor)
    f(2.0)
    for call in (
        lambda: f(nan),
        lambda: f.value_and_grad(nan),
        lambda: f.jvp((nan,), (1.0,)),
        lambda: f.jvp((1.0,), (nan,)),
        lambda: f.hvp((nan,), (1.0,)),
        lambda: f.hessian(nan),
        lambda: f.jacobian(nan),
        lambda: compile(lambda x, y: x * y, executor=executor)(np.array([1.0, 2.0]), nan),
        lambda: rows(nan, [1.0]),
    ):
        with pytest.raises(CompileError, match="is no float"):
            call()


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


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (np.array([1j]), "ndarray of complex128"),
        (np.array(["a", "b"]), "ndarray of <U1"),
        (object(), "object"),
        (np.array([1.0, 2.0], object), "ndarray of object"),
    ],
)
def test_what_has_no_real_numbers_is_named(given: Any, named: str) -> None:
    with pytest.raises(CompileError, match=f"not a {named}"):
        compiled_smooth(np.ones(2), given)


def test_results_of_other_shapes_in_other_lanes_are_an_error() -> None:
    f = compile(lambda x: [x, x] if x > 0 else x)
    assert (f(1.0), f(-1.0)) == ([1.0, 1.0], -1.0)
    with pytest.raises(CompileError, match="different shapes in different lanes"):
        f(np.array([1.0, -1.0]))


def test_options_that_cannot_be_are_named() -> None:
    with pytest.raises(CompileError, match="is a whole number, 1 or more"):
        compile(smooth, bound=0)


def test_a_pickled_recording_of_an_op_that_changed_is_stale() -> None:
    def registered(factor: float) -> None:
        rule = (lambda g, out, x: 3.0 * g) if factor == 3.0 else (lambda g, out, x: 4.0 * g)
        plugins.register_op(Op("shifting", lambda x: x * 3.0, rule))

    registered(3.0)
    try:
        f = Compiled(shifted)
        assert f(2.0) == 6.0
        written = pickle.dumps(f)
    finally:
        plugins.unregister("shifting")
    registered(4.0)
    try:
        with pytest.raises(CompileError, match="stale pickle: op 'shifting' computes something"):
            pickle.loads(written)
    finally:
        plugins.unregister("shifting")


def shifted(x: Any) -> Any:
    return x.shifting()


@pytest.mark.parametrize(
    "function",
    [lambda v: v[0] * v[1], lambda v: sum(v), lambda v: v * len(v)],
    ids=["element", "sum", "length"],
)
def test_a_function_of_a_vector_says_how_an_array_is_taken_as_one(function):
    numpy = pytest.importorskip("numpy", reason="passes an array")
    with pytest.raises(TypeError) as raised:
        compile(function)(numpy.array([1.0, 2.0]))
    assert 'compile(f, arrays="elements") takes it as one vector' in raised.value.__notes__[0]


@pytest.mark.parametrize(
    "function", [lambda v: v.sum(), lambda v: v.shape[0] * v, lambda v: v.mean()]
)
def test_a_method_of_arrays_says_how_an_array_is_taken_as_one(function) -> None:
    with pytest.raises(AttributeError, match="a Value is one number") as raised:
        compile(function)(np.array([1.0, 2.0]))
    assert 'compile(f, arrays="elements") takes it as one vector' in raised.value.__notes__[0]


@pytest.mark.parametrize(
    "function", [lambda v: v.mean(), lambda v: -v, lambda v: v @ v, lambda v: v * 2.0]
)
def test_a_vector_inside_is_a_list_and_an_error_says_so(function) -> None:
    with pytest.raises((AttributeError, TypeError), match=r"list|sequence") as raised:
        compile(function, arrays="elements")(np.array([1.0, 2.0]))
    note = (
        "an array among the arguments is a list of numbers inside; numpy.array(v) computes with it"
    )
    assert raised.value.__notes__[0].startswith(note)
    with pytest.raises((AttributeError, TypeError), match=r"list|sequence") as raised:
        compile(function)([1.0, 2.0])
    assert raised.value.__notes__[0].endswith("For many inputs at once pass numpy.array([...])")


def test_what_the_note_on_vectors_says_is_true() -> None:
    norm = compile(lambda v: np.array(v) @ np.array(v), arrays="elements")
    assert norm.grad(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_an_error_that_has_nothing_to_do_with_vectors_gets_no_note() -> None:
    with pytest.raises(TypeError) as raised:
        compile(lambda x: x * [1.0])(2.0)
    assert not hasattr(raised.value, "__notes__")


@pytest.mark.parametrize("args", [(True,), (True, False), (np.True_,)])
def test_a_gradient_by_flags_alone_is_refused(args: tuple[bool, ...]) -> None:
    compiled = compile(lambda x, y=2.0: x * x * y, executor="interpreter")
    for differentiate in (compiled.grad, compiled.value_and_grad):
        with pytest.raises(CompileError, match="True and False are flags"):
            differentiate(*args)
    assert compiled.grad(3.0, True) == (6.0, None)


def test_a_function_that_gives_an_array_is_told_what_to_return() -> None:
    with pytest.raises(CompileError, match=r"gave a ndarray; return its \.tolist\(\)"):
        compile(lambda x: np.array([x, 2.0 * x]))(1.0)
    assert compile(lambda x: np.array([x, 2.0 * x]).tolist())(1.0) == [1.0, 2.0]


def test_a_function_inside_forward_mode_that_reads_its_number_is_told_to_take_it() -> None:
    def outer(x: Any) -> Any:
        return compile(lambda v: v * x)(2.0)

    with pytest.raises(CompileError, match="forward mode that it reads from outside; pass it as"):
        func.jvp(outer, (3.0,), (1.0,))
