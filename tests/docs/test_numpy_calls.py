"""The page of NumPy's functions: sixty calls, none of which loses the gradient silently."""

import numpy as np
import pytest
from pluggrad import Value, values


@pytest.fixture(scope="module")
def calls():
    from generate import numpy_calls

    return numpy_calls


def test_there_are_sixty_calls_and_more(calls):
    assert len(set(calls.CALLS)) >= 60


def test_no_call_loses_the_gradient_silently(calls):
    assert calls.LOST not in calls.page()


def test_a_call_that_loses_it_would_be_told(calls):
    assert calls.of(np.array([1.5, 2.5]), "np.lost(x)") == calls.LOST


def test_what_keeps_the_gradient_has_it(calls):
    for call in calls.CALLS:
        x = values(calls.NUMBERS)
        if (
            calls.outcome(call, x, values(calls.MATRIX)) != calls.KEPT
            or "m" in call.split("(", 1)[-1]
        ):
            continue
        found = eval(call, {"np": np, "x": x, "m": values(calls.MATRIX)})
        parts = [part for part in np.asarray(found, object).ravel() if isinstance(part, Value)]
        sum(parts).backward()
        assert np.any(x.grad != 0.0), call
