"""Functions over rows of data: sums and gradients by what all rows share."""

import math
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import CompileError, Value, compile
from pluggrad.compiler.rows import summing
from pluggrad.ops import exp, log, where

EXECUTORS = ["interpreter", "numba"]


def logistic(w, x, y):
    score = w[-1]
    for a, b in zip(w[:-1], x, strict=True):
        score = score + a * b
    return log(1.0 + exp(-(score * y)))


def data(rows, columns=3, seed=1):
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, columns))
    return chance.normal(size=columns + 1), x, np.sign(chance.normal(size=rows))


def eagerly(function, shared, *rows):
    """Add up row after row on the engine; give the value and the gradient, exactly rounded."""
    values, gradients = [], []
    for row in zip(*rows, strict=True):
        leaves = [Value(float(x)) for x in shared]
        result = function(leaves, *[x.tolist() if hasattr(x, "tolist") else x for x in row])
        result.backward()
        values.append(result.data)
        gradients.append([x.grad for x in leaves])
    return math.fsum(values), [math.fsum(x) for x in zip(*gradients, strict=True)]


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("rows", [1, 2, 7, 300, 1000])
def test_the_sum_over_rows_and_its_gradient_are_those_of_the_engine(executor, rows):
    w, x, y = data(rows)
    fit = compile(logistic, in_axes=(None, 0, 0), reduce="sum", executor=executor)
    value, gradient = fit.value_and_grad(w, x, y)
    right, slopes = eagerly(logistic, w, x, y)
    assert value == pytest.approx(right, rel=1e-14)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-13)
    assert fit(w, x, y) == pytest.approx(right, rel=1e-14)
    np.testing.assert_array_equal(fit.grad(w, x, y), gradient)


def test_the_mean_is_the_sum_over_the_number_of_rows():
    w, x, y = data(700)
    total = compile(logistic, in_axes=(None, 0, 0), reduce="sum").value_and_grad(w, x, y)
    mean = compile(logistic, in_axes=(None, 0, 0), reduce="mean").value_and_grad(w, x, y)
    assert mean[0] == pytest.approx(total[0] / 700)
    np.testing.assert_allclose(mean[1], total[1] / 700)


def test_without_reduction_there_is_a_result_and_a_gradient_for_each_row():
    w, x, y = data(600)
    each = compile(logistic, in_axes=(None, 0, 0), reduce=None)
    values, gradients = each.value_and_grad(w, x, y)
    total, slopes = compile(logistic, in_axes=(None, 0, 0), reduce="sum").value_and_grad(w, x, y)
    assert values.shape == (600,)
    assert gradients.shape == (600, 4)
    assert values.sum() == pytest.approx(total)
    np.testing.assert_allclose(gradients.sum(axis=0), slopes)


Line = namedtuple("Line", "slope offset")


def test_what_is_shared_comes_back_in_its_shape():
    def loss(line, matrix, x, y):
        inner = line.slope * x + line.offset
        return (matrix[0][0] * inner + matrix[1][1] * inner * inner + matrix[0][1] - y) ** 2

    fit = compile(loss, in_axes=(None, None, 0, 0))
    x, y = np.linspace(-1.0, 1.0, 50), np.linspace(0.0, 3.0, 50)
    matrix = np.array([[1.0, 0.5], [0.3, -0.2]])
    _, (line, slopes) = fit.value_and_grad(Line(0.5, 0.1), matrix, x, y)
    assert isinstance(line, Line)
    assert slopes.shape == (2, 2)
    assert slopes[1, 0] == 0.0
    step = 1e-6
    shifted = matrix.copy()
    shifted[0, 0] += step
    slope = (fit(Line(0.5, 0.1), shifted, x, y) - fit(Line(0.5, 0.1), matrix, x, y)) / step
    assert slopes[0, 0] == pytest.approx(slope, rel=1e-4)


def test_axes_may_be_named():
    def loss(x, w, y):
        return (w * x - y) ** 2

    named = compile(loss, in_axes={"x": 0, "y": 0})
    assert named([1.0, 2.0], 3.0, [3.0, 5.0]) == 1.0
    assert named.grad([1.0, 2.0], 3.0, [3.0, 5.0]) == 4.0


def test_rows_may_be_tuples_and_dicts_of_arrays_of_any_kind():
    def loss(w, row):
        return w * row["x"][1] - row["y"]

    fit = compile(loss, in_axes=(None, 0))
    row = {"x": np.arange(6, dtype=np.int32).reshape(3, 2), "y": np.array([1, 2, 3], np.float32)}
    assert fit.value_and_grad(2.0, row) == (12.0, 9.0)


def test_branches_take_their_own_way_in_each_row():
    def loss(w, x):
        return w * x * x if x > 0 else -3.0 * w * x

    x = np.linspace(-2.0, 2.0, 801)
    for executor in EXECUTORS:
        fit = compile(loss, in_axes=(None, 0), executor=executor)
        value, slope = fit.value_and_grad(0.5, x)
        right = np.where(x > 0, x * x, -3.0 * x).sum()
        assert slope == pytest.approx(right)
        assert value == pytest.approx(0.5 * right)


def test_branches_not_taken_send_no_nan_into_the_sum():
    def loss(w, x):
        return where(x > 0, (x * w).sqrt(), 0.0 * w)

    x = np.concatenate([np.zeros(400), np.full(400, 4.0)])
    value, slope = compile(loss, in_axes=(None, 0)).value_and_grad(1.0, x)
    assert (value, slope) == (800.0, 400.0)


def test_a_row_of_nan_makes_the_sum_nan_or_is_named_on_request():
    w, x, y = data(2000)
    x[1234, 1] = math.nan
    assert math.isnan(compile(logistic, in_axes=(None, 0, 0))(w, x, y))
    fit = compile(logistic, in_axes=(None, 0, 0), check_finite=True)
    with pytest.raises(CompileError, match="row 1234 gives nan"):
        fit.value_and_grad(w, x, y)


def chosen(p, row):
    """Use one number or another of a row, by a third one."""
    return p[0] * row["a"][0] if row["a"][1] > 0 else p[1] * row["b"][1]


def rows_of_trees():
    return {"a": np.ones((300, 2)), "b": (np.ones(300), np.ones(300))}


@pytest.mark.parametrize("reduce", ["sum", "mean", None])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        (lambda d: d["a"][7:], r"row 7 .*nan; row\['a'\]\[0\] of it is nan"),
        (lambda d: d["a"][7:, 1:], r"row 7 has nan for row\['a'\]\[1\], which its result does not"),
        (
            lambda d: d["b"][1][290:],
            r"row 290 has nan for row\['b'\]\[1\], which its result does not",
        ),
    ],
)
def test_a_nan_among_data_is_named_by_row_and_place_even_where_no_result_shows_it(
    reduce, place, message
):
    given = rows_of_trees()
    fit = compile(chosen, in_axes=(None, 0), reduce=reduce, check_finite=True)
    fit.value_and_grad([1.0, 2.0], given)
    place(given).flat[0] = math.nan
    with pytest.raises(CompileError, match=message):
        fit.value_and_grad([1.0, 2.0], given)


def test_a_nan_that_all_rows_share_is_named():
    fit = compile(chosen, in_axes=(None, 0), check_finite=True)
    with pytest.raises(
        CompileError, match=r"row 0 gives nan; p\[0\], which all rows share, is nan"
    ):
        fit([math.nan, 1.0], rows_of_trees())


def test_what_a_function_raises_says_that_it_was_given_a_row():
    with pytest.raises(IndexError) as caught:
        compile(chosen, in_axes=(None, 0))([1.0], {"a": np.ones((3, 1))})
    assert "raised for the first row" in caught.value.__notes__[0]


def test_batches_give_what_all_rows_at_once_give():
    w, x, y = data(1000)
    for reduce in ("sum", "mean"):
        fit = compile(logistic, in_axes=(None, 0, 0), reduce=reduce)
        value, gradient = fit.value_and_grad(w, x, y)
        batches = [(x[i : i + 300], y[i : i + 300]) for i in range(0, 1000, 300)]
        found, slopes = fit.over(batches).value_and_grad(w)
        assert found == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(slopes, gradient, rtol=1e-12)
        assert fit.over(iter(batches))(w) == pytest.approx(value, rel=1e-14)


def test_threads_change_nothing_about_a_sum():
    w, x, y = data(100_000)
    one = compile(logistic, in_axes=(None, 0, 0)).value_and_grad(w, x, y)
    two = compile(logistic, in_axes=(None, 0, 0), threads=3).value_and_grad(w, x, y)
    assert one[0] == two[0]
    np.testing.assert_array_equal(one[1], two[1])


def test_rows_that_are_added_up_in_parts_give_the_same(monkeypatch):
    w, x, y = data(5000)
    at_once = compile(logistic, in_axes=(None, 0, 0)).value_and_grad(w, x, y)
    monkeypatch.setattr(summing, "LEAST_PART", 900)
    monkeypatch.setattr(summing, "PART_NUMBERS", 5000)  # 1250 rows of four numbers
    value, gradient = compile(logistic, in_axes=(None, 0, 0)).value_and_grad(w, x, y)
    assert value == pytest.approx(at_once[0], rel=1e-14)
    np.testing.assert_allclose(gradient, at_once[1], rtol=1e-12, atol=1e-13)


def test_columns_of_tables_and_rows_the_other_way_round_are_read_where_they_are():
    w, x, y = data(5000)
    fit = compile(logistic, in_axes=(None, 0, 0))
    right = fit.value_and_grad(w, x, y)
    for other in (np.asfortranarray(x), np.flip(np.flip(x, 0).copy(), 0), x.astype(np.float32)):
        value, gradient = fit.value_and_grad(w, other, y)
        tolerance = 1e-6 if other.dtype == np.float32 else 1e-13
        assert value == pytest.approx(right[0], rel=tolerance)
        np.testing.assert_allclose(gradient, right[1], rtol=tolerance, atol=tolerance)


def test_fields_of_records_and_numbers_of_other_machines_are_read_right():
    fit = compile(lambda w, x, y: w * x * y, in_axes=(None, 0, 0))
    table = np.zeros(1000, [("mark", "i1"), ("x", "f8"), ("count", "i4")])  # steps of 13 bytes
    table["x"], table["count"] = np.linspace(0.0, 1.0, 1000), np.arange(1000)
    right = float((table["x"] * table["count"]).sum())
    for x in (table["x"], table["x"].astype(">f8"), np.repeat(table["x"], 2)[::2]):
        assert fit.value_and_grad(2.0, x, table["count"]) == pytest.approx((2.0 * right, right))


def test_what_the_function_takes_from_outside_is_read_anew():
    scale = Value(2.0)
    fit = compile(lambda w, x: w * x * scale, in_axes=(None, 0))
    x = np.ones(1000)
    assert fit.value_and_grad(3.0, x) == (6000.0, 2000.0)
    scale.data = 1.0
    assert fit.value_and_grad(3.0, x) == (3000.0, 1000.0)


def test_a_memory_map_is_read_a_block_at_a_time(tmp_path):
    w, x, y = data(50_000)
    path = tmp_path / "x.npy"
    np.save(path, x)
    mapped = np.load(path, mmap_mode="r")
    fit = compile(logistic, in_axes=(None, 0, 0))
    assert fit.value_and_grad(w, mapped, y)[0] == fit.value_and_grad(w, x, y)[0]


def test_sums_of_mixed_sizes_are_as_exact_as_stated():
    chance = np.random.default_rng(3)
    x = chance.normal(size=200_000) * 10.0 ** chance.integers(-8, 9, size=200_000)
    fit = compile(lambda w, x: w * x, in_axes=(None, 0))
    value, slope = fit.value_and_grad(1.0, x)
    right = float(sum(map(Fraction, x.tolist())))
    size = float(np.abs(x).sum())
    assert abs(value - right) <= 300 * 2.0**-53 * size
    assert abs(slope - right) <= 300 * 2.0**-53 * size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], np.ones((3, 1)), np.ones(4)), "different numbers of them: 3, 4"),
        (([1.0, 2.0], np.ones((0, 1)), np.ones(0)), "there are no rows"),
        (([1.0, 2.0], 3.0, np.ones(4)), "a number has none"),
        (([1.0, 2.0], [[1.0], [1.0, 2.0]], [1.0, 2.0]), "an argument with rows is an array"),
        (([1.0, 2.0], ["a", "b"], [1.0, 2.0]), "an argument with rows is an array"),
        (([1.0, 2.0], np.ones((3, 1))), "in_axes= is for 3 arguments"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    fit = compile(logistic, in_axes=(None, 0, 0))
    with pytest.raises(CompileError, match=message):
        fit.value_and_grad(*arguments)


@pytest.mark.parametrize(
    "rows",
    [
        np.array([1.0 + 2.0j]),
        np.array(["1", "2"]),
        np.array(["2020"], dtype="M8[D]"),
        np.array([1, 2], dtype="m8[s]"),
        np.ma.array([1.0, 2.0], mask=[False, True]),
        [1.0, None],
        [Value(1.0)],
        np.zeros((3, 0)),
        iter([1.0, 2.0]),
    ],
)
def test_rows_of_what_is_more_or_less_than_numbers_are_refused(rows):
    with pytest.raises(CompileError):
        compile(lambda w, x: w, in_axes=(None, 0))(2.0, rows)


@pytest.mark.parametrize(
    "weights",
    [
        np.array([1.0j, 1.0]),
        np.ma.array([1.0, 2.0], mask=[False, True]),
        ["1", "2"],
        [1.0, None],
        np.array([1, 2], dtype="m8[s]"),
        [Value(1.0), Value(2.0)],
    ],
)
def test_weights_are_numbers_as_rows_are(weights):
    f = compile(lambda w, x: w * x, in_axes=(None, 0))
    with pytest.raises(CompileError):
        f(2.0, [1.0, 2.0], weights=weights)


@pytest.mark.parametrize("number", [Fraction(1, 2), Decimal("0.5"), np.float32(0.5), np.array(0.5)])
def test_what_rows_share_may_be_any_real_number(number):
    f = compile(lambda w, x: w * w * x, in_axes=(None, 0))
    assert f.value_and_grad(number, [1, Fraction(1, 2), Decimal("0.5")]) == (0.5, 2.0)
    assert f(2**70, [1.0]) == 2.0**140


@pytest.mark.parametrize("count", [3, 300])
def test_a_sum_of_opposite_infinities_is_nan_without_a_warning(count):
    f = compile(lambda w, x: w * x, in_axes=(None, 0))
    value, slope = f.value_and_grad(1.0, [math.inf, -math.inf] * count)
    assert math.isnan(value)
    assert math.isnan(slope)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_axes": (None, 1)}, "rows are along axis 0"),
        ({"in_axes": (None, None)}, "no argument has rows"),
        ({"in_axes": {"z": 0}}, "names 'z'; the arguments are w, x"),
        ({"in_axes": (None, 0), "reduce": "product"}, "available: 'sum', 'mean', None"),
        ({"in_axes": (None, 0), "arrays": "lanes"}, "its elements"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(CompileError, match=message):
        compile(lambda w, x: w * x, **options)


def test_a_function_that_gives_several_numbers_is_refused():
    with pytest.raises(CompileError, match="gives one number"):
        compile(lambda w, x: (w * x, x), in_axes=(None, 0))(1.0, [1.0, 2.0])


@pytest.mark.parametrize("batches", [[], [(np.ones(3),)], [(np.ones((3, 1)), np.ones(3), 1.0)]])
def test_batches_that_do_not_fit_are_refused(batches):
    with pytest.raises(CompileError, match=r"no batch|takes 1 shared arguments|batch 0"):
        compile(logistic, in_axes=(None, 0, 0)).over(batches).value_and_grad([1.0, 2.0])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 10**6))
def test_any_number_of_rows_and_columns_is_right(rows, columns, seed):
    w, x, y = data(rows, columns, seed)
    value, gradient = compile(logistic, in_axes=(None, 0, 0)).value_and_grad(w, x, y)
    right, slopes = eagerly(logistic, w, x, y)
    assert value == pytest.approx(right, rel=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-12)


def test_arguments_can_be_given_by_name() -> None:
    fit = compile(lambda w, x, y: (w[0] * x - y) ** 2, in_axes=(None, 0, 0))
    data = [1.0, 2.0], [3.0, 5.0]
    assert fit(w=[2.0], y=data[1], x=data[0]) == fit([2.0], *data) == 2.0
    assert fit.grad([2.0], y=data[1], x=data[0]) == fit.grad([2.0], *data)
    doubled = fit.value_and_grad([2.0], y=data[1], x=data[0], weights=[2.0, 2.0])
    assert doubled == fit.value_and_grad([2.0], *data, weights=[2.0, 2.0])


@pytest.mark.parametrize(
    ("args", "named", "says"),
    [
        ((), {"w": [1.0], "x": [1.0], "z": [1.0]}, "takes w, x, y, and weights=; z= is none"),
        (([1.0],), {"w": [1.0], "x": [1.0]}, "w= was given twice"),
        (([1.0],), {"y": [1.0]}, "takes w, x, y; x is missing"),
        (([1.0],), {"weight": [1.0]}, "and weights=; weight= is none"),
    ],
)
def test_a_wrong_name_of_an_argument_is_told_with_the_right_ones(args, named, says) -> None:
    fit = compile(lambda w, x, y: (w[0] * x - y) ** 2, in_axes=(None, 0, 0))
    with pytest.raises(TypeError, match=says):
        fit(*args, **named)


def labelled(kind, x, labels):
    import pandas as pd
    import xarray as xr

    if kind == "series":
        return pd.Series(x, index=labels)
    if kind == "table":
        return pd.DataFrame({"x": x}, index=labels)
    return xr.DataArray(x, dims="row", coords={"row": labels})


@pytest.mark.parametrize("where", ["data", "weights"])
@pytest.mark.parametrize("kind", ["series", "table", "array of xarray"])
def test_rows_that_pandas_would_put_together_by_other_labels_are_refused(kind, where):
    total = compile(
        lambda w, x, y: w * (x[0] if kind == "table" else x) * y,
        in_axes=(None, 0, 0),
        reduce="sum",
    )
    x, numbers = labelled(kind, [1.0, 2.0], ["a", "b"]), np.array([3.0, 5.0])
    same, other = (labelled("series", numbers, list(labels)) for labels in ("ab", "ba"))
    if where == "data":
        assert total(1.0, x, numbers) == total(1.0, x, same) == 13.0
        with pytest.raises(CompileError, match="other labels than those of another argument"):
            total(1.0, x, other)
    else:
        assert total(1.0, x, numbers, weights=same) == 59.0
        with pytest.raises(CompileError, match="other labels than those of another argument"):
            total(1.0, x, numbers, weights=other)
