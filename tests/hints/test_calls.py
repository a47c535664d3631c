"""Keywords of other engines: the error says what to write."""

import pytest
from pluggrad import Value, func, grad

x = Value(3.0)
y = x * x


@pytest.mark.parametrize(
    ("keywords", "hint"),
    [
        ({"retain_graph": True}, "leave it out; a graph lives as long as a Value of it"),
        ({"create_graph": True}, r"grad\(y, x, create_graph=True\) returns gradients"),
        ({"inputs": [x]}, r"grad\(y, inputs\) computes"),
        ({"seed": 1.0}, "available: gradient"),
    ],
)
def test_backward_says_what_to_write_for_a_keyword_of_others(keywords, hint):
    before = x.grad
    with pytest.raises(
        TypeError, match=rf"^backward\(\) has no keyword {next(iter(keywords))}=.*{hint}"
    ):
        y.backward(**keywords)
    assert x.grad == before


@pytest.mark.parametrize(
    ("keywords", "hint"),
    [
        ({"retain_graph": True}, "leave it out"),
        ({"grad_outputs": 1.0}, "it is gradient="),
        ({"allow_unused": True}, "has the gradient 0"),
        ({"argnums": 0}, r"pluggrad.func.grad\(f, argnums=...\)"),
        ({"create_grap": True}, "did you mean create_graph=?"),
        ({"nothing": True}, "available: create_graph, gradient"),
    ],
)
def test_grad_says_what_to_write_for_a_keyword_of_others(keywords, hint):
    with pytest.raises(TypeError, match=rf"^grad\(\) has no keyword .*{hint}"):
        grad(y, x, **keywords)


@pytest.mark.parametrize(
    "call", [lambda f: grad(f), lambda f: grad(f, argnums=0), lambda f: grad(f, 2.0)]
)
def test_grad_of_a_function_names_the_one_that_takes_functions(call):
    with pytest.raises(
        TypeError, match=r"takes Values, not a function; pluggrad.func.grad\(f, argnums=...\)"
    ):
        call(lambda v: v * v)
    assert func.grad(lambda v: v * v)(2.0) == 4.0


def test_grad_without_inputs_says_that_it_wants_them():
    with pytest.raises(TypeError, match=r"name what to differentiate by, as in grad\(y, x\)"):
        grad(y)
