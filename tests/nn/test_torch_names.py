"""Modules, losses and clipping by PyTorch's names: the numbers and gradients of PyTorch."""

import math
import random
from typing import Any

import pytest
from pluggrad import Value, compile, nn

X = [[0.5, -1.5, 2.0], [0.0, 3.0, -0.25]]
T = [[1.0, 0.0, 0.5], [0.25, 1.0, 0.0]]

ACTIVATIONS: dict[str, tuple[Any, ...]] = {
    "Identity": (),
    "ReLU": (),
    "Tanh": (),
    "Sigmoid": (),
    "SiLU": (),
    "GELU": (),
    "Softplus": (),
    "Softsign": (),
    "LeakyReLU": (0.1,),
    "ELU": (0.5,),
    "Softmax": (),
    "LogSoftmax": (),
}

LOSSES: list[tuple[str, str, dict[str, Any]]] = [
    (function, module, options | {"reduction": reduction})
    for function, module, options in [
        ("mse_loss", "MSELoss", {}),
        ("l1_loss", "L1Loss", {}),
        ("huber_loss", "HuberLoss", {"delta": 0.7}),
        ("smooth_l1_loss", "SmoothL1Loss", {"beta": 0.7}),
        ("binary_cross_entropy_with_logits", "BCEWithLogitsLoss", {}),
    ]
    for reduction in ("mean", "sum", "none")
]


def values(rows: list[list[float]]) -> list[list[Value]]:
    return [[Value(x) for x in row] for row in rows]


def flat(tree: Any) -> list[Any]:
    return [x for part in tree for x in flat(part)] if isinstance(tree, list) else [tree]


def compared(ours: Any, x: list[list[Value]], theirs: Any, tensor: Any) -> None:
    """Compare results, and the gradients of their sum weighted by place."""
    found, expected = flat(ours), theirs.reshape(-1)
    assert [v.data for v in found] == pytest.approx(expected.tolist(), rel=1e-12)
    sum((i + 1) * v for i, v in enumerate(found)).backward()
    sum((i + 1) * v for i, v in enumerate(expected)).backward()
    assert [v.grad for v in flat(x)] == pytest.approx(tensor.grad.reshape(-1).tolist(), rel=1e-12)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="compares with PyTorch")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_that_of_pytorch(name: str, torch: Any) -> None:
    x, tensor = values(X), torch.tensor(X, dtype=torch.float64, requires_grad=True)
    options = {"dim": -1} if "Softmax" in name else {}
    module = getattr(nn, name)(*ACTIVATIONS[name])
    compared(
        module(x), x, getattr(torch.nn, name)(*ACTIVATIONS[name], **options)(tensor) * 1.0, tensor
    )
    assert repr(module).startswith(name)


@pytest.mark.parametrize(("function", "module", "options"), LOSSES)
def test_a_loss_is_that_of_pytorch(function: str, module: str, options: Any, torch: Any) -> None:
    x, tensor = values(X), torch.tensor(X, dtype=torch.float64, requires_grad=True)
    target = torch.tensor(T, dtype=torch.float64)
    theirs = getattr(torch.nn.functional, function)(tensor, target, **options)
    compared(getattr(nn, function)(x, T, **options), x, theirs, tensor)
    ours = getattr(nn, module)(**options)(x, T)
    assert [v.data for v in flat(ours)] == pytest.approx(theirs.reshape(-1).tolist(), rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_classes_are_those_of_pytorch(reduction: str, torch: Any) -> None:
    x, tensor = values(X), torch.tensor(X, dtype=torch.float64, requires_grad=True)
    classes = torch.tensor([2, 0])
    theirs = torch.nn.NLLLoss(reduction=reduction)(torch.log_softmax(tensor, -1), classes)
    compared(nn.NLLLoss(reduction=reduction)(nn.LogSoftmax()(x), [2, 0]), x, theirs, tensor)
    cross = torch.nn.CrossEntropyLoss()(tensor, classes).item()
    assert nn.CrossEntropyLoss()(x, [2, 0]).data == pytest.approx(cross, rel=1e-12)


def test_what_is_not_built_alike_is_refused_with_its_place() -> None:
    with pytest.raises(TypeError, match=r"input\[1\] and target\[1\] are not built alike: 1 and a"):
        nn.mse_loss([1.0, [2.0]], [1.0, 2.0])
    with pytest.raises(ValueError, match="reduction is 'mean', 'sum' or 'none', not 'max'"):
        nn.mse_loss([1.0], [1.0], "max")
    with pytest.raises(IndexError, match="there are the classes 0 to 1, not 2"):
        nn.nll_loss([[0.0, 0.0]], [2])


# ----- Sequential -----


def model() -> nn.Sequential:
    rng = random.Random(1)
    return nn.Sequential(nn.Linear(2, 4, rng=rng), nn.Tanh(), nn.Linear(4, 1, rng=rng))


def test_sequential_computes_and_differentiates_as_pytorch_does(torch: Any) -> None:
    ours = model()
    theirs = torch.nn.Sequential(
        torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    ).double()
    for mine, other in zip((ours[0], ours[2]), (theirs[0], theirs[2]), strict=True):
        rows = [[w.data for w in row] for row in mine.w]  # type: ignore[attr-defined]
        other.weight.data[:] = torch.tensor(rows, dtype=torch.float64)
        other.bias.data[:] = 0.0  # where ours begin
    (out,) = ours([0.5, -2.0])
    out.backward()
    result = theirs(torch.tensor([0.5, -2.0], dtype=torch.float64))
    result.backward()
    assert out.data == pytest.approx(result.item(), rel=1e-12)
    slopes = [g for p in theirs.parameters() for g in p.grad.reshape(-1).tolist()]
    assert [p.grad for p in ours.parameters()] == pytest.approx(slopes, rel=1e-12)


def test_a_compiled_sequential_gives_the_same_number() -> None:
    net = model()
    assert compile(lambda a, b: net([a, b])[0])(0.5, -2.0) == net([0.5, -2.0])[0].data


def test_sequential_saves_what_its_modules_learned() -> None:
    first, second = model(), nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    second.load_state_dict(first.state_dict())
    assert second([1.0, 2.0])[0].data == first([1.0, 2.0])[0].data
    assert [type(m).__name__ for m in first] == ["Linear", "Tanh", "Linear"]


def test_sequential_takes_functions_and_refuses_the_rest() -> None:
    assert nn.Sequential(lambda x: [2 * a for a in x], sum)([1.0, 2.0]) == 6.0
    with pytest.raises(TypeError, match="module 1 of Sequential is 'tanh'"):
        nn.Sequential(nn.Tanh(), "tanh")  # type: ignore[arg-type]


# ----- Clipping -----

GRADIENTS = [[3.0, -4.0, 0.5], [0.01, 0.0, -0.02], [1e200, -1e200, 0.0], [math.inf, 1.0, 0.0]]


def parameters(gradients: list[float]) -> list[Value]:
    found = [Value(0.0) for _ in gradients]
    for p, g in zip(found, gradients, strict=True):
        p.grad = g
    return found


@pytest.mark.parametrize("gradients", GRADIENTS)
@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, math.inf])
def test_gradients_are_clipped_by_their_norm_as_in_pytorch(
    gradients: list[float], norm_type: float, torch: Any
) -> None:
    ours, tensor = parameters(gradients), torch.zeros(3, dtype=torch.float64)
    tensor.grad = torch.tensor(gradients, dtype=torch.float64)
    norm = nn.clip_grad_norm_(ours, 1.5, norm_type)
    theirs = torch.nn.utils.clip_grad_norm_([tensor], 1.5, norm_type).item()
    if max(map(abs, gradients)) == 1e200 and norm_type not in (1.0, math.inf):
        assert theirs == math.inf  # where squares overflow, the norm here does not
        assert norm == pytest.approx(1e200 * 2 ** (1 / norm_type), rel=1e-12)
        return
    assert norm == pytest.approx(theirs, rel=1e-12)
    assert [p.grad for p in ours] == pytest.approx(tensor.grad.tolist(), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("gradients", [*GRADIENTS, [math.nan, 9.0, -9.0]])
def test_gradients_are_clipped_one_by_one_as_in_pytorch(gradients: list[float], torch: Any) -> None:
    ours, tensor = parameters(gradients), torch.zeros(3, dtype=torch.float64)
    tensor.grad = torch.tensor(gradients, dtype=torch.float64)
    nn.clip_grad_value_(ours, 0.25)
    torch.nn.utils.clip_grad_value_([tensor], 0.25)
    assert [p.grad for p in ours] == pytest.approx(tensor.grad.tolist(), nan_ok=True)


@pytest.mark.parametrize("executor", ["auto", "interpreter"])
def test_gradients_of_a_program_are_clipped_in_its_array(executor: str) -> None:
    x, y = Value(3.0), Value(4.0)
    program = compile(x * x / 2 + y * y / 2, wrt=[x, y], executor=executor)
    program.step()
    assert nn.clip_grad_norm_(program, 1.0) == 5.0
    assert list(program.gradients) == pytest.approx([0.6, 0.8], rel=1e-6)
    nn.clip_grad_value_(program, 0.7)
    assert list(program.gradients) == pytest.approx([0.6, 0.7], rel=1e-6)


def test_a_norm_that_is_not_finite_is_an_error_where_that_is_asked_for() -> None:
    bad = parameters([math.nan, 1.0])
    with pytest.raises(ValueError, match="the norm of the gradients is nan"):
        nn.clip_grad_norm_(bad, 1.0, error_if_nonfinite=True)
    assert bad[1].grad == 1.0
    with pytest.raises(ValueError, match="max_norm is 0 or more, not -1"):
        nn.clip_grad_norm_(bad, -1.0)
    with pytest.raises(ValueError, match="norm_type is above 0, not 0"):
        nn.clip_grad_norm_(bad, 1.0, 0)


@pytest.mark.parametrize("target", [None, 0.5, "0", [0]])
def test_a_class_that_is_no_whole_number_is_quoted(target: Any) -> None:
    with pytest.raises(TypeError, match="a class is a whole number, not "):
        nn.nll_loss([[-1.0, -2.0]], [target])
