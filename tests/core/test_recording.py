"""What holds while an expression runs."""

import pytest
from pluggrad import Value, no_grad


def generator(x):
    yield x * x


async def coroutine(x):
    return x * x


async def asynchronous_generator(x):
    yield x * x


@pytest.mark.parametrize("function", [generator, coroutine, asynchronous_generator])
def test_no_grad_refuses_a_function_whose_body_runs_later(function):
    with pytest.raises(TypeError, match="with no_grad"):
        no_grad()(function)


def test_no_grad_holds_in_a_decorated_function():
    @no_grad()
    def square(x):
        return x * x

    assert not square(Value(3.0)).requires_grad
