"""latex: formulas as people write them."""

import pytest
from pluggrad import Value, grad, render

from ..deep import deep_chain
from ..labels import NASTY


def leaves(names: str) -> list[Value]:
    return [Value(float(i + 2), label=name) for i, name in enumerate(names.split())]


def test_a_neuron_is_one_line() -> None:
    x1, w1, x2, w2, b = leaves("x1 w1 x2 w2 b")
    o = (x1 * w1 + x2 * w2 + b).tanh()
    o.label = "o"
    assert render(o, "latex") == r"o = \tanh(x_{1} w_{1} + x_{2} w_{2} + b)"


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        (lambda a, b, c: a - (b - c), "a - (b - c)"),
        (lambda a, b, c: a - b - c, "a - b - c"),
        (lambda a, b, c: a + (b + c), "a + b + c"),
        (lambda a, b, c: a * (b + c), "a (b + c)"),
        (lambda a, b, c: (a + b) * c, "(a + b) c"),
        (lambda a, b, c: a + -b, "a - b"),
        (lambda a, b, c: a - -b, "a - (-b)"),
        (lambda a, b, c: -(a + b), "-(a + b)"),
        (lambda a, b, c: a + b * -2.0, "a + b (-2)"),
        (lambda a, b, c: -2.0 * a + b, "-2 a + b"),
        (lambda a, b, c: a * 2.0, r"a \cdot 2"),
        (lambda a, b, c: a / (b + c), r"\frac{a}{b + c}"),
        (lambda a, b, c: (a / b) ** c, r"\left(\frac{a}{b}\right)^{c}"),
        (lambda a, b, c: (a * b) ** 2.0, "(a b)^{2}"),
        (lambda a, b, c: (-a) ** 2.0, "(-a)^{2}"),
        (lambda a, b, c: -(a**2.0), "-a^{2}"),
        (lambda a, b, c: (a**b) ** c, "(a^{b})^{c}"),
        (lambda a, b, c: a.tanh() ** 2.0, r"(\tanh(a))^{2}"),
        (lambda a, b, c: (a * b).exp(), "e^{a b}"),
        (lambda a, b, c: (a / b).exp(), r"\exp\left(\frac{a}{b}\right)"),
        (lambda a, b, c: abs(a - b), r"\left|a - b\right|"),
        (lambda a, b, c: a.sqrt() + b.log(), r"\sqrt{a} + \ln(b)"),
        (lambda a, b, c: a * 1e-9, r"a \cdot 10^{-9}"),
        (lambda a, b, c: a + 2.5e12, r"a + 2.5 \cdot 10^{12}"),
        (lambda a, b, c: a * float("inf"), r"a \infty"),
    ],
)
def test_brackets_stand_where_maths_needs_them_and_nowhere_else(formula, wanted) -> None:
    assert render(formula(*leaves("a b c")), "latex") == wanted


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda a, b: a.gamma(), r"\Gamma(a) \psi(a)"),
        (lambda a, b: a.lgamma(), r"\psi(a)"),
        (lambda a, b: a.digamma(), r"\psi^{(1)}(a)"),
        (lambda a, b: b.polygamma(a * a), r"\psi^{(b + 1)}(a a)"),
        (lambda a, b: a.ndtri(), r"\Phi^{-1}(a)"),
    ],
)
def test_derivatives_of_special_functions_have_their_greek_letters(function, wanted) -> None:
    a, b = Value(0.25, label="a"), Value(2.0, label="b")
    slope = grad(function(a, b), a, create_graph=True)
    assert wanted in render(slope, "latex")


def test_what_is_used_twice_is_written_once() -> None:
    (x,) = leaves("x")
    shared = x.exp()
    assert render(shared * shared + shared, "latex").splitlines() == [
        r"\begin{aligned}",
        r"t_{1} &= e^{x} \\",
        r"& t_{1} t_{1} + t_{1}",
        r"\end{aligned}",
    ]


def test_made_up_names_keep_clear_of_labels() -> None:
    (t,) = leaves("t1")
    shared = t.exp()
    assert "t_{2} &= e^{t_{1}}" in render(shared * shared, "latex")


def test_different_values_of_one_label_are_told_apart() -> None:
    a, b = Value(1.0, label="w"), Value(2.0, label="w")
    assert render(a * b + a, "latex") == "w w^{(2)} + w"


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("alpha", r"\alpha"),
        ("beta2", r"\beta_{2}"),
        ("loss", r"\mathit{loss}"),
        ("w_in", r"w_{\mathrm{in}}"),
        ("50% of {x}", r"\text{50\% of \{x\}}"),
    ],
)
def test_labels_are_written_as_in_maths(label: str, wanted: str) -> None:
    assert render(Value(1.0, label=label), "latex") == wanted


@pytest.mark.parametrize("label", NASTY)
def test_braces_balance_whatever_the_label(label: str) -> None:
    text = render(Value(1.0, label=label) + 1.0, "latex")
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert "\n" not in text
    assert not any(mark in plain.replace("\\" + mark, "") for mark in "#$&%~")


def test_a_deep_chain_is_cut_and_says_so() -> None:
    text = render(deep_chain(), "latex")
    assert "lines left out, the first ones" in text
    assert len(text) < 10_000
