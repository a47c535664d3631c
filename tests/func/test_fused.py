"""Hessian products along a recorded graph, against the rules one by one."""

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import add

import forks
import pytest
from pluggrad import AnomalyError, Value, detect_anomaly, no_grad, on_gradient
from pluggrad.func import fused, grad, hvp, jvp
from pluggrad.func.dual import Dual
from pluggrad.ops import exp, log, sin, sqrt
from pluggrad.topology import topological_order

from .drawn_ops import drawn, every_op, number


def slowly(monkeypatch, *arguments):
    """hvp() without the code of its own."""
    with monkeypatch.context() as patched:
        patched.setattr(fused, "gradient_moved", lambda *arguments: None)
        return hvp(*arguments)


def taken(monkeypatch, *arguments):
    """hvp(), and whether the short way led to the end."""
    results = []
    short_way = fused.gradient_moved

    def spied(*given):
        results.append(short_way(*given))
        return results[-1]

    with monkeypatch.context() as patched:
        patched.setattr(fused, "gradient_moved", spied)
        found = hvp(*arguments)
    return found, bool(results) and results[-1] is not None


def entangled(op):
    """A function in which an op's operands and result are used in several places."""

    def f(v):
        a = op(*v)
        b = op(*[x * 1.25 for x in v])
        return sin(a) * b + a * v[0] * v[-1]

    return f


def rule_by_rule(f, at, direction):
    """The Hessian's product, every rule called on its own: tangents up the graph, pairs down it."""
    leaves = [Value(x) for x in at]
    result = f(leaves)
    order = topological_order([result], differentiable=True)
    tangent = dict(zip(leaves, direction, strict=True))
    for node in order:
        if node.op is not None:
            parts = [
                node.op.partial(i, tangent[x], node.data, *[y.data for y in node.prev])
                for i, x in enumerate(node.prev)
                if x.requires_grad and node.op.rules[i] is not None
            ]
            tangent[node] = reduce(add, parts) if parts else 0.0  # sum() rounds once from 3.12 on
    gradient = dict.fromkeys(order, (0.0, 0.0))
    gradient[result] = (1.0, 0.0)
    for node in reversed(order):
        if node.op is None:
            continue
        operands = [Dual(x.data, tangent[x], 1) if x.requires_grad else x.data for x in node.prev]
        for x, rule in zip(node.prev, node.op.rules, strict=True):
            if x.requires_grad and rule is not None:
                part = rule(Dual(*gradient[node], 1), Dual(node.data, tangent[node], 1), *operands)
                both = (part.primal, part.tangent) if isinstance(part, Dual) else (part, 0.0)
                gradient[x] = tuple(a + b for a, b in zip(gradient[x], both, strict=True))
    return [gradient[x][1] if x in gradient else 0.0 for x in leaves]


@every_op
def test_hessian_products_are_those_of_the_rules_to_the_last_bit(op, monkeypatch):
    f = entangled(op)
    compared = 0
    for at, direction in zip(drawn(op, 40, 0.1), drawn(op, 40, 0.0)[::-1], strict=True):
        found, quick = taken(monkeypatch, f, (at,), (direction,))
        if quick:
            compared += 1
            expected = rule_by_rule(f, at, direction)
            assert list(map(number, found)) == list(map(number, expected)), (at, direction)
        else:
            slow = slowly(monkeypatch, f, (at,), (direction,))
            assert list(map(number, found)) == list(map(number, slow)), (at, direction)
        if compared == 9:
            break
    assert compared > 3  # betaln is real where both operands are above 0


@every_op
def test_hessian_products_are_those_of_forward_over_reverse(op, monkeypatch):
    for at, direction in zip(drawn(op, 5, 0.0), drawn(op, 5, 0.0)[::-1], strict=True):
        for still in range(-1, op.arity):

            def f(v, at=at, still=still):
                moved = [at[i] if i == still else x for i, x in enumerate(v)]
                return op(*moved) * v[0] * v[-1]

            found = hvp(f, (at,), (direction,))
            slow = slowly(monkeypatch, f, (at,), (direction,))
            assert found == pytest.approx(slow, rel=1e-11, abs=1e-11, nan_ok=True), (at, still)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: 1.0 / x, 0.0),
        (lambda x: sqrt(x), 0.0),
        (lambda x: log(x) * x, 0.0),
        (lambda x: exp(x) * exp(-x), 800.0),
        (lambda x: x * x, math.inf),
        (lambda x: x * x, math.nan),
        (lambda x: x ** (-0.5), 1e-200),
    ],
)
def test_numbers_that_are_not_finite_follow_ieee_754_as_the_long_way_does(f, at, monkeypatch):
    assert number(hvp(f, (at,), (1.0,))) == number(slowly(monkeypatch, f, (at,), (1.0,)))


def test_a_hessian_product_of_its_own_argument_or_a_constant_is_zero():
    assert hvp(lambda x: x, (3.0,), (1.0,)) == 0.0
    assert hvp(lambda x: 7.0, (3.0,), (1.0,)) == 0.0
    assert hvp(lambda x, y: x * x, (3.0, 4.0), (1.0, 1.0)) == (2.0, 0.0)


def test_what_is_closed_over_is_left_alone_and_can_be_differentiated_after():
    w, c = Value(5.0), Value(2.0, requires_grad=False)
    product = hvp(lambda x: x * x * x * w * c, (1.5,), (1.0,))
    assert product.data == 90.0
    product.backward()
    assert (w.grad, c.grad) == (18.0, 0.0)
    assert hvp(lambda x: x * x * x * c, (1.5,), (1.0,)) == 18.0


def test_anomaly_detection_and_no_grad_hold_in_hessian_products(monkeypatch):
    with detect_anomaly():
        assert taken(monkeypatch, lambda x: x * x * x, (3.0,), (1.0,)) == (18.0, False)
        with pytest.raises(AnomalyError, match=r"op 'log' gave -inf for 0\.0"):
            hvp(log, (0.0,), (1.0,))
    with no_grad():
        assert taken(monkeypatch, lambda x: x * x * x, (3.0,), (1.0,)) == (18.0, True)


def test_a_hook_on_a_closed_over_value_is_called(monkeypatch):
    seen = []
    w = Value(2.0)
    with on_gradient(w, seen.append):
        product = hvp(lambda x: x * x * w, (3.0,), (1.0,))
        product.backward()
    assert (product.data, seen) == (4.0, [2.0])


def test_a_hook_inside_forward_mode_says_why_it_cannot_be():
    with pytest.raises(TypeError, match=r"forward-mode transform \(jvp, .* have tangents"):
        jvp(lambda x: on_gradient(x * x, print) and x, (3.0,), (1.0,))


def test_an_inner_hessian_product_is_differentiated_the_long_way():
    for d in (grad, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]):
        assert d(lambda x: hvp(lambda y: x * y**3, (x,), (x,)))(2.0) == 72.0  # 6 x**3


def test_threads_compute_hessian_products_with_the_same_constants():
    shared = [Value(1.0 + i, requires_grad=i % 2 == 0) for i in range(6)]
    frozen = [Value(1.0 + i, requires_grad=False) for i in range(6)]

    def f(x):
        for w in frozen:
            x = sin(x * w) + x * x
        return x

    def g(x):
        return sum([x**3 * w for w in shared])

    points = [0.01 * i for i in range(60)]
    alone = [hvp(f, (x,), (1.0,)) for x in points]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda x: hvp(f, (x,), (1.0,)), points)) == alone
        found = list(pool.map(lambda x: float(hvp(g, (x,), (1.0,))), points))
    assert found == pytest.approx([6.0 * x * 21.0 for x in points], rel=1e-14)
    assert all(w.grad == 0.0 for w in (*shared, *frozen))


REPLACED = """
import operator
from pluggrad import AnomalyError, Op, Value, func, plugins
from pluggrad.func import fused

def slope(x): return func.jvp(lambda x: x * x, (x,), (1.0,))[1]
def bend(x): return func.hvp(cube, (x,), (1.0,))

cube = Op("cube", lambda x: x * x * x, lambda g, out, x: 3.0 * g * (x * x))
print(slope(2.0), bend(2.0))

# A product whose rules are off by a factor 10 on purpose.
times = Op("times", operator.mul, lambda g, out, a, b: 10.0 * g * b,
                                  lambda g, out, a, b: 10.0 * g * a, operator="*")
arithmetic = [p for p in plugins if p.name == "pluggrad.arithmetic"][0].ops
others = [Op(op.name, op.forward, *op.rules, operator=op.operator) for op in arithmetic
          if op.name != "mul"]
plugins.unregister("pluggrad.arithmetic")
try:
    slope(2.0)
except Exception as error:
    print(type(error).__name__, error)
plugins.register_op(times, *others)
print(slope(2.0), bend(2.0) == func.jvp(func.grad(cube), (2.0,), (1.0,))[1], bend(2.0))
"""


def test_an_op_that_serves_an_operator_can_be_taken_away_and_replaced():
    done = forks.run([sys.executable, "-c", REPLACED], check=True)
    before, missing, after = done.stdout.splitlines()
    assert before == "4.0 12.0"
    assert missing.startswith("MissingOpError no plugin provides '*'")
    slope, same, bend = after.split()
    assert (slope, same) == ("40.0", "True")
    assert float(bend) > 100.0
