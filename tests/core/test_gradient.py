"""backward() and grad(): accumulation, pruning, safety, and agreement with finite differences."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluggrad import NOT_RUN, GradientError, Op, RuleError, Value, grad, no_grad, plugins, scope
from pluggrad.gradient import HookedValues, backward

UNREGISTERED = Op("bad", lambda x: x, lambda g, out, x: g * "x")


def test_a_neuron_has_the_gradients_that_paper_and_pencil_give() -> None:
    x1, x2, w1, w2 = Value(2.0), Value(0.0), Value(-3.0), Value(1.0)
    b = Value(6.881373587019543)
    o = (x1 * w1 + x2 * w2 + b).tanh()
    o.backward()
    assert o.data == pytest.approx(0.7071067811865477, abs=1e-15)
    assert [v.grad for v in (x1, w1, x2, w2, b)] == pytest.approx([-1.5, 1.0, 0.5, 0.0, 0.5])


def test_leaves_accumulate_and_interior_values_do_not() -> None:
    x = Value(3.0)
    y = x * x
    z = y * x
    z.backward()
    assert (x.grad, y.grad, z.grad) == (27.0, 3.0, 1.0)
    z.backward()
    assert (x.grad, y.grad, z.grad) == (54.0, 3.0, 1.0)


def test_two_losses_over_one_leaf_add_up() -> None:
    x = Value(3.0)
    shared = x * 2
    (shared * 5).backward()
    (shared * 7).backward()
    assert (x.grad, shared.grad) == (24.0, 7.0)


def test_a_leaf_differentiates_to_one() -> None:
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0


def test_a_zero_gradient_is_told_apart_from_one_that_was_never_computed() -> None:
    x, unused = Value(3.0), Value(1.0)
    (x * 0).backward()
    assert x.grad == 0.0
    assert x.grad is not NOT_RUN
    assert unused.grad is NOT_RUN


def test_a_frozen_leaf_gets_no_gradient_and_calls_no_rule() -> None:
    called: list[float] = []

    def rule(g: float, out: float, a: float, b: float) -> float:
        if isinstance(g, float):  # symbols pass once, when the op's code is made
            called.append(g)
        return g

    op = Op("probe", lambda a, b: a + b, lambda g, out, a, b: g, rule)
    x, frozen = Value(1.0), Value(2.0, requires_grad=False)
    op(x, frozen).backward()
    op(x, 2.0).backward()
    assert (x.grad, frozen.grad is NOT_RUN, called) == (2.0, True, [])


def test_a_power_with_a_constant_exponent_never_takes_a_logarithm() -> None:
    x = Value(-2.0)
    (x**3).backward()
    assert x.grad == 12.0


def test_gradients_match_finite_differences() -> None:
    def f(a: Value, b: Value) -> Value:
        return (a * b + (a - b / 3).tanh()) / (1.5 + b * b)

    @given(st.floats(-3, 3), st.floats(-3, 3))
    def check(p: float, q: float) -> None:
        a, b = Value(p), Value(q)
        f(a, b).backward()
        h = 1e-6
        with no_grad():
            da = (f(Value(p + h), b).data - f(Value(p - h), b).data) / (2 * h)
            db = (f(a, Value(q + h)).data - f(a, Value(q - h)).data) / (2 * h)
        assert a.grad == pytest.approx(da, rel=1e-5, abs=1e-7)
        assert b.grad == pytest.approx(db, rel=1e-5, abs=1e-7)

    check()


def test_division_by_zero_follows_ieee_in_both_directions() -> None:
    x = Value(0.0)
    y = 1 / x
    assert y.data == math.inf
    y.backward()
    assert x.grad == -math.inf


def test_the_careful_way_gives_what_the_fused_way_gives() -> None:
    def build() -> tuple[list[Value], Value]:
        leaves = [Value(0.3), Value(-1.2), Value(2.0)]
        a, b, c = leaves
        return leaves, ((a * b - c) / (a + c * c)).tanh() * b - a / c

    leaves, out = build()
    out.backward()
    fused = [x.grad for x in leaves]
    assert grad(out, leaves) == fused
    trouble = 1 / Value(0.0)  # its rule raises in plain Python, so the whole pass is careful
    leaves, out = build()
    (out + trouble * 0).backward()
    assert [x.grad for x in leaves] == fused


def test_a_failing_rule_names_op_and_operand_and_leaves_the_gradients_as_they_were() -> None:
    x = Value(2.0)
    (x * 3).backward()
    y = UNREGISTERED(x * x)
    with pytest.raises(RuleError, match=r"op 'bad', rule of operand 0: can't multiply"):
        y.backward()
    assert x.grad == 3.0
    with pytest.raises(RuleError, match="op 'bad'"):
        grad(y, x)
    with pytest.raises(RuleError, match="op 'bad'"):
        grad(y, x, create_graph=True)


def test_a_rule_that_gives_a_complex_number_is_named() -> None:
    root = Op("root", lambda x: -1.0, lambda g, out, x: g * x * 1j)
    x = Value(-2.0)
    with pytest.raises(RuleError, match=r"op 'root', rule of operand 0: .*complex"):
        root(x).backward()
    assert x.grad is NOT_RUN


def test_a_power_in_a_rule_stays_among_the_real_numbers() -> None:
    root = Op("root", lambda x: -1.0, lambda g, out, x: g * x**0.5)
    x = Value(-2.0)
    root(x).backward()
    assert math.isnan(x.grad)
    assert math.isnan(grad(root(x), x))


def test_a_rule_that_gives_no_number_is_named_when_gradients_are_recorded() -> None:
    text = Op("text", lambda x: x, lambda g, out, x: "g")
    x = Value(1.0)
    with pytest.raises(RuleError, match=r"op 'text', rule of operand 0: it gives one real number"):
        grad(text(x), x, create_graph=True)


def test_backward_starts_from_a_value() -> None:
    with pytest.raises(TypeError, match=r"backward\(\) starts from a Value, not float"):
        backward(1.0)  # type: ignore[arg-type]


def test_an_interrupt_in_the_middle_restores_the_leaves() -> None:
    def interrupted(g: float, out: float, x: float) -> float:
        if x == 2.0:
            raise KeyboardInterrupt
        return g

    op = Op("interrupted", lambda x: x, interrupted)
    x = Value(2.0)
    y = op(x) + x
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    assert x.grad is NOT_RUN
    assert y.grad is NOT_RUN


def test_grad_leaves_every_grad_attribute_alone() -> None:
    x, y = Value(3.0), Value(4.0)
    z = x * y
    assert grad(z * z, [x, y, z]) == [96.0, 72.0, 24.0]
    assert all(v.grad is NOT_RUN for v in (x, y, z))


def test_grad_of_something_unrelated_is_zero() -> None:
    x, y = Value(3.0), Value(4.0)
    assert grad(x * 2, y) == 0.0
    assert grad(x * 2, y, create_graph=True).data == 0.0


def test_grad_starts_from_a_given_gradient() -> None:
    x = Value(3.0)
    assert grad(x * x, x, 10.0) == 60.0
    g = Value(10.0)
    assert grad(grad(x * x, x, g, create_graph=True), g) == 6.0


def test_grad_refuses_constants_and_other_things() -> None:
    x, c = Value(3.0), Value(1.0, "c", requires_grad=False)
    with pytest.raises(GradientError, match=r"'c' .*does not require a gradient"):
        grad(x * c, c)
    with pytest.raises(TypeError, match="grad\\(\\) takes Values, not float"):
        grad(x * c, [3.0])  # type: ignore[list-item]


def test_higher_derivatives_of_tanh_match_their_closed_forms() -> None:
    x = Value(0.7)
    t = math.tanh(0.7)
    first = grad(x.tanh(), x, create_graph=True)
    second = grad(first, x, create_graph=True)
    third = grad(second, x, create_graph=True)
    assert first.data == pytest.approx(1 - t * t, rel=1e-14)
    assert second.data == pytest.approx(-2 * t * (1 - t * t), rel=1e-14)
    assert third.data == pytest.approx((6 * t * t - 2) * (1 - t * t), rel=1e-13)


def test_no_grad_holds_for_one_thread_only() -> None:
    inside, done = threading.Event(), threading.Event()
    seen: list[bool] = []

    def other() -> None:
        inside.wait()
        seen.append((Value(1.0) * 2).requires_grad)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        done.wait()
        assert not (Value(1.0) * 2).requires_grad
    thread.join()
    assert seen == [True]
    assert (Value(1.0) * 2).requires_grad


def test_no_grad_decorates_functions_and_ends_when_they_raise() -> None:
    @no_grad()
    def predict(x: Value) -> Value:
        if x.data < 0:
            raise ValueError("negative")
        return x * 2

    assert predict(Value(1.0)).prev == ()
    with pytest.raises(ValueError, match="negative"):
        predict(Value(-1.0))
    assert (Value(1.0) * 2).prev != ()


def test_scopes_nest_and_name_what_is_made_inside() -> None:
    x = Value(1.0)
    with scope("outer"):
        a = x + 1
        with scope("inner"):
            b = a.tanh()
    c = b + 1
    assert a.scope == ("outer",)
    assert b.scope == ("outer", "inner")
    assert not hasattr(c, "scope")


def test_threads_that_share_leaves_differentiate_independently() -> None:
    shared = [Value(float(i)) for i in range(20)]
    results: dict[int, list[float]] = {}

    def work(k: int) -> None:
        for _ in range(30):
            total = Value(0.0)
            for x in shared:
                total = total + x * x * k
            results[k] = grad(total, shared)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, gradients in results.items():
        assert gradients == [2.0 * k * x.data for x in shared]


def test_every_installed_op_has_as_many_rules_as_operands() -> None:
    assert plugins.ops
    for op in plugins.ops.values():
        assert op.arity == len(op.rules) == len(op.domain)


def test_who_sees_that_a_hook_was_counted_finds_its_value():
    hooked, seen = HookedValues(), []

    class Seen(Value):
        def __hash__(self):  # as it is being added
            seen.append(hooked.changes)
            return id(self)

    hooked.add(x := Seen(1.0))
    assert (set(seen), hooked.changes) == ({0}, 1)
    assert x in hooked
