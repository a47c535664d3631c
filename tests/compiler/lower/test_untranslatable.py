"""Ops that cannot be translated, and those that only look so."""

import math
import sys
import warnings

import pytest
from pluggrad import CompileError, CompileWarning, Op, Value, compile, plugins
from pluggrad.compiler.capture.failing import catches
from pluggrad.compiler.native.cache import Cache
from pluggrad.ops import exp

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
numba = pytest.importorskip("numba", reason="compiled code needs numba")
translation = pytest.importorskip("pluggrad.compiler.lower.translation")


def test_an_op_that_numba_cannot_translate_runs_in_the_interpreter_with_one_warning() -> None:
    op = Op("by_text", lambda x: float(f"{2.0 * x:.17g}"), lambda g, out, x: 2.0 * g)
    x = Value(3.0)
    y = op(x)
    with pytest.warns(CompileWarning, match="op 'by_text': numba cannot translate its forward"):
        program = compile(y * y)
    assert program.executor.name == "interpreter"
    assert (program(), x.grad) == (36.0, 24.0)
    with pytest.raises(CompileError, match="by_text"):
        compile(y * y, executor="numba")


def an_array(x):
    numbers = np.zeros(3)
    numbers[0] = x
    return float(numbers.sum())


def a_reversed_list(x):
    numbers = [1.0, x]
    numbers.reverse()
    return numbers[0]


def a_growing_list(x):
    numbers = []
    for k in range(int(min(abs(x), 3.0))):
        numbers.append(x * k)
    return float(len(numbers)) + x


def a_comprehension(x):
    return sum([x * k for k in (1.0, 2.0)])


def a_text(x):
    return x if len(str(x > 0.0)) > 4 else -x


def a_set(x):
    return max({x, 1.0})


# What numba needs its memory for, in a forward function; in a rule, one of them is as good as all.
@pytest.mark.parametrize(
    ("forward", "as_rule"),
    [
        *((f, False) for f in (an_array, a_reversed_list, a_growing_list, a_comprehension, a_text)),
        (a_set, False),
        (an_array, True),
        (a_text, True),
    ],
)
def test_what_needs_numbas_memory_never_reaches_the_linker(
    forward, as_rule, capfd, monkeypatch
) -> None:
    # What was found once keeps from the linker, too.
    monkeypatch.setattr(translation.Translator, "_refusal", lambda *_: None)
    rule = lambda g, out, x: g * forward(x)
    op = Op("managed", (lambda x: 2.0 * x) if as_rule else forward, rule, ieee=lambda x: math.nan)
    truth, x = Value(0.7), Value(0.7)
    op.record((truth,)).backward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)  # where numba found a way without memory
        program = compile(op.record((x,)), wrt=[x])
        program()
    assert x.grad == pytest.approx(truth.grad)
    assert "Symbols not found" not in "".join(capfd.readouterr())


def test_the_warning_names_op_and_function_where_numbas_memory_is_needed() -> None:
    op = Op("of_an_array", an_array, lambda g, out, x: g, ieee=lambda x: math.nan)
    with pytest.warns(CompileWarning, match="op 'of_an_array'.*NRT_.*as lists and arrays need"):
        program = compile(op.record((Value(0.7),)))
    assert program() == 0.7


def refusal(op, folder):
    """Return what a process says that finds what others kept in a folder."""
    with pytest.raises(CompileError) as refused:
        translation.Translator(Cache("this processor", folder)).forward(op)
    return str(refused.value)


def test_what_numba_refused_is_refused_by_another_process_that_does_not_ask_numba(
    tmp_path, monkeypatch
):
    written = Op("written", lambda x: float(f"{x:.17g}"), lambda g, out, x: g)
    by_type = Op("by_type", lambda x: 3 * x if type(x) is float else x, lambda g, out, x: g)
    managed = Op("managed", an_array, lambda g, out, x: g, ieee=lambda x: math.nan)
    said = [refusal(op, tmp_path) for op in (written, by_type, managed)]
    monkeypatch.setattr(translation, "_by_numba", None)
    assert [refusal(op, tmp_path) for op in (written, by_type, managed)] == said


@pytest.mark.parametrize(
    "cause",
    [
        ImportError("Numba needs NumPy 2.4 or less"),
        MemoryError(),
        RecursionError(),
        numba.core.errors.TypingError("RecursionError: maximum recursion depth exceeded"),
        RuntimeError("it calls __svml_sin4 of numba's runtime, which is not here"),
    ],
    ids=["no numba", "no memory", "no stack", "no stack inside of numba", "no library"],
)
def test_what_is_no_fault_of_a_function_is_no_reason_in_another_process(
    cause, tmp_path, monkeypatch
):
    def failing(*_):
        raise CompileError("not now") from cause

    op = Op("written", lambda x: float(f"{x:.17g}"), lambda g, out, x: g)
    with monkeypatch.context() as patched:
        patched.setattr(translation, "_by_numba", failing)
        assert refusal(op, tmp_path) == "not now"
    assert "numba cannot translate its forward function" in refusal(op, tmp_path)


def test_symbols_that_cannot_be_linked_are_told_from_those_of_the_c_library() -> None:
    from pluggrad.compiler.native.library import unresolved

    known = ["sin", "llvm.fabs.f64", "numba_gamma"]
    assert unresolved([*known, "NRT_Allocate"]) == ["NRT_Allocate"]


def test_a_rule_may_branch_and_call_helpers_and_other_ops() -> None:
    def helper(x: float) -> float:
        return x * 3.0 if x > 0.0 else x

    op = Op(
        "branching",
        lambda x: helper(x) + 1.0,
        lambda g, out, x: g * (3.0 if x > 0.0 else 1.0) + 0.0 * exp(x),
    )
    values = [Value(x) for x in (-1.0, 2.0, 5.0)]
    program = compile([op.record((x,)) for x in values], executor="numba")
    program.step()
    assert program.results.tolist() == [0.0, 7.0, 16.0]
    assert program.gradients.tolist() == [1.0, 3.0, 3.0]


def test_an_op_removed_after_recording_still_runs() -> None:
    plugins.register_op(Op("thrice", lambda x: 3.0 * x, lambda g, out, x: 3.0 * g))
    try:
        x = Value(2.0)
        y = x.thrice()
    finally:
        plugins.unregister("thrice")
    program = compile(y, executor="numba")
    assert (program(), x.grad) == (6.0, 3.0)


def test_a_function_that_looks_at_types_is_not_taken_at_its_symbols() -> None:
    op = Op(
        "by_type",
        lambda x: 3.0 * x if type(x) is float else 5.0 * x,
        lambda g, out, x: 3.0 * g,
    )
    x = Value(2.0)
    y = op.record((x,))
    with pytest.raises(CompileError, match="op 'by_type': numba cannot translate its forward"):
        compile(y, executor="numba")


@pytest.mark.parametrize("forward", [lambda a: float(a**0.5), lambda a: (1.0, 2.0)[int(a)]])
def test_an_op_that_raises_any_error_somewhere_runs_in_the_interpreter(forward):
    op = Op("somewhere", forward, lambda g, out, a: 0.5 * g)
    with pytest.warns(CompileWarning, match="somewhere"):
        assert compile(lambda x: op(x) * x)(1.0) == forward(1.0)


def test_a_function_that_is_given_to_itself_runs_in_the_interpreter():
    def halved(x):
        again = lambda f, v, n: v if n > 3 else f(f, v / 2.0, n + 1)
        return again(again, x, 0)

    op = Op("halved", halved, lambda g, out, x: g / 16.0)
    with pytest.raises(CompileError, match="f is called and handed on"):
        compile(lambda x: op(x) * 1.0, executor="numba")(3.0)
    with pytest.warns(CompileWarning, match="f is called and handed on"):
        assert compile(lambda x: op(x) * 1.0).value_and_grad(3.0) == (0.1875, 0.0625)


def test_a_function_that_only_calls_what_it_is_given_is_machine_code():
    def twice(f, x):
        return f(f(x))

    op = Op("twice", lambda x: twice(lambda v: 2.0 * v, x), lambda g, out, x: 4.0 * g)
    f = compile(lambda x: op(x) * 1.0, executor="numba")
    assert f.value_and_grad(3.0) == f.value_and_grad(3.0) == (12.0, 4.0)


def absorbed(x):
    return (x + 1e16) - 1e16  # 0 but for `fastmath`, by which it is x


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_a_helper_of_numba_is_translated_again_with_other_options(executor):
    exact, fast = numba.njit(absorbed), numba.njit(fastmath=True)(absorbed)
    helper = exact
    op = Op("through_helper", lambda x: helper(x) + x, lambda g, out, x: 2.0 * g)
    compiled = compile(lambda x: op(x) * 1.0, executor=executor)
    for chosen in (exact, fast, exact):
        helper = chosen
        assert compiled(0.3) == compiled.value_and_grad(0.3)[0] == op(0.3)
    for fastmath in (True, False):
        exact.targetoptions["fastmath"] = fastmath
        exact.recompile()
        assert compiled(0.3) == compiled.value_and_grad(0.3)[0] == op(0.3)
        assert compile(lambda x: op(x) * 1.0, executor=executor)(0.3) == op(0.3)


factor = 2.0


def scaled(x):
    return x * factor


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_a_helper_of_numba_keeps_its_numbers_until_it_is_compiled_again(executor, monkeypatch):
    helper = numba.njit(scaled)
    op = Op("through_scaled", lambda x: helper(x) + x, lambda g, out, x: 3.0 * g)
    compiled = compile(lambda x: op(x) * 1.0, executor=executor)
    assert compiled(0.5) == op(0.5) == 1.5
    monkeypatch.setattr(sys.modules[__name__], "factor", 5.0)
    assert compiled(0.5) == compile(lambda x: op(x) * 1.0, executor=executor)(0.5) == op(0.5) == 1.5
    helper.recompile()
    assert compiled(0.5) == compile(lambda x: op(x) * 1.0, executor=executor)(0.5) == op(0.5) == 3.0


def test_loops_in_brackets_are_no_try():
    def total(a, b):
        return sum([x * 2.0 for x in (a, b)])

    def caught(a):
        try:
            return 1.0 / a
        except ZeroDivisionError:
            return a

    assert not any(map(catches, (total.__code__, (lambda a: tuple(x for x in a)).__code__)))
    assert catches(caught.__code__)
    op = Op("doubled", total, lambda g, out, a, b: 2.0 * g, lambda g, out, a, b: 2.0 * g)
    assert compile(op, executor="numba").value_and_grad(1.5, -0.5) == (2.0, (2.0, 2.0))
