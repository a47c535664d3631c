"""Threads share jobs: each is done once, and what goes wrong is raised in the end."""

import signal
import threading
import time
from contextlib import suppress

import pytest
from pluggrad.compiler.lanes import sharing
from pluggrad.compiler.lanes.sharing import LINE, SHARE, pieces, side_by_side


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("count", [1, 300, SHARE, 2 * SHARE, 2 * SHARE + 1, 100_000, 1_234_567])
def test_pieces_are_all_lanes_in_turn(count, threads):
    found = pieces(count, threads)
    assert [start for start, _ in found] == [0, *[end for _, end in found[:-1]]]
    assert found[-1][1] == count
    assert all(start % LINE == 0 for start, _ in found)
    assert all(end - start >= SHARE // 2 for start, end in found) or count < SHARE // 2


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_job_is_done_once(threads):
    assert sorted(side_by_side(lambda k: k * k, range(200), threads)) == [k * k for k in range(200)]


def test_jobs_are_done_side_by_side():
    met = threading.Barrier(2, timeout=60)

    def meet(k):
        return met.wait() in (0, 1)

    assert side_by_side(meet, range(2), 2) == [True, True]


def test_what_a_job_raises_is_raised_when_all_have_ended():
    done = []

    def work(k):
        done.append(k)
        if k == 3:
            raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        side_by_side(work, range(10), 2)
    assert sorted(done) == [*range(10)]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals come to threads on POSIX")
def test_an_interrupted_call_ends_after_all_who_work_for_it():
    main, ended = threading.current_thread(), []

    def interrupted(signum, frame):
        while frame is not None:  # one that comes between two calls would end the tests
            if frame.f_code is side_by_side.__code__:
                raise KeyboardInterrupt
            frame = frame.f_back

    def work(k):
        if threading.current_thread() is main:
            return
        signal.pthread_kill(main.ident, signal.SIGUSR1)  # while it waits
        time.sleep(0.2)
        ended.append(k)

    before = signal.signal(signal.SIGUSR1, interrupted)
    try:
        while not ended:  # the other thread may come too late for a job
            with suppress(KeyboardInterrupt):
                side_by_side(work, range(100_000), 2)
    finally:
        signal.signal(signal.SIGUSR1, before)
    count = len(ended)
    time.sleep(0.3)
    assert 0 < count == len(ended)


def test_an_interrupt_just_as_a_thread_has_begun_waits_for_it_too(monkeypatch):
    at_work, ended = threading.Event(), []

    def start(*what):
        begin(*what)
        assert at_work.wait(60)
        raise KeyboardInterrupt

    def work(k):
        at_work.set()
        time.sleep(0.05)
        ended.append(k)

    begin = sharing.start_new_thread
    monkeypatch.setattr(sharing, "start_new_thread", start)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, range(6), 2)
    assert sorted(ended) == [*range(6)]
