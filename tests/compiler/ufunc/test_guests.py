"""Arrays of other libraries as arguments of compiled functions, with the real libraries."""

import datetime
import decimal
import pickle
import re
import weakref
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from pluggrad import CompileError, Value, compile
from pluggrad.ops import log, sin

NUMBERS = np.array([0.5, 1.0, 1.5, -2.0])
DIRECTION = np.array([1.0, -1.0, 0.5, 2.0])


def wave(x, y=2.0):
    return sin(x) * y + x * x * y


def package(name):
    return pytest.importorskip(name, reason=f"the test is about {name.partition('.')[0]}")


@cache
def pint_units():
    """Read Pint's list of units, once."""
    return package("pint").UnitRegistry()


# ----- Those that keep what they are -----


def dask_array(x):
    return package("dask.array").from_array(x, chunks=3)


def dask_series(x):
    frame = package("dask.dataframe")
    return frame.from_pandas(package("pandas").Series(x, name="x"), npartitions=2)


def series(x):
    return package("pandas").Series(x, index=list("abcd"), name="x")


def frame(x):
    return package("pandas").DataFrame({"p": x, "q": x}, index=list("abcd"))


def nullable(x):
    return package("pandas").Series(x, dtype="Float64")


def arrow_series(x):
    package("pyarrow")
    return package("pandas").Series(x, dtype="double[pyarrow]")


def index(x):
    return package("pandas").Index(x)


def data_array(x):
    return package("xarray").DataArray(x, dims="time", coords={"time": [10, 20, 30, 40]})


def dataset(x):
    return package("xarray").Dataset({"a": ("time", x)})


def chunked_data_array(x):
    package("dask.array")
    return package("xarray").DataArray(x, dims="time").chunk(time=2)


def polars_series(x):
    return package("polars").Series("x", x)


def sparse_array(x):
    return package("sparse").COO(x)


def masked(x):
    return np.ma.MaskedArray(x, mask=[False, False, False, False])


def numbers(guest):
    """Return the numbers of a guest as a plain array."""
    if hasattr(guest, "compute"):
        guest = guest.compute()
    if hasattr(guest, "data_vars"):
        guest = guest["a"]
    if hasattr(guest, "todense"):
        guest = guest.todense()
    found = np.asarray(guest, float)
    return found[:, 0] if found.ndim == 2 else found


SEVERAL = [
    dask_array, series, frame, nullable, arrow_series, index, data_array, dataset,
    chunked_data_array, polars_series, sparse_array, masked,
]  # fmt: skip
ALL = [*SEVERAL, dask_series]


@pytest.mark.parametrize("guest", ALL)
def test_a_function_gives_what_it_was_given_and_the_numbers_of_plain_arrays(guest):
    f = compile(wave)
    for args, kwargs in [((), {}), ((3.0,), {}), ((), {"y": 3.0})]:
        found = f(guest(NUMBERS), *args, **kwargs)
        assert type(found) is type(guest(NUMBERS))
        np.testing.assert_array_equal(numbers(found), f(NUMBERS, *args, **kwargs))
    both = f(guest(NUMBERS), guest(DIRECTION))
    np.testing.assert_array_equal(numbers(both), f(NUMBERS, DIRECTION))


@pytest.mark.parametrize("guest", ALL)
def test_a_gradient_gives_what_it_was_given(guest):
    f = compile(lambda x: sin(x) + x * x)
    found = f.grad(guest(NUMBERS))
    assert type(found) is type(guest(NUMBERS))
    np.testing.assert_array_equal(numbers(found), f.grad(NUMBERS))


@pytest.mark.parametrize("guest", SEVERAL)
def test_several_outputs_are_tuples_of_guests(guest):
    f = compile(wave)
    x = guest(NUMBERS)
    calls = {
        "value_and_grad": lambda x, v: f.value_and_grad(x, 3.0),
        "value_and_grad by keyword": lambda x, v: f.value_and_grad(x=x, y=3.0),
        "jvp": lambda x, v: f.jvp((x, 2.0), (v, 0.5)),
        "hvp": lambda x, v: f.hvp((x, 2.0), (v, 0.5)),
    }
    for name, call in calls.items():
        flat, plain = [], []
        for found, into in ((call(x, 1.0), flat), (call(NUMBERS, 1.0), plain)):
            first, second = found
            into += [first, *second] if isinstance(second, tuple) else [first, second]
        assert [type(part) for part in flat] == [type(x)] * len(plain), name
        for part, known in zip(flat, plain, strict=True):
            np.testing.assert_array_equal(numbers(part), known, err_msg=name)


@pytest.mark.parametrize("guest", SEVERAL)
def test_results_are_built_like_those_of_the_function(guest):
    f = compile(lambda x: {"sine": sin(x), "more": [x * x, x > 0.5]})
    found, plain = f(guest(NUMBERS)), f(NUMBERS)
    assert list(found) == ["sine", "more"]
    np.testing.assert_array_equal(numbers(found["sine"]), plain["sine"])
    for part, known in zip(found["more"], plain["more"], strict=True):
        np.testing.assert_array_equal(numbers(part), known)


@pytest.mark.parametrize("guest", ALL)
def test_nested_arguments_may_have_guests(guest):
    f = compile(lambda p, names: p["a"] * p["b"][0] + len(names))
    found = f({"a": guest(NUMBERS), "b": [guest(DIRECTION), None]}, "xy")
    np.testing.assert_array_equal(numbers(found), NUMBERS * DIRECTION + 2)


@pytest.mark.parametrize("guest", SEVERAL)
def test_all_outputs_are_computed_once(guest):
    f = compile(wave)
    f(guest(NUMBERS))
    lanes = []
    for recording in f.recordings:
        compute = recording.lanes

        def counted(rows, *args, compute=compute):
            lanes.append(len(rows[0]))
            return compute(rows, *args)

        recording.lanes = counted
    value, parts = f.value_and_grad(guest(NUMBERS), 2.0)
    if hasattr(value, "__dask_graph__") and value.__dask_graph__() is not None:
        package("dask").compute(value, parts, scheduler="synchronous")
    columns = 2 if guest is frame else 1
    few = 2  # calls with one number or two, by which some find out types and fill values
    assert sum(n for n in lanes if n > 1) <= len(NUMBERS) * columns + few * (guest is sparse_array)


@pytest.mark.parametrize("guest", SEVERAL)
def test_where_chooses_what_is_computed(guest):
    f = compile(wave)
    where = NUMBERS > 0.6
    found = numbers(f(guest(NUMBERS), where=where[:, None] if guest is frame else where))
    np.testing.assert_array_equal(found, np.where(where, f(NUMBERS), np.nan))


# ----- Dask -----


def test_dask_arrays_stay_lazy_and_keep_their_chunks():
    da = package("dask.array")
    f = compile(lambda x: x * x)
    x = da.ones((6, 4), chunks=(4, 2)).map_blocks(lambda block: 1 / 0, dtype=float)
    value, slope = f.value_and_grad(x)
    assert value.chunks == slope.chunks == f(x).chunks == x.chunks
    assert value.dtype == slope.dtype == float
    assert len(f.recordings) == 1  # recorded once, without a number of the array
    with pytest.raises(ZeroDivisionError):
        value.compute(scheduler="synchronous")


def test_dask_arrays_go_with_plain_arrays_and_with_other_chunks():
    da = package("dask.array")
    f = compile(lambda x, y, z: x * y + z)
    x = da.from_array(np.arange(6.0), chunks=2)
    y = da.from_array(np.arange(6.0), chunks=3)
    z = np.arange(6.0)[::-1].copy()
    value, (by_x, _, by_z) = f.value_and_grad(x, y, z)
    np.testing.assert_array_equal(value.compute(), z[::-1] ** 2 + z)
    np.testing.assert_array_equal(by_x.compute(), np.arange(6.0))
    np.testing.assert_array_equal(by_z.compute(), np.ones(6))
    columns = da.from_array(np.arange(3.0), chunks=2)[:, None]
    assert f(columns, x, 1.0).shape == (3, 6)


def test_dask_writes_out_and_takes_where_of_its_own():
    da = package("dask.array")
    f = compile(wave)
    x = da.from_array(NUMBERS, chunks=2)
    out = da.zeros(4, chunks=2)
    assert f(x, out=out) is out
    np.testing.assert_array_equal(out.compute(), f(NUMBERS))
    value, _ = f.value_and_grad(x, 2.0, where=x > 0.6)
    known = np.where(NUMBERS > 0.6, f(NUMBERS), np.nan)
    np.testing.assert_array_equal(value.compute(), known)


def test_dask_may_have_guests_in_its_chunks():
    da, sparse = package("dask.array"), package("sparse")
    f = compile(wave)
    x = da.from_array(NUMBERS, chunks=2).map_blocks(sparse.COO, meta=sparse.COO(np.empty(0)))
    value, (by_x, _) = package("dask").compute(*f.value_and_grad(x, 2.0), scheduler="synchronous")
    assert type(value) is type(by_x) is sparse.COO
    np.testing.assert_array_equal(by_x.todense(), f.grad(NUMBERS, 2.0)[0])


def test_several_outputs_in_out_are_refused_by_dask():
    da = package("dask.array")
    out = da.zeros(4, chunks=2), da.zeros(4, chunks=2)
    with pytest.raises(CompileError, match="Leave out= away"):
        compile(lambda x: x * x).value_and_grad(da.ones(4, chunks=2), out=out)


def test_functions_that_accept_few_numbers_are_recorded_without_one():
    def picky(x, y):
        if not 0 < x < y < 1:
            raise ValueError("not here")
        return x * y

    f = compile(picky)
    small, large = NUMBERS * 0 + 0.25, NUMBERS * 0 + 0.5
    np.testing.assert_array_equal(f(series(small), large), small * large)
    with pytest.raises(ValueError, match="not here"):
        compile(lambda x, y: picky(x, x))(series(small), 1.0)


class Account:
    def __init__(self, rate):
        self.rate = rate

    @compile
    def after(self, start, years):
        return start * (1.0 + self.rate) ** years


def test_methods_travel_with_their_object():
    package("cloudpickle")
    bound = Account(0.5).after
    assert bound(2.0, 1.0) == 3.0
    ufunc = bound(Catching(), 1.0)[0]
    assert pickle.loads(pickle.dumps(ufunc))(4.0, 2.0) == 9.0
    da = package("dask.array")
    travelled = bound(da.ones(4, chunks=2), 2.0)
    assert travelled.compute(scheduler="processes", num_workers=1).tolist() == [2.25] * 4


def test_a_lazy_result_has_the_outside_values_of_the_moment_of_the_call():
    da = package("dask.array")
    weight = Value(2.0)
    f = compile(lambda x: weight * x)
    x = da.ones(4, chunks=2)
    first = f(x)
    weight.data = 5.0
    second = f(x)
    assert first.name != second.name
    assert first.compute(scheduler="synchronous").tolist() == [2.0] * 4
    assert second.compute(scheduler="synchronous").tolist() == [5.0] * 4


def test_chunks_are_forgotten_when_they_are_computed():
    da = package("dask.array")
    f = compile(wave)
    freed = []

    def watched(block):
        weakref.finalize(block, freed.append, None)
        return block

    x = da.ones(9, chunks=3).map_blocks(watched, meta=np.empty(0))
    value, (by_x, _) = f.value_and_grad(x, 2.0)
    package("dask").compute(value.sum(), by_x.sum(), scheduler="synchronous")
    assert len(freed) >= 3


def test_equal_calls_have_equal_names():
    da = package("dask.array")
    f = compile(lambda x: x * x)
    x = da.ones(4, chunks=2)
    f(x).compute(scheduler="synchronous")
    assert f(x).name == f(x).name
    assert f(x).name != compile(lambda x: x + x)(x).name


def test_what_arrives_by_pickle_is_compiled_once():
    package("cloudpickle")
    factor = Value(3.0)
    ufunc = compile(lambda x, y: factor * x * y)(Catching(), 1.0)[0]
    packed = pickle.dumps(ufunc)
    factor.data = 0.0
    once, again = pickle.loads(packed), pickle.loads(packed)
    assert once is again
    assert once(2.0, 4.0) == 24.0
    assert (once.nin, once.nout, once.nargs) == (2, 1, 3)
    assert (once.types, once.ntypes, once.signature, once.identity) == (["dd->d"], 1, None, None)


# ----- pandas and xarray -----


def test_pandas_aligns_on_the_index_and_keeps_names():
    pd = package("pandas")
    f = compile(lambda x, y: x * y)
    x = pd.Series([1.0, 2.0, 3.0], index=["a", "b", "c"], name="x")
    y = pd.Series([10.0, 20.0], index=["c", "a"], name="y")
    pd.testing.assert_series_equal(f(x, y), x * y)
    value, (by_x, _) = f.value_and_grad(x, y)
    pd.testing.assert_series_equal(value, x * y)
    assert by_x.to_dict() == {"a": 20.0, "b": pytest.approx(np.nan, nan_ok=True), "c": 10.0}
    assert f(x, 2.0).name == "x"


def test_pandas_leaves_out_what_is_missing():
    pd = package("pandas")
    f = compile(lambda x: x * x)
    found = f(pd.Series([1.5, None], dtype="Float64"))
    assert found[0] == 2.25
    assert found[1] is pd.NA
    assert f(pd.NA) is pd.NA


def test_pandas_writes_out_into_a_series():
    pd = package("pandas")
    f = compile(wave)
    x, out = series(NUMBERS), series(np.zeros(4))
    assert f(x, out=out) is out
    np.testing.assert_array_equal(out, f(NUMBERS))
    with pytest.raises(CompileError, match="together"):
        f(x, out=out, where=NUMBERS > 0)
    slope = series(np.zeros(4))
    value, (by_x, _) = f.value_and_grad(x, 2.0, out=(out, (slope, series(np.zeros(4)))))
    assert value is out
    assert by_x is slope
    pd.testing.assert_series_equal(by_x, f.grad(x, 2.0)[0])


def test_a_frame_and_a_series_together_are_refused():
    package("pandas")
    with pytest.raises(CompileError, match="mixed DataFrame and Series"):
        compile(lambda x, y: x * y)(frame(NUMBERS), series(NUMBERS))


def test_text_in_a_series_is_refused_by_name():
    pd = package("pandas")
    with pytest.raises(CompileError, match="real numbers"):
        compile(lambda x: x * x)(pd.Series(["a", "b"], dtype=object))


def test_xarray_broadcasts_by_name():
    xr = package("xarray")
    f = compile(lambda x, y: x * y)
    x = xr.DataArray([1.0, 2.0], dims="lat", coords={"lat": [50, 60]})
    y = xr.DataArray([1.0, 2.0, 3.0], dims="lon")
    value, (by_x, by_y) = f.value_and_grad(x, y)
    xr.testing.assert_identical(f(x, y), x * y)
    xr.testing.assert_identical(value, x * y)
    assert by_x.dims == by_y.dims == ("lat", "lon")
    chosen = f(x, y, where=x > 1.0)  # by name, too
    assert np.isnan(chosen.sel(lat=50)).all()
    assert chosen.sel(lat=60).values.tolist() == [2.0, 4.0, 6.0]


# ----- polars -----


def test_polars_keeps_nulls():
    pl = package("polars")
    f = compile(lambda x, y: x * y)
    found = f(pl.Series([1, None, 3]), pl.Series([0.5, 0.5, None]))
    assert found.to_list() == [0.5, None, None]


POLARS = {
    "Duration": lambda pl: pl.Series([datetime.timedelta(days=1)]),
    "Date": lambda pl: pl.Series([datetime.date(2020, 1, 1)]),
    "Categorical": lambda pl: pl.Series(["a"], dtype=pl.Categorical),
    "Decimal": lambda pl: pl.Series([decimal.Decimal("1.5")]),
    "Boolean": lambda pl: pl.Series([True]),
    "String": lambda pl: pl.Series(["1.0"]),
    "List": lambda pl: pl.Series([[1.0]]),
    "Null": lambda pl: pl.Series([None]),
}


@pytest.mark.parametrize("kind", POLARS)
def test_a_polars_series_without_numbers_is_refused_by_its_type(kind):
    series = POLARS[kind](package("polars"))
    function = compile(lambda x: x * x + 1)
    for call in (function, function.grad):
        with pytest.raises(CompileError, match=f"not a Series of {kind}"):
            call(series)


def test_polars_expressions_are_computed_when_the_frame_is():
    pl = package("polars")
    f = compile(lambda x: sin(x) + x * x)
    table = pl.DataFrame({"x": NUMBERS}).lazy()
    found = table.select(f(pl.col("x")), slope=f.grad(pl.col("x"))).collect()
    np.testing.assert_array_equal(found["x"], f(NUMBERS))
    np.testing.assert_array_equal(found["slope"], f.grad(NUMBERS))


def test_several_outputs_of_an_expression_go_by_map_batches():
    pl = package("polars")
    f = compile(wave)
    with pytest.raises(CompileError, match="map_batches"):
        f.value_and_grad(pl.col("x"), 2.0)

    def greeks(x):
        value, (by_x, by_y) = f.value_and_grad(x, 2.0)
        return pl.DataFrame({"value": value, "by_x": by_x, "by_y": by_y}).to_struct("greeks")

    kind = pl.Struct({"value": pl.Float64, "by_x": pl.Float64, "by_y": pl.Float64})
    table = pl.DataFrame({"x": NUMBERS}).lazy()
    found = table.select(pl.col("x").map_batches(greeks, return_dtype=kind)).unnest("x").collect()
    np.testing.assert_array_equal(found["by_x"], f.grad(NUMBERS, 2.0)[0])


# ----- Masks -----


def test_masked_elements_are_neither_computed_nor_shown():
    def careful(x, y):
        if float(x) == 7.0:
            raise AssertionError("a masked number was looked at")
        return log(x) * y

    f = compile(careful, executor="interpreter", bound=99)
    x = np.ma.MaskedArray([1.0, 7.0, 2.0, 3.0], mask=[False, True, False, False])
    y = np.ma.MaskedArray([1.0, 2.0, 3.0, 4.0], mask=[False, False, False, True])
    value, (by_x, _) = f.value_and_grad(x, y)
    assert value.mask.tolist() == by_x.mask.tolist() == [False, True, False, True]
    assert value[2] == pytest.approx(3 * np.log(2.0), rel=1e-15)
    assert by_x[2] == 1.5
    with pytest.raises(CompileError, match="not a"):
        f(np.ma.masked, 1.0)


# ----- Those that refuse, and those that are refused -----


@pytest.mark.parametrize("name", ["sin", "exp", "add", "square", "wave"])
def test_units_refuse_whatever_the_function_is_called(name):
    def body(x):
        return sin(x) + x

    body.__name__ = body.__qualname__ = name
    f = compile(body)
    units, pint = package("astropy.units"), pint_units()
    for quantity, call in [
        ([90.0] * units.deg, "to_value"),
        (90.0 * units.deg, "to_value"),
        (pint.Quantity([90.0], "degree"), "m_as"),
        (pint.Quantity(90.0, "degree"), "m_as"),
    ]:
        for run in (f, f.grad, f.value_and_grad, lambda x: f.jvp((x,), (1.0,))):
            with pytest.raises(CompileError, match=rf"Quantity.*x\.{call}\(unit\)"):
                run(quantity)


def test_a_quantity_that_the_function_reads_from_outside_is_named():
    units = package("astropy.units")
    for quantity in (2.0 * units.m, [1.0, 2.0] * units.m):
        with pytest.raises(CompileError, match="gave a Quantity"):
            compile(lambda x, quantity=quantity: x * quantity)(2.0)


def test_units_inside_other_guests_refuse_too():
    units, xr = package("astropy.units"), package("xarray")
    x = xr.DataArray([90.0] * units.deg, dims="t")
    with pytest.raises(CompileError, match="to_value"):
        compile(lambda x: sin(x) * x)(x)


def strangers():
    return {
        "PyTorch number": lambda: (
            package("torch").tensor(2.0, requires_grad=True),
            r"detach\(\)",
        ),
        "JAX number": lambda: (package("jax.numpy").array(2.0), r"numpy.asarray\(x\)"),
        "Arrow": lambda: (package("pyarrow").array(NUMBERS), r"zero_copy_only"),
        "Arrow chunks": lambda: (package("pyarrow").chunked_array([NUMBERS]), r"to_numpy"),
        "Arrow table": lambda: (package("pyarrow").table({"x": NUMBERS}), r"to_numpy"),
        "polars DataFrame": lambda: (package("polars").DataFrame({"x": NUMBERS}), r"to_numpy"),
        "SciPy sparse": lambda: (package("scipy.sparse").csr_array([NUMBERS]), r"toarray\(\)"),
        "buffer": lambda: (memoryview(NUMBERS), r"numpy.asarray\(x\)"),
    }


@pytest.mark.parametrize("name", strangers())
def test_arrays_without_a_protocol_are_refused_with_the_call_to_use(name):
    thing, call = strangers()[name]()
    f = compile(lambda x: x * x + x)
    f(NUMBERS)
    for run in (f, f.grad, f.value_and_grad, lambda x: f.jvp((x,), (1.0,))):
        with pytest.raises(CompileError, match=call) as caught:
            run(thing)
        assert "\n" not in str(caught.value)


def test_several_outputs_of_a_dask_frame_go_by_map_partitions():
    x = dask_series(NUMBERS)
    f = compile(lambda x: sin(x) * x)
    with pytest.raises(CompileError, match="map_partitions"):
        f.value_and_grad(x)
    np.testing.assert_array_equal(
        x.map_partitions(lambda x: f.value_and_grad(x)[1]), f.grad(NUMBERS)
    )


def test_errors_of_the_function_itself_come_through():
    def broken(x):
        if x > 1.2:
            raise LookupError("mine")
        return x

    f = compile(broken)
    for guest in (series, data_array, index, nullable):
        with pytest.raises(LookupError, match="mine"):
            f(guest(NUMBERS))


def test_vectors_take_no_guests():
    f = compile(lambda v: v[0] * v[1], arrays="elements")
    with pytest.raises(CompileError, match=r"Series.*elements.*to_numpy"):
        f(series(NUMBERS))
    with pytest.raises(CompileError, match="elements"):
        f(NUMBERS, out=np.zeros(4))
    with pytest.raises(CompileError, match="elements"):
        f(np.ma.MaskedArray(NUMBERS, mask=True))


class Refusing:
    """An array that says no."""

    __array_ufunc__ = None
    shape = (2,)


class Deferring(Refusing):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return NotImplemented


class Catching:
    """An array that gives what it was handed."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return [[ufunc, method, inputs, kwargs]]


def test_who_answers_not_implemented_is_refused():
    f = compile(lambda x, y: x * y)
    for refusing in (Refusing(), Deferring()):
        for run in (f, f.value_and_grad):
            with pytest.raises(CompileError, match=type(refusing).__name__):
                run(refusing, 2.0)


def test_subclasses_are_asked_first():
    class Below(Deferring):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return 42.0

    assert compile(lambda x, y: x * y)(Deferring(), Below()) == 42.0


# ----- out= and where= on plain arrays -----


def test_out_takes_the_results():
    f = compile(wave)
    out = np.zeros(4)
    assert f(NUMBERS, out=out) is out
    np.testing.assert_array_equal(out, f(NUMBERS))
    slopes = np.zeros((2, 4))
    value, (by_x, by_y) = f.value_and_grad(NUMBERS, 3.0, out=(None, tuple(slopes)))
    np.testing.assert_array_equal(value, f(NUMBERS, 3.0))
    np.testing.assert_array_equal(slopes, f.grad(NUMBERS, 3.0))
    assert by_x.base is by_y.base is slopes
    found = f.grad(NUMBERS, 3.0, out=tuple(slopes))
    assert found[0].base is slopes
    product = f.hvp((NUMBERS, 2.0), (DIRECTION, 0.0), out=tuple(slopes))
    np.testing.assert_array_equal(product, f.hvp((NUMBERS, 2.0), (DIRECTION, 0.0)))
    assert product[0].base is slopes


def test_out_may_be_the_input():
    f = compile(wave)
    x = NUMBERS.copy()
    f(x, out=x)
    np.testing.assert_array_equal(x, f(NUMBERS))


def test_where_leaves_the_rest_of_out_alone():
    f = compile(wave)
    out = np.full(4, 7.0)
    f(NUMBERS, out=out, where=[True, False, True, False])
    np.testing.assert_array_equal(out, np.where([1, 0, 1, 0], f(NUMBERS), 7.0))
    table = f(NUMBERS, where=np.array([[True], [False]]))
    assert table.shape == (2, 4)
    assert np.isnan(table[1]).all()
    jvp = f.jvp((NUMBERS, 2.0), (1.0, 0.0), where=NUMBERS > 0)
    assert np.isnan(jvp[1]).tolist() == [False, False, False, True]


def test_where_keeps_numbers_from_the_function():
    def careful(x):
        if x < 0:
            raise AssertionError("not wanted")
        return x * x

    f = compile(careful)
    assert f(NUMBERS, where=NUMBERS > 0).tolist()[:3] == [0.25, 1.0, 2.25]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"out": (np.zeros(4), np.zeros(4))}, "2 arrays"),
        ({"out": np.zeros(3)}, "output 0"),
        ({"out": np.zeros(4, int)}, "output 0"),
        ({"where": np.array([1, 0, 1, 0])}, "True or False"),
    ],
)
def test_wrong_options_are_refused(options, said):
    with pytest.raises(CompileError, match=said):
        compile(wave)(NUMBERS, **options)


def test_a_function_may_have_its_own_parameters_of_that_name():
    f = compile(lambda x, out, where=1.0: x * out + where)
    assert f(NUMBERS, out=2.0, where=0.5).tolist() == (NUMBERS * 2 + 0.5).tolist()
    assert f.grad(x=3.0, out=2.0) == (2.0, 3.0, 1.0)
    g = compile(lambda x, **more: x * more["out"])
    assert g(NUMBERS, out=2.0).tolist() == (NUMBERS * 2).tolist()


# ----- The table of the documentation -----


ROWS = {
    "Dask array": dask_array,
    "Dask Series": dask_series,
    "pandas Series": series,
    "pandas DataFrame": frame,
    "pandas Index": index,
    "pandas Float64": nullable,
    "pandas double[pyarrow]": arrow_series,
    "xarray DataArray": data_array,
    "xarray Dataset": dataset,
    "xarray on Dask": chunked_data_array,
    "polars Series": polars_series,
    "polars expression": lambda _: package("polars").col("x"),
    "sparse COO": sparse_array,
    "NumPy masked array": masked,
    "astropy Quantity": lambda x: x * package("astropy.units").deg,
    "pint Quantity": lambda x: pint_units().Quantity(x, "degree"),
    "PyTorch tensor": lambda x: package("torch").tensor(x),
    "JAX array": lambda x: package("jax.numpy").array(x),
    "SciPy sparse array": lambda x: package("scipy.sparse").csr_array([x]),
    "Arrow array": lambda x: package("pyarrow").array(x),
    "Arrow table": lambda x: package("pyarrow").table({"x": x}),
    "polars DataFrame": lambda x: package("polars").DataFrame({"x": x}),
    "memoryview": memoryview,
}


def table():
    """Return the rows of the documentation: what is passed, and two columns of what comes."""
    text = (Path(__file__).parents[3] / "docs" / "guests.md").read_text()
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    return {name: (one, several) for name, one, several in lines if name != "You pass"}


def test_the_table_has_a_line_for_each_guest():
    assert list(table()) == list(ROWS)


@pytest.mark.parametrize("name", table())
def test_each_line_of_the_table_is_true(name):
    f = compile(wave)
    guest = ROWS[name](NUMBERS)
    one, several = table()[name]
    for said, run in [
        (one, f),
        (one, compile(lambda x: sin(x) + x * x).grad),
        (several, lambda x: f.value_and_grad(x, 3.0)[1]),
        (several, lambda x: f.jvp((x, 2.0), (1.0, 0.5))),
        (several, lambda x: f.hvp((x, 2.0), (1.0, 0.5))),
    ]:
        if said.startswith("refused"):
            call = re.search("`(.*)`", said)[1]
            with pytest.raises(CompileError, match=re.escape(call)):
                run(guest)
        else:
            found = run(guest)
            for part in found if isinstance(found, tuple) else [found]:
                assert type(part) is type(guest)
