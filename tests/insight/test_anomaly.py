"""detect_anomaly: the first bad number, forward and backward, and graphs out of date."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from pluggrad import AnomalyError, Op, Value, checkpoint, detect_anomaly, grad, no_grad
from pluggrad.func import grad as grad_of
from pluggrad.func import jvp, linearize
from pluggrad.ops import exp, log, sqrt
from pluggrad.recording import switch


@pytest.fixture(autouse=True)
def _nothing_stays_on():
    before = len(switch.active)
    yield
    assert len(switch.active) == before


def test_the_first_bad_result_names_op_operands_labels_and_line():
    x = Value(0.0, label="x")
    with detect_anomaly():
        y = x * 3.0
        with pytest.raises(AnomalyError) as caught:
            log(y) * 2.0
    assert str(caught.value).startswith("op 'log' gave -inf for 0.0, at ")
    assert "test_anomaly.py:" in str(caught.value)
    assert "in test_the_first_bad_result_names_op_operands_labels_and_line: log(y) * 2.0" in str(
        caught.value
    )
    with pytest.raises(AnomalyError, match=r"op 'div' gave inf for 1.0 and x = 0.0, at "):
        detect_anomaly()(lambda: 1.0 / x)()


def test_nan_is_found_too_and_under_no_grad():
    with pytest.raises(AnomalyError, match=r"op 'log' gave nan for -1.0"), detect_anomaly():
        log(Value(-1.0))
    with (
        pytest.raises(AnomalyError, match=r"op 'log' gave nan for -1.0"),
        detect_anomaly(),
        no_grad(),
    ):
        log(Value(-1.0))


def test_the_first_bad_gradient_names_op_operand_and_the_line_that_recorded_it():
    x = Value(0.0, label="x")
    with detect_anomaly():
        y = sqrt(x)
        z = y * 2.0
        with pytest.raises(AnomalyError) as caught:
            z.backward()
    text = str(caught.value)
    assert text.startswith("backward: op 'sqrt' gave operand 0, x = 0.0, the gradient inf from ")
    assert "the gradient 2.0 of its result" in text
    assert text.endswith(": y = sqrt(x)")
    assert x.grad == 0.0


def test_a_bad_gradient_of_what_was_recorded_outside_says_that_its_line_is_not_known():
    x = Value(0.0)
    y = sqrt(x)
    with (
        pytest.raises(AnomalyError, match=r"outside detect_anomaly\(\), so its line"),
        detect_anomaly(),
    ):
        y.backward()
    with pytest.raises(AnomalyError, match=r"backward: op 'sqrt'"), detect_anomaly():
        grad(y, x, create_graph=True)


def test_an_infinite_gradient_that_python_would_raise_for_is_found():
    x = Value(0.0, label="x")
    square = Op("square_root", lambda x: math.sqrt(x), lambda g, out, x: g / (2.0 * out))
    with (
        pytest.raises(AnomalyError, match=r"backward: op 'square_root' gave operand 0, x = 0.0"),
        detect_anomaly(),
    ):
        square(x).backward()


def test_forward_mode_names_bad_tangents_and_results():
    with (
        pytest.raises(AnomalyError, match=r"op 'sqrt' gave a tangent of inf for 0.0, at .*test_an"),
        detect_anomaly(),
    ):
        jvp(sqrt, (0.0,), (1.0,))
    with pytest.raises(AnomalyError, match=r"op 'exp' gave inf for 1000.0"), detect_anomaly():
        jvp(exp, (1000.0,), (1.0,))


def test_transforms_report_from_inside():
    message = r"op 'log' gave -inf for 0.0, .*grad_of\(log\)\(0.0\)"
    with pytest.raises(AnomalyError, match=message), detect_anomaly():
        grad_of(log)(0.0)


def test_a_leaf_that_was_changed_after_use_is_named_with_both_places():
    w = Value(2.0, label="w")
    with detect_anomaly():
        y = w * 3.0
        w.data = 5.0
        with pytest.raises(AnomalyError) as caught:
            y.backward()
    text = str(caught.value)
    assert text.startswith("the data of w = 5.0 was 2.0 when op 'mul' used it at ")
    assert ": y = w * 3.0; the graph is out of date. Compute it again" in text


def test_a_result_that_was_changed_is_named():
    w = Value(2.0)
    with detect_anomaly():
        y = w * 3.0
        y.data = 7.0
        with pytest.raises(AnomalyError, match=r"data of 7.0 was 6.0 when op 'mul' computed it"):
            y.backward()


def test_a_graph_from_outside_that_is_out_of_date_is_found_by_computing_again():
    w = Value(2.0, label="w")
    y = w * 3.0
    w.data = 5.0
    with (
        pytest.raises(AnomalyError, match=r"op 'mul' gave 6.0, but gives 15.0 for w = 5.0 and 3.0"),
        detect_anomaly(),
    ):
        y.backward()


def test_good_numbers_pass_unchanged():
    x = Value(2.0)
    with detect_anomaly():
        y = checkpoint(lambda x: exp(x) * x, x) + log(x)
        y.backward()
        assert grad_of(grad_of(lambda x: x**3))(2.0) == 12.0
        assert jvp(lambda x: x * x, (2.0,), (1.0,)) == (4.0, 4.0)
    assert x.grad == pytest.approx(3 * math.exp(2.0) + 0.5)


def test_a_bad_gradient_inside_a_checkpoint_is_found_where_it_is_made():
    x = Value(0.0, label="x")
    message = r"op 'sqrt' gave operand 0, x = 0.0, the gradient inf .*checkpoint\(lambda x: sqrt"
    with pytest.raises(AnomalyError, match=message), detect_anomaly():
        checkpoint(lambda x: sqrt(x) * 2.0, x).backward()
    with pytest.raises(AnomalyError, match=r"op 'sqrt' gave operand 0"), detect_anomaly():
        grad_of(lambda x: checkpoint(lambda x: sqrt(x) * 2.0, x))(0.0)


def test_linear_functions_name_bad_tangents():
    with pytest.raises(AnomalyError, match=r"op 'sqrt' gave a tangent of inf"), detect_anomaly():
        linearize(sqrt, 0.0)[1](1.0)


def test_other_threads_are_left_alone():
    with detect_anomaly(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: log(Value(0.0)).data).result() == -math.inf


def test_outside_nothing_is_looked_at():
    with detect_anomaly():
        Value(1.0) * 2.0
    assert log(Value(0.0)).data == -math.inf
