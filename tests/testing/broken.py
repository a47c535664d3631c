"""Makes broken ops, and tells what the kit says of them."""

import math

import pytest
from pluggrad import Op
from pluggrad.testing import ConformanceError, check_op


def op(forward, *rules, **options):
    return Op("bad", forward, *rules, **options)


def square(x):
    return x * x


def no_sine_of_infinity(x):
    return math.nan


def line(broken, **options):
    """The name of the check that fails, and its message."""
    with pytest.raises(ConformanceError) as caught:
        check_op(broken, **options)
    error = caught.value
    assert error.op == "bad"
    assert str(error).startswith("op 'bad'")
    assert "\n" not in str(error)
    return error.check, str(error), error
