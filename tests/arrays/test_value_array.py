"""NumPy on arrays of Values: sixty calls and more, each with its gradient or with what to call.

Truth is NumPy on floats for numbers, and finite differences of NumPy for gradients.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pluggrad
import pytest
from pluggrad import Value, ValueArray, detect_anomaly, func, values

X = np.array([0.3, 0.83, 0.6])
M = np.array([[2.0, 0.5, 0.25], [0.3, -1.5, 0.75], [1.0, 0.25, 3.0]])
P = M @ M.T  # positive definite

# Calls that keep the gradient, of a vector.
OF_VECTORS: dict[str, Callable[[Any], Any]] = {
    **{
        name: getattr(np, name)
        for name in (
            "exp exp2 expm1 log log1p log2 log10 sqrt cbrt square reciprocal sin cos tan arcsin "
            "arccos arctan sinh cosh tanh arcsinh arctanh absolute fabs negative positive sign "
            "floor ceil trunc rint deg2rad radians rad2deg degrees sinc "
            "sum mean std var prod cumsum cumprod ptp median diff sort flip trapezoid gradient "
            "nansum nan_to_num ravel copy real max min average"
        ).split()
        if name != "arccosh"
    },
    "arccosh": lambda x: np.arccosh(x + 1.5),
    "arctan2": lambda x: np.arctan2(x, 1.0 - x),
    "hypot": lambda x: np.hypot(x, 2.0),
    "logaddexp": lambda x: np.logaddexp(x, 2 * x),
    "logaddexp2": lambda x: np.logaddexp2(x, 2 * x),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x),
    "maximum": lambda x: np.maximum(x, 0.5),
    "minimum": lambda x: np.minimum(x, 0.5),
    "fmax": lambda x: np.fmax(x, 0.5),
    "fmin": lambda x: np.fmin(x, 0.5),
    "clip": lambda x: np.clip(x, 0.4, 0.7),
    "where": lambda x: np.where(np.array([True, False, True]), x, 2 * x),
    "power": lambda x: np.power(x, 2.5),
    "float_power": lambda x: np.float_power(x, x),
    "copysign": lambda x: np.copysign(x, -1.0),
    "fmod": lambda x: np.fmod(x, 0.25),
    "mod": lambda x: np.mod(x, 0.25),
    "heaviside": lambda x: np.heaviside(x, 0.5),
    "add.outer": lambda x: np.add.outer(x, x),
    "multiply.accumulate": lambda x: np.multiply.accumulate(x),
    "dot": lambda x: np.dot(x, x),
    "inner": lambda x: np.inner(x, [1.0, 2.0, 3.0]),
    "outer": lambda x: np.outer(x, x),
    "vdot": lambda x: np.vdot(x, x),
    "cross": lambda x: np.cross(x, [1.0, 2.0, 3.0]),
    "kron": lambda x: np.kron(x, x),
    "convolve": lambda x: np.convolve(x, x),
    "einsum": lambda x: np.einsum("i,j->ij", x, x),
    "tensordot": lambda x: np.tensordot(x, x, 1),
    "polyval": lambda x: np.polyval([1.0, 2.0, 3.0], x),
    "interp of x": lambda x: np.interp(x, [0.0, 0.5, 0.7, 2.0], [1.0, 3.0, 0.0, 1.0]),
    "interp of fp": lambda x: np.interp([0.25, 1.5, 9.0, -1.0], [0.0, 1.0, 2.0], x),
    "interp of xp": lambda x: np.interp(0.7, np.sort(x), [1.0, 2.0, 4.0]),
    "norm": np.linalg.norm,
    "concatenate": lambda x: np.concatenate([x, x]),
    "stack": lambda x: np.stack([x, 2 * x]),
    "repeat": lambda x: np.repeat(x, 2),
    "tile": lambda x: np.tile(x, 2),
    "roll": lambda x: np.roll(x, 1),
    "reshape": lambda x: np.reshape(x, (3, 1)),
    "quantile": lambda x: np.quantile(x, 0.3),
    "round": lambda x: np.round(x, 1),
    "operators": lambda x: (x @ x) / (2 - x) + x**2 * 3 - np.e,
    "softmax by hand": lambda x: np.exp(x - x.max()) / np.sum(np.exp(x - x.max())),
}

OF_MATRICES: dict[str, Callable[[Any], Any]] = {
    "matmul": lambda m: m @ m,
    "solve": lambda m: np.linalg.solve(m, X),
    "solve of matrices": lambda m: np.linalg.solve(m, m.T),
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "slogdet": lambda m: np.linalg.slogdet(m)[1],
    "cholesky": lambda m: np.linalg.cholesky(m @ m.T),
    "trace": np.trace,
    "matrix_power": lambda m: np.linalg.matrix_power(m, 3),
    "multi_dot": lambda m: np.linalg.multi_dot([m, m, m]),
    "frobenius": np.linalg.norm,
    "diagonal": np.diagonal,
    "transpose": np.transpose,
    "triu": np.triu,
    "sum of rows": lambda m: np.sum(m, axis=1),
    "mean of columns": lambda m: np.mean(m, axis=0),
    "einsum": lambda m: np.einsum("ij,jk->ik", m, m),
}

CASES = [(name, call, X) for name, call in OF_VECTORS.items()]
CASES += [(name, call, M) for name, call in OF_MATRICES.items()]


def weighted(result: Any) -> Any:
    """Sum up a result, each element with a weight of its own."""
    flat = np.asarray(result, object).ravel()
    return sum((0.5 + i) * x for i, x in enumerate(flat))


def slopes_of(call: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    """Differentiate NumPy on floats by differences of fourth order."""
    found, h = np.zeros(at.shape), 1e-4
    for place in np.ndindex(at.shape):
        move = np.zeros(at.shape)
        move[place] = h
        f = lambda k: float(weighted(call(at + k * move)))  # noqa: B023
        found[place] = (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * h)
    return found


def number(x: Any) -> float:
    return x.data if isinstance(x, Value) else float(x)


@pytest.mark.parametrize(("name", "call", "at"), CASES, ids=[f"{c[0]}" for c in CASES])
def test_a_call_gives_numpys_numbers_and_keeps_the_gradient(name, call, at):
    x = values(at)
    result = call(x)
    found = [number(v) for v in np.asarray(result, object).ravel()]
    assert found == pytest.approx(np.asarray(call(at)).ravel().tolist(), rel=1e-12, abs=1e-14)
    total = weighted(result)
    if isinstance(total, Value):
        total.backward()
    assert x.grad == pytest.approx(slopes_of(call, at), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (np.isnan, [False, True, False, False]),
        (np.isinf, [False, False, True, False]),
        (np.isfinite, [True, False, False, True]),
        (np.signbit, [False, False, True, True]),
        (lambda x: np.isclose(x, [1.0, 1.0, -np.inf, -0.0]), [True, False, True, True]),
    ],
)
def test_a_question_is_answered_by_an_array_of_answers(call, expected):
    answer = call(values([1.0, np.nan, -np.inf, -0.0]))
    assert type(answer) is np.ndarray
    assert answer.astype(bool).tolist() == expected


@pytest.mark.filterwarnings("error")
def test_nan_is_no_anomaly_where_nothing_is_computed():
    with detect_anomaly():
        x = values([1.0, np.nan, np.inf])
        assert np.isfinite(x).tolist() == [True, False, False]
        assert np.isinf(x).tolist() == [False, False, True]


@pytest.mark.filterwarnings("error")
def test_interp_at_nan_is_nan_as_quietly_as_numpys():
    at, places, heights = [np.nan, 0.5], [0.0, 1.0, 2.0], [1.0, 3.0, 0.0]
    expected = np.interp(at, places, heights)
    for found in (np.interp(values(at), places, heights), np.interp(at, places, values(heights))):
        assert [number(v) for v in found] == pytest.approx(expected, nan_ok=True)


def test_allclose_and_array_equal_compare_numbers():
    assert np.allclose(values([1.0, 2.0]), [1.0, 2.0 + 1e-12])
    assert not np.array_equal(values([1.0, 2.0]), [1.0, 3.0])
    assert np.argmax(values([1.0, 3.0, 2.0])) == 1
    assert np.argsort(values([1.0, 3.0, 2.0])).tolist() == [0, 2, 1]


REFUSED = {
    "eigvals": (np.linalg.eigvals, "it computes on floats; give it x.data"),
    "svd": (np.linalg.svd, "give it x.data"),
    "pinv": (np.linalg.pinv, "is it for full rank"),
    "lstsq": (lambda m: np.linalg.lstsq(m, X), "solve the normal equations"),
    "fft": (np.fft.fft, "give it x.data"),
    "cov": (np.cov, r"write \(x - x.mean\(\)\)"),
    "corrcoef": (np.corrcoef, "x.std"),
    "histogram": (np.histogram, "counts have no gradient"),
    "spacing": (np.spacing, "numpy.spacing has no derivative for Values"),
    "gradient of a matrix": (np.gradient, "a vector and one distance"),
    "interp with a period": (lambda m: np.interp(m[0], X, X, period=1.0), "x % period"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_gradient_says_which_call_to_use(name):
    call, message = REFUSED[name]
    with pytest.raises(TypeError, match=message):
        call(values(M))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: np.linalg.inv(values([[1.0, 2.0], [2.0, 4.0]])), "Singular matrix"),
        (lambda: np.linalg.det(values([1.0, 2.0])), "takes one square matrix, not an array of"),
        (lambda: np.linalg.cholesky(values([[-1.0]])), "not positive definite"),
        (lambda: np.linalg.solve(values(M), [1.0]), "does not go with a matrix of"),
    ],
)
def test_what_linear_algebra_cannot_solve_is_an_error_of_linear_algebra(call, message):
    with pytest.raises(np.linalg.LinAlgError, match=message):
        call()


def test_a_singular_matrix_has_the_determinant_zero():
    assert number(np.linalg.det(values([[1.0, 2.0], [2.0, 4.0]]))) == 0.0


# ----- In bulk -----


def test_numbers_go_in_and_come_out_in_bulk():
    w = values([[1, 2], [3, 4]], "w")
    assert isinstance(w, ValueArray)
    assert [x.label for x in w.ravel()] == ["w[0][0]", "w[0][1]", "w[1][0]", "w[1][1]"]
    w.data = w.data * 2.0
    np.sum(w * w).backward()
    assert w.grad.tolist() == [[4.0, 8.0], [12.0, 16.0]]
    w.grad = 0.0
    assert not w.grad.any()
    w.data = 7.0
    assert w.data.tolist() == [[7.0, 7.0], [7.0, 7.0]]


def test_values_among_the_numbers_stay_what_they_are():
    x = Value(2.0)
    found = values([x, 3.0])
    assert found[0] is x
    assert found.data.tolist() == [2.0, 3.0]


def test_values_without_a_gradient_stay_constant():
    x = values([1.0, 2.0], requires_grad=False)
    assert not any(v.requires_grad for v in np.sum(x * 2).prev)
    assert x.grad.tolist() == [0.0, 0.0]


def test_parts_and_results_are_such_arrays_too():
    x = values([[1.0, 2.0], [3.0, 4.0]])
    for part in (x[0], x.T, x[x > 1.5], np.exp(x), x + 1.0, 1.0 - x, np.stack([x, x])):
        assert type(part) is ValueArray
    assert isinstance(x[0, 0], Value)
    assert isinstance(x.sum(), Value)


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="one real number"):
        values(["a"])
    mixed = np.array([Value(1.0), 2.0]).view(ValueArray)
    with pytest.raises(TypeError, match="grad is set of Values; this array has a float"):
        mixed.grad = 0.0
    with pytest.raises(ValueError, match="broadcast"):
        values([1.0, 2.0]).data = [1.0, 2.0, 3.0]


def test_a_plain_array_of_objects_becomes_one_by_a_view():
    x = np.array([Value(1.0), Value(2.0)]).view(ValueArray)
    np.logaddexp.reduce(x).backward()
    assert x.grad.sum() == pytest.approx(1.0)


def test_it_works_inside_transforms_and_compiled_functions():
    def f(a: Any, b: Any) -> Any:
        x = np.array([a, b], object).view(ValueArray)
        return np.sum(np.arctan2(x, 2.0) ** 2) + np.linalg.det(np.outer(x, x) + np.eye(2))

    at = (0.5, -1.5)
    expected = 2.0 * slopes_of(lambda x: f(*x), np.array(at))  # the first weight is 0.5
    assert pluggrad.func.grad(f, (0, 1))(*at) == pytest.approx(expected.tolist(), rel=1e-7)
    assert pluggrad.compile(f).grad(*at) == pytest.approx(expected.tolist(), rel=1e-7)


def test_columns_of_values_print_in_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": values([1.0, 2.5]), "n": [1, 2]})
    assert "2.5" in str(frame)
    assert "Value" in repr(frame["x"])


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: values([x, y, 2.0]).prod(),
        lambda x, y: (values([[x, y], [y, 1.0]]) @ values([x, 2.0])).sum(),
        lambda x, y: np.exp(values([x]) * values([y]))[0],
    ],
)
def test_numbers_with_a_tangent_keep_it_in_an_array(f):
    expected = func.grad(f, argnums=(0, 1))(2.0, 3.0)
    ways = (1.0, 0.0), (0.0, 1.0)
    found = [float(func.jvp(f, (2.0, 3.0), way)[1]) for way in ways]
    assert found == pytest.approx(list(map(float, expected)), rel=1e-14)
    assert min(found) > 0.0


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("backward", "a.sum().backward(), say: a pass starts from one Value"),
        ("zero_grad", "a.grad = 0.0"),
        ("numpy", "a.data is an array of the numbers"),
        ("exp", "write numpy.exp(a)"),
        ("relu", "write numpy.frompyfunc(pluggrad.ops.relu, 1, 1)(a)"),
    ],
)
def test_a_name_of_tensors_or_values_says_what_to_write(name, instead):
    a = pluggrad.values([0.5, 1.0])
    with pytest.raises(AttributeError) as raised:
        getattr(a, name)
    assert str(raised.value) == f"a ValueArray has no attribute {name!r}: {instead}"
    assert not hasattr(a, "nothing_of_the_kind")


@pytest.mark.parametrize("name", ["log", "atan", "relu", "hypot"])
def test_an_op_says_which_call_takes_an_array(name):
    a = pluggrad.values([0.5, 1.0])
    op = pluggrad.plugins.op(name)
    with pytest.raises(
        TypeError, match=r"takes numbers and Values, not ValueArray: .*; numpy\..* takes"
    ):
        op(*[a] * op.arity)
    assert np.frompyfunc(op, op.arity, 1)(*[a] * op.arity)[1].data == op(*[1.0] * op.arity)


@pytest.mark.parametrize("number", [2.0, [2.0, 3.0], [[2.0, 3.0], [4.0, 5.0]], [], np.float64(2.0)])
def test_an_array_of_any_number_of_dimensions_is_drawn(number):
    x = values(number)
    outputs = pluggrad.Graph(x).outputs
    assert len(outputs) == x.size
    assert pluggrad.render(x, "json") == pluggrad.render(list(x.flat), "json")
    plain = np.asarray(x)
    assert plain.dtype == object
    assert pluggrad.render(plain, "text") == pluggrad.render(list(x.flat), "text")
