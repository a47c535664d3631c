"""What people bring along from other engines: names, and the lecture's own steps."""

import math
import pydoc

import pytest
from pluggrad import Op, Value, no_grad, plugins
from pluggrad.hints.names import HINTS, OF_NUMPY, OF_OTHERS

# ----- Names -----


@pytest.mark.parametrize("name", HINTS)
def test_a_name_from_elsewhere_says_what_to_write(name):
    x = Value(2.0)
    with pytest.raises(AttributeError) as raised:
        getattr(x, name)
    assert str(raised.value) == f"a Value has no attribute {name!r}: {HINTS[name]}"
    assert not hasattr(x, name)
    assert not hasattr(Value, name)


@pytest.mark.parametrize(
    "name", sorted(set(OF_OTHERS) - set(HINTS) - set(OF_NUMPY) - set(plugins.ops))
)
def test_a_function_that_no_plugin_brings_says_how_to_make_it(name):
    with pytest.raises(AttributeError, match=rf"no installed op has this name\. `{name} = Op\("):
        getattr(Value(2.0), name)


@pytest.mark.parametrize("name", OF_NUMPY)
def test_what_numpy_asks_the_elements_of_an_array_is_answered(name):
    numpy = pytest.importorskip("numpy")
    operands = [Value(1.25 if name == "arccosh" else 0.25), Value(0.75)][: 1 + (name == "arctan2")]
    arrays = [numpy.array([x]) for x in operands]
    (found,) = getattr(numpy, name)(*arrays)
    assert found.data == pytest.approx(getattr(numpy, name)(*[x.data for x in operands]), rel=1e-15)
    assert getattr(numpy, name)(*operands).data == found.data
    assert not hasattr(Value, name)


def test_an_op_takes_the_place_of_the_hint_until_it_is_unregistered():
    op = Op("lambertw", lambda x: x, lambda g, out, x: g)
    plugins.register_op(op)
    try:
        assert Value(2.0).lambertw().data == 2.0
    finally:
        plugins.unregister("lambertw")
    with pytest.raises(AttributeError, match="no installed op has this name"):
        Value(2.0).lambertw()


def test_hints_name_what_is_there():
    x, y = Value(0.5), Value(0.25)
    assert x.asin().data == math.asin(0.5)
    assert x.maximum(y).data == 0.5
    assert x.log().data == math.log(0.5)
    assert not HINTS.keys() & plugins.ops.keys()
    assert set(HINTS) < set(OF_OTHERS)


def test_help_lists_the_class_all_the_same():
    assert "backward" in pydoc.render_doc(Value)


def test_item_gives_the_number():
    assert Value(2.5).item() == 2.5
    assert type(Value(2).item()) is float


def test_pow_of_three_names_the_operator():
    with pytest.raises(TypeError, match=r"^Value\.__pow__\(\) takes 2 positional"):
        pow(Value(2.0), 2, 3)


def test_operators_have_the_names_that_python_gives_them():
    assert Value.__mul__.__qualname__ == "Value.__mul__"
    assert Value.__rsub__.__qualname__ == "Value.__rsub__"


# ----- The lecture -----


def neuron(value):
    x1, x2, w1, w2 = value(2.0), value(0.0), value(-3.0), value(1.0)
    b = value(6.8813735870195432)
    x1w1, x2w2 = x1 * w1, x2 * w2
    n = x1w1 + x2w2 + b
    o = n.relu() * n
    return o, [x1, x2, w1, w2, b, x1w1, x2w2, n]


def ordered(o):
    """Build the topological order as the lecture does."""
    topo, visited = [], set()

    def build(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build(child)
            topo.append(v)

    build(o)
    return topo


def test_calling_backward_node_by_node_gives_what_micrograd_gives():
    engine = pytest.importorskip("micrograd.engine")
    gradients = []
    for value in (Value, engine.Value):
        o, values = neuron(value)
        o.grad = 1.0
        for node in reversed(ordered(o)):
            node._backward()
        gradients.append([v.grad for v in values])
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-15)


def test_calling_backward_by_hand_adds_to_what_is_there():
    a = Value(3.0)
    b = a + a
    b.grad = 1.0
    b._backward()
    assert a.grad == 2.0
    b._backward()
    assert a.grad == 4.0


def test_a_step_of_backward_goes_one_step_only():
    a = Value(3.0)
    b = a * 2.0
    c = b * b
    c.grad = 1.0
    c._backward()
    assert (b.grad, a.grad) == (12.0, 0.0)


def test_a_leaf_and_a_constant_have_no_step():
    a = Value(3.0)
    a.grad = 1.0
    a._backward()
    assert a.grad == 1.0
    with no_grad():
        b = a * 2.0
    b._backward()
    assert a.grad == 1.0


@pytest.mark.parametrize(
    ("operands", "symbol", "line", "call"),
    [
        (2, "+", "add = Op('add', lambda a, b: a + b, lambda g, out, a, b: g, ", "add(a, b)"),
        (2, "*", "mul = Op('mul', lambda a, b: a * b, lambda g, out, a, b: g * b, ", "mul(a, b)"),
        (1, "tanh", "tanh = Op('tanh', lambda x: math.tanh(x), lambda g, out, x: g *", "tanh(x)"),
        (3, "fused", "fused = Op('fused', lambda a, b, c: ..., ", "fused(a, b, c)"),
        (1, "**3", "op = Op('op', lambda x: ..., lambda g, out, x: g * ...)", "op(x)"),
    ],
)
def test_a_node_made_as_in_micrograd_is_refused_with_the_op_in_two_lines(
    operands, symbol, line, call
):
    a = Value(1.0)
    for children in ((a,) * operands, [a] * operands):
        with pytest.raises(TypeError) as raised:
            Value(2.0, children, symbol)
        first, second = str(raised.value).splitlines()[1:]
        assert first.strip().startswith(line)
        assert second.strip() == f"out = {call}"


@pytest.mark.parametrize("symbol", ["+", "*", "-", "/", "exp", "tanh"])
def test_the_two_lines_work_as_they_are_shown(symbol):
    with pytest.raises(TypeError) as raised:
        Value(2.0, (Value(1.0),) * (2 if len(symbol) == 1 else 1), symbol)
    a, b = Value(0.75), Value(0.5)
    names = {"Op": Op, "math": math, "a": a, "b": b, "x": a}
    exec("\n".join(line.strip() for line in str(raised.value).splitlines()[1:]), names)
    names["out"].backward()
    c, d = Value(0.75), Value(0.5)
    python = f"c {symbol} d" if len(symbol) == 1 else f"c.{symbol}()"
    expected = eval(python, {"c": c, "d": d})
    expected.backward()
    assert names["out"].data == expected.data
    assert (a.grad, b.grad) == pytest.approx((c.grad, d.grad), rel=1e-15)


def test_a_closure_is_refused_with_the_op_that_it_belongs_to():
    def tanh(x):
        out = Value(math.tanh(x.data))

        def _backward():
            x.grad += (1 - out.data**2) * out.grad

        out._backward = _backward
        return out

    with pytest.raises(AttributeError, match=r"tanh = Op\('tanh', lambda x: math\.tanh\(x\), "):
        tanh(Value(1.0))
    with pytest.raises(AttributeError, match="In two lines"):
        Value(1.0)._backward = None


@pytest.mark.parametrize("label", [5, None, 1.0, Value(1.0), {"a": 1}], ids=repr)
def test_a_label_that_is_no_text_is_refused(label):
    with pytest.raises(TypeError, match="a label is text, not"):
        Value(1.0, label)
