"""Ctrl-C at many moments: nothing is half done, and what was interrupted can be done again."""

import os
import shutil
import sys
from itertools import count
from pathlib import Path

import forks
import pluggrad
import pytest
from pluggrad import Value, save, topology
from pluggrad.nn import SGD, Adam, AdamW, RMSprop

HOME = os.path.dirname(pluggrad.__file__)


def traced(work, at_line):
    """Do something, and call `at_line` with the file of each line of pluggrad that is come to."""

    def enter(frame, event, argument):
        return go_on if frame.f_code.co_filename.startswith(HOME) else None

    def go_on(frame, event, argument):
        if event == "line":
            at_line(frame.f_code.co_filename)
        return go_on

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(before)


def interrupted(work, moment):
    """Do something with a KeyboardInterrupt at one line of pluggrad; say whether it came so far."""
    lines = count(1)

    def interrupt(file):
        if next(lines) == moment:
            sys.settrace(None)
            raise KeyboardInterrupt

    try:
        traced(work, interrupt)
    except KeyboardInterrupt:
        return True
    finally:
        # A trace can come between the body of a `with` and the release of its lock, where Python
        # handles no signal: such a lock would stay taken for the tests that follow.
        for unlock in (topology._unlock, pluggrad.plugins._unlock):
            unlock()
    return False


def moments_of(work, folder, apart):
    """List each line of the files in a folder of pluggrad, and of all others one in so many."""
    files = []
    traced(work, files.append)
    folder = os.path.join(HOME, folder, "")
    return [k for k, file in enumerate(files, 1) if file.startswith(folder) or k % apart == 0]


# A file that was open at the moment is closed as it is dropped, which Python remarks upon.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("nameless", [True, False])
@pytest.mark.parametrize("suffix", [".txt", ".dot", ".json"])
def test_save_leaves_the_old_file_or_the_new_one_and_nothing_else(
    suffix, nameless, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    y = Value(2.0, label="x") * 3.0
    path = Path(f"graph{suffix}")
    whole = save(y, path).read_bytes()
    moments = moments_of(lambda: save(y, path), "drawing", 10)  # where files are written
    assert len(moments) > 150
    for moment in moments:
        path.write_bytes(b"before")
        assert interrupted(lambda: save(y, path), moment)
        assert path.read_bytes() in (b"before", whole)
        assert sorted(os.listdir()) == [path.name, "tmp"]
        assert os.listdir("tmp") == []
    save(y, path)
    assert path.read_bytes() == whole


def test_a_new_plugin_is_whole_or_not_there(tmp_path):
    from pluggrad.cli.new_plugin import FILES, write

    folder = tmp_path / "fresh-plugin"
    moment = 1
    while interrupted(lambda: write("fresh-plugin", tmp_path), moment):
        left = os.listdir(tmp_path)
        assert left in ([], ["fresh-plugin"])
        if left:
            assert sum(path.is_file() for path in folder.rglob("*")) == len(FILES)
            shutil.rmtree(folder)
        moment = moment + 1 + moment // 10
    assert moment > 30
    assert folder.is_dir()


def state(optimizer):
    return [p.data for p in optimizer.parameters], optimizer.state_dict()


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: SGD(parameters, 0.1, momentum=0.9),
        lambda parameters: RMSprop(parameters, momentum=0.5),
        Adam,
        AdamW,
    ],
)
def test_a_step_is_taken_whole_or_not_at_all(make):
    def fresh():
        optimizer = make([Value(1.0), Value(-2.0), Value(3.0)])
        for _ in range(2):
            for p in optimizer.parameters:
                p.grad = p.data
            optimizer.step()
        return optimizer

    expected = fresh()
    before = state(expected)
    expected.step()
    after = state(expected)
    moment = 1
    while True:
        optimizer = fresh()
        came = interrupted(optimizer.step, moment)
        assert state(optimizer) in (before, after)
        if not came:
            break
        moment += 1
    assert moment > 10
    assert state(optimizer) == after


# Only lines of pluggrad are interrupted, so what it imports of others is there beforehand.
FIRST = """
import gc, importlib.util, os, sys
home = os.path.dirname(importlib.util.find_spec("pluggrad").origin)

def interrupt_each(apart, work):
    # Each fork is interrupted at its line; this process goes on to the next.
    # A loop comes to the same lines thousands of times: only the first time counts.
    tried, seen = 0, set()
    def trace(frame, event, argument):
        nonlocal tried
        if not frame.f_code.co_filename.startswith(home):
            return None
        line = frame.f_code.co_filename, frame.f_lineno
        if event == "line" and line not in seen:
            seen.add(line)
            if len(seen) % apart == 1:
                child = os.fork()
                if child == 0:
                    sys.settrace(None)
                    raise KeyboardInterrupt
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                assert code == 0, (frame, code)
                tried += 1
        return trace
    parent = os.getpid()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    if os.getpid() != parent:
        os._exit(0 if is_whole() else 1)
    return tried

def is_whole():
    import pluggrad
    y = (pluggrad.Value(2.0, label="x") * 3.0).tanh() + 1.0
    y.backward()
    return (
        "tanh" in pluggrad.render(y, "text")
        and len(pluggrad.plugins.renderers) >= 11
        and len(pluggrad.plugins.ops) > 50
        and not [plugin for plugin in pluggrad.plugins if plugin.failure]
    )

{before}
gc.disable()  # a collection in a fork copies what the forks share
def work():
    {work}

tried = interrupt_each({apart}, work)
assert is_whole()
print(tried)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each attempt is a forked process")
@pytest.mark.parametrize(
    ("before", "work", "apart"),
    [
        ("", "import pluggrad", 35),
        ("import pluggrad; y = pluggrad.Value(2.0)", "pluggrad.render(y, 'text')", 50),
    ],
    ids=["import", "render"],
)
def test_the_first_time_can_be_repeated_wherever_it_was_interrupted(before, work, apart):
    program = FIRST.replace("{before}", before).replace("{work}", work)
    program = program.replace("{apart}", str(apart))
    done = forks.run([sys.executable, "-c", program])
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50


THREADS = """
import sys, threading
import pluggrad
sys.setswitchinterval(1e-6)
y = pluggrad.Value(2.0, label="x") * 3.0
start, wrong = threading.Barrier(8), []

def draw():
    start.wait()
    try:
        assert "_ * 3" in pluggrad.render(y, "text")
        assert len(pluggrad.plugins.renderers) >= 11
    except BaseException as cause:
        wrong.append(cause)

threads = [threading.Thread(target=draw) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not wrong, wrong
"""


def test_the_first_render_may_come_in_several_threads_at_once():
    done = forks.run([sys.executable, "-c", THREADS])
    assert done.returncode == 0, done.stderr
