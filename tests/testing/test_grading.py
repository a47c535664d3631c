"""Gradients derived by hand are graded, and the guess names the mistake that was made."""

import pytest
from pluggrad import GradientError, Value
from pluggrad.nn import cross_entropy
from pluggrad.testing import grade


@pytest.fixture
def neuron():
    """A neuron with a penalty on its weight, and each gradient as a careful person derives it."""
    w, b, x = (Value(number, label) for number, label in ((0.3, "w"), (0.1, "b"), (2.0, "x")))
    h = (w * x + b).tanh()
    h.label = "h"
    loss = (h - 1.0) ** 2 + w * w
    dh = 2 * (h.data - 1.0)
    through = dh * (1 - h.data**2)
    return loss, {"h": (h, dh), "b": (b, through), "w": (w, through * 2.0 + 2 * w.data)}


def test_right_answers_pass(neuron):
    loss, right = neuron
    grades = grade(loss, **right)
    assert grades.passed
    assert grades.lines == ("h  ok", "b  ok", "w  ok")
    assert str(grades) == "h  ok\nb  ok\nw  ok"


@pytest.mark.parametrize(
    ("name", "mistake", "guess"),
    [
        ("h", lambda right: -right, "the sign is wrong"),
        ("h", lambda right: right / 2, "a factor 2 is missing"),
        ("h", lambda right: 3 * right, "a factor 3 too much"),
        ("h", lambda right: right + 1, "1 too much"),
        ("b", lambda right: 2 * (0.6043677771171636 - 1), "tanh(_)**2 = 0.63474 of `h` is miss"),
        ("b", lambda right: right * 0.6347395899824585, "of `h` is there once too often"),
        ("b", lambda right: right / 0.6347395899824585**2, "of `h` is inverted"),
        ("w", lambda right: right - 0.6, "its use in `w * w` is not added"),
        ("w", lambda right: 0.6, "its use in `w * x` is not added"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(neuron, name, mistake, guess):
    loss, right = neuron
    value, gradient = right[name]
    grades = grade(loss, **{**right, name: (value, mistake(gradient))})
    assert grades.wrong == (name,)
    (line,) = [line for line in grades.lines if not line.endswith("ok")]
    assert f"the gradient is {gradient:.6g}; guess: " in line
    assert guess in line


def test_the_upstream_gradient_that_was_forgotten_is_named():
    x = Value(0.5, "x")
    y = x.exp()
    y.label = "y"
    (line,) = grade(y * 3.7, x=(x, y.data)).lines
    assert line.endswith("guess: the gradient of `y`, 3.7, is not multiplied in")


def test_the_only_use_that_was_counted_is_named():
    x = Value(2.0, "x")
    (line,) = grade(x * x + 5.0 * x + x.exp(), x=(x, 4.0)).lines
    assert line.endswith("guess: only its use in `x * x` is counted, of 3")


def test_lists_are_graded_element_by_element():
    logits = [Value(a, f"l{i}") for i, a in enumerate((0.2, -0.4, 1.0))]
    loss = cross_entropy([logits], [1])
    total = sum(2.718281828459045**x.data for x in logits)
    softmax = [2.718281828459045**x.data / total for x in logits]
    by_hand = [p - (i == 1) for i, p in enumerate(softmax)]
    assert grade(loss, logits=(logits, by_hand)).passed
    (line,) = grade(loss, logits=(logits, softmax)).lines
    assert "1 of 3, the first is logits[1]" in line
    assert line.endswith("guess: 1 too much")


def test_nothing_is_left_in_the_graph(neuron):
    loss, right = neuron
    grade(loss, **right)
    assert [value.grad for value, _ in right.values()] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (3.0, TypeError, r"w is a pair \(value, gradient by hand\), not 3\.0"),
        (([Value(1.0)], [1.0, 2.0]), TypeError, "w has 1 Values and 2 gradients by hand"),
        (([Value(1.0)], 1.0), TypeError, "both may be lists"),
        ((Value(1.0), 1.0), GradientError, "has no part in what was differentiated"),
    ],
)
def test_an_answer_of_another_form_is_refused(answer, kind, message):
    with pytest.raises(kind, match=message):
        grade(Value(1.0) * 2.0, w=answer)
