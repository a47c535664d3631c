"""Where a saved file ends up: as with cp, what stands at the path stays what it is."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pluggrad import RenderError, Value, hookimpl, plugins, save

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes are of POSIX")


class Both:
    """Gives text when it is called."""

    name = "giving"
    suffixes = (".giving",)

    def __call__(self, graph):
        return f"{len(graph)} nodes"


class Writing(Both):
    """Writes the same to a path."""

    name = "writing"
    suffixes = (".writing",)

    def write(self, graph, path):
        path.write_text(self(graph))


@pytest.fixture(params=["giving", "writing"], autouse=True)
def way(request, tmp_path, monkeypatch):
    class Offer:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Both, Writing]

    monkeypatch.chdir(tmp_path)
    plugins.register(Offer(), "both")
    yield request.param
    plugins.unregister("both")


@pytest.fixture
def product():
    return Value(2.0, label="x") * 3.0


def test_a_new_file_has_the_mode_that_the_umask_leaves(product, way):
    before = os.umask(0o027)
    try:
        save(product, "a", way)
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("a").st_mode) == 0o640
    assert os.listdir() == ["a"]


def test_the_umask_of_the_process_is_never_touched(product, way, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask was changed"))
    save(product, "a", way)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o666])
def test_a_file_keeps_its_mode_and_gets_a_new_content_in_one_step(mode, product, way):
    path = Path("a")
    path.write_text("before, and longer than what comes")
    path.chmod(mode)
    with path.open() as reading:
        save(product, path, way)
        assert reading.read() == "before, and longer than what comes"  # another file stands there
    assert path.read_text() == "3 nodes"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(product, way):
    path = Path("a")
    path.write_text("before")
    os.chown(path, 12345, 23456)
    save(product, path, way)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_is_closed_to_the_user_is_left_alone(product, way):
    path = Path("a")
    path.write_text("before")
    path.chmod(0o444)
    with pytest.raises(RenderError, match="cannot write a: Permission denied"):
        save(product, path, way)
    assert path.read_text() == "before"


def test_hard_links_go_on_being_one_file(product, way):
    Path("a").write_text("before, and longer than what comes")
    os.link("a", "b")
    save(product, "a", way)
    assert Path("b").read_text() == "3 nodes"
    assert os.path.samefile("a", "b")


@pytest.mark.parametrize("target", ["inner/real", "inner/../inner/real"])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed_and_stays(there, target, product, way):
    Path("inner").mkdir()
    if there:
        Path("inner/real").write_text("before")
    os.symlink("second", "first")
    os.symlink(target, "second")
    save(product, "first", way)
    assert os.readlink("first") == "second"
    assert os.readlink("second") == target
    assert Path("inner/real").read_text() == "3 nodes"
    assert sorted(os.listdir()) == ["first", "inner", "second"]


def test_a_link_that_leads_to_itself_is_an_unwritable_path(product, way):
    os.symlink("a", "a")
    with pytest.raises(RenderError, match="cannot write a: "):
        save(product, "a", way)
    assert os.readlink("a") == "a"


def test_a_pipe_is_written_to_and_stays(product, way):
    os.mkfifo("pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    save(product, "pipe", way)
    reader.join(30)
    assert read == ["3 nodes"]
    assert stat.S_ISFIFO(os.stat("pipe").st_mode)


def test_a_device_is_written_to_and_stays(product, way):
    os.symlink(os.devnull, "null")
    for path in (os.devnull, "null"):
        save(product, path, way)
        assert stat.S_ISCHR(os.stat(path).st_mode)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc")
@pytest.mark.parametrize("place", ["/proc/self/fd/{}", "/dev/fd/{}", "link"])
def test_an_open_file_is_written_to(place, product, way):
    with open("a", "w+") as file:
        file.write("before, and longer than what comes")
        file.flush()
        if place == "link":
            os.symlink(f"/proc/self/fd/{file.fileno()}", "link")
        save(product, place.format(file.fileno()), way)
        file.seek(0)
        assert file.read() == "3 nodes"
        assert os.path.sameopenfile(file.fileno(), os.open("a", os.O_RDONLY))
    read, write = os.pipe()
    save(product, f"/proc/self/fd/{write}", way)
    assert os.read(read, 100) == b"3 nodes"


def test_the_command_writes_to_a_substituted_process(tmp_path):
    command = Path(sys.executable).with_name("pluggrad")
    Path("one.py").write_text("from pluggrad import Value\ny = Value(2.0) * 3.0\n")
    line = f"{command} render one.py:y -r text -o >(cat >copy); {command} render one.py:y -r text"
    done = subprocess.run(["bash", "-c", f"{line}; sleep 0.2"], capture_output=True, text=True)
    assert "_ * 3" in done.stdout
    assert "_ * 3" in Path("copy").read_text()


@pytest.mark.parametrize("lacking", ["O_TMPFILE", "link"])
def test_nothing_is_left_where_a_file_needs_a_name(lacking, product, way, monkeypatch):
    def refuse(*_, **__):
        raise OSError(1, "as asked")

    if lacking == "link":
        monkeypatch.setattr(os, "link", refuse)
    else:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    Path("a").write_text("before")
    save(product, "a", way)
    save(product, "b", way)
    assert Path("a").read_text() == Path("b").read_text() == "3 nodes"
    assert sorted(os.listdir()) == ["a", "b"]


def test_a_write_that_makes_no_file_is_an_error_and_changes_nothing(product):
    class Idle(Both):
        name = "idle"

        def write(self, graph, path):
            pass

    class Offer:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Idle]

    Path("a").write_text("before")
    plugins.register(Offer(), "idle")
    try:
        with pytest.raises(RenderError, match="renderer 'idle' wrote nothing"):
            save(product, "a", "idle")
    finally:
        plugins.unregister("idle")
    assert Path("a").read_text() == "before"


KILLED = """
import sys, time
from pluggrad import Value, hookimpl, plugins, save

class Slow:
    name = "slow"
    def __call__(self, graph):
        return "whole"
    def write(self, graph, path):
        path.write_text("half")
        print("now", flush=True)
        time.sleep(60)

class Offer:
    @hookimpl
    def pluggrad_register_renderers(self):
        return [Slow]

plugins.register(Offer(), "slow")
save(Value(1.0), "a", "slow")
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_save_leaves_the_file_there_was_and_nothing_beside_it(how):
    Path("a").write_text("before")
    program = [sys.executable, "-c", f"import signal\n{HEEDING}\n{KILLED}"]
    running = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert running.stdout.readline() == b"now\n"
    running.send_signal(how)
    running.communicate(timeout=30)
    assert Path("a").read_text() == "before"
    assert os.listdir() == ["a"]


HEEDING = "signal.signal(signal.SIGINT, signal.default_int_handler)"


def test_readers_see_the_old_file_or_the_new_one(product, way):
    path, seen, stop = Path("a"), set(), threading.Event()
    path.write_text("before")

    def look():
        while not stop.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(50):
        save(product, path, way)
        time.sleep(0)
    stop.set()
    reader.join()
    assert seen <= {"before", "3 nodes"}


@pytest.mark.parametrize("path", ["new/", "absent/../a", "\ud800", 5, None, ["a"]])
def test_a_path_that_no_file_can_have_is_refused_and_nothing_is_written(path, product, way):
    with pytest.raises(RenderError, match=r"cannot write|takes a path"):
        save(product, path, way)
    assert os.listdir() == []


def test_an_open_file_in_the_place_of_a_path_is_told_what_to_do(product, way):
    with open("a", "w") as file, pytest.raises(RenderError, match=r"not TextIOWrapper.*render\(\)"):
        save(product, file, way)


def test_a_path_may_be_of_bytes(product, way):
    save(product, b"\xff", way)
    assert os.listdir(b".") == [b"\xff"]


def test_a_pipe_takes_what_a_renderer_of_one_format_writes(product):
    for name in ("svg", "dot", "text", "html", "json"):
        save(product, os.devnull, name)


def test_without_a_place_for_unfinished_files_that_is_what_is_said(product, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    with pytest.raises(RenderError, match=r"unfinished files in /nonexistent.*TMPDIR"):
        save(product, "a", "writing")
