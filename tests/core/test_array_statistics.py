"""Statistics and norms by NumPy keep the gradient; those by fractions say that they cannot."""

import math
import statistics

import pytest
from pluggrad import LostGradientError, Value, compile, func, grad

np = pytest.importorskip("numpy")
NUMBERS = [1.0, 2.5, 4.0, -0.5]

KEPT = {
    "covariance, as the documentation writes it": lambda a: (
        ((a - a.mean()) * (a[::-1] - a[::-1].mean())).sum() / (len(a) - 1)
    ),
    "std": np.std,
    "var": np.var,
    "sample std": lambda a: np.std(a, ddof=1),
    "nanstd": np.nanstd,
    "mean": np.mean,
    "norm": np.linalg.norm,
    "norm of rows": lambda a: np.sum(np.linalg.norm(np.reshape(a, (2, 2)), axis=1)),
    "vdot": lambda a: np.vdot(a, a),
}


def slope(function, numbers, i, h=1e-6):
    """Estimate a derivative by differences."""

    def at(x):
        return float(function(np.array([*numbers[:i], x, *numbers[i + 1 :]])))

    return (at(numbers[i] + h) - at(numbers[i] - h)) / (2 * h)


@pytest.mark.parametrize("name", KEPT)
def test_numpy_keeps_the_gradient(name):
    function = KEPT[name]
    values = list(map(Value, NUMBERS))
    found = function(np.array(values))
    assert found.data == pytest.approx(float(function(np.array(NUMBERS))), rel=1e-14)
    expected = [slope(function, NUMBERS, i) for i in range(len(NUMBERS))]
    assert grad(found, values) == pytest.approx(expected, rel=1e-6, abs=1e-8)
    if name == "norm of rows":  # an array of objects that holds floats has no square root in NumPy
        return
    forward = func.jacfwd(lambda v: function(np.array(v)))(NUMBERS)
    assert forward == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_compiled_functions_may_use_them():
    compiled = compile(lambda a, b: np.std(np.array([a, b, a * b])), executor="interpreter")
    for a, b in ((1.0, 2.0), (3.0, -4.0)):
        assert compiled(a, b) == pytest.approx(np.std([a, b, a * b]), rel=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        statistics.mean,
        statistics.variance,
        statistics.stdev,
        statistics.pvariance,
        statistics.pstdev,
        statistics.harmonic_mean,
    ],
)
def test_statistics_with_fractions_name_what_keeps_the_gradient(function):
    with pytest.raises(LostGradientError, match=r"'?w'? ?.*sum\(values\) / len\(values\)"):
        function([Value(1.0, label="w"), Value(2.0)])
    constants = [Value(x, requires_grad=False) for x in (1.0, 2.0, 4.0)]
    assert math.isclose(float(function(constants)), function([1.0, 2.0, 4.0]))


def test_forward_mode_says_the_same():
    with pytest.raises(LostGradientError, match="would cut the gradient"):
        func.jvp(lambda a: statistics.mean([a, 1.0]), (2.0,), (1.0,))


def test_a_value_is_its_own_conjugate():
    x = Value(2.0)
    assert x.conjugate() is x


def test_what_numpy_asks_of_an_element_in_vain_has_a_hint_for_its_cause():
    with pytest.raises(TypeError, match="no callable fabs method") as caught:
        np.fabs(np.array([Value(0.5)]))
    assert "a Value has no attribute 'fabs': write abs(x)" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("arcsin", 1.0 / math.sqrt(1.0 - 0.25)),
        ("deg2rad", math.pi / 180.0),
        ("rad2deg", 180.0 / math.pi),
        ("degrees", 180.0 / math.pi),
        ("rint", 0.0),
    ],
)
def test_numpy_s_spellings_keep_the_gradient(name, slope):
    x = Value(0.5)
    (y,) = getattr(np, name)(np.array([x]))
    assert y.data == pytest.approx(float(getattr(np, name)(0.5)))
    y.backward()
    assert x.grad == pytest.approx(slope)
