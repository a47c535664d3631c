"""Ops as functions for printers: what is read, what is refused, and words of plugins."""

import math

import pytest
from pluggrad import Op, RenderError, Value, hookimpl, plugins, render
from pluggrad.printers import Functions
from pluggrad.printers.evaluation import evaluate

from .points import OPS, points, same

TABLE = {0.5: 1.0}


def test_what_is_read_of_every_built_in_op_computes_what_the_op_does():
    for op in OPS:
        if op.name in ("fma", "remainder"):  # their languages have words for them
            continue
        functions = Functions()
        names = tuple(f"x{i}" for i in range(op.arity))
        from pluggrad.printers import Apply, Name

        call = functions.call(op, tuple(map(Name, names)))
        if isinstance(call, Apply):
            function = functions.all[call.function]
            for p in points(op, 100):
                assert same(evaluate(function, p, functions.all), op.evaluate(*p)), (op, p)


REFUSED = {
    "looks something up": (lambda x: TABLE.get(x, 0.0), "no word for this function"),
    "makes a list": (lambda x: sorted([x, 1.0])[0], "no word for Subscript"),
    "has factorials": (lambda x: float(math.factorial(int(x))), "no word for this function"),
    "formats": (lambda x: float(f"{x:.3g}"), "no word for JoinedStr"),
    "compares objects": (lambda x: 1.0 if x > 0 or x is None else x, "no word for Constant: None"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_words_is_refused_by_the_name_of_the_op_the_reason_and_the_hook(what):
    forward, reason = REFUSED[what]
    op = Op("strange", forward, lambda g, out, x: g)
    with pytest.raises(RenderError) as caught:
        render(op(Value(2.0)), "c")
    message = str(caught.value)
    assert message.startswith("op 'strange' cannot be written in c: forward function: ")
    assert "line " in message
    assert reason in message
    assert message.endswith("A plugin can give words for it: pluggrad_register_words")


def test_an_exception_is_no_branch():
    def forward(x):
        try:
            return 1.0 / x
        except ZeroDivisionError:
            return 0.0

    op = Op("careful", forward, lambda g, out, x: g)
    with pytest.raises(RenderError, match=r"gives inf instead of 0\.0 for 0\.0"):
        render(op(Value(2.0)), "js")


def test_a_question_for_a_type_is_no_arithmetic():
    op = Op("typed", lambda x: 1.0 if isinstance(x, float) else 0.0, lambda g, out, x: g)
    with pytest.raises(RenderError, match=r"gives 0\.0 instead of 1\.0"):
        render(op(Value(2.0)), "js")


def test_an_answer_where_python_raises_that_is_not_that_of_ieee_754_is_refused():
    op = Op("inverse", lambda x: 1.0 / x, lambda g, out, x: -g * out * out, ieee=lambda x: 0.0)
    with pytest.raises(RenderError, match=r"op 'inverse' .* gives inf instead of 0\.0 for 0\.0"):
        render(op(Value(2.0)), "c")


def test_a_rule_that_cannot_be_written_is_refused_with_its_operand():
    op = Op("half", lambda x: 0.5 * x, lambda g, out, x: g * TABLE.get(x, 1.0))
    with pytest.raises(RenderError, match="op 'half' cannot be written in c: rule of operand 0: "):
        render(op(Value(2.0)), "c")


def test_numbers_from_outside_are_those_of_now():
    strength = 2.0
    op = Op("scaled", lambda x: strength * x, lambda g, out, x: g * strength)
    y = op(Value(1.0, label="x"))
    assert "2.0 * x" in render(y, "c")
    strength = 3.0
    assert "3.0 * x" in render(y, "c")


def test_lambdas_that_share_a_line_are_told_apart():
    pair = [Op(f"pair{i}", f, lambda g, out, x: g) for i, f in enumerate(
        [lambda x: x if x > 1.0 else 1.0, lambda x: x if x > 2.0 else 2.0])]  # fmt: skip
    first, second = (render(op(Value(3.0)), "c") for op in pair)
    assert "x > 1.0" in first
    assert "x > 2.0" in second


@pytest.fixture
def plugin():
    """Register hooks that give words, for one test."""
    registered = []

    def register(words):
        class Words:
            @hookimpl
            def pluggrad_register_words(self):
                return words() if callable(words) else words

        plugins.register(Words(), "words")
        registered.append("words")

    yield register
    for name in registered:
        plugins.unregister(name)


def test_a_plugin_gives_words_for_its_ops_and_their_rules(plugin):
    op = Op("looked_up", lambda x: TABLE.get(x, 0.0), lambda g, out, x: g * TABLE.get(x, 1.0))
    y = op(op(Value(0.5, label="x")))
    plugin(
        {
            "c": {
                "looked_up": '#include "table.h"\nlook_up({0})',
                "looked_up/0": '#include "table.h"\n({0} * look_up_slope({2}))',
            }
        }
    )
    text = render(y, "c")
    assert text.count('#include "table.h"') == 1
    assert "v[1] = look_up(v[0]);" in text
    assert "g * look_up_slope(x)" in text
    with pytest.raises(RenderError, match="op 'looked_up' cannot be written in js"):
        render(y, "js")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"c": {"airy": 3}}, r"plugin 'words': .* gave 3 for 'airy' in 'c', no text"),
        ({"c": {"airy": " "}}, r"plugin 'words': .* no text"),
        ({"c": 5}, r"plugin 'words': its pluggrad_register_words\(\) gave 5 for 'c'; it gives a d"),
        (["c"], r"plugin 'words': .* gave \['c'\] for 'c'; it gives a dict from languages to dic"),
        (lambda: 1 / 0, r"plugin 'words': .* failed: ZeroDivisionError: division by zero"),
    ],
)
def test_words_that_are_none_are_the_error_of_their_plugin(plugin, words, reason):
    plugin(words)
    with pytest.raises(RenderError, match=reason):
        render(Value(1.0), "c")


def test_words_are_found_where_an_op_took_the_place_of_another(plugin):
    slow = Op("sin", lambda x: math.sin(x), lambda g, out, x: g)
    plugins.register_op(slow, replace=True)
    try:
        text = render(Value(1.0).sin(), "c")
        assert "op_sin" in text
    finally:
        plugins.unregister("sin")
