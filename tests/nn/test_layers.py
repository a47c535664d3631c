"""Neurons, Linear, Embedding, RMSNorm and Attention, against PyTorch and NumPy; initialisation."""

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from pluggrad import PluggradError, Value, compile, no_grad
from pluggrad.nn import (
    MLP,
    Attention,
    Embedding,
    Layer,
    Linear,
    Module,
    Neuron,
    RMSNorm,
    gauss,
    glorot,
    he,
    uniform,
)


def numbers(tree: Any) -> Any:
    if isinstance(tree, list | tuple):
        return [numbers(x) for x in tree]
    return tree.data if isinstance(tree, Value) else tree


def array(tree: Any) -> Any:
    return np.array(numbers(tree), float)


# ----- What they compute -----


def test_a_neuron_is_a_weighted_sum_through_its_activation() -> None:
    x = [0.5, -1.0, 2.0]
    for activation, function in (("tanh", np.tanh), ("relu", lambda z: max(z, 0.0))):
        neuron = Neuron(3, activation=activation, rng=random.Random(3))
        neuron.b.data = 0.25
        expected = function(array(neuron.w) @ x + 0.25)
        assert neuron(x).data == pytest.approx(expected, rel=1e-14)
    neuron.nonlin = False
    assert neuron(x).data == pytest.approx(array(neuron.w) @ x + 0.25, rel=1e-14)


def test_an_mlp_is_linear_at_the_end_unless_told() -> None:
    assert [layer.neurons[0].nonlin for layer in MLP(2, [3, 1]).layers] == [True, False]
    model = MLP(2, [3, 1], activation="tanh", linear_output=False)
    assert repr(model.layers[1]) == "Layer of [TanhNeuron(3)]"


def test_linear_is_a_matrix_times_a_vector_plus_a_bias() -> None:
    layer = Linear(3, 2, rng=random.Random(1))
    x = [1.0, -2.0, 0.5]
    for b in layer.b or ():
        b.data = 0.1
    assert array(layer(x)) == pytest.approx(array(layer.w) @ x + 0.1, rel=1e-14)
    bare = Linear(3, 2, bias=False)
    assert array(bare(x)) == pytest.approx(array(bare.w) @ x, rel=1e-14)


def test_an_embedding_gives_a_row_and_gradients_reach_that_row_alone() -> None:
    table = Embedding(4, 3, rng=random.Random(1))
    sum(table(2)).backward()
    assert [[x.grad for x in row] for row in table.rows] == [[0] * 3, [0] * 3, [1] * 3, [0] * 3]
    weights = [0.0, 0.5, 0.5, 0.0]
    assert array(table(weights)) == pytest.approx(weights @ array(table.rows), rel=1e-14)


def test_rmsnorm_scales_to_a_root_mean_square_of_one() -> None:
    x = np.array([3.0, -4.0, 0.1, 12.0])
    norm = RMSNorm(4)
    assert norm.scale is not None
    for i, s in enumerate(norm.scale):
        s.data = i + 1.0
    expected = x / np.sqrt((x * x).mean() + 1e-5) * [1, 2, 3, 4]
    assert array(norm(x.tolist())) == pytest.approx(expected, rel=1e-13)
    assert RMSNorm(2, scale=False)([0.0, 0.0]) == [0.0, 0.0]


def attention_by_numpy(attention: Attention, xs: Any) -> Any:
    q, k, v = (xs @ array(m.w).T for m in (attention.query, attention.key, attention.value))
    found = np.zeros_like(xs)
    for h in range(attention.heads):
        part = slice(h * attention.width, (h + 1) * attention.width)
        scores = q[:, part] @ k[:, part].T / np.sqrt(attention.width)
        if attention.causal:
            scores[np.triu_indices(len(xs), 1)] = -np.inf
        powers = np.exp(scores - scores.max(1, keepdims=True))
        found[:, part] = powers / powers.sum(1, keepdims=True) @ v[:, part]
    return found @ array(attention.out.w).T


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_is_that_of_matrices(heads: int, causal: bool) -> None:
    attention = Attention(8, heads, causal=causal, rng=random.Random(heads))
    xs = np.random.default_rng(0).normal(size=(5, 8))
    assert array(attention(xs.tolist())) == pytest.approx(attention_by_numpy(attention, xs))


@pytest.mark.parametrize("causal", [True, False])
def test_attention_and_its_gradients_are_those_of_pytorch(causal: bool) -> None:
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    attention = Attention(4, 2, causal=causal, rng=random.Random(5))
    xs = np.random.default_rng(1).normal(size=(3, 4))
    sum((y * y for row in attention(xs.tolist()) for y in row), Value(0.0)).backward()
    ws = [
        torch.tensor(array(m.w), requires_grad=True)
        for m in (attention.query, attention.key, attention.value, attention.out)
    ]
    heads = [(torch.tensor(xs) @ w.T).reshape(3, 2, 2).swapaxes(0, 1) for w in ws[:3]]
    out = torch.nn.functional.scaled_dot_product_attention(*heads, is_causal=causal)
    ((out.swapaxes(0, 1).reshape(3, 4) @ ws[3].T) ** 2).sum().backward()
    found = [p.grad for p in attention.parameters()]
    expected = [g for w in ws for g in w.grad.ravel().tolist()]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_causal_position_does_not_see_what_comes_later() -> None:
    attention = Attention(4, 2, rng=random.Random(0))
    xs = [[1.0, 2.0, 3.0, 4.0], [0.5, 0.0, -1.0, 2.0]]
    alone, both = attention(xs[:1]), attention(xs)
    assert numbers(alone[0]) == numbers(both[0])


def test_extreme_scores_do_not_overflow_attention() -> None:
    attention = Attention(2, 1, rng=random.Random(0))
    found = array(attention([[1e6, -1e6], [-1e6, 1e6]]))
    assert np.isfinite(found).all()


# ----- Compiled, and without recording -----


class Block(Module):
    """All layers of a transformer, after each other."""

    def __init__(self) -> None:
        rng = random.Random(9)
        self.rows = Embedding(5, 4, rng=rng)
        self.norm = RMSNorm(4)
        self.attention = Attention(4, 2, rng=rng)
        self.head = Linear(4, 5, rng=rng)

    def forward(self, tokens: list[Any]) -> list[Any]:
        xs = self.attention([self.norm(self.rows(t)) for t in tokens])
        return [self.head(x) for x in xs]


def test_a_model_compiles_as_it_is_and_follows_its_parameters() -> None:
    model = Block()
    one_hot = [[Value(float(i == t), requires_grad=False) for i in range(5)] for t in (3, 1)]
    outputs = [y for row in model(one_hot) for y in row]
    program = compile(sum(outputs[1:], outputs[0]), wrt=model.parameters(),
                      inputs=[x for row in one_hot for x in row])  # fmt: skip
    for p in model.parameters():
        p.data *= 1.5
    total = sum(y.data for row in model([3, 1]) for y in row)
    assert program() == pytest.approx(total, rel=1e-13)


def test_a_model_gives_plain_constants_under_no_grad() -> None:
    with no_grad():
        found = Block()([0, 4])
    assert not any(y.requires_grad for row in found for y in row)


def test_tokens_may_be_numbers_of_numpy() -> None:
    table = Embedding(3, 2)
    assert table(np.int64(1)) == table(1) == table(np.array([0, 1], dtype=np.uint8)[1])


# ----- Wrong use -----


@pytest.mark.parametrize(
    ("use", "error", "told"),
    [
        (
            lambda: Neuron(2)([1.0]),
            TypeError,
            r"ReLUNeuron\(2\) takes a vector of 2 numbers, not 1",
        ),
        (lambda: Layer(2, 2)([1.0, 2.0, 3.0]), TypeError, "takes a vector of 2 numbers, not 3"),
        (lambda: Linear(2, 1)(Value(1.0)), TypeError, r"not Value\(1\.0, .*\): write \[x\]"),
        (lambda: RMSNorm(2)(1.0), TypeError, r"a vector of 2 numbers, not 1\.0: write \[x\]"),
        (
            lambda: MLP(2, [1])(Value(1.0)),
            TypeError,
            r"vector of 2 numbers, not Value.*write \[x\]",
        ),
        (lambda: Linear(2, 1)([1.0]), TypeError, r"Linear\(2, 1\) takes a vector of 2"),
        (lambda: RMSNorm(2)([1.0]), TypeError, r"RMSNorm\(2\) takes a vector of 2"),
        (lambda: Embedding(3, 2)(3), IndexError, "tokens 0 to 2, not 3"),
        (lambda: Embedding(3, 2)([1.0]), TypeError, "a token or 3 weights, not 1"),
        (lambda: Attention(4, 3), ValueError, "4 channels cannot be divided into 3"),
        (lambda: Neuron(2, activation="relo"), PluggradError, "relo"),
        (lambda: Linear(0, 1), ValueError, "inputs= of Linear is 1 or more, not 0"),
        (lambda: Linear(1, -1), ValueError, "outputs= of Linear is 1 or more, not -1"),
        (lambda: Embedding(0, 2), ValueError, "count= of Embedding is 1 or more, not 0"),
        (lambda: RMSNorm(0), ValueError, "channels= of RMSNorm is 1 or more, not 0"),
    ],
)
def test_what_does_not_fit_is_told(use: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        use()


# ----- Where weights begin -----

DRAW = """
import random
from pluggrad.nn import *
random.seed(3)
parts = [MLP(2, [2, 1]), Linear(2, 2), Linear(2, 2, initial=he, rng=random.Random(1))]
print(*[p.data.hex() for part in parts for p in part.parameters()])
"""


def test_the_same_seed_gives_the_same_weights_in_every_process() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", DRAW],
            check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(runs) == 1
    assert len(runs.pop().split()) == 9 + 6 + 6


def test_initial_weights_have_the_spread_that_is_told() -> None:
    rng = random.Random(2)
    for initial, spread in (
        (gauss(0.08), 0.08),
        (uniform(0.5), 0.5 / np.sqrt(3)),
        (he, np.sqrt(2 / 60)),
        (glorot, np.sqrt(2 / (60 + 40))),
        (None, 1 / np.sqrt(60) / np.sqrt(3)),
    ):
        weights = array(Linear(60, 40, initial=initial, rng=rng).w)
        assert weights.std() == pytest.approx(spread, rel=0.05)
        assert abs(weights.mean()) < spread / 10


MAKERS = [
    lambda rng: MLP(2, [2, 1], rng=rng),
    lambda rng: Linear(2, 1, rng=rng),
    lambda rng: Linear(2, 1, initial=he, rng=rng),
    lambda rng: Embedding(3, 2, rng=rng),
    lambda rng: Attention(2, 1, rng=rng),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("seed", [0, 42, False, "42", random.Random])
def test_a_seed_in_the_place_of_a_generator_is_refused(make: Any, seed: Any) -> None:
    with pytest.raises(TypeError, match=r"rng is a random generator, such as random\.Random\(42\)"):
        make(seed)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("generator", [np.random.default_rng, np.random.RandomState])
def test_generators_of_numpy_draw_weights_too(make: Any, generator: Any) -> None:
    def weights() -> list[float]:
        return [x.data for x in make(generator(3)).parameters()]

    assert weights() == weights()
    assert len(set(weights())) > 1


@pytest.mark.parametrize("make", [uniform, gauss])
def test_an_initialisation_without_a_width_is_refused(make: Any) -> None:
    for width in ("1", None, -1.0, float("nan")):
        with pytest.raises((TypeError, ValueError), match=f"of {make.__name__} is a number"):
            make(width)
