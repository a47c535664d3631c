"""An Op says what is wrong with its declaration, its operands, and its forward function."""

import math
import operator

import pytest
from pluggrad import ForwardError, Op, OpError, RuleError, Value, grad, plugins
from pluggrad.func import jvp
from pluggrad.ops import mul


def first(g: float, out: float, a: float, b: float) -> float:
    return g


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("not a name", abs, lambda g, out, x: g), "Python identifier, not 'not a name'"),
        (("lambda", abs, lambda g, out, x: g), "Python identifier, not 'lambda'"),
        (("f", 3.0, lambda g, out, x: g), "forward is a function, not 3.0"),
        (("f", abs), "op 'f' has no rule"),
        (("f", lambda: 1.0), "op 'f' takes no operands; a constant needs no op"),
        (("f", lambda x, *, k: x, lambda g, out, x: g), "its forward needs 'k' by keyword"),
        (("f", abs, lambda x, g, out: g), r"takes \(x, g, out\); .* with g, then out, then"),
        (("f", abs, lambda out, g, x: g), r"takes \(out, g, x\); .* with g, then out, then"),
        (("f", abs, 2.0), "the rule of operand 0 is a function, not 2.0"),
        (("f", lambda a, b: a, lambda g, out, a: g), r"1 rules .*takes 2 operands \(\(a, b\)\)"),
        (("f", math.sin, lambda g, x: g), r"takes \(g, x\); rules take g, out and the 1 operands"),
        (("f", operator.mul, first), r"the rule of operand 0 takes \(g, out, a, b\)"),
        (("f", abs, lambda g, out, x, *, k: g), "the rule of operand 0 needs 'k' by keyword"),
    ],
)
def test_a_wrong_declaration_quotes_the_part(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(OpError, match=message):
        Op(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ieee", "kinks"])
def test_what_a_function_of_the_operands_needs_by_keyword_is_told(name: str) -> None:
    with pytest.raises(OpError, match=f"op 'f': {name} needs 'k' by keyword.*give it a default"):
        Op("f", abs, lambda g, out, x: g, **{name: lambda x, *, k: x})  # type: ignore[arg-type]
    Op("f", abs, lambda g, out, x, *, k=1: g, **{name: lambda x, *, k=1: x})  # type: ignore[arg-type]


def test_a_rule_that_fails_without_a_word_is_told_by_its_kind() -> None:
    silent = Op("silent", abs, lambda g, out, x: next(iter(())))
    x = Value(2.0)
    with pytest.raises(RuleError, match=r"^op 'silent', rule of operand 0: StopIteration \(for 2"):
        silent(x).backward()


@pytest.mark.parametrize("doc", [5, None, b"x", ["x"]])
def test_a_doc_that_is_no_text_is_quoted(doc: object) -> None:
    with pytest.raises(OpError, match="op 'f': doc is a line of text, not "):
        Op("f", abs, lambda g, out, x: g, doc=doc)  # type: ignore[arg-type]


def test_domains_are_given_for_each_operand() -> None:
    one = Op("one", abs, lambda g, out, x: g, domain=(0.0, math.inf))
    assert one.domain == ((0.0, math.inf),)
    with pytest.raises(OpError, match="2 operands, but 1 domains"):
        Op("two", operator.mul, first, first, domain=[(0.0, 1.0)])


def test_an_op_is_a_function_of_numbers_and_of_values() -> None:
    assert mul(2, 3.0) == 6.0
    assert type(mul(2, 3)) is float
    x = Value(2.0)
    assert mul(x, 3).prev[0] is x
    assert mul(3, x).prev[1] is x


def test_a_wrong_number_of_operands_says_how_many_it_takes() -> None:
    with pytest.raises(TypeError, match=r"mul\(\) takes 2 operands, got 1"):
        mul(1.0)
    with pytest.raises(TypeError, match=r"leaky_relu\(\) takes 1 to 2 operands, got 3"):
        Value(1.0).leaky_relu(1.0, 2.0)


def test_a_wrong_kind_of_operand_is_named() -> None:
    with pytest.raises(TypeError, match=r"mul\(\) takes numbers and Values, not str: 'a'"):
        mul(1.0, "a")
    with pytest.raises(TypeError, match=r"atan2\(\) takes numbers and Values, not NoneType"):
        Value(1.0).atan2(None)


def test_a_default_operand_is_a_constant() -> None:
    x = Value(-2.0)
    y = x.leaky_relu()
    assert (y.data, y.prev[1].data, y.prev[1].requires_grad) == (-0.02, 0.01, False)


def test_a_forward_that_fails_says_where_and_what_to_declare() -> None:
    op = Op("root", math.sqrt, lambda g, out, x: g / (2 * out))
    with pytest.raises(ForwardError, match=r"op 'root' has no result for -1\.0: .*ieee="):
        op(Value(-1.0))
    with pytest.raises(ForwardError, match=r"for -1\.0"):
        op(-1.0)
    nan = Op("root", math.sqrt, lambda g, out, x: g / (2 * out), ieee=lambda x: math.nan)
    assert math.isnan(nan(-1.0))


def test_a_forward_that_gives_no_number_is_named() -> None:
    op = Op("wrong", lambda x: None, lambda g, out, x: g)  # type: ignore[arg-type, return-value]
    with pytest.raises(ForwardError, match=r"op 'wrong' gave None for 1\.0"):
        op(Value(1.0))
    whole = Op("whole", lambda x: int(x), lambda g, out, x: g)
    assert type(whole(Value(2.5)).data) is float


def test_a_forward_that_gives_an_integer_beyond_floats_is_named() -> None:
    huge = Op("huge", lambda x: 10**400, lambda g, out, x: g)
    with pytest.raises(ForwardError, match=r"op 'huge' gave a number for 1\.0 that is too large"):
        huge(Value(1.0))


def test_ops_with_many_operands_differentiate() -> None:
    op = Op(
        "volume",
        lambda a, b, c, d: a * b * c * d,
        lambda g, out, a, b, c, d: g * b * c * d,
        lambda g, out, a, b, c, d: g * a * c * d,
        None,
        lambda g, out, a, b, c, d: g * a * b * c,
    )
    a, b, c, d = (Value(x) for x in (2.0, 3.0, 5.0, 7.0))
    out = op(a * 1, b, c, d)
    assert len(out.prev) == 4
    out.backward()
    assert [x.grad for x in (a, b, c, d)] == [105.0, 70.0, 0.0, 30.0]
    assert grad(grad(out, a, create_graph=True), d) == 15.0


def test_a_rule_that_branches_is_called_as_it_stands() -> None:
    op = Op("kinked", lambda x: abs(x), lambda g, out, x: g if x > 0 else -g)
    for number, slope in ((2.0, 1.0), (-2.0, -1.0)):
        x = Value(number)
        op(x).backward()
        assert x.grad == slope


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"domain": 5}, "a domain is an interval"),
        ({"domain": "ab"}, "a domain is an interval"),
        ({"domain": (1.0, 0.0)}, "lower end stands first"),
        ({"domain": (1.0, 1.0)}, "lower end stands first"),
        ({"domain": [("a", "b")]}, "is an interval"),
        ({"ieee": 5}, "ieee is a function"),
        ({"kinks": "abc"}, "kinks are a sequence"),
        ({"kinks": 0.0}, "kinks are a sequence"),
        ({"kinks": [None]}, "kinks are a sequence"),
        ({"kinks": [math.inf]}, "kinks are a sequence"),
        ({"kinks": [10**400]}, "kinks are a sequence"),
        ({"kinks": lambda: 0.0}, r"kinks takes \(\); it is called with the 1 operands"),
        ({"kinks": lambda a, b: a - b}, r"kinks takes \(a, b\); it is called with the 1 operands"),
        ({"domain": (0.0, 10**400)}, "the domain of operand 0 is an interval"),
    ],
)
def test_a_declaration_is_checked_when_it_is_made(options, why):
    with pytest.raises(OpError, match=why):
        Op("declared", lambda x: x, lambda g, out, x: g, **options)


def test_one_domain_for_two_operands_is_refused():
    with pytest.raises(OpError, match="one for each of the 2 operands"):
        Op("declared", lambda a, b: a + b, None, None, domain=(0.0, 1.0))


@pytest.mark.parametrize("default", ["a", None, True])
def test_a_default_is_a_number(default):
    with pytest.raises(OpError, match="default of an operand is a number"):
        Op("declared", lambda a, b=default: a, None, None)


def test_a_name_that_python_reads_otherwise_is_refused():
    with pytest.raises(OpError, match="Python reads this name as"):
        Op("\N{MICRO SIGN}", lambda x: x, None)


class Unusual(Exception):
    """An error that nobody expects."""


def raising(kind, name="table"):
    def forward(a, b):
        raise kind("gone")

    return Op(name, forward, lambda g, out, a, b: g, lambda g, out, a, b: g)


ERRORS = [KeyError, IndexError, TypeError, AttributeError, RuntimeError, AssertionError, Unusual]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(
    "call",
    [
        lambda op: op(1.5, 2.5),
        lambda op: op(Value(1.5), 2.5),
        lambda op: op.evaluate(1.5, 2.5),
        lambda op: jvp(lambda a: op(a, 2.5), (1.5,), (1.0,)),
        lambda op: Value(1.5).table(2.5),
    ],
)
def test_whatever_a_forward_raises_names_the_op_and_its_operands(call, kind):
    op = raising(kind)
    plugins.register_op(op)
    try:
        with pytest.raises(kind, match="gone") as caught:
            call(op)
    finally:
        plugins.unregister("table")
    assert caught.value.__notes__ == ["This was raised by the forward of op 'table' for 1.5, 2.5."]


def test_the_method_of_a_one_operand_op_names_it_too():
    table = {1.0: 2.0}
    op = Op("looked_up", table.__getitem__, lambda g, out, x: g)
    plugins.register_op(op)
    try:
        assert Value(1.0).looked_up().data == 2.0
        with pytest.raises(KeyError) as caught:
            Value(3.0).looked_up()
    finally:
        plugins.unregister("looked_up")
    assert caught.value.__notes__ == ["This was raised by the forward of op 'looked_up' for 3.0."]


def test_an_ieee_that_raises_is_named():
    op = Op("bad", lambda x: 1 / 0, lambda g, out, x: g, ieee=lambda x: {}[x])
    with pytest.raises(KeyError) as caught:
        op(Value(3.0))
    assert caught.value.__notes__ == ["This was raised by the ieee of op 'bad' for 3.0."]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize(
    "call",
    [
        lambda op, x: op(x).backward(),
        lambda op, x: grad(op(x), x),
        lambda op, x: grad(op(x), x, create_graph=True),
        lambda op, x: jvp(op, (x,), (1.0,)),
        lambda op, x: jvp(op, (1.5,), (1.0,)),
        lambda op, x: op.partial(0, 1.0, 1.0, 1.5),
    ],
)
def test_whatever_a_rule_raises_names_op_operand_and_number(call, kind):
    def rule(g, out, x):
        raise kind("gone")

    with pytest.raises(RuleError, match=r"op 'bad', rule of operand 0: .*gone") as caught:
        call(Op("bad", lambda x: x, rule), Value(1.5))
    assert str(caught.value).endswith(f"({kind.__name__}, for 1.5)")
    assert caught.value.__cause__.__class__ is kind


@pytest.mark.parametrize("ieee", [lambda: 1.0, lambda a, b: 1.0])
def test_ieee_takes_the_operands(ieee):
    with pytest.raises(OpError, match=r"ieee takes \(.*\); it is called with the 1 operands"):
        Op("f", abs, lambda g, out, x: g, ieee=ieee)


def test_ieee_may_have_parameters_that_are_left_out():
    Op("f", abs, lambda g, out, x: g, ieee=lambda x, k=1.0: k)


def test_an_operand_may_be_called_out():
    op = Op("f", lambda x, out: x * out, lambda g, o, x, out: g * out, lambda g, o, x, out: g * x)
    assert op(2.0, out=3.0) == 6.0


def test_a_kink_at_nan_is_refused():
    with pytest.raises(OpError, match="kinks are a sequence of numbers"):
        Op("f", abs, lambda g, out, x: g, kinks=[math.nan])


def test_a_rule_that_forgets_its_return_is_named():
    op = Op("f", abs, lambda g, out, x: None)
    with pytest.raises(RuleError, match="rule of operand 0: it gives one real number, not None"):
        op(Value(1.0)).backward()


@pytest.mark.parametrize(
    "part", ["name", "forward", "rules", "ieee", "domain", "kinks", "defaults"]
)
def test_what_an_op_was_declared_with_never_changes(part):
    for op in (Op("once", lambda x: x, lambda g, out, x: g), plugins.ops["exp"]):
        kept = getattr(op, part)
        with pytest.raises(OpError, match=f"op '{op.name}' keeps its {part}.*replace=True"):
            setattr(op, part, None)
        assert getattr(op, part) is kept
    assert plugins.ops["exp"](Value(0.0)).data == 1.0


@pytest.mark.parametrize("operator", ["~", "@", "+", 5, ["*"], b"+"])
def test_an_operator_that_python_has_not_for_so_many_operands_is_refused(operator):
    with pytest.raises(OpError, match=r"with 1 operands; Python has these.* \+ \(2\), "):
        Op("odd", lambda x: x, None, operator=operator)
