"""explain(): why a gradient is what it is, and that the reasons add up to it."""

import math
import random

import pytest
from pluggrad import GradientError, Op, Value, checkpoint, custom_rule, explain, grad
from pluggrad.ops import exp, log, relu, sqrt, tanh

ALL = 10**6


def leaves(*numbers: float) -> list[Value]:
    return [Value(x, label=name) for x, name in zip(numbers, "abcdefgh", strict=False)]


def random_graph(rng: random.Random) -> tuple[Value, list[Value]]:
    """Compose operations at random, with much sharing."""
    inputs = leaves(*(rng.uniform(0.3, 1.7) for _ in range(3)))
    values = list(inputs)
    for _ in range(rng.randint(3, 12)):
        a, b = rng.choice(values), rng.choice(values)
        values.append(rng.choice([a + b, a * b, a - b, a / (b * b + 1.0), a.tanh(), a.exp()]))
    return values[-1], inputs


# ----- The numbers -----


@pytest.mark.parametrize("seed", range(60))
def test_contributions_of_all_paths_add_up_to_the_gradient(seed: int) -> None:
    output, inputs = random_graph(random.Random(seed))
    for x in inputs:
        told = explain(output, x, paths=ALL)
        assert len(told.paths) == told.number_of_paths
        total = math.fsum(path.contribution for path in told.paths)
        wanted = grad(output, x)
        assert told.gradient == pytest.approx(wanted, rel=1e-12, abs=1e-300)
        scale = math.fsum(abs(path.contribution) for path in told.paths)
        assert total == pytest.approx(wanted, rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("seed", range(20))
def test_the_few_paths_told_are_the_largest_of_all(seed: int) -> None:
    output, inputs = random_graph(random.Random(seed))
    for x in inputs:
        every = [abs(path.contribution) for path in explain(output, x, paths=ALL).paths]
        few = [abs(path.contribution) for path in explain(output, x, paths=3).paths]
        assert few == pytest.approx(sorted(every, reverse=True)[:3], rel=1e-9)


def test_a_path_is_its_steps_in_order_of_computation() -> None:
    x, w = leaves(2.0, -3.0)
    product = x * w
    y = product.tanh()
    (path,) = explain(y, x).paths
    assert [(step.value, step.operand) for step in path.steps] == [(product, 0), (y, 0)]
    assert path.contribution == math.prod(step.local for step in path.steps)
    assert path.steps[0].local == -3.0


def test_an_operand_used_twice_has_two_paths() -> None:
    (x,) = leaves(3.0)
    told = explain(x * x, x)
    assert [path.contribution for path in told.paths] == [3.0, 3.0]


def test_paths_too_many_to_list_are_counted() -> None:
    x = y = Value(1.0, label="x")
    for _ in range(40):
        y = (y + y) * 0.5
    told = explain(y, x)
    assert told.number_of_paths == 2**40
    assert told.gradient == 1.0
    assert "The other 1,099,511,627,773 paths together add 1." in str(told)


def test_explaining_a_result_starts_at_that_result() -> None:
    x, w = leaves(2.0, -3.0)
    middle = x * w
    assert explain(middle.tanh() * middle, middle).number_of_paths == 2


def test_explaining_touches_no_gradient() -> None:
    x, w = leaves(2.0, -3.0)
    y = x * w
    explain(y, x)
    assert (x.grad, w.grad, y.grad) == (0.0, 0.0, 0.0)


def test_constants_are_not_differentiated() -> None:
    (x,) = leaves(3.0)
    assert explain((-2.0) ** x.detach() * x, x).gradient == -8.0


def test_depth_is_no_limit() -> None:
    x = y = Value(0.5, label="x")
    for _ in range(20_000):
        y = y.tanh()
    told = explain(y, x)
    assert told.number_of_paths == 1
    assert len(told.paths[0].steps) == 20_000
    assert "… 19,989 more steps …" in str(told)
    assert len(str(told).splitlines()) < 20


def test_more_paths_than_atoms_are_counted_as_many() -> None:
    x = y = Value(1.0, label="x")
    for _ in range(2000):
        y = (y + y) * 0.5
    text = str(explain(y, x, paths=1))
    assert "More than 1,000,000,000,000,000,000 paths" in text
    assert "All others together add 1." in text


def test_rules_of_ones_own_are_explained() -> None:
    @custom_rule
    def double(x):
        return 2.0 * x

    @double.rule
    def _(g, out, x):
        return g * 2.0

    (x,) = leaves(3.0)
    assert explain(double(x) * x, x).gradient == pytest.approx(grad(double(x) * x, x))
    remembered = checkpoint(lambda v: v.tanh() * v, x)
    assert explain(remembered, x).gradient == pytest.approx(grad(remembered, x))


# ----- The words -----


def test_the_shortest_answer_comes_first() -> None:
    x, w = leaves(2.0, -3.0)
    first = str(explain(x * w, x)).splitlines()[0]
    assert first == "d(n2)/d(a) = -3: if a grows a little, n2 falls 3 times as much."


def test_each_step_shows_its_formula_with_numbers() -> None:
    x, w = leaves(2.0, -3.0)
    assert "× -3           n2 = a * b = 2 * -3 = -6" in str(explain((x * w).tanh(), x))


def test_names_come_from_variables() -> None:
    mine = Value(2.0)
    yours = mine * 3.0
    text = str(explain(yours, mine, names={"mine": mine, "yours": yours}))
    assert text.startswith("d(yours)/d(mine) = 3")


@pytest.mark.parametrize(
    ("why", "make"),
    [
        ("relu is flat here: n2 = -6 is below its kink at 0", lambda x, w: relu(x * w)),
        ("the other factor, c = 0, is 0", lambda x, w: x * w * Value(0.0, label="c")),
        ("the other factor, 0, is 0", lambda x, w: x * 0.0 + w),
        ("relu has a kink at n4 = 0, where its rule takes 0", lambda x, w: relu(x * w + 6.0)),
        ("the slope of tanh at 800 is 0", lambda x, w: tanh(x * 400.0)),
        ("no gradient goes through held to a: its author", lambda x, w: Op("held", abs, None)(x)),
        ("does not move when", lambda x, w: (x * w).maximum(5.0)),
    ],
)
def test_a_zero_is_blamed_on_what_blocks_it(why, make) -> None:
    x, w = leaves(2.0, -3.0)
    told = explain(make(x, w), x)
    assert told.gradient == 0.0
    assert "a local derivative of 0 blocks" in str(told)
    assert why in str(told)


def test_a_zero_by_cancelling_shows_both_sides() -> None:
    (x,) = leaves(2.0)
    text = str(explain(x * 3.0 - x * 3.0, x))
    assert "its contributions cancel" in text
    assert "3 through n2" in text
    assert "-3 through n4" in text


def test_operands_of_one_result_that_cancel_are_told_apart() -> None:
    (x,) = leaves(3.0)
    text = str(explain(x - x, x))
    assert "1 through operand 1 of n1 = a - a = 3 - 3 = 0" in text
    assert "-1 through operand 2 of" in text


def test_a_place_that_blocks_several_paths_is_one_place() -> None:
    (x,) = leaves(0.0)
    text = str(explain(x * x, x))
    assert "blocks each of 2 paths, at one place" in text
    assert text.count("the other factor") == 1


def test_of_a_long_path_the_steps_that_matter_are_shown() -> None:
    (x,) = leaves(2.0)
    y = x
    for i in range(40):
        y = y * 7.0 if i == 20 else y + 1.0
    lines = str(explain(y, x)).splitlines()
    assert any(line.strip().startswith("× 7 ") for line in lines)
    assert len(lines) < 20


def test_an_answer_fits_on_a_screen_however_long_its_paths() -> None:
    (x,) = leaves(0.5)
    y = x
    for _ in range(500):
        y = (y * 0.9 + y.tanh() * 0.1) * 1.01
    assert len(str(explain(y, x)).splitlines()) <= 36


def test_one_step_is_blamed_for_a_vanishing_gradient() -> None:
    (x,) = leaves(30.0)
    text = str(explain(tanh(x) * 5.0, x))
    assert "It is vanishingly small because of one step, × 3.503e-26:\n     n1 = tanh(a)" in text


def test_many_steps_share_the_blame_for_an_exploding_gradient() -> None:
    (x,) = leaves(1.0)
    y = x
    for _ in range(100):
        y = y * 1.5
    text = str(explain(y, x))
    assert "It is very large because 100 steps multiply it by 1.5 each, on average." in text


def test_a_gradient_that_is_finite_below_a_nan_is_said_to_mean_nothing() -> None:
    (x,) = leaves(-2.0)
    text = str(explain(log(x) * 3.0, x))
    assert text.startswith("d(n3)/d(a) = -1.5, but n3 itself is nan, so it means nothing.")
    assert "n1 = log(a) = log(-2) = nan" in text


def test_a_nan_of_infinities_is_followed_to_the_first_of_them() -> None:
    (x,) = leaves(0.0)
    text = str(explain(log(x) - log(x), x))
    assert "n3 = n1 - n2 = -inf - -inf = nan" in text
    assert "n1 = log(a) = log(0) = -inf was the first number to be infinite" in text


def test_a_zero_by_underflow_is_told_from_a_blocked_one() -> None:
    x = y = Value(1.0, label="x")
    for _ in range(5):
        y = y * 1e-80
    assert "their product is too small for a float" in str(explain(y, x))


def test_what_is_not_in_the_graph_is_told() -> None:
    x, w = leaves(2.0, -3.0)
    assert "n2 was not computed from c" in str(explain(x * w, Value(1.0, label="c")))


def test_a_detached_copy_is_pointed_to() -> None:
    x, w = leaves(2.0, -3.0)
    text = str(explain(x.detach() * w, x))
    assert "was not computed from a" in text
    assert "A copy by detach()" in text


def test_a_constant_is_told() -> None:
    x = Value(2.0, label="x", requires_grad=False)
    w = Value(1.0)
    assert "x is a constant" in str(explain(x * w, x))


def test_the_same_value_has_gradient_one() -> None:
    (x,) = leaves(2.0)
    told = explain(x, x)
    assert told.gradient == 1.0
    assert "the same value" in str(told)


def test_a_nan_of_the_forward_pass_is_followed_to_its_beginning() -> None:
    x, w = leaves(2.0, -3.0)
    text = str(explain(exp(log(x * w) + 1.0), x))
    assert "began in the forward pass" in text
    assert "n3 = log(n2) = log(-6) = nan" in text


def test_a_nan_leaf_is_named() -> None:
    x, w = leaves(2.0, math.nan)
    assert "b itself is nan" in str(explain(x * w, x))


def test_a_nan_of_the_backward_pass_is_followed_to_its_beginning() -> None:
    (x,) = leaves(0.0)
    text = str(explain(sqrt(x) - sqrt(x), x))
    assert "began in the backward pass" in text
    assert "its slope for a is inf, times the gradient -1 from above" in text


def test_an_infinite_slope_that_no_gradient_reaches_is_no_nan() -> None:
    (x,) = leaves(0.0)
    text = str(explain(sqrt(x) * 0.0, x))
    assert text.startswith("d(n3)/d(a) = 0")
    assert "nan" not in text


def test_an_infinite_slope_is_named() -> None:
    (x,) = leaves(0.0)
    told = explain(sqrt(x), x)
    assert told.gradient == math.inf
    assert "its slope for a is inf, times the gradient 1 from above" in str(told)


def test_unusual_labels_stay_on_their_lines() -> None:
    x = Value(1.0, label="two\nlines\x1b[31m" + "x" * 100)
    text = str(explain(x * 2.0, x))
    assert "\x1b" not in text
    assert all(len(line) < 200 for line in text.splitlines())
    assert text.splitlines()[0].startswith("d(n2)/d(two\\nlines\\x1b[31mxxx")


@pytest.mark.parametrize("wrong", [{"paths": 0}, {"digits": 1.5}, {"paths": True}])
def test_wrong_options_are_told(wrong) -> None:
    (x,) = leaves(1.0)
    with pytest.raises(GradientError, match="whole number above 0"):
        explain(x * x, x, **wrong)


def test_what_is_no_value_is_told() -> None:
    (x,) = leaves(1.0)
    with pytest.raises(TypeError, match="wrt is a Value, not float"):
        explain(x * x, 1.0)  # type: ignore[arg-type]
