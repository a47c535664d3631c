"""Models in forward mode: what is right for a function of operators is right for layers, too."""

import pytest
from pluggrad import Value, func, nn

MODELS = {
    "MLP": lambda: nn.MLP(2, [3, 1]),
    "linear": lambda: nn.Linear(2, 1),
    "tanh": lambda: nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)),
    "norm": lambda: nn.Sequential(nn.RMSNorm(2), nn.Linear(2, 2), nn.GELU(), nn.Linear(2, 1)),
    "neuron": lambda: nn.Neuron(2),
}
POINT = [0.7, -0.4]


def scalar(model):
    def f(x):
        y = model(x)
        y = y[0] if isinstance(y, list) else y
        return y * y

    return f


def numbers(tree):
    return [numbers(x) for x in tree] if isinstance(tree, list) else float(tree)


@pytest.fixture(params=MODELS)
def f(request):
    model = MODELS[request.param]()
    for i, p in enumerate(model.parameters()):
        p.data = 0.3 + 0.1 * i
    return scalar(model)


def test_forward_mode_gives_the_gradient_of_reverse_mode(f):
    wanted = numbers(func.grad(f)(POINT))
    assert wanted != [0.0, 0.0]
    assert numbers(func.jacfwd(f)(POINT)) == pytest.approx(wanted)
    along = [float(func.jvp(f, (POINT,), (v,))[1]) for v in ([1.0, 0.0], [0.0, 1.0])]
    assert along == pytest.approx(wanted)
    assert float(func.linearize(f, POINT)[1]([1.0, 0.0])) == pytest.approx(wanted[0])


def test_the_hessian_is_the_derivative_of_the_gradient(f):
    step = 1e-5
    columns = [
        [
            (a - b) / (2 * step)
            for a, b in zip(
                numbers(func.grad(f)([x + step * (i == j) for j, x in enumerate(POINT)])),
                numbers(func.grad(f)([x - step * (i == j) for j, x in enumerate(POINT)])),
                strict=True,
            )
        ]
        for i in range(2)
    ]
    for row, wanted in zip(numbers(func.hessian(f)(POINT)), columns, strict=True):
        assert row == pytest.approx(wanted, rel=1e-5, abs=1e-7)


def test_rows_of_a_model_are_those_that_it_gives_one_by_one():
    model = MODELS["tanh"]()
    rows = [[0.1, 0.2], [0.3, -0.4]]
    assert numbers(func.vmap(lambda x: model(x)[0])(rows)) == [float(model(x)[0]) for x in rows]


def test_an_optimizer_refuses_what_is_computed_anew_each_time():
    x, y = Value(1.0), Value(2.0)
    for make in (nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop):
        with pytest.raises(ValueError, match="parameter 1 is computed, by 'mul'"):
            make([x, x * y], 0.1)
