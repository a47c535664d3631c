"""Steps in words: the terminal's are those of the page."""

import pytest
from pluggrad import Graph, Value
from pluggrad.insight.steps import number, steps


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (3.0, "3.0"), (0.70710678, "0.7071"), (-0.0, "-0.0"), (1.5e-9, "1.5e-09"),
        (12345.6, "12345.6"), (1234567.0, "1.235e+06"), (float("nan"), "nan"),
        (float("-inf"), "-inf"), (123.456, "123.5"), (1e-4, "0.0001"), (0.00123456, "0.001235"),
    ],
)  # fmt: skip
def test_numbers_are_written_in_four_digits(x: float, text: str) -> None:
    assert number(x) == text


def test_a_graph_without_a_backward_pass_has_forward_steps_only() -> None:
    found = steps(Graph(Value(2.0, label="x") * 3.0))
    assert [step.text for step in found] == ["n2 = x * 3.0 = 2.0 * 3.0 = 6.0"]


def test_a_leaf_begins_with_what_it_held() -> None:
    x = Value(3.0, label="x")
    (x * 6.0).backward()
    y = x * 2.0
    y.backward()
    assert steps(Graph(y))[-1].text == (
        "x.grad += local 2.0 * upstream 1.0 = 2.0   now 8.0   "
        "held 6.0 besides: another backward(), or set by hand   through * (n2)"
    )
