"""What other scalar engines get wrong, each with the name of the one it was seen in.

"micrograd" is the Python engine of that name; "the Rust seed" the micrograd in Rust that pluggrad
grew out of.
"""

import copy
import gc
import math
import pickle
import weakref
from xml.etree import ElementTree

import numpy as np
import pytest
from pluggrad import NOT_RUN, Graph, Value, draw_dot, grad, render


def test_micrograd_fails_with_a_recursion_error_at_a_chain_of_a_thousand() -> None:
    x = y = Value(1.0)
    for _ in range(20_000):
        y = y + 0.0
    y.backward()
    assert x.grad == 1.0


def test_micrograd_a_times_a_keeps_one_parent() -> None:
    a = Value(3.0)
    assert (a * a).prev == (a, a)
    assert len(Graph(a * a).edges) == 2


def test_micrograd_loses_the_order_of_operands() -> None:
    a, b = Value(5.0), Value(3.0)
    for out in (a - b, a / b, a**b):
        assert out.prev == (a, b)
        assert [edge.source for edge in Graph(out).edges] == ["n0", "n1"]
    assert (2 - a).prev[1] is a


def test_micrograd_pictures_change_from_run_to_run() -> None:
    a, b = Value(5.0, "a"), Value(3.0, "b")
    out = (a - b) * (b - a)
    assert render(out, "graphviz").source == render(copy.deepcopy(out), "graphviz").source


def test_micrograd_backward_twice_gives_45_for_27() -> None:
    x = Value(3.0)
    z = x * x * x
    z.backward()
    x.grad = 0.0
    z.backward()
    assert x.grad == 27.0


def test_micrograd_deepcopy_then_backward_gives_zeros() -> None:
    x = Value(3.0)
    x2, y2 = copy.deepcopy((x, x * x))
    y2.backward()
    assert (x2.grad, x.grad) == (6.0, 0.0)


def test_micrograd_pickle_fails() -> None:
    x = Value(3.0)
    x2, y2 = pickle.loads(pickle.dumps((x, x * x)))
    y2.backward()
    assert x2.grad == 6.0


def test_micrograd_relu_hides_a_nan() -> None:
    assert math.isnan(Value(math.nan).relu().data)


def test_micrograd_zero_to_the_zero_raises_in_backward() -> None:
    x = Value(0.0)
    y = x**0
    y.backward()
    assert (y.data, x.grad) == (1.0, 0.0)


def test_micrograd_a_root_of_a_negative_number_turns_complex() -> None:
    y = Value(-2.0) ** 0.5
    assert type(y.data) is float
    assert math.isnan(y.data)


def test_micrograd_values_in_the_exponent_raise() -> None:
    v = Value(3.0)
    assert (2**v).data == 8.0
    assert (v**v).data == 27.0
    assert (v ** np.int64(2)).data == 9.0
    assert grad(2**v, v) == pytest.approx(8 * math.log(2), rel=1e-15)
    assert grad(v**v, v) == pytest.approx(27 * (math.log(3) + 1), rel=1e-15)


def test_micrograd_comparisons_max_abs_and_float_raise() -> None:
    a, b = Value(-2.0), Value(1.0)
    assert a < b
    assert max(a, b) is b
    assert abs(a).data == 2.0
    assert float(a) == -2.0


def test_micrograd_value_times_text_repeats_the_text() -> None:
    with pytest.raises(TypeError, match="not str"):
        Value(2) * "a"  # type: ignore[operator]


def test_micrograd_keeps_numpy_floats_and_gets_slow() -> None:
    x = Value(np.float64(2.0))
    y = x * np.float64(3.0) + np.float32(1.0)
    assert type(x.data) is type(y.data) is float


def test_micrograd_sub_and_div_become_two_or_three_nodes() -> None:
    a, b = Value(5.0), Value(3.0)
    assert len(Graph(a - b)) == len(Graph(a / b)) == 3


def test_the_rust_seed_leaks_every_graph() -> None:
    class Tracked(Value):
        pass

    gc.collect()
    gc.disable()
    try:
        x = Tracked(1.0)
        gone = weakref.ref(x)
        y = (x * x).tanh()
        y.backward()
        del x, y
        assert gone() is None
    finally:
        gc.enable()


def test_the_rust_seed_and_micrograd_write_labels_unescaped(tmp_path) -> None:  # type: ignore[no-untyped-def]
    x = Value(1.0, label='<b> "x" & | {y} \\N')
    tree = ElementTree.parse(draw_dot(x * 2, tmp_path / "graph.svg"))
    assert '<b> "x" & | {y} \\N' in "".join(tree.getroot().itertext())


def test_the_rust_seed_and_micrograd_draw_deep_graphs_recursively() -> None:
    y = Value(1.0)
    for _ in range(5_000):
        y = -y
    assert render(y, "networkx").number_of_nodes() == 5_001


def test_micrograd_draws_no_labels() -> None:
    assert "weight" in render(Value(1.0, label="weight") * 2, "graphviz").source


def test_micrograd_draws_gradients_before_backward_as_if_they_were_zero() -> None:
    x = Value(1.0)
    y = x * 2
    assert [node.grad for node in Graph(y).nodes] == [None, None, None]
    y.backward()
    assert [node.grad for node in Graph(y).nodes] == [2.0, None, 1.0]
    assert y.prev[1].grad is NOT_RUN
