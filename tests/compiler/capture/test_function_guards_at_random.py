"""Guards under fire: random programs with branches, random inputs, whatever came before."""

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import func, plugins
from pluggrad.compiler import compile
from pluggrad.compiler.lower.probing import loops_in

np = pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, math.inf, math.nan])
LOOKS = ("<", "<=", ">", ">=", "bool", "int", "max")
STEPS = st.lists(
    st.tuples(st.sampled_from(LOOKS), st.sampled_from([-1.0, 0.0, 0.5, 2.0])),
    min_size=1,
    max_size=5,
)


def program(steps: list[tuple[str, float]]) -> Any:
    """Make a function that takes another way for each answer it gets."""

    def f(x: Any, y: Any) -> Any:
        for how, level in steps:
            match how:
                case "<":
                    taken = x < level
                case "<=":
                    taken = y <= x
                case ">":
                    taken = x > y
                case ">=":
                    taken = y >= level
                case "bool":
                    taken = bool(x - level)
                case "int":
                    finite = x > -1e6 and x < 1e6  # int() of what is not finite raises
                    taken = finite and int(x) % 2 == 0
                case _:
                    x, taken = max(x, y, level), True
            x, y = (x + y * level + 1.0, y) if taken else (y - level, x * 0.5)
        return x * 2.0 + y

    return f


@pytest.mark.filterwarnings("ignore:.*more than 2 ways")
# int() makes a recording for each number, which is warned of elsewhere.
@pytest.mark.filterwarnings("ignore:.* turns a Value into a float or int")
@pytest.mark.parametrize("executor", ["interpreter", "numba"])
@settings(max_examples=40, deadline=None)
@given(steps=STEPS, inputs=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_no_sequence_of_calls_gives_the_answer_of_another_branch(
    executor: str, steps: list[tuple[str, float]], inputs: list[tuple[float, float]]
) -> None:
    function = program(steps)
    compiled = compile(function, executor=executor, bound=2)
    expected = [function(x, y) for x, y in inputs]
    for (x, y), answer in zip(inputs, expected, strict=True):
        np.testing.assert_equal(compiled(x, y), answer)
        np.testing.assert_equal(compiled.value_and_grad(x, y)[0], answer)
    columns = np.array(inputs).T
    np.testing.assert_array_equal(compiled(*columns), expected)
    assert len(compiled.recordings) <= 2


def tangle(rng: random.Random) -> Any:
    """Make a random function of three numbers, of any ops, that looks at what it computes."""
    # A loop might not end for the inputs of another way: such ops are refused beside guards.
    ops = [op.name for op in plugins.ops.values() if not loops_in(op.forward)]
    # copysign may take the sign of nan, which no two processors and libraries give alike.
    names = [*rng.sample(sorted(set(ops) - {"round", "copysign"}), 3), "add", "mul", "sub"]
    steps = [(rng.choice(names), [rng.random() for _ in range(3)]) for _ in range(20)]

    def f(*numbers: Any) -> Any:
        nodes = list(numbers)
        for name, chosen in steps:
            op = plugins.op(name)
            recent = nodes[-8:]
            nodes.append(op(*[recent[int(r * len(recent))] for r in chosen[: op.arity]]))
            if chosen[0] < 0.15 and nodes[-1] > chosen[1]:
                nodes.append(nodes[-1] * 2.0)
        return nodes[-1] + nodes[-2]

    return f


@pytest.mark.parametrize("executor", ["interpreter", "numba"])
def test_random_functions_have_the_engine_s_values_and_gradients_in_every_lane(
    executor: str,
) -> None:
    for seed in range(30):
        rng = random.Random(seed)
        f = tangle(rng)
        lanes = [[rng.uniform(0.2, 2.0) for _ in range(3)] for _ in range(12)]
        truth = [func.value_and_grad(f, (0, 1, 2))(*numbers) for numbers in lanes]
        value, gradients = compile(f, executor=executor).value_and_grad(*np.array(lanes).T)
        np.testing.assert_allclose(value, [x for x, _ in truth], rtol=1e-12, atol=1e-300)
        expected = np.array([g for _, g in truth]).T
        plain = np.isfinite(expected)
        scale = max(1.0, np.abs(expected[plain]).max(initial=0.0))
        np.testing.assert_allclose(
            np.array(gradients)[plain], expected[plain], rtol=1e-8, atol=1e-12 * scale
        )
