"""Where a Value becomes a plain number: quietly where one was asked for, and nowhere else."""

import array
import cmath
import itertools
import linecache
import logging
import math
import operator
import random
import re
import statistics
import subprocess
import sys
import warnings
from functools import lru_cache, partial, reduce
from math import exp as exponential

import numpy as np
import pluggrad
import pytest
from pluggrad import (
    LostGradientError,
    LostGradientWarning,
    Op,
    Value,
    compile,
    configured,
    func,
    grad,
    nn,
    no_grad,
    on_gradient,
    plugins,
)
from pluggrad.ops import exp, sqrt

number, convert = float, {"number": float, "root": math.sqrt}


class Holder:
    activation = math.tanh
    measure = staticmethod(math.isfinite)


def unpacked(x, xs):
    first, second = map(float, xs)
    return first, second


def looped(x, xs):
    total = 0.0
    for each in map(float, xs):
        total += each
    return total


def prepared(x, xs):
    numbers = map(float, xs)
    return list(numbers)


def sorted_in_place(x, xs):
    copy = [*xs]
    copy.sort(key=float)
    return copy


def logged(x, xs):
    logging.getLogger("test").warning("x is %.3f", x)


def asserted(x, xs):
    assert math.isclose(x, 1.5)
    assert float(x) == 1.5


def element(x, xs):
    numbers = np.zeros(2)
    numbers[0] = x


def slice_of_elements(x, xs):
    numbers = np.zeros(2)
    numbers[:] = xs


def item_of_an_array(x, xs):
    numbers = array.array("d", [0.0])
    numbers[0] = x


def looped_through_math(x, xs):
    for _ in map(math.exp, xs):
        pass


def unpacked_from_math(x, xs):
    _, _ = map(math.exp, xs)


QUIET = {
    # Asked for
    "float(x)": lambda x, xs: float(x),
    "float(x * 2 + 1)": lambda x, xs: float(x * 2 + 1),
    "int(x)": lambda x, xs: int(x),
    "round(x)": lambda x, xs: round(x),
    "np.float64(x)": lambda x, xs: np.float64(x),
    "np.float32(x)": lambda x, xs: np.float32(x),
    "float under another name": lambda x, xs: number(x),
    "float in a dict": lambda x, xs: convert["number"](x),
    "partial(float)": lambda x, xs: (lambda f: f(x))(float),
    "x.__float__()": lambda x, xs: x.__float__(),
    "[float(v) for v in xs]": lambda x, xs: [float(v) for v in xs],
    "list(map(float, xs))": lambda x, xs: list(map(float, xs)),
    "[*map(float, xs)]": lambda x, xs: [*map(float, xs)],
    "sum(map(float, xs))": lambda x, xs: sum(map(float, xs)),
    "[v for v in map(float, xs)]": lambda x, xs: [v for v in map(float, xs)],  # noqa: C416
    "dict(zip(names, map(float, xs)))": lambda x, xs: dict(zip("ab", map(float, xs), strict=True)),
    "chain(map(float, xs))": lambda x, xs: list(itertools.chain(map(float, xs), [1.0])),
    "math.fsum(map(float, xs))": lambda x, xs: math.fsum(map(float, xs)),
    "statistics.fmean(map(float, xs))": lambda x, xs: statistics.fmean(map(float, xs)),
    "math.exp(float(x))": lambda x, xs: math.exp(float(x)),
    "math.exp(x.data)": lambda x, xs: math.exp(x.data),
    "np.array(xs).astype(float)": lambda x, xs: np.array(xs).astype(float),
    "np.array([float(v) ...])": lambda x, xs: np.array([float(v) for v in xs]),
    "np.fromiter(map(float, xs), float)": lambda x, xs: np.fromiter(map(float, xs), float),
    "a, b = map(float, xs)": unpacked,
    "for v in map(float, xs)": looped,
    "a map made earlier": prepared,
    # Formatted and printed
    "f'{x:.3f}'": lambda x, xs: f"{x:.3f}",
    "'%.3f' % x": lambda x, xs: "%.3f" % x,  # noqa: UP031
    "'%d of %g' % (x, y)": lambda x, xs: "%d of %g" % (x, xs[1]),  # noqa: UP031
    "text.lower() % x": lambda x, xs: "%.3f".lower() % x,
    "b'%.3f' % x": lambda x, xs: b"%.3f" % x,
    "operator.mod(text, x)": lambda x, xs: operator.mod("%.3f", x),
    "'{:.3f}'.format(x)": lambda x, xs: f"{x:.3f}",
    "map('{:.3f}'.format, xs)": lambda x, xs: ", ".join(map("{:.3f}".format, xs)),
    "format(x, '.3f')": lambda x, xs: format(x, ".3f"),
    "print(x)": lambda x, xs: print(x, *map(float, xs)),
    "repr(x)": lambda x, xs: repr(x) + str(x),
    "logging": logged,
    # Compared, sorted, asked
    "x < 2": lambda x, xs: x < 2,
    "xs[0] < xs[1]": lambda x, xs: xs[0] < xs[1],
    "np.float64(1) < x": lambda x, xs: np.float64(1) < x,
    "sorted(xs)": lambda x, xs: sorted(xs),
    "sorted(xs, key=float)": lambda x, xs: sorted(xs, key=float),
    "max(xs, key=float)": lambda x, xs: max(xs, key=float),
    "xs.sort(key=float)": sorted_in_place,
    "np.argmax(xs)": lambda x, xs: np.argmax(np.array(xs)),
    "bool(x)": lambda x, xs: bool(x),
    "math.isnan(x)": lambda x, xs: math.isnan(x),
    "math.isinf(x)": lambda x, xs: math.isinf(x),
    "math.isfinite(x)": lambda x, xs: math.isfinite(x),
    "math.isclose(x, y)": lambda x, xs: math.isclose(x, xs[1], abs_tol=0.1),
    "cmath.isnan(x)": lambda x, xs: cmath.isnan(x),
    "any(map(math.isnan, xs))": lambda x, xs: any(map(math.isnan, xs)),
    "Holder().measure(x)": lambda x, xs: Holder().measure(x),
    "assert math.isclose(x, 1.5)": asserted,
    # Kept
    "sum(xs) / len(xs)": lambda x, xs: sum(xs) / len(xs),
    "math.prod(xs)": lambda x, xs: math.prod(xs),
    "np.mean(xs)": lambda x, xs: np.mean(np.array(xs)),
    "np.exp(xs)": lambda x, xs: np.exp(np.array(xs)),
    "math.floor(x)": lambda x, xs: math.floor(x),
    "random.gauss(x, 1.0)": lambda x, xs: random.gauss(x, 1.0),
}

# In the user's own code, and what the error says to write.
LOUD = {
    "math.exp(x)": (lambda x, xs: math.exp(x), "use `pluggrad.ops.exp(x)`"),
    "exponential(x)": (lambda x, xs: exponential(x), "use `pluggrad.ops.exp(x)`"),
    "math.exp(x * 2)": (lambda x, xs: math.exp(x * 2), "use `pluggrad.ops.exp(x * 2)`"),
    "math.sqrt(x)": (lambda x, xs: math.sqrt(x), "use `pluggrad.ops.sqrt(x)`"),
    "math.hypot(*xs)": (lambda x, xs: math.hypot(*xs), "`pluggrad.ops.hypot(*xs)`"),
    "math.atan2(x, 1)": (lambda x, xs: math.atan2(x, 1), "`pluggrad.ops.atan2(x, 1)`"),
    "math.atan2(1, float, x)": (
        lambda x, xs: math.atan2(float(xs[1]), x),
        "`pluggrad.ops.atan2(float(xs[1]), x)`",
    ),
    "math.fsum(xs)": (lambda x, xs: math.fsum(xs), "use `sum(xs)`"),
    "math.pow(x, 2)": (lambda x, xs: math.pow(x, 2), "use `x ** 2`"),
    "math.log(x, 2)": (lambda x, xs: math.log(x, 2), "`pluggrad.ops.log(x) / pluggrad.ops.log(2)`"),
    "math.fabs(x)": (lambda x, xs: math.fabs(x), "use `abs(x)`"),
    "math.dist([x], [0])": (lambda x, xs: math.dist([x], [0]), "zip([x], [0])) ** 0.5`"),
    "math.ldexp(x, 3)": (lambda x, xs: math.ldexp(x, 3), "use `x * 2.0 ** 3`"),
    "math.degrees(x)": (lambda x, xs: math.degrees(x), "use `x * (180 / math.pi)`"),
    "math.modf(x)": (lambda x, xs: math.modf(x), "no installed op is named 'modf'"),
    "cmath.exp(x)": (lambda x, xs: cmath.exp(x), "use `pluggrad.ops.exp(x)`"),
    "complex(x)": (lambda x, xs: complex(x), "`complex` would cut"),
    "convert['root'](x)": (lambda x, xs: convert["root"](x), "use `pluggrad.ops.sqrt(x)`"),
    "Holder.activation(x)": (lambda x, xs: Holder.activation(x), "use `pluggrad.ops.tanh(x)`"),
    "sum(map(math.exp, xs))": (
        lambda x, xs: sum(map(math.exp, xs)),
        "`math.exp` would cut the gradient of 'x' here: use `pluggrad.ops.exp`, or",
    ),
    "[math.exp(v) for v in xs]": (lambda x, xs: [math.exp(v) for v in xs], "ops.exp(v)`"),
    "reduce(math.hypot, xs)": (lambda x, xs: reduce(math.hypot, xs), "use `pluggrad.ops.hypot`"),
    "sorted(xs, key=math.sin)": (lambda x, xs: sorted(xs, key=math.sin), "`pluggrad.ops.sin`"),
    "math.hypot(*map(abs, xs))": (lambda x, xs: math.hypot(*map(abs, xs)), "`math.hypot` would"),
    "partial(math.pow, x)": (lambda x, xs: partial(math.pow, x)(2.0), "would cut"),
    "operator.call": (lambda x, xs: operator.call(math.exp, x), "would cut"),
    "for _ in map(math.exp, xs)": (looped_through_math, "`math.exp` would cut"),
    "a, b = map(math.exp, xs)": (unpacked_from_math, "`math.exp` would cut"),
    "array[0] = x": (element, "`numbers[0] = x` would cut the gradient of 'x' here: use a list"),
    "array[:] = xs": (slice_of_elements, "dtype=object"),
    "array.array": (lambda x, xs: array.array("d", xs), "use a list"),
    "array.array item": (item_of_an_array, "use a list"),
    "np.array(xs, dtype=float)": (lambda x, xs: np.array(xs, dtype=float), "dtype=object"),
    "np.random.normal(x)": (lambda x, xs: np.random.normal(x), "`x + np.random.normal()`"),
}

# In a library: a warning, with the user's line.
LOUD_IN_LIBRARIES = {
    "statistics.fmean(xs)": (lambda x, xs: statistics.fmean(xs), "use `sum(xs) / len(xs)`"),
    "NormalDist().pdf(x)": (lambda x, xs: statistics.NormalDist().pdf(x), "(in statistics)"),
    "np.interp(x, ...)": (lambda x, xs: np.interp(x, [0, 2], [0, 4]), "(in numpy)"),
    "random.gammavariate(x, 1)": (lambda x, xs: random.gammavariate(x, 1.0), "(in random)"),
}


# The same in packages that may be installed: what is called on a Series, a frame, the Values.
def _series(xs):
    import pandas

    return pandas.Series(xs, dtype=object)


def _frame(columns):
    import pandas

    return pandas.DataFrame(columns)


PANDAS = {
    "series.mean()": (lambda xs: _series(xs).mean(), "use `_series(xs).sum() / "),
    "series.std()": (lambda xs: _series(xs).std(), "(in pandas)"),
    "series.var()": (lambda xs: _series(xs).var(), "(in pandas)"),
    "np.mean(series)": (lambda xs: np.mean(_series(xs)), "use `sum(_series(xs)) /"),
    "series.rolling(2).mean()": (lambda xs: _series(xs).rolling(2).mean(), "(in pandas)"),
    "frame.mean(axis=1)": (lambda xs: _frame({"a": xs, "b": xs}).mean(axis=1), "(in pan"),
    "groupby.mean()": (
        lambda xs: _series(xs).groupby([0, 0]).mean(),
        "(in pandas)",
    ),
}
QUIET_PANDAS = {
    "series.astype(float)": lambda xs: _series(xs).astype(float),
    "series.map(float)": lambda xs: _series(xs).map(float),
    "series.apply(float)": lambda xs: _series(xs).apply(float),
    "print(series)": lambda xs: print(_series(xs)),
    "repr(frame)": lambda xs: repr(_frame({"a": xs})),
    "series > 1": lambda xs: _series(xs) > 1.0,
    "series.sum()": lambda xs: _series(xs).sum().backward(),
    "series * 2": lambda xs: sum(_series(xs) * 2.0).backward(),
    "series.max()": lambda xs: _series(xs).max(),
    "sort_values": lambda xs: _series(xs).sort_values(),
}


def values():
    x, y = Value(1.5, label="x"), Value(1.55, label="y")
    return x, [x, y]


@pytest.mark.parametrize("name", QUIET)
def test_a_plain_number_that_is_asked_for_comes_without_a_word(name):
    for _ in range(20):  # Python calls in another way when it has seen what is called
        QUIET[name](*values())


@pytest.mark.parametrize("name", LOUD)
def test_a_gradient_lost_in_the_users_code_is_an_error_each_time(name):
    call, said = LOUD[name]
    for _ in range(2):
        with pytest.raises(LostGradientError) as raised:
            call(*values())
        assert said in str(raised.value)
        assert "test_lost_gradients.py:" in str(raised.value)
        assert str(raised.value).endswith("`float(x)` if the number is what you want")


@pytest.mark.parametrize("name", LOUD_IN_LIBRARIES)
def test_a_gradient_lost_in_a_library_is_a_warning_with_the_users_line(name):
    call, said = LOUD_IN_LIBRARIES[name]
    with pytest.warns(LostGradientWarning) as caught:
        call(*values())
    assert said in str(caught[0].message)
    assert caught[0].filename == __file__
    assert str(caught[0].message).startswith(f"{__file__}:{caught[0].lineno}: `")


@pytest.mark.parametrize("name", PANDAS)
def test_a_gradient_lost_in_pandas_is_a_warning_with_the_users_line(name):
    pytest.importorskip("pandas")
    call, said = PANDAS[name]
    with pytest.warns(LostGradientWarning) as caught:
        call(values()[1])
    assert said in str(caught[0].message)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call([x.detach() for x in values()[1]])


ADVISED = {
    "series.mean()": lambda s, t, g: s.mean(),
    "series.std()": lambda s, t, g: s.std(),
    "series.var()": lambda s, t, g: s.var(),
    "np.mean(series)": lambda s, t, g: np.mean(s),
    "frame.mean()": lambda s, t, g: t.mean(),
    "frame.mean(axis=1)": lambda s, t, g: t.mean(axis=1),
    "groups.mean()": lambda s, t, g: g.mean(),
    "a column's groups": lambda s, t, g: t.a.groupby([0, 0, 1]).mean(),
}


@pytest.mark.parametrize("name", ADVISED)
def test_what_is_said_to_write_in_place_of_a_call_of_pandas_is_the_same_and_keeps_the_gradient(
    name,
):
    pandas = pytest.importorskip("pandas")
    x, y = Value(1.5), Value(0.25)
    s = pandas.Series([x, y, x * y])
    t = pandas.DataFrame({"a": s, "b": s * 2.0})
    g = s.groupby([0, 1, 0])
    with pytest.warns(LostGradientWarning) as caught:
        wanted = ADVISED[name](s, t, g)
    advice = str(caught[0].message).split("use `")[1].split("`, or")[0]
    got = eval(advice, {"s": s, "t": t, "g": g})
    for a, b in zip(np.ravel(got), np.ravel(wanted), strict=True):
        assert float(a) == pytest.approx(float(b), rel=1e-15)
        assert grad(a, [x, y]) != [0.0, 0.0]


WITHOUT_SUMS = {
    "a window's mean": lambda s, g: s.rolling(2).mean(),
    "the std of all so far": lambda s, g: s.expanding().std(),
    "the std of groups": lambda s, g: g.std(ddof=0),
}


@pytest.mark.parametrize("name", WITHOUT_SUMS)
def test_no_sums_are_advised_where_they_would_not_be_the_same(name):
    pandas = pytest.importorskip("pandas")
    s = pandas.Series([Value(1.5), Value(0.25), Value(0.5)])
    with pytest.warns(LostGradientWarning) as caught:
        WITHOUT_SUMS[name](s, s.groupby([0, 0, 1]))
    assert "compute it by operators and ops" in str(caught[0].message)


@pytest.mark.parametrize("name", QUIET_PANDAS)
def test_what_pandas_is_asked_for_comes_without_a_word(name):
    pytest.importorskip("pandas")
    QUIET_PANDAS[name](values()[1])


def test_a_gradient_lost_in_scipy_and_matplotlib_is_a_warning():
    integrate = pytest.importorskip("scipy.integrate")
    x = Value(2.0, label="x")
    with pytest.warns(LostGradientWarning, match=r"quad.*\(in scipy\)"):
        integrate.quad(lambda a: a * x, 0.0, 2.0)
    figure = pytest.importorskip("matplotlib.figure").Figure()
    with pytest.warns(LostGradientWarning, match=r"\(in (matplotlib|numpy)\)"):
        figure.subplots().plot(values()[1])


@pytest.mark.parametrize("name", LOUD | LOUD_IN_LIBRARIES)
@pytest.mark.parametrize("how", ["constants", "detached", "no_grad", "ignored", "computed"])
def test_where_no_gradient_is_lost_nothing_is_said(name, how):
    call, _ = (LOUD | LOUD_IN_LIBRARIES)[name]
    x, xs = values()
    if how == "constants":
        x, xs = Value(1.5, requires_grad=False), [Value(v.data, requires_grad=False) for v in xs]
    elif how == "detached":
        x, xs = x.detach(), [v.detach() for v in xs]
    elif how == "computed":
        x = Value(1.5, requires_grad=False) + 0.0
        xs = [x, x + 1.0]
    if how == "no_grad":
        with no_grad():
            call(x, xs)
    elif how == "ignored":
        with configured(lost="ignore"):
            call(x, xs)
    else:
        call(x, xs)


@pytest.mark.parametrize("name", LOUD)
def test_a_warning_in_place_of_the_error_can_be_asked_for(name):
    with configured(lost="warn"), pytest.warns(LostGradientWarning):
        LOUD[name][0](*values())


def test_a_place_warns_once_however_many_numbers_are_lost():
    def lost():
        return statistics.fmean([Value(float(k), label="k") for k in range(5)])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LostGradientWarning)
        for _ in range(300):  # Python begins to call in another way meanwhile
            lost()
    assert [w.category for w in caught].count(LostGradientWarning) == 1
    with pytest.warns(LostGradientWarning):  # other filters: somebody else listens
        lost()


def test_two_places_of_the_user_warn_each():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", LostGradientWarning)
        statistics.fmean(values()[1])
        statistics.fmean(values()[1])
    first, second = [w.lineno for w in caught if w.category is LostGradientWarning]
    assert second == first + 1


def test_where_warnings_are_errors_each_of_them_is_one():
    for _ in range(2):
        with pytest.raises(LostGradientWarning, match="fmean"):
            statistics.fmean(values()[1])


def test_a_function_that_is_float_at_first_is_judged_again():
    def apply(f, x):
        return f(x)

    x = Value(1.5)
    assert apply(float, x) == 1.5
    with pytest.raises(LostGradientError, match="use `pluggrad"):
        apply(math.exp, x)
    assert apply(float, x) == 1.5


def test_the_same_text_may_mean_another_function_elsewhere():
    for _ in range(2):
        assert eval("f(x)", {"f": float, "x": Value(1.5)}) == 1.5
        with pytest.raises(LostGradientError):
            eval("f(x)", {"f": math.exp, "x": Value(1.5)})


@pytest.mark.parametrize(
    ("program", "is_lost"),
    [
        ("float(x)", False),
        ("math.isnan(x)", False),
        ("sum(map(float, [x, x]))", False),
        ("max([x, x], key=float)", False),
        ("'%.1f' % x", False),
        ("[float(v) for v in [x]]", False),
        ("math.fsum([float(x), 1.0])", False),
        ("math.exp(x)", True),
        ("math.hypot(x, float(x))", True),
        ("sum(map(math.exp, [x, x]))", True),
        ("[math.exp(v) for v in [x]]", True),
    ],
)
@pytest.mark.parametrize("kept", [[], ["import sys; exec(sys.stdin.read())\n"]], ids=["", "-c"])
def test_code_without_source_is_judged_by_its_names(program, is_lost, kept, monkeypatch):
    # Python 3.13 keeps the text of `python -c` under the name that this code has, too.
    monkeypatch.setitem(linecache.cache, "<string>", (0, None, kept, "<string>"))
    names = {"math": math, "x": Value(1.5, label="x")}
    code = __builtins__["compile"](program, "<string>", "exec")
    for _ in range(20):
        if is_lost:
            with pytest.raises(LostGradientError, match=r"<string>:1: `math\.\w+` would cut"):
                exec(code, names)
        else:
            exec(code, names)


@pytest.mark.parametrize("options", [[], ["-X", "no_debug_ranges"]], ids=["columns", "lines"])
@pytest.mark.parametrize("from_file", [True, False], ids=["file", "no file"])
def test_a_program_is_judged_the_same_without_columns(options, from_file, tmp_path):
    program = (
        "import math\n"
        "from pluggrad import LostGradientError, Value\n"
        "x = Value(0.0, label='x')\n"
        "print(float(x), math.isnan(x), sum(map(float, [x])), '%.1f' % x)\n"
        "try:\n"
        "    print(math.exp(x))\n"
        "except LostGradientError as error:\n"
        "    print(str(error).partition(': ')[2])\n"
    )
    (tmp_path / "program.py").write_text(program)
    source = [str(tmp_path / "program.py")] if from_file else ["-c", program]
    done = subprocess.run(
        [sys.executable, *options, *source], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert first == "0.0 False 0.0 0.0"
    assert second.startswith("`math.exp` would cut the gradient of 'x' here: use `pluggrad.ops.exp")


def test_code_that_was_edited_while_it_ran_is_judged_by_what_runs(tmp_path):
    file = tmp_path / "edited.py"
    file.write_text("def f(x):\n    return float(x)\n")
    names = {}
    exec(__builtins__["compile"](file.read_text(), str(file), "exec"), names)
    file.write_text("def f(x):\n    return cosine(y)\n")
    assert names["f"](Value(1.5)) == 1.5


def test_the_op_of_a_plugin_is_named_as_the_method_that_it_is():
    x = values()[0]
    plugins.register_op(Op("ulp", math.ulp, lambda g, out, x: g * out))
    try:
        with pytest.raises(LostGradientError, match=r"use `x\.ulp\(\)`, or"):
            math.ulp(x)
        with pytest.raises(LostGradientError, match=r"use `\(v \* 2\)\.ulp\(\)`, or"):
            [math.ulp(v * 2) for v in values()[1]]
    finally:
        plugins.unregister("ulp")
    with pytest.raises(LostGradientError, match="no installed op is named 'ulp'"):
        math.ulp(values()[0])


def test_a_value_without_label_is_told_by_its_number():
    with pytest.raises(LostGradientError, match=r"the gradient of a Value of 2\.25 here"):
        math.exp(values()[0] ** 2)


def test_a_condition_that_no_gradient_flows_through_is_no_loss():
    x = Value(1.5)
    inside = Op("inside", lambda a: float(0 < a < 1), None)
    assert math.exp(inside(x)) == 1.0


def test_a_rule_that_uses_math_is_an_error_where_it_would_be_differentiated():
    wrong = Op("wrong", math.sin, lambda g, out, x: g * math.cos(x))
    x = Value(0.5)
    assert grad(wrong(x), x) == math.cos(0.5)
    with pytest.raises(
        ArithmeticError, match=r"`math\.cos` would cut .*use `pluggrad\.ops\.cos\(x\)`"
    ):
        grad(wrong(x), x, create_graph=True)


# ----- The same in every mode -----


def cut(x):
    return math.exp(x) * x


MODES = {
    "grad": lambda: func.grad(cut)(1.5),
    "jvp": lambda: func.jvp(cut, (1.5,), (1.0,)),
    "jacfwd": lambda: func.jacfwd(cut)(1.5),
    "hessian": lambda: func.hessian(cut)(1.5),
    "hvp": lambda: func.hvp(cut, (1.5,), (1.0,)),
    "linearize": lambda: func.linearize(cut, 1.5),
    "compile": lambda: compile(cut)(1.5),
    "compiled grad": lambda: compile(cut).grad(1.5),
    "lanes": lambda: compile(cut)(np.array([1.0, 2.0])),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_names_the_line_of_the_users_program(mode):
    line = cut.__code__.co_firstlineno + 1
    with pytest.raises(LostGradientError, match=rf"test_lost_gradients\.py:{line}: `math\.exp`"):
        MODES[mode]()


@pytest.mark.parametrize("name", ["float(x)", "math.isnan(x)", "f'{x:.3f}'", "x < 2", "print(x)"])
@pytest.mark.parametrize("mode", ["grad", "jvp", "compile"])
def test_quiet_calls_are_quiet_in_every_mode(mode, name):
    call = QUIET[name]

    def f(x):
        call(x, [x, x])
        return x * x

    if mode == "grad":
        assert func.grad(f)(1.5) == 3.0
    elif mode == "jvp":
        assert func.jvp(f, (1.5,), (1.0,)) == (2.25, 3.0)
    else:
        assert compile(f).grad(1.5) == 3.0


def test_what_is_said_to_write_keeps_the_gradient():
    x, xs = values()
    for kept, slope in (
        (exp(x), math.exp(1.5)),
        (sum(xs), 1.0),
        (x**2, 3.0),
        (abs(x), 1.0),
        (x * 2.0**3, 8.0),
        (x * (180 / math.pi), 180 / math.pi),
        (sum((a - b) ** 2 for a, b in zip([x], [0], strict=True)) ** 0.5, 1.0),
        (sqrt(x), 0.5 / math.sqrt(1.5)),
        (sum(xs) / len(xs), 0.5),
        (sum((v - sum(xs) / len(xs)) ** 2 for v in xs) / (len(xs) - 1), 2 * (1.5 - 1.525)),
    ):
        assert grad(kept, x) == pytest.approx(slope)


def test_code_without_source_that_ran_often_may_still_ask_for_a_number():
    scope = {}
    exec("def f(x):\n    return x * float(x)", scope)
    assert [scope["f"](Value(3.0)).data for _ in range(50)] == [9.0] * 50


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (lambda x: math.hypot(x, 1), "use `pluggrad.ops.hypot(x, 1)`, or"),
        (lambda x: math.hypot(x, 1, 2), "use `(x ** 2 + 1 ** 2 + 2 ** 2) ** 0.5`, or"),
        (lambda x: math.hypot(x), "compute it by operators and ops, or"),
        (lambda x: partial(math.pow, 2)(x), "compute it by operators and ops, or"),
    ],
)
def test_no_op_is_advised_that_takes_another_number_of_operands(lost, said):
    with pytest.raises(LostGradientError, match=re.escape(said)):
        lost(Value(1.5))


GIVEN = {
    "grad": lambda f: func.grad(f)(0.5),
    "value_and_grad": lambda f: func.value_and_grad(f)(0.5),
    "grad of grad": lambda f: func.grad(func.grad(f))(0.5),
    "jvp": lambda f: func.jvp(f, (0.5,), (1.0,)),
    "hvp": lambda f: func.hvp(f, (0.5,), (1.0,)),
    "vjp": lambda f: func.vjp(f, 0.5)[1](1.0),
    "hessian": lambda f: func.hessian(f)(0.5),
    "jacfwd": lambda f: func.jacfwd(f)(0.5),
    "jacrev": lambda f: func.jacrev(f)(0.5),
    "linearize": lambda f: func.linearize(f, 0.5),
    "vmap": lambda f: func.vmap(func.grad(f))([0.5, 1.0]),
    "checkpoint": lambda f: pluggrad.checkpoint(f, Value(0.5)),
    "compile": lambda f: pluggrad.compile(f).grad(0.5),
    "a layer": lambda f: nn.Sequential(f)(Value(0.5)),
    "a module": lambda f: type("Wave", (nn.Module,), {"forward": staticmethod(f)})()(Value(0.5)),
    "inside a compiled function": lambda f: pluggrad.compile(lambda x: func.grad(f)(x))(0.5),
}


@pytest.mark.parametrize("way", GIVEN)
def test_a_function_of_pythons_library_that_the_engine_is_given_loses_no_gradient(way):
    for function in (math.sin, partial(math.sin), lru_cache(math.sin)):
        with pytest.raises(
            LostGradientError, match=r"`sin` would cut.*use `pluggrad.ops.sin\(x\)`"
        ):
            GIVEN[way](function)


def test_a_hook_of_pythons_library_loses_no_second_derivative():
    x = Value(0.5)
    y = x * 1.0
    on_gradient(y, math.sin)
    assert grad(y * y, x) == math.sin(1.0)
    with pytest.raises(LostGradientError, match="`sin` would cut"):
        grad(y * y, x, create_graph=True)


def test_what_only_passes_values_on_or_asks_for_a_number_may_be_given():
    assert func.grad(max, argnums=(0, 1))(1.0, 2.0) == (0.0, 1.0)
    assert func.grad(sum)([1.0, 2.0]) == [1.0, 1.0]
    assert func.grad(pow)(3.0, 2.0) == func.jvp(pow, (3.0, 2.0), (1.0, 0.0))[1] == 6.0
    assert func.grad(abs)(-2.0) == -1.0
    assert func.grad(math.prod)([3.0, 4.0]) == [4.0, 3.0]
    assert func.grad(round)(2.4) == func.grad(float)(2.4) == 0.0
    assert func.vmap(math.sqrt)([4.0, 9.0]) == [2.0, 3.0]
