"""Gradient hooks: called once with the whole gradient, and able to change what flows on."""

import gc
import math

import pytest
from pluggrad import GradientError, Value, checkpoint, compile, func, grad, on_gradient
from pluggrad.func import grad as grad_of
from pluggrad.gradient import hooks
from pluggrad.ops import sqrt


@pytest.fixture(autouse=True)
def _no_hook_is_left():
    yield
    gc.collect()
    assert not hooks


def test_a_hook_on_an_interior_value_changes_its_gradient_and_all_that_flows_on():
    x = Value(3.0)
    y = x * x
    seen = []
    with on_gradient(y, lambda g: seen.append(g) or g * 10):
        (y * 2.0).backward()
    assert (seen, y.grad, x.grad) == ([2.0], 20.0, 120.0)


def test_a_hook_sees_the_sum_over_all_uses_once():
    x = Value(3.0)
    seen = []
    with on_gradient(x, seen.append):
        (x * x + x).backward()
    assert (seen, x.grad) == ([7.0], 7.0)


def test_a_hook_on_a_leaf_changes_this_pass_and_not_what_was_there():
    x = Value(3.0)
    (x * x).backward()
    with on_gradient(x, lambda g: 0.5):
        (x * x).backward()
    assert x.grad == 6.5


def test_hooks_run_in_the_order_in_which_they_were_put_on():
    x = Value(3.0)
    with on_gradient(x, lambda g: g + 1), on_gradient(x, lambda g: g * 2):
        assert grad(x * 1.0, x) == 4.0


def test_a_removed_hook_is_not_called_and_removing_twice_does_nothing():
    x = Value(3.0)
    handle = on_gradient(x, lambda g: 100.0)
    handle.remove()
    handle.remove()
    (x * x).backward()
    assert x.grad == 6.0


def test_one_of_two_equal_hooks_can_be_removed():
    x = Value(3.0)

    def double(g):
        return 2 * g

    with on_gradient(x, double):
        on_gradient(x, double).remove()
        assert grad(x * 1.0, x) == 2.0


def test_a_hook_dies_with_its_value():
    handle = on_gradient(Value(3.0), lambda g: g)
    gc.collect()
    assert not hooks
    handle.remove()


def test_with_create_graph_a_hook_works_on_values_that_can_be_differentiated_again():
    x = Value(3.0)
    with on_gradient(x, lambda g: g * g):
        dy = grad(x * x, x, create_graph=True)  # (2 x) ** 2
    assert (dy.data, grad(dy, x)) == (36.0, 24.0)


def test_a_plain_number_from_a_hook_becomes_a_constant_gradient():
    x = Value(3.0)
    with on_gradient(x, lambda g: 5):
        dy = grad(x * x, x, create_graph=True)
    assert (dy.data, dy.requires_grad) == (5.0, False)


def test_a_hook_sees_ieee_754_gradients_once():
    x = Value(0.0)
    seen = []
    with on_gradient(x, seen.append):
        sqrt(x).backward()
    assert (seen, x.grad) == ([math.inf], math.inf)


def test_hooks_work_inside_transforms():
    def f(x):
        y = x * x
        on_gradient(y, lambda g: 10 * g)
        return y * 1.0

    assert grad_of(f)(3.0) == 60.0
    assert grad_of(grad_of(f))(3.0) == 20.0


HOOKS = [lambda g: 0.0, lambda g: 0.5 * g + 1.0, lambda g: g * g, lambda g: None]
RUNS = [lambda f: f, lambda f: compile(f, executor="interpreter")]


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("run", RUNS)
def test_forward_mode_along_a_graph_with_hooks_says_how_its_numbers_move(hook, run):
    def f(x):
        y = x * 3.0 + 0.5
        if isinstance(y, Value):
            on_gradient(y, hook)
        return y**3 * x

    gradient, h = grad_of(f), 1e-6
    slope = (gradient(2.0 + h) - gradient(2.0 - h)) / (2 * h)
    assert run(lambda x: func.hvp(f, (x,), (1.0,)))(2.0) == pytest.approx(slope, rel=1e-8)
    speed = float(f(2.0 + h) - f(2.0 - h)) / (2 * h)
    assert run(lambda x: func.linearize(f, x)[1](1.0))(2.0) == pytest.approx(speed, rel=1e-8)


def test_a_hook_elsewhere_does_not_change_a_gradient():
    x, other = Value(3.0), Value(1.0)
    with on_gradient(other, lambda g: 100.0):
        (x * x).backward()
    assert x.grad == 6.0


def test_an_exception_in_a_hook_arrives_and_leaves_keep_their_gradients():
    x = Value(3.0)
    (x * x).backward()
    y = x * x

    def hook(g):
        raise KeyError("mine")

    with on_gradient(y, hook), pytest.raises(KeyError, match=r"mine"):
        (y * x).backward()
    assert x.grad == 6.0


def test_a_hook_that_returns_no_number_is_named():
    x = Value(3.0)

    def shout(g):
        return "loud"

    with on_gradient(x, shout), pytest.raises(TypeError, match=r"hook .*shout on .* returned 'lou"):
        (x * x).backward()


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match=r"on_gradient\(\) takes a Value, not float"):
        on_gradient(1.0, print)
    with pytest.raises(TypeError, match=r"takes a function of the gradient, not 3"):
        on_gradient(Value(1.0), 3)
    with pytest.raises(GradientError, match=r"no gradient comes by at Value"):
        on_gradient(Value(1.0, requires_grad=False), print)


def squared(v):
    on_gradient(v, lambda g: 2.0 * g + 1.0)
    return v * v


@pytest.mark.parametrize(
    "transformed",
    [
        func.grad(squared),
        func.jacrev(squared),
        lambda x: func.vjp(squared, x)[1](1.0)[0],
        func.grad(lambda v: checkpoint(squared, v)),
    ],
)
def test_a_hook_on_the_argument_of_a_transform_is_called_at_any_depth(transformed):
    assert transformed(2.0) == 9.0
    assert transformed(Value(2.0)).data == 9.0
    assert func.value_and_grad(transformed)(2.0) == (9.0, 9.0)
    assert func.value_and_grad(lambda x: func.value_and_grad(transformed)(x)[0])(2.0) == (9.0, 9.0)


def test_a_hook_on_the_argument_of_a_checkpoint_is_called():
    x = Value(2.0)
    checkpoint(squared, x).backward()
    assert x.grad == 9.0
    assert grad(checkpoint(squared, x), x, create_graph=True).data == 9.0
