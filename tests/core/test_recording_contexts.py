"""What a context sets is taken back wherever it is closed, and holds nowhere after that."""

import asyncio
import gc
import threading
from contextlib import ExitStack
from contextvars import copy_context

import pytest
from pluggrad import (
    Graph,
    Value,
    configured,
    current_config,
    detect_anomaly,
    no_grad,
    scope,
)
from pluggrad.recording import (
    Context,
    Setting,
    Watcher,
    current_scope,
    recording,
    switch,
    watched_by,
    watchers,
)


def noticed(what):
    """Say whether a context of a kind holds here."""
    return {
        "no_grad": lambda: not (Value(2.0) * 3.0).requires_grad,
        "scope": lambda: bool(Graph(Value(2.0) * 3.0).nodes[-1].scope),
        "detect_anomaly": lambda: bool(watchers.get()),
        "watched_by": lambda: bool(watchers.get()),
        "configured": lambda: current_config().renderer == "dot",
    }[what]()


CONTEXTS = {
    "no_grad": no_grad,
    "scope": lambda: scope("layer"),
    "detect_anomaly": detect_anomaly,
    "watched_by": lambda: watched_by(Watcher()),
    "configured": lambda: configured(renderer="dot"),
}


@pytest.fixture(params=CONTEXTS)
def kind(request):
    """Name a kind of context, and see that nothing of it is left over."""
    active = len(switch.active)
    yield request.param
    assert len(switch.active) == active
    with scope("so that ops look"):
        assert request.param == "scope" or not noticed(request.param)
        assert current_scope.get() == ("so that ops look",)
        assert recording.get()


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def in_a_task(work):
    async def task():
        work()

    asyncio.run(task())


def in_a_copied_context(work):
    copy_context().run(work)


ELSEWHERE = [in_a_thread, in_a_task, in_a_copied_context]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_closed_elsewhere_it_is_closed_where_it_was_opened(kind, elsewhere):
    stack = ExitStack()
    stack.enter_context(CONTEXTS[kind]())
    assert noticed(kind)
    elsewhere(stack.close)
    assert not noticed(kind)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_opened_elsewhere_it_is_closed_here(kind, elsewhere):
    stack = ExitStack()
    elsewhere(lambda: stack.enter_context(CONTEXTS[kind]()))
    assert not noticed(kind)
    stack.close()


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_closed_elsewhere_below_another_one(kind, elsewhere):
    outer = ExitStack()
    outer.enter_context(CONTEXTS[kind]())
    with CONTEXTS[kind]():
        elsewhere(outer.close)
        assert noticed(kind)
    assert not noticed(kind)


def test_generators_close_theirs_in_any_order(kind):
    def inside():
        with CONTEXTS[kind]():
            yield

    first, second = inside(), inside()
    next(first)
    next(second)
    first.close()
    assert noticed(kind)
    second.close()
    assert not noticed(kind)


def test_an_asynchronous_generator_is_finished_by_another_task(kind):
    async def numbers():
        with CONTEXTS[kind]():
            yield 1
            yield 2

    async def main():
        source = numbers()
        async for _ in source:
            break
        await asyncio.create_task(source.aclose())
        assert not noticed(kind)

    asyncio.run(main())


def test_a_task_that_outlives_the_block_goes_on_without_it(kind):
    async def main():
        opened, closed = asyncio.Event(), asyncio.Event()

        async def task():
            assert noticed(kind)
            opened.set()
            await closed.wait()
            with scope("so that ops look"):
                return kind != "scope" and noticed(kind)

        with CONTEXTS[kind]():
            running = asyncio.create_task(task())
            await opened.wait()
        closed.set()
        assert not await running

    asyncio.run(main())


def test_one_object_opened_in_two_threads_closes_the_one_of_each(kind):
    context = CONTEXTS[kind]()
    context.__enter__()
    entered, leave = threading.Event(), threading.Event()

    def work():
        context.__enter__()
        entered.set()
        leave.wait(10)
        context.__exit__(None, None, None)

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait(10)
    context.__exit__(None, None, None)
    assert not noticed(kind)
    leave.set()
    thread.join()


def test_one_object_can_be_opened_inside_itself(kind):
    context = CONTEXTS[kind]()
    with context:
        with context:
            assert noticed(kind)
        assert noticed(kind)
    assert not noticed(kind)


def test_closing_twice_says_so(kind):
    context = CONTEXTS[kind]()
    with context:
        pass
    with pytest.raises(RuntimeError, match=f"{kind} is closed more often than it was opened"):
        context.__exit__(None, None, None)


async def coroutine():
    pass


def generator():
    yield


async def asynchronous_generator():
    yield


class WithMethods:
    def method(self):
        pass


@pytest.mark.parametrize("of_class", [lambda f: f, staticmethod])
@pytest.mark.parametrize("function", [coroutine, generator, asynchronous_generator, WithMethods])
def test_a_function_whose_body_runs_later_is_refused(kind, function, of_class):
    with pytest.raises(TypeError, match=rf"@{kind}.* cannot hold in {function.__name__}"):
        CONTEXTS[kind]()(of_class(function))


def test_a_decorator_without_parentheses_says_so():
    with pytest.raises(TypeError, match=r"a decorator is written @no_grad\(\)"):
        no_grad(generator)


def test_a_decorated_function_is_inside(kind):
    seen = []

    @CONTEXTS[kind]()
    def recursive(depth):
        seen.append(noticed(kind))
        if depth:
            recursive(depth - 1)
        seen.append(noticed(kind))

    recursive(2)
    assert seen == [True] * 6
    assert not noticed(kind)


def test_a_scope_closed_inside_another_leaves_the_other_name():
    first, second = scope("first"), scope("second")
    first.__enter__()
    second.__enter__()
    assert current_scope.get() == ("first", "second")
    first.__exit__(None, None, None)
    assert current_scope.get() == ("second",)
    second.__exit__(None, None, None)
    assert current_scope.get() == ()


def test_closed_frames_are_forgotten():
    setting = Setting("numbers", ())

    class Number:
        alive = 0

        def __init__(self):
            Number.alive += 1

        def __del__(self):
            Number.alive -= 1

    def added(number):
        return lambda around: (*around[-3:], number)

    gc.disable()
    try:
        before = None
        for _ in range(100):
            context = Context("number", setting, added(Number()))
            context.__enter__()
            if before is not None:
                before.__exit__(None, None, None)
            before = context
        del context
        assert Number.alive < 10
        before.__exit__(None, None, None)
        del before
        assert setting.get() == ()
        assert Number.alive == 0
    finally:
        gc.enable()


def test_ten_thousand_blocks_inside_each_other():
    with ExitStack() as stack:
        for _ in range(10_000):
            stack.enter_context(no_grad())
        assert not recording.get()
    assert recording.get()
