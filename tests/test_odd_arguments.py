"""Every public function, given something odd for an argument, answers or says what is wrong.

What is raised is an error of pluggrad's, or a TypeError, ValueError or OSError; never an
AttributeError, KeyError, IndexError or RecursionError out of the inside of the package.
"""

import io
import math
import warnings
from contextlib import redirect_stdout, suppress
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pluggrad
import pytest
from pluggrad import Graph, Op, PluggradError, Value, func, nn, ops, testing

ODD = {
    "None": None,
    "True": True,
    "large int": 10**400,
    "negative": -1,
    "nan": math.nan,
    "-inf": -math.inf,
    "-0.0": -0.0,
    "subnormal": 5e-324,
    "NumPy bool": np.bool_(True),
    "0-d array": np.array(0.5),
    "2-d array": np.ones((2, 2)),
    "array of Values": np.array([Value(1.0)], object),
    "fraction": Fraction(1, 3),
    "decimal": Decimal("0.5"),
    "complex": 1 + 2j,
    "text": "abc",
    "no text": "",
    "escape sequence": "a\nb\x1b[31m",
    "surrogate": "\udc80",
    "bytes": b"ab",
    "empty list": [],
    "ragged list": [[0.5], [0.25, 0.1]],
    "dict": {"a": 0.5},
    "set": {0.5},
    "object": object(),
    "class": int,
    "function": lambda: 1,
    "module": math,
    "Value": Value(0.5),
    "exception": ValueError("a"),
}
ALLOWED = (PluggradError, TypeError, ValueError, OverflowError, OSError)

x, y = Value(0.5, "x"), Value(0.25, "y")


def output():
    return (x * y + x).tanh()


def square(v):
    return v * v


def product(v):
    return sum(part * part for part in v)


doubled = Op("doubled_here", lambda x: 2.0 * x, lambda g, out, x: 2.0 * g)
compiled = pluggrad.compile(lambda a, b: a * b, executor="interpreter")
rows = pluggrad.compile(lambda a, b: a * b, in_axes=(0, None), executor="interpreter")
program = pluggrad.compile(output(), executor="interpreter")

# Calls with arguments that are right; each of them is replaced in turn.
CALLS = {
    "Value": (Value, 1.0, "a"),
    "x.data": (lambda v: setattr(Value(1.0), "data", v), 1.0),
    "x.grad": (lambda v: setattr(Value(1.0), "grad", v), 1.0),
    "label": (lambda v: repr(Value(1.0, label=v)), "a"),
    "operators": (lambda v: (x + v, v - x, x * v, x / v, x**v, x // v, x % v, x < v), 2.0),
    "round": (lambda n: round(x, n), 2),
    "format": (lambda spec: x.__format__(spec), ".3f"),
    "backward": (lambda g: output().backward(g), 1.0),
    "grad": (pluggrad.grad, output(), x),
    "values": (pluggrad.values, [1.0, 2.0]),
    "checkpoint": (pluggrad.checkpoint, square, x),
    "stop_gradient": (pluggrad.stop_gradient, x),
    "compare": (pluggrad.compare, output(), output()),
    "explain": (pluggrad.explain, x, output()),
    "Graph": (Graph, output()),
    "around": (Graph(output()).around, "n0", 1),
    "between": (Graph(output()).between, "n0", "n2"),
    "render": (pluggrad.render, output(), "text"),
    "render options": (lambda g, d: pluggrad.render(output(), "text", gradients=g, digits=d), 1, 3),
    "Film": (pluggrad.Film, output()),
    "Op": (lambda *a: Op(*a), "name", square, square),
    "Op options": (
        lambda d, k, i, text: Op("n", square, None, domain=d, kinks=k, ieee=i, doc=text),
        (0.0, 1.0), (0.5,), square, "text",
    ),
    "plugins.op": (pluggrad.plugins.op, "tanh"),
    "plugins.renderer": (pluggrad.plugins.renderer, "text"),
    "plugins.unregister": (pluggrad.plugins.unregister, "nobody"),
    "configured": (lambda v: pluggrad.configured(renderer=v).__enter__, "text"),
    "func.grad": (lambda f, n, v: func.grad(f, n)(v), square, 0, 0.5),
    "func.hessian": (lambda f, v: func.hessian(f)(v), product, [0.5, 0.25]),
    "func.jacfwd": (lambda f, v: func.jacfwd(f)(v), product, [0.5, 0.25]),
    "func.jvp": (func.jvp, square, (0.5,), (1.0,)),
    "func.hvp": (func.hvp, square, (0.5,), (1.0,)),
    "func.vjp": (lambda v, g: func.vjp(square, v)[1](g), 0.5, 1.0),
    "func.vmap": (lambda f, v, n: func.vmap(f, in_axes=n)(v), square, [0.5, 0.25], 0),
    "compile": (pluggrad.compile, square),
    "compile options": (
        lambda b, t, a, m: pluggrad.compile(square, bound=b, threads=t, arrays=a, math=m),
        2, 1, "lanes", "libm",
    ),
    "compile rows": (lambda n: pluggrad.compile(square, in_axes=n), (0,)),
    "compile reduce": (lambda r: pluggrad.compile(square, reduce=r), "sum"),
    "compile wrt": (lambda w: pluggrad.compile(output(), wrt=w, executor="interpreter"), [x]),
    "compiled": (compiled, 0.5, 0.25),
    "compiled gradient": (compiled.value_and_grad, 0.5, 0.25),
    "compiled jvp": (compiled.jvp, (0.5, 0.25), (1.0, 0.0)),
    "compiled hvp": (compiled.hvp, (0.5, 0.25), (1.0, 0.0)),
    "compiled jacobian": (compiled.jacobian, 0.5, 0.25),
    "rows": (rows, [0.5, 0.25], 2.0),
    "rows in batches": (lambda b, n: rows.over(b, rows=n)(2.0), [([0.5, 0.25],)], 2),
    "program": (program.value_and_gradient, [0.5, 0.25]),
    "program parameters": (lambda v: setattr(program, "parameters", v), [0.5, 0.25]),
    "nn.MLP": (nn.MLP, 2, [2, 1]),
    "nn.MLP activation": (lambda a: nn.MLP(2, [2, 1], activation=a), "tanh"),
    "nn.MLP call": (nn.MLP(2, [2, 1]), [0.5, 0.25]),
    "nn.Linear": (nn.Linear, 2, 3),
    "nn.Attention": (nn.Attention, 4, 2),
    "nn.Embedding": (nn.Embedding, 2, 3),
    "nn.SGD": (lambda p, lr: nn.SGD(p, lr=lr).step(), [x, y], 0.1),
    "nn.Adam": (lambda p, b: nn.Adam(p, betas=b).step(), [x, y], (0.9, 0.99)),
    "nn.cosine": (nn.cosine, 0.0, 1.0, 5),
    "nn.clip_grad_norm_": (nn.clip_grad_norm_, [x, y], 1.0),
    "nn.clip_grad_value_": (nn.clip_grad_value_, [x, y], 1.0),
    "nn.mse": (nn.mse, [0.5, 0.25], [1.0, 0.0]),
    "nn.cross_entropy": (nn.cross_entropy, [[0.5, 0.25]], [1]),
    "nn.Softmax": (nn.Softmax(), [0.5, 0.25]),
    "ops.logsumexp": (ops.logsumexp, [0.5, 0.25]),
    "ops.where": (ops.where, 1.0, 0.5, 0.25),
    "check_op": (testing.check_op, doubled),
    "grade": (lambda loss, pair: testing.grade(loss, x=pair), output(), (x, 0.5)),
}  # fmt: skip


def call_noted(call, given, note):
    try:
        call(*given)
    except Exception as error:
        error.add_note(note)
        raise


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_something_odd_is_taken_or_refused_with_an_error_of_a_documented_class(name):
    call, *right = CALLS[name]
    for position in range(len(right)):
        for what, thing in ODD.items():
            if name.startswith("nn.") and what == "large int":
                continue  # as many neurons
            given = [*right]
            given[position] = thing
            x.data, y.data, x.grad, y.grad = 0.5, 0.25, 0.0, 0.0
            with redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with suppress(*ALLOWED):
                    call_noted(call, given, f"{name}, argument {position}: {what}")


@pytest.mark.parametrize("function", [lambda v: setattr(x, "data", v), Value, lambda v: x + v])
def test_an_int_that_no_float_can_hold_is_said_to_be_too_large(function):
    with pytest.raises(OverflowError, match="this int is too large for a float"):
        function(10**400)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Neuron(-3), "nin= of Neuron is 0 or more, not -3"),
        (
            lambda: nn.MLP(2, 3),
            "nouts= of MLP is a list of sizes, not 3: write MLP\\(2, \\[3\\]\\)",
        ),
        (lambda: nn.MLP(3, 4, 1), "a list of sizes, not 4: write MLP\\(3, \\[4, 1\\]\\)"),
        (
            lambda: nn.Adam([x], learning_rate=0.1),
            r"Adam\(\) has no keyword learning_rate=; it is lr=",
        ),
        (lambda: nn.SGD([x], eta=0.1), r"SGD\(\) has no keyword eta=; it is lr="),
        (lambda: nn.AdamW([x], beta1=0.9), r"AdamW\(\) has no keyword beta1=; it is betas="),
        (lambda: nn.RMSprop([x], epsilon=0.9), r"RMSprop\(\) has no keyword epsilon=; it is eps="),
        (lambda: nn.Linear(2, 1, use_bias=True), r"Linear\(\) has no .*; it is bias="),
        (lambda: nn.Neuron(2, seed=1), r"Neuron\(\) has no keyword seed=; it is rng="),
        (lambda: nn.MLP(2, [1], activatoin="tanh"), "activatoin=; did you mean activation="),
        (lambda: nn.Linear(2, 1, device="cpu"), "device=; available: inputs, outputs, bias, init"),
        (lambda: compiled.grad(0.5, argnums=0), r"argnums= is no argument of .*func.grad\(f, arg"),
        (lambda: nn.Linear(2.5, 1), "inputs= of Linear is a whole number, not 2.5"),
        (lambda: nn.Softmax()(1.0), "softmax takes a list of numbers, not 1.0: write \\[x\\]"),
        (lambda: nn.mse(1.0, 2.0), "a loss takes lists of examples and targets, not 1.0"),
        (lambda: nn.clip_grad_norm_([1.0], 1.0), "parameters are Values.*not 1.0"),
        (lambda: compiled.jvp(0.5, 1.0), r"write f.jvp\(\(x,\), \(dx,\)\), not float 0.5"),
        (lambda: pluggrad.compile(square, reduce="sum"), "reduce= is for functions over rows"),
        (lambda: pluggrad.compile(square, bound=None), "bound= is a whole number, 1 or more"),
        (lambda: rows.over(3), "over\\(\\) takes something that gives batches.*not int 3"),
        (lambda: pluggrad.plugins.op(3), "no plugin provides op 3"),
        (lambda: compiled(int, 1.0), "takes real numbers and arrays of them, not a type"),
        (lambda: testing.check_op(math.sin), "check_op\\(\\) takes an Op, not builtin"),
        (lambda: testing.grade(3.0, x=(x, 1.0)), "what is graded was computed of Values"),
    ],
)
def test_the_message_says_what_was_wanted(call, message):
    with pytest.raises((PluggradError, TypeError, ValueError), match=message):
        call()
