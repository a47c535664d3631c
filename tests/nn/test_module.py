"""Module: parameters, names, saving, scopes."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from pluggrad import Graph, StateError, Value, scope
from pluggrad.nn import MLP, Linear, Module, Neuron, uniform


class Tied(Module):
    """Two names for one layer, a dict, a constant, a kept result, and things that are no part."""

    def __init__(self) -> None:
        self.first = Linear(2, 2, initial=uniform(0.5))
        self.second = self.first
        self.by_name = {"gain": Value(2.0), "unit": Neuron(2, activation="tanh")}
        self.offset = Value(0.5, requires_grad=False)
        self.title = "tied"
        self.last: Any = None

    def forward(self, x: list[float]) -> Any:
        self.last = self.by_name["unit"](self.second(self.first(x))) * self.by_name["gain"]
        return self.last + self.offset


def test_parameters_come_once_and_in_order_with_their_paths() -> None:
    model = Tied()
    model([1.0, 2.0])
    names = [name for name, _ in model.named_parameters()]
    assert names == [
        "by_name.gain",
        "first.w.0.0", "first.w.0.1", "first.w.1.0", "first.w.1.1", "first.b.0", "first.b.1",
        "by_name.unit.w.0", "by_name.unit.w.1", "by_name.unit.b",
    ]  # fmt: skip
    assert len({id(p) for p in model.parameters()}) == len(names)


def test_zero_grad_resets_every_parameter() -> None:
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * 13


def test_train_and_eval_reach_every_module() -> None:
    model = MLP(2, [3, 1])
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    model.train()
    assert all(module.training for _, module in model.named_modules())


def test_a_state_goes_through_json_and_back_bit_by_bit() -> None:
    first, second = Tied(), Tied()
    assert first([0.3, 0.7]).data != second([0.3, 0.7]).data
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert first([0.3, 0.7]).data == second([0.3, 0.7]).data
    assert second.state_dict() == first.state_dict()


def test_a_state_holds_constants_and_no_results() -> None:
    model = Tied()
    model([1.0, 2.0])
    names = ["by_name.unit.b", "by_name.unit.w", "first.b", "first.w", "offset", "by_name.gain"]
    assert sorted(model.state_dict()) == sorted(names)
    assert "last" not in model.state_dict()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.pop("layers.0.neurons.1.b"), r"missing: layers\.0\.neurons\.1\.b"),
        (lambda s: s.update(extra=1.0), "unexpected: extra"),
        (
            lambda s: s.update({"layers.0.neurons.0.w": [1.0]}),
            r"neurons\.0\.w is a list of 2, not 1",
        ),
        (lambda s: s.update({"layers.0.neurons.0.b": [1.0]}), "b is one number, not"),
        (lambda s: s.update({"layers.0.neurons.0.b": "one"}), "b is one number, not 'one'"),
        (lambda s: s.update({"layers.0.neurons.0.w": 1.0}), r"w is a list of 2, not 1\.0"),
    ],
)
def test_a_state_that_does_not_fit_is_told_and_changes_nothing(
    change: Callable[[dict[str, Any]], Any], told: str
) -> None:
    model = MLP(2, [2, 1])
    state = MLP(2, [2, 1]).state_dict()
    before = model.state_dict()
    change(state)
    with pytest.raises(StateError, match=told):
        model.load_state_dict(state)
    assert model.state_dict() == before


def test_all_that_is_wrong_with_a_state_is_told_at_once() -> None:
    with pytest.raises(StateError, match=r"missing: .*; unexpected: z; .*is a list of 2"):
        Linear(1, 2).load_state_dict({"z": 1.0, "b": [1.0]})


def test_a_module_without_forward_says_so() -> None:
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty has no forward\(\)"):
        Empty()(1.0)


def test_a_module_prints_what_is_inside() -> None:
    class Model(Module):
        def __init__(self) -> None:
            self.up = Linear(2, 3)
            self.down = Linear(3, 1, bias=False)

    assert repr(Model()) == "Model(\n  up: Linear(2, 3)\n  down: Linear(3, 1, bias=False)\n)"


def test_a_module_that_knows_its_parent_prints_all_the_same() -> None:
    class Child(Module):
        def __init__(self, parent: Module) -> None:
            self.parent, self.weight = parent, Value(1.0)

    class Parent(Module):
        def __init__(self) -> None:
            self.child = Child(self)

    model = Parent()
    assert repr(model) == "Parent(\n  child: Child(\n    parent: ...\n  )\n)"
    assert [name for name, _ in model.named_parameters()] == ["child.weight"]


def test_forward_takes_named_inputs_too() -> None:
    class Scaled(Module):
        def __init__(self) -> None:
            self.weight = Value(3.0)

        def forward(self, x: Any, *, by: Any) -> Any:
            return self.weight * x * by

    by = Value(2.0) * 1.0
    y = Scaled()(5.0, by=by)
    assert y.data == 30.0
    outside = [node.data for node in Graph(y).nodes if node.op == "mul" and not node.scope]
    assert outside == [2.0]  # what was given by name was made before


# ----- Scopes -----


def test_every_node_of_a_model_is_in_the_scope_of_its_neuron() -> None:
    model = MLP(2, [2, 1])
    x = [Value(1.0, label="x0").exp(), Value(-2.0, label="x1").exp()]
    loss = (model(x) - 1.0) ** 2
    found: dict[tuple[str, ...], int] = {}
    for node in Graph(loss).nodes:
        found[node.scope] = found.get(node.scope, 0) + 1
    assert found == {
        (): 4 + 4,  # two inputs, their exp, and - 1.0 ** 2
        ("MLP", "Layer 0", "Neuron 0"): 3 + 2 + 2 + 1,  # parameters, products, sums, relu
        ("MLP", "Layer 0", "Neuron 1"): 8,
        ("MLP", "Layer 1", "Neuron 0"): 7,
    }


def test_a_module_called_inside_a_scope_is_inside_it_in_pictures() -> None:
    model = MLP(2, [1])
    with scope("generator"):
        y = model([1.0, 2.0])
    assert Graph(y).nodes[-1].scope == ("generator", "MLP", "Layer 0", "Neuron 0")


def test_a_module_called_alone_is_named_by_its_kind() -> None:
    assert Graph(Neuron(1)([1.0])).nodes[-1].scope == ("Neuron",)


def test_modules_are_named_by_attribute_and_lists_by_kind_and_number() -> None:
    class Two(Module):
        def __init__(self) -> None:
            self.left, self.right = [Neuron(1)], [Neuron(1)]
            self.single = Neuron(1)

        def forward(self, x: list[Any]) -> Any:
            return [n(x) for n in (self.left[0], self.right[0], self.single)]

    scopes = [Graph(y).nodes[-1].scope for y in Two()([1.0])]
    assert scopes == [("Two", "Neuron 0"), ("Two", "right.0"), ("Two", "single")]


# ----- The same as micrograd -----


def test_the_same_seed_gives_the_weights_and_gradients_of_micrograd() -> None:
    micrograd = pytest.importorskip("micrograd.nn", reason="compares with micrograd")
    models = []
    for module in (micrograd, __import__("pluggrad.nn", fromlist=["MLP"])):
        random.seed(1337)
        models.append(module.MLP(2, [16, 16, 1]))
    theirs, ours = models
    assert [p.data for p in ours.parameters()] == [p.data for p in theirs.parameters()]
    assert repr(ours) == repr(theirs)
    for model in models:
        model.zero_grad()
        (model([0.5, -1.5]) * 3.0).backward()
    expected = pytest.approx([p.grad for p in theirs.parameters()], rel=1e-12, abs=1e-15)
    assert [p.grad for p in ours.parameters()] == expected


def test_what_a_module_computes_between_the_modules_in_it_is_its_own() -> None:
    class Part(Module):
        def forward(self, x: Value) -> Value:
            return x.tanh()

    class Whole(Module):
        def __init__(self) -> None:
            self.first, self.second = Part(), Part()

        def forward(self, x: Value) -> Value:
            return self.second(self.first(x) * 2.0 + 1.0) * 3.0

    x = Value(0.5) * 1.0
    scopes = {node.symbol: node.scope for node in Graph(Whole()(x)).nodes if node.op == "add"}
    assert scopes == {"+": ("Whole",)}
    inside = [node.scope for node in Graph(Whole()(x)).nodes if node.op == "tanh"]
    assert inside == [("Whole", "first"), ("Whole", "second")]
    assert Graph(Whole()(x)).nodes[2].scope == (), "what was computed before belongs to nobody"
