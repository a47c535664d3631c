"""A Value is a number among numbers, and refuses what is none."""

import math
from fractions import Fraction

import numpy as np
import pytest
from pluggrad import NOT_RUN, GradientError, Value
from pluggrad.value import as_float


def test_a_fresh_value_is_a_leaf_without_a_gradient() -> None:
    x = Value(2, label="x")
    assert (x.data, x.grad, x.label, x.op, x.prev, x.requires_grad) == (
        2.0,
        0.0,
        "x",
        None,
        (),
        True,
    )
    assert type(x.data) is float
    assert x.grad is NOT_RUN


@pytest.mark.parametrize(
    "number", [3, True, 3.0, Fraction(3), np.float64(3), np.float32(3), np.int64(3), np.bool_(True)]
)
def test_every_kind_of_real_number_is_stored_as_a_plain_float(number: object) -> None:
    if isinstance(number, np.bool_):
        number = bool(number)
    value = Value(number)
    assert type(value.data) is float
    assert value.data == float(number)
    assert type((value * np.float64(2)).data) is float


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ("3", "str"),
        (None, "NoneType"),
        (1 + 2j, "complex"),
        ([1.0], "list"),
        (np.ones(2), "ndarray"),
    ],
)
def test_what_is_no_real_number_is_refused_by_the_name_of_its_type(
    wrong: object, kind: str
) -> None:
    with pytest.raises(TypeError, match=rf"a Value holds one real number .*, not {kind}"):
        Value(wrong)  # type: ignore[arg-type]


def test_a_value_of_a_value_is_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"not Value; use value\.detach\(\)"):
        Value(Value(1.0))


def test_an_integer_too_large_for_a_float_says_so() -> None:
    with pytest.raises(OverflowError, match="too large"):
        as_float(10**400)


@pytest.mark.parametrize("wrong", ["a", None, 1j, [1], b"x"])
@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "**", "%", "//"])
def test_an_operator_with_something_else_is_a_type_error_that_names_it(
    sign: str, wrong: object
) -> None:
    x = Value(2.0)
    for left, right in ((x, wrong), (wrong, x)):
        with pytest.raises(TypeError, match=type(wrong).__name__):
            eval(f"left {sign} right", {"left": left, "right": right})
    assert (x.data, x.grad, x.prev) == (2.0, 0.0, ())


@pytest.mark.parametrize(("a", "b"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)])
def test_divmod_is_the_floor_and_the_rest_as_for_floats(a: float, b: float) -> None:
    for left, right in ((Value(a), b), (a, Value(b)), (Value(a), Value(b))):
        floor, rest = divmod(left, right)
        assert (floor.data, rest.data) == divmod(a, b)


def test_comparisons_look_at_the_number() -> None:
    a, b = Value(1.0), Value(2.0)
    assert a < b
    assert a <= 1
    assert b > 1.5
    assert b >= a
    assert a > 0
    assert max(a, b) is b
    assert min(a, b, 3) is a
    assert sorted([b, a]) == [a, b]
    with pytest.raises(TypeError, match="str"):
        _ = a < "x"  # type: ignore[operator]


def test_equality_and_hash_are_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a != b
    assert len({a, b, a}) == 2


def test_a_value_converts_like_a_number() -> None:
    x = Value(-2.75)
    assert (float(x), int(x), bool(x), bool(Value(0.0))) == (-2.75, -2, True, False)
    assert f"{x:.1f}" == "-2.8"
    assert math.isfinite(x)
    assert +x is x


def test_the_repr_tells_number_gradient_label_and_op() -> None:
    x = Value(2.0, label="x")
    y = x * 3
    y.backward()
    assert repr(x) == "Value(2.0, grad=3.0, label='x')"
    assert repr(y) == "Value(6.0, grad=1.0, op='mul')"
    assert f"{y}" == repr(y)


def test_numbers_in_an_expression_are_constants() -> None:
    x = Value(2.0)
    y = 3 * x + 1
    three = y.prev[0].prev[0]
    assert (three.data, three.requires_grad, y.prev[1].requires_grad) == (3.0, False, False)
    y.backward()
    assert three.grad is NOT_RUN


def test_detach_cuts_off_the_history() -> None:
    x = Value(2.0, label="x")
    y = (x * x).detach()
    assert (y.data, y.prev, y.requires_grad) == (4.0, (), False)
    z = x * y
    z.backward()
    assert x.grad == 4.0


def test_a_subclass_of_value_keeps_its_place_in_the_graph() -> None:
    class Parameter(Value):
        pass

    p, x = Parameter(3.0), Value(2.0)
    (x * p).backward()
    assert (p.grad, x.grad) == (2.0, 3.0)
    (p * x + 1).backward()
    assert p.grad == 4.0


def test_an_unknown_method_is_an_attribute_error_near_the_right_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'tahn'"):
        Value(1.0).tahn()
    assert "tanh" in dir(Value(1.0))


def test_numpy_scalars_stand_on_either_side() -> None:
    v = Value(3.0)
    for number in (np.float64(2), np.float32(2), np.int64(2)):
        for result in (number * v, v * number, number + v, v - number, number - v, v / number):
            assert type(result) is Value
            assert type(result.data) is float


def test_object_arrays_of_values_multiply_as_matrices() -> None:
    rng = np.random.default_rng(0)
    numbers, vector = rng.normal(size=(3, 4)), rng.normal(size=4)
    weights = np.vectorize(Value, otypes=[object])(numbers)
    x = np.array([Value(t) for t in vector])
    out = weights @ x
    np.testing.assert_allclose([v.data for v in out], numbers @ vector)
    out.sum().backward()
    np.testing.assert_allclose([v.grad for v in x], numbers.sum(axis=0))
    np.testing.assert_allclose([[w.grad for w in row] for row in weights], np.tile(vector, (3, 1)))
    doubled = Value(2.0) * weights
    assert doubled.shape == (3, 4)
    np.testing.assert_allclose(np.tanh(x)[0].data, math.tanh(vector[0]))


def test_backward_takes_the_gradient_of_the_output_and_nothing_else() -> None:
    x = Value(2.0)
    y = x * x
    y.backward(0.5)
    assert x.grad == 2.0
    with pytest.raises(TypeError, match=r"one real number, not str"):
        y.backward("x")  # type: ignore[arg-type]
    assert x.grad == 2.0


def test_backward_from_a_constant_says_that_there_is_nothing_to_differentiate() -> None:
    with pytest.raises(GradientError, match="does not require a gradient"):
        (Value(1.0, requires_grad=False) * 2).backward()


def test_what_micrograd_calls_operands_and_operator_is_there_for_drawing_code() -> None:
    a, b = Value(2.0), Value(3.0)
    assert (a * b)._prev == {a, b}
    assert (a * b)._op == "*"
    assert a._prev == set()
    assert a._op == ""
