"""`import pluggrad` survives whatever an installed plugin or a settings file does."""

import os
import sys

import forks
import pytest

BODIES = {
    "raises BaseException": (
        "raise BaseException('as it likes')",
        "failed to load: BaseException: as it likes",
    ),
    "is skipped by pytest": ("import pytest; pytest.importorskip('no_such_module')", "Skipped: "),
    "is cancelled": (
        "import asyncio; raise asyncio.CancelledError",
        "failed to load: CancelledError",
    ),
    "exits": ("import sys; sys.exit(3)", "failed to load: SystemExit: 3"),
    "raises what cannot be told": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute",
        "failed to load: Mute: its text cannot be had (ValueError)",
    ),
    "raises what tells another class": (
        "class Odd(Exception):\n    __class__ = property(lambda self: 1 / 0)\nraise Odd",
        "failed to load: Odd",
    ),
    "raises what tells another class in its hook": (
        "import pluggrad\nclass Odd(Exception):\n    __class__ = property(lambda self: 1 / 0)\n"
        "@pluggrad.hookimpl\ndef pluggrad_register_ops():\n    raise Odd\n"
        "@pluggrad.hookimpl\ndef pluggrad_register_renderers():\n    raise Odd",
        "failed: Odd",
    ),
    "raises what has no name": (
        "class Kind(type):\n    __name__ = property(lambda self: 1 / 0)\n"
        "class Odd(Exception, metaclass=Kind):\n    pass\nraise Odd",
        "failed to load: Odd",
    ),
    "raises text for a terminal": (
        "raise ValueError('\\x1b[2J')",
        r"failed to load: ValueError: \x1b[2J",
    ),
    "gives ops without end": (
        "import pluggrad\n@pluggrad.hookimpl\ndef pluggrad_register_ops():\n    while True:\n"
        "        yield None\n@pluggrad.hookimpl\ndef pluggrad_register_renderers():\n    return ()",
        "failed: PluginError: it goes on after 100,000 of them, as if it had no end",
    ),
    "raises at length": ("raise ValueError('x' * 10**6)", "xxx…"),
}


def run(program, folder, **environment):
    return forks.run(
        [sys.executable, "-P", "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        timeout=60,
    )


def install(folder, name, group):
    """Make a module in a folder a plugin, as pip does."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")


@pytest.mark.parametrize("group", ["pluggrad", "pluggrad.renderers"])
@pytest.mark.parametrize(("body", "reason"), BODIES.values(), ids=BODIES)
def test_a_plugin_that_breaks_in_any_way_is_skipped_with_its_reason(body, reason, group, tmp_path):
    (tmp_path / "hostile.py").write_text(f"{body}\n")
    install(tmp_path, "hostile", group)
    program = (
        "import pluggrad; pluggrad.Value(2.0) * 3.0; "
        "print([plugin.failure for plugin in pluggrad.plugins if plugin.failure])"
    )
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "hostile" in done.stdout
    assert "PluginWarning: plugin 'hostile' (hostile 1.0) " in done.stderr
    assert reason in done.stderr
    assert "\x1b" not in done.stderr
    assert len(done.stderr) < 2000


FILES = {
    "nested arrays": f"renderer = {'[' * 20_000}{']' * 20_000}\n",
    "an integer of many digits": f"renderer = {'9' * 5001}\n",
    "a hexadecimal integer of many digits": f"renderer = 0x{'f' * 5001}\n",
    "nested tables": f"[renderers.text]\na = {'{a=' * 20_000}1{'}' * 20_000}\n",
}


@pytest.mark.parametrize("name", ["pluggrad.toml", "pyproject.toml"])
@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_settings_file_that_cannot_be_read_is_ignored_with_a_warning(text, name, tmp_path):
    head = "[tool.pluggrad]\n" if name == "pyproject.toml" else ""
    text = text.replace("[renderers", "[tool.pluggrad.renderers") if head else text
    (tmp_path / name).write_text(head + text)
    done = run("import pluggrad; print(pluggrad.Value(2.0) * 3.0)", tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"{name}: " in done.stderr
    assert "This part of the settings is ignored" in done.stderr
    assert len(done.stderr) < 2000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["pluggrad.toml", "pyproject.toml"])
def test_nobody_waits_for_a_pipe_in_the_place_of_settings(name, tmp_path):
    os.mkfifo(tmp_path / name)
    done = run("import pluggrad; print(pluggrad.Value(2.0) * 3.0)", tmp_path)
    assert done.returncode == 0, done.stderr
    assert ("it is no regular file" in done.stderr) == (name == "pluggrad.toml")


TAKES = {
    "the recursion limit": ("sys.setrecursionlimit(60)", "lowered the recursion limit to 60"),
    "all places of modules": ("sys.path.clear()", "took places out of sys.path"),
    "the list of places": ("sys.path = None", "took places out of sys.path"),
}


@pytest.mark.parametrize("group", ["pluggrad", "pluggrad.renderers"])
@pytest.mark.parametrize("inside", ["", "@pluggrad.hookimpl\ndef pluggrad_register_ops():\n    "])
@pytest.mark.parametrize(("body", "said"), TAKES.values(), ids=TAKES)
def test_what_a_plugin_takes_from_the_program_is_put_back(body, said, inside, group, tmp_path):
    hook = "@pluggrad.hookimpl\ndef pluggrad_register_renderers():\n    return []\n"
    (tmp_path / "greedy.py").write_text(f"import sys\nimport pluggrad\n{hook}{inside}{body}\n")
    install(tmp_path, "greedy", group)
    program = (
        "import sys; before = sys.getrecursionlimit(), [*sys.path]; import pluggrad; "
        "list(pluggrad.plugins); assert before == (sys.getrecursionlimit(), sys.path)"
    )
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"PluginWarning: plugin 'greedy' (greedy 1.0) {said}, now put back" in done.stderr


@pytest.mark.parametrize("group", ["pluggrad", "pluggrad.renderers"])
def test_a_plugin_that_has_everything_loaded_in_its_hook_is_loaded_once(group, tmp_path):
    (tmp_path / "eager.py").write_text(
        "from pluggrad import Op, hookimpl, plugins\n"
        "class Kind:\n"
        "    name = 'eager'\n"
        "    def __call__(self, graph):\n"
        "        return 'eager'\n"
        "@hookimpl\n"
        "def pluggrad_register_ops():\n"
        "    plugins.load()\n"
        "    return [Op('eager', lambda x: x, lambda g, out, x: g)]\n"
        "@hookimpl\n"
        "def pluggrad_register_renderers():\n"
        "    plugins.load(), plugins.renderers, list(plugins)\n"
        "    return [Kind]\n"
    )
    install(tmp_path, "eager", group)
    program = (
        "import pluggrad; from pluggrad import plugins; x = pluggrad.Value(2.0); "
        "assert pluggrad.render(x, 'eager') == 'eager'; assert x.eager().data == 2.0; "
        "assert [p.name for p in plugins].count('eager') == 1; "
        "assert not [p for p in plugins if p.failure]; "
        "before = len(list(plugins)); plugins.load(); assert len(list(plugins)) == before"
    )
    done = run(program, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("group", ["pluggrad", "pluggrad.renderers"])
def test_a_broken_plugin_is_warned_of_once_though_another_has_everything_loaded(group, tmp_path):
    (tmp_path / "broken.py").write_text("raise LookupError('lost')\n")
    (tmp_path / "caller.py").write_text(
        "from pluggrad import hookimpl, plugins\n@hookimpl\n"
        "def pluggrad_register_ops():\n    plugins.load()\n    return []\n"
    )
    for name in ("broken", "caller"):
        metadata = tmp_path / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")
    program = "import pluggrad; print([p.name for p in pluggrad.plugins if p.failure])"
    done = run(program, tmp_path)
    assert done.stdout == "['broken']\n"
    assert done.stderr.count("PluginWarning") == 1
