"""Nodes that stand for a whole function: local derivatives, and what they cannot do."""

import pytest
from pluggrad import ForwardError, Graph, Value, checkpoint, custom_rule


@custom_rule
def product(x, y):
    return float(x) * float(y)


@product.rule
def _(g, out, x, y):
    return g * y, g * x


@pytest.fixture(params=["checkpoint", "custom_rule"])
def made(request):
    x, y = Value(3.0, label="x"), Value(5.0, label="y")
    if request.param == "checkpoint":
        return checkpoint(lambda x, y: x * y, x, y)
    return product(x, y)


def test_one_operands_gradient_can_be_asked_for_alone(made):
    assert [made.op.partial(i, 2.0, 15.0, 3.0, 5.0) for i in (0, 1)] == [10.0, 6.0]


def test_its_rules_work_on_values_and_can_be_differentiated_again(made):
    x, y = made.prev
    slope = made.op.rules[0](Value(1.0), made, x, y)
    assert slope.data == 5.0
    slope.backward()
    assert y.grad == 1.0


def test_its_graph_has_one_node_with_an_edge_for_each_operand(made):
    graph = Graph(made)
    assert len(graph.nodes) == 3
    assert [edge.operand for edge in graph.edges] == [0, 1]


def test_a_result_without_a_gradient_for_an_operand_has_the_derivative_zero():
    held = custom_rule(lambda x, y: float(x) * float(y), lambda g, out, x, y: (g * y, None))
    made = held(Value(3.0), Value(5.0))
    assert made.op.partial(1, 1.0, 15.0, 3.0, 5.0) == 0.0


def test_it_cannot_be_computed_again_from_its_operands(made):
    with pytest.raises(ForwardError, match=r"is a Python function and not an op: it cannot be co"):
        made.op.evaluate(3.0, 5.0)
