"""What Python decided by comparing Values, as far as lines are recorded."""

import gc
import weakref

from pluggrad import Graph, Value, recording_lines


def test_a_comparison_is_remembered_with_its_answer_and_line() -> None:
    a, b = Value(2.0), Value(5.0)
    with recording_lines():
        y = a * b if a > b else a + b
    found = Graph(y).record.decisions
    ((id, (decision,)),) = found.items()
    assert (id, decision.how, decision.other, decision.number) == ("n0", ">", "n1", 5.0)
    assert decision.answer is False
    assert decision.line.startswith("test_decisions.py:")
    assert "if a > b" in decision.line


def test_a_truth_value_is_a_decision_and_a_number_that_leaves_is_none() -> None:
    a = Value(2.0)
    with recording_lines():
        y = a * (1.0 if a else 2.0)
        float(a.detach())
    ((decision,),) = Graph(y).record.decisions.values()
    assert (decision.how, decision.answer) == ("bool", True)


def test_outside_of_recording_lines_nothing_is_remembered() -> None:
    a = Value(2.0)
    y = a * 2.0 if a > 1.0 else a
    assert Graph(y).record.decisions == {}


def test_many_comparisons_of_one_value_are_not_all_kept() -> None:
    a = Value(2.0)
    with recording_lines():
        y = a * 2.0
        assert [i for i in range(100) if a > i] == [0, 1]
    (found,) = Graph(y).record.decisions.values()
    assert len(found) == 8


def test_values_that_were_compared_do_not_keep_each_other_alive() -> None:
    a = Value(2.0)
    with recording_lines():
        y = a * 2.0
        assert a < y
    gone = weakref.ref(y)
    del y
    gc.collect()
    assert gone() is None
