"""The written-out code of forward mode and Hessian products, against the rules one by one."""

import gc
import math
import random
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from pluggrad import AnomalyError, Op, Value, detect_anomaly, no_grad, on_gradient, plugins
from pluggrad.func import fused, grad, hvp, jvp
from pluggrad.func.dual import Dual, apply
from pluggrad.func.symbols import Symbol, push_code
from pluggrad.ops import exp, log, sin, sqrt
from pluggrad.topology import topological_order

OPS = [op for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
ODD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, 1e-300, 1e300, 1.7e308, 0.5]
every_op = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)


def bits(x):
    """A number, a tangent with it, told apart to the last bit."""
    return (bits(x.primal), bits(x.tangent)) if isinstance(x, Dual) else repr(float(x))


def number(x):
    """A number told apart to the last bit, but for the sign of zero, which sums begin with."""
    return repr(x + 0.0)


def drawn(op, count, odd):
    chance = random.Random(op.name)
    rows = [
        [chance.choice(ODD) if chance.random() < odd else chance.uniform(-3, 3) for _ in op.rules]
        for _ in range(count)
    ]
    return [[x, digits // 1.0] for x, digits in rows] if op.name == "round" else rows


# ----- Forward mode -----


@every_op
def test_forward_mode_is_that_of_the_rules_to_the_last_bit(op):
    for at, tangents in zip(drawn(op, 60, 0.5), drawn(op, 60, 0.2)[::-1], strict=True):
        for mask in range(1, 2**op.arity):
            xs = [
                Dual(x, t, 1) if mask >> i & 1 else x
                for i, (x, t) in enumerate(zip(at, tangents, strict=True))
            ]
            assert bits(Dual.__pluggrad_op__(op, tuple(xs))) == bits(apply(op, xs)), (at, mask)


def test_every_built_in_op_that_has_a_tangent_is_written_out():
    without = [
        (op.name, mask)
        for op in OPS
        for mask in range(1, 2**op.arity)
        if push_code(op, mask) is None
    ]
    assert without == [("round", 2), ("where", 1)]  # their digits and condition move nothing


def test_a_rule_that_cannot_be_written_down_is_called_as_it_stands():
    seen = []

    def rule(g, out, x):
        seen.append(type(x))
        return 3.0 * g * x * x if float(x) > 0.0 else g * (3.0 * x) * x

    cube = Op("cube", lambda x: x * x * x, rule)
    assert push_code(cube, 1) is None
    assert jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    assert jvp(cube, (-2.0,), (1.0,)) == (-8.0, 12.0)
    assert hvp(cube, (2.0,), (1.0,)) == 12.0
    assert seen[-1] is not Symbol


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, out, x: g * 2.0 * x if x > 0 else 2.0 * g * x,
        lambda g, out, x: g * 2.0 * x if x == x else g,
        lambda g, out, x: g * 2.0 * x if {x: 1} else g,
        lambda g, out, x: g * 2.0 * math.fabs(x) * (1.0 if x else 2.0),
        lambda g, out, x: g * x**1 * 2.0,
        lambda g, out, x: g * Value(2.0, requires_grad=False) * x,
    ],
    ids=["compares", "equals", "looks up", "math", "power", "a Value"],
)
def test_whatever_a_rule_does_with_a_symbol_it_still_works_on_numbers(rule):
    square = Op("square", lambda x: x * x, rule)
    assert push_code(square, 1) is None
    assert jvp(square, (3.0,), (0.5,)) == (9.0, 3.0)


def test_code_is_made_once_for_each_op_and_dies_with_it():
    calls = []

    def use():
        double = Op("double", lambda x: 2.0 * x, lambda g, out, x: calls.append(1) or 2.0 * g)
        for _ in range(5):
            jvp(lambda x: double(double(x)), (1.0,), (1.0,))
            hvp(lambda x: double(x) * x, (1.0,), (1.0,))
        return weakref.ref(double)

    died = use()
    assert len(calls) == 3  # for jvp; for hvp, once up and once down the graph
    gc.collect()
    assert died() is None


def test_constants_of_any_kind_in_a_rule_are_written_as_floats():
    from fractions import Fraction

    op = Op("op", lambda x: x, lambda g, out, x: g * Fraction(1, 4) * True + 2 * g)
    assert push_code(op, 1) is not None
    assert jvp(op, (1.0,), (1.0,)) == (1.0, 2.25)


# ----- Hessian products -----


def slowly(monkeypatch, *arguments):
    """hvp() as jvp() of grad()."""
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
            tangent[node] = sum(parts[1:], parts[0]) if parts else 0.0
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
    assert compared > 5


@every_op
def test_hessian_products_are_those_of_forward_over_reverse(op, monkeypatch):
    for at, direction in zip(drawn(op, 10, 0.0), drawn(op, 10, 0.0)[::-1], strict=True):
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
    done = subprocess.run(
        [sys.executable, "-c", REPLACED], capture_output=True, text=True, check=True
    )
    before, missing, after = done.stdout.splitlines()
    assert before == "4.0 12.0"
    assert missing.startswith("MissingOpError no plugin provides '*'")
    slope, same, bend = after.split()
    assert (slope, same) == ("40.0", "True")
    assert float(bend) > 100.0
