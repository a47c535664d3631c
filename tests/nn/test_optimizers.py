"""Optimizers against PyTorch where it is installed, and against the papers' formulas always."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pluggrad import StateError, Value, compile
from pluggrad.nn import MLP, SGD, Adam, AdamW, Optimizer, RMSprop, linear

START = [0.5, -1.5, 2.0]
STEPS = 30
RATE = 0.002  # so small that rounding does not grow on the way

CASES: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "sgd": (SGD, {}),
    "momentum": (SGD, {"momentum": 0.9, "weight_decay": 0.01}),
    "nesterov": (SGD, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (RMSprop, {}),
    "rmsprop momentum": (RMSprop, {"alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1}),
    "rmsprop centered": (RMSprop, {"alpha": 0.9, "momentum": 0.5, "centered": True}),
    "adam": (Adam, {}),
    "adam decay": (Adam, {"betas": (0.85, 0.99), "weight_decay": 0.1}),
    "adamw": (AdamW, {"weight_decay": 0.1}),
}


def loss_of(p: Any) -> Any:
    """Rosenbrock's valley in three dimensions, made shallow."""
    pairs = ((p[0], p[1]), (p[1], p[2]))
    return sum((1 - a) * (1 - a) + 5 * (b - a * a) * (b - a * a) for a, b in pairs)


def trained(kind: type[Optimizer], options: dict[str, Any]) -> list[list[float]]:
    parameters = [Value(x) for x in START]
    optimizer = kind(parameters, RATE, **options)
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss_of(parameters).backward()
        optimizer.step()
        path.append([p.data for p in parameters])
    return path


def gradients_at(p: list[float]) -> list[float]:
    a, b, c = p
    return [
        -2 * (1 - a) - 20 * a * (b - a * a),
        -2 * (1 - b) - 20 * b * (c - b * b) + 10 * (b - a * a),
        10 * (c - b * b),
    ]


def by_the_papers(name: str, options: dict[str, Any]) -> Iterator[list[float]]:
    """Run the formulas as published, sums and corrections written out, on plain floats."""
    p = list(START)
    history: list[list[float]] = []
    scaled: list[list[float]] = []
    decay = options.get("weight_decay", 0.0)
    for t in range(1, STEPS + 1):
        g = gradients_at(p)
        if name == "adamw":
            p = [x * (1 - RATE * decay) for x in p]
        else:
            g = [x + decay * y for x, y in zip(g, p, strict=True)]
        history.append(list(g))
        for i in range(3):
            past = [row[i] for row in history]
            if name.startswith("adam"):
                one, two = options.get("betas", (0.9, 0.999))
                m = sum((1 - one) * one ** (t - 1 - k) * x for k, x in enumerate(past))
                v = sum((1 - two) * two ** (t - 1 - k) * x * x for k, x in enumerate(past))
                p[i] -= RATE * (m / (1 - one**t)) / (math.sqrt(v / (1 - two**t)) + 1e-8)
                continue
            if name.startswith("rmsprop"):
                alpha = options.get("alpha", 0.99)
                v = sum((1 - alpha) * alpha ** (t - 1 - k) * x * x for k, x in enumerate(past))
                if options.get("centered"):
                    v -= (
                        sum((1 - alpha) * alpha ** (t - 1 - k) * x for k, x in enumerate(past)) ** 2
                    )
                g[i] = g[i] / (math.sqrt(v) + 1e-8)
            if i == 0:
                scaled.append([0.0] * 3)
            scaled[-1][i] = g[i]
            keep = options.get("momentum", 0.0)
            velocity = sum(keep ** (t - 1 - k) * row[i] for k, row in enumerate(scaled))
            p[i] -= RATE * (g[i] + keep * velocity if options.get("nesterov") else velocity)
        yield list(p)


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_that_of_the_published_formula(name: str) -> None:
    kind, options = CASES[name]
    for found, expected in zip(trained(kind, options), by_the_papers(name, options), strict=True):
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_every_step_is_that_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    kind, options = CASES[name]
    p = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    theirs = getattr(torch.optim, kind.__name__)([p], lr=RATE, **options)
    for found in trained(kind, options):
        theirs.zero_grad()
        loss_of(p).backward()
        theirs.step()
        assert found == pytest.approx(p.tolist(), rel=1e-12)


@pytest.mark.parametrize("executor", ["auto", "interpreter"])
@pytest.mark.parametrize("name", CASES)
def test_a_compiled_program_is_stepped_in_bulk_by_the_same_formula(
    name: str, executor: str
) -> None:
    kind, options = CASES[name]
    parameters = [Value(x) for x in START]
    program = compile(loss_of(parameters), wrt=parameters, executor=executor)
    optimizer = kind(program, RATE, **options)
    for expected in trained(kind, options):
        program.step()
        optimizer.step()
        assert program.parameters.tolist() == pytest.approx(expected, rel=1e-12)
    assert [p.data for p in parameters] == START
    optimizer.write()
    assert [p.data for p in program.wrt] == program.parameters.tolist()


def test_an_optimizer_without_arrays_steps_number_by_number() -> None:
    x = Value(1.0)

    class Plain:
        wrt, parameters, gradients = [x], memoryview(bytearray(8)).cast("d"), [2.0]

    optimizer = SGD(Plain(), 0.5)
    optimizer.step()
    optimizer.write()
    assert x.data == -1.0


def test_a_schedule_is_asked_at_every_step() -> None:
    x = Value(0.0)
    optimizer = SGD([x], linear(1.0, 0.0, steps=4))
    found = []
    for _ in range(5):
        x.grad = -1.0
        optimizer.step()
        found.append(x.data)
    assert found == [1.0, 1.75, 2.25, 2.5, 2.5]


@pytest.mark.parametrize("name", CASES)
def test_training_goes_on_from_a_saved_state_compiled_or_not(name: str) -> None:
    kind, options = CASES[name]
    whole = trained(kind, options)
    parameters = [Value(x) for x in START]
    optimizer = kind(parameters, RATE, **options)
    for _ in range(10):
        optimizer.zero_grad()
        loss_of(parameters).backward()
        optimizer.step()
    state = json.loads(json.dumps(optimizer.state_dict()))
    program = compile(loss_of(parameters), wrt=parameters)
    other = kind(program, RATE, **options)
    other.load_state_dict(state)
    for expected in whole[10:20]:
        program.step()
        other.step()
        assert program.parameters.tolist() == pytest.approx(expected, rel=1e-12)
    optimizer.load_state_dict(json.loads(json.dumps(other.state_dict())))
    other.write()
    for expected in whole[20:]:
        optimizer.zero_grad()
        loss_of(parameters).backward()
        optimizer.step()
        assert [p.data for p in parameters] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"steps": 1}, "a dict of steps and memories"),
        ({"steps": 1, "memories": []}, "for 0 parameters; Adam has 1"),
        ({"steps": 1, "memories": [{"velocity": 1.0}]}, "Adam remembers mean, square"),
        ({"steps": 1, "memories": ["mean"]}, "Adam remembers mean, square"),
        ({"steps": 1, "memories": None}, "memories of Adam is a list, not None"),
        ({"steps": "1", "memories": [{}]}, "steps of Adam is a count, 0 or more, not '1'"),
        ({"steps": -1, "memories": [{}]}, "steps of Adam is a count, 0 or more, not -1"),
        (
            {"steps": 1, "memories": [{"mean": 1.0, "square": "2"}]},
            "square of parameter 0 of Adam is one number, not '2'",
        ),
    ],
)
def test_a_state_of_another_optimizer_is_refused(state: Any, told: str) -> None:
    optimizer = Adam([Value(1.0)])
    with pytest.raises(StateError, match=told):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict() == {"steps": 0, "memories": [{}]}


@pytest.mark.parametrize("known", [0, 1])
def test_a_program_refuses_a_state_of_some_of_its_parameters(known: int) -> None:
    x, y = Value(1.0), Value(2.0)
    optimizer = Adam(compile(x * y, wrt=[x, y]))
    before = optimizer.state_dict()
    memories: list[dict[str, float]] = [{}, {}]
    memories[known] = {"mean": 1.0, "square": 1.0}
    with pytest.raises(StateError, match="of some parameters only"):
        optimizer.load_state_dict({"steps": 1, "memories": memories})
    assert optimizer.state_dict() == before


def test_a_state_is_taken_whole_by_a_program_that_went_astray() -> None:
    x = Value(math.inf)
    optimizer = Adam(compile(x * 2.0, wrt=[x]))
    state = {"steps": 3, "memories": [{"mean": 0.5, "square": 0.25}]}
    optimizer.load_state_dict(state)
    assert optimizer.state_dict() == state


def test_an_optimizer_takes_values_only() -> None:
    with pytest.raises(TypeError, match="parameter 1 is a float"):
        SGD([Value(1.0), 2.0])  # type: ignore[list-item]


@pytest.mark.parametrize("wrong", [Value(1.0), MLP(1, [1])], ids=["Value", "MLP"])
def test_what_is_neither_parameters_nor_a_program_is_told_from_them(wrong: Any) -> None:
    told = rf"model\.parameters\(\).*or a program.*; not {type(wrong).__name__}"
    with pytest.raises(TypeError, match=told):
        SGD(wrong)


def test_no_parameters_are_an_error_as_nothing_would_be_trained() -> None:
    with pytest.raises(ValueError, match="one parameter or more"):
        SGD([])


def test_a_parameter_given_twice_is_told_with_both_places() -> None:
    x = Value(1.0)
    with pytest.raises(ValueError, match="parameters 0 and 2 are the same Value"):
        Adam([x, Value(1.0), x])


def test_an_optimizer_of_ones_own_is_one_method() -> None:
    class Signs(Optimizer):
        def update(self, p: Any, g: Any, rate: float, memory: dict[str, Any]) -> Any:
            return p - rate * math.copysign(1.0, g)

    x = Value(1.0)
    x.grad = 123.0
    Signs([x], 0.25).step()
    assert x.data == 0.75


def test_huge_gradients_do_not_stop_training() -> None:
    makers: list[Callable[[list[Value]], Optimizer]] = [Adam, RMSprop, SGD]
    for make in makers:
        x = Value(1.0)
        x.grad = 1e200
        make([x]).step()
        assert not math.isnan(x.data)


WRONG = [
    (SGD, {"lr": -1.0}, ValueError, "SGD: lr is a number, 0 or more, not -1.0"),
    (SGD, {"lr": math.nan}, ValueError, "SGD: lr is a number, 0 or more, not nan"),
    (SGD, {"lr": math.inf}, ValueError, "lr"),
    (SGD, {"lr": "0.1"}, TypeError, "SGD: lr is a number, not '0.1'"),
    (SGD, {"lr": True}, TypeError, "lr"),
    (SGD, {"lr": None}, TypeError, "lr"),
    (SGD, {"momentum": 1.0}, ValueError, "momentum is a number, at least 0 and below 1, not 1.0"),
    (SGD, {"momentum": -0.1}, ValueError, "momentum"),
    (SGD, {"weight_decay": -0.1}, ValueError, "weight_decay is a number, 0 or more"),
    (SGD, {"nesterov": True}, ValueError, "give it a momentum"),
    (RMSprop, {"alpha": 1.0}, ValueError, "alpha"),
    (RMSprop, {"eps": 0.0}, ValueError, "eps is a number, above 0"),
    (RMSprop, {"momentum": math.nan}, ValueError, "momentum"),
    (Adam, {"betas": (1.0, 0.999)}, ValueError, r"Adam: betas\[0\] is a number, at least 0"),
    (Adam, {"betas": (0.9, 1.0)}, ValueError, r"betas\[1\]"),
    (Adam, {"betas": (0.9,)}, TypeError, "betas is a pair of numbers"),
    (Adam, {"betas": 0.9}, TypeError, "betas is a pair of numbers, not 0.9"),
    (Adam, {"eps": -1e-8}, ValueError, "eps"),
    (AdamW, {"weight_decay": math.nan}, ValueError, "AdamW: weight_decay"),
]


@pytest.mark.parametrize(("kind", "options", "error", "message"), WRONG)
def test_a_hyperparameter_is_checked_when_it_is_given_and_when_it_is_set(
    kind, options, error, message
) -> None:
    with pytest.raises(error, match=message):
        kind([Value(1.0)], **options)
    ((name, value),) = options.items()
    if name != "nesterov":
        optimizer = kind([Value(1.0)])
        before = getattr(optimizer, name)
        with pytest.raises(error, match=message):
            setattr(optimizer, name, value)
        assert getattr(optimizer, name) is before


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf, None, "fast"])
def test_a_rate_of_a_schedule_is_checked_before_anything_changes(wrong) -> None:
    optimizer = SGD([x := Value(1.0)], lr=lambda step: wrong)
    x.grad = 1.0
    with pytest.raises((TypeError, ValueError), match="SGD: lr is a number"):
        optimizer.step()
    assert (x.data, optimizer.steps) == (1.0, 0)


def test_a_gradient_of_none_is_refused_where_it_is_set() -> None:
    p = Value(1.0)
    with pytest.raises(TypeError, match=r"one real number, 0\.0 to reset it, not NoneType"):
        p.grad = None  # type: ignore[assignment]


def test_an_update_that_fails_in_the_middle_takes_the_step_back() -> None:
    class Failing(SGD):
        def update(self, p, g, rate, memory):
            if p == 2.0:
                raise ArithmeticError("as asked")
            return super().update(p, g, rate, memory)

    optimizer = Failing([Value(1.0), Value(2.0)], momentum=0.9)
    optimizer.parameters[0].grad = 1.0
    before = optimizer.state_dict()
    with pytest.raises(ArithmeticError, match="as asked"):
        optimizer.step()
    assert [p.data for p in optimizer.parameters] == [1.0, 2.0]
    assert optimizer.state_dict() == before


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW, RMSprop, Optimizer])
def test_the_former_name_of_the_learning_rate_works_and_says_so(kind) -> None:
    with pytest.warns(DeprecationWarning, match="rate= is now called lr=") as told:
        optimizer = kind([Value(1.0)], rate=0.25)
    assert optimizer.lr == 0.25
    assert told[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="rate is now called lr"):
        assert optimizer.rate == 0.25
    with pytest.warns(DeprecationWarning, match="rate is now called lr"):
        optimizer.rate = 0.5
    assert optimizer.lr == 0.5


def test_a_learning_rate_under_both_names_is_refused() -> None:
    with (
        pytest.warns(DeprecationWarning, match="lr="),
        pytest.raises(TypeError, match="lr= was given twice, once as rate="),
    ):
        SGD([Value(1.0)], lr=0.1, rate=0.1)


@pytest.mark.parametrize(
    ("kind", "flag"), [(SGD, {"nesterov": "no", "momentum": 0.9}), (RMSprop, {"centered": 1})]
)
def test_a_flag_is_true_or_false(kind, flag) -> None:
    with pytest.raises(TypeError, match="is True or False, not"):
        kind([Value(1.0)], 0.1, **flag)


def test_a_model_of_rows_is_trained_as_in_pytorch() -> None:
    pytest.importorskip("numba", reason="compiles")
    fit = compile(lambda w, x, y: (w[0] * x - y) ** 2, in_axes=(None, 0, 0), reduce="mean")
    model = fit.start([0.0])
    optimizer = SGD(model, lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()  # nothing to do: each step computes its gradients anew
        model.step([1.0, 2.0], [3.0, 6.0])
        optimizer.step()
    optimizer.write()
    assert model.parameters.tolist() == pytest.approx([3.0])


@pytest.mark.parametrize(
    ("wrong", "instead"),
    [
        (lambda f: compile(f, in_axes=(None, 0, 0)), r"give it fit\.start\(p\)"),
        (lambda f: compile(f), r"give it compile\(loss\) of a Value"),
        (lambda f: MLP(2, [1]), r"give it model\.parameters\(\)"),
        (
            lambda f: compile(f, in_axes=(None, 0, 0)).start([0.0]).parameters,
            "a model that fit.start",
        ),
    ],
    ids=["rows", "function", "module", "array"],
)
def test_what_an_optimizer_does_not_take_names_what_it_takes_instead(wrong, instead) -> None:
    with pytest.raises(TypeError, match=instead):
        SGD(wrong(lambda w, x, y: (w[0] * x - y) ** 2), lr=0.1)


def test_a_number_that_no_float_can_hold_is_no_state_and_changes_nothing():
    model, optimizer = MLP(1, [1]), Adam([Value(1.0)])
    before = model.state_dict()
    name = next(iter(before))
    with pytest.raises(StateError, match=f"{name}.*is one number, not 1000"):
        model.load_state_dict({**before, name: [10**400]})
    assert model.state_dict() == before
    with pytest.raises(StateError, match="mean of parameter 0 of Adam is one number, not 1000"):
        optimizer.load_state_dict({"steps": 1, "memories": [{"mean": 10**400, "square": 1.0}]})


def test_adamw_decays_as_in_pytorch_unless_it_is_told_otherwise():
    decayed, kept = Value(2.0), Value(2.0)
    AdamW([decayed], lr=0.1).step()
    AdamW([kept], lr=0.1, weight_decay=0.0).step()
    assert (decayed.data, kept.data) == (2.0 * (1.0 - 0.1 * 0.01), 2.0)
