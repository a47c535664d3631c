"""Where settings come from, which comes first, and what is said about a wrong one."""

import asyncio
import os
import sys
import threading
from pathlib import Path

import forks
import pytest
from pluggrad import Config, ConfigError, Value, configure, configured, current_config, render
from pluggrad.settings import ENVIRONMENT, KEYS, find_file


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Stand in an empty folder, with nothing set."""
    for variable in ENVIRONMENT:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    configure(**dict.fromkeys(KEYS))


def python(program, folder, **environment):
    command = [sys.executable, "-c", program]
    return forks.run(command, env={**os.environ, **environment}, cwd=folder)


# ----- Files -----


def test_without_any_setting_the_defaults_hold():
    assert current_config() == Config()
    assert current_config().renderer == "text"


def test_pluggrad_toml_in_a_folder_above_is_found(folder, monkeypatch):
    (folder / "pluggrad.toml").write_text('renderer = "networkx"\n')
    (folder / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(folder / "a" / "b")
    assert current_config().renderer == "networkx"
    assert find_file() == folder / "pluggrad.toml"


def test_the_nearest_file_holds_alone(folder, monkeypatch):
    (folder / "pluggrad.toml").write_text('renderer = "far"\nstrict_plugins = true\n')
    inner = folder / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text('[tool.pluggrad]\nrenderer = "near"\n')
    monkeypatch.chdir(inner)
    assert current_config() == Config(renderer="near")


def test_pluggrad_toml_comes_before_pyproject_toml_beside_it(folder):
    (folder / "pluggrad.toml").write_text('renderer = "own"\n')
    (folder / "pyproject.toml").write_text('[tool.pluggrad]\nrenderer = "project"\n')
    assert current_config().renderer == "own"


@pytest.mark.parametrize(
    "text",
    [
        "[tool.pluggrad]\nrenderer = 'found'\n",
        "[tool]\npluggrad.renderer = 'found'\n",
        "[tool]\npluggrad = {renderer = 'found'}\n",
        "tool = { pluggrad = {renderer = 'found'} }\n",
        "tool.pluggrad.renderer = 'found'\n",
        "[ tool . \"pluggrad\" ]\nrenderer = 'found'\n",
        "[tool]\n'pluggrad' = {renderer = 'found'}\n",
        "[tool]\nother = 1\npluggrad = {renderer = 'found'}\n",
    ],
)
def test_the_table_in_pyproject_toml_is_found_however_it_is_written(text, folder):
    (folder / "pyproject.toml").write_text(text)
    assert current_config().renderer == "found"


@pytest.mark.parametrize(
    "text", ['[project]\nname = "x"\n', "# see tool.pluggrad\n", "tool = 3 # tool.pluggrad\n"]
)
def test_a_pyproject_toml_without_the_table_is_passed_by(text, folder, monkeypatch):
    (folder / "pluggrad.toml").write_text('renderer = "above"\n')
    inner = folder / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text(text)
    monkeypatch.chdir(inner)
    assert current_config().renderer == "above"


def test_a_changed_file_is_read_again(folder):
    file = folder / "pluggrad.toml"
    for name in ("networkx", "graphviz"):
        file.write_text(f'renderer = "{name}"\n')
        assert current_config().renderer == name
    file.unlink()
    assert current_config().renderer == "text"


def test_all_settings_can_stand_in_a_file(folder):
    (folder / "pluggrad.toml").write_text(
        'renderer = "graphviz"\nstrict_plugins = false\ndisable_plugins = ["slow-*"]\n'
        "[renderers.text]\nmax_nodes = 9\n"
    )
    assert current_config() == Config("graphviz", {"text": {"max_nodes": 9}}, ("slow-*",), False)


def test_a_deleted_working_directory_has_no_file(folder, monkeypatch):
    gone = folder / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert current_config() == Config()


@pytest.mark.parametrize("name", ["pluggrad.toml", "pyproject.toml"])
def test_a_closed_file_is_an_error_only_where_it_must_be_about_pluggrad(name, folder, monkeypatch):
    def closed(path, mode):
        if path == folder / name:
            raise PermissionError(13, "Permission denied")
        raise FileNotFoundError

    (folder / name).touch()
    monkeypatch.setattr(Path, "open", closed)
    if name == "pyproject.toml":
        assert current_config() == Config()
    else:
        with pytest.raises(ConfigError, match=r"pluggrad\.toml: cannot be read: Permission denied"):
            current_config()


def test_a_folder_in_place_of_the_file_is_an_error(folder):
    (folder / "pluggrad.toml").mkdir()
    with pytest.raises(ConfigError, match=r"pluggrad\.toml: cannot be read"):
        current_config()


# ----- Precedence -----


def test_whoever_is_nearer_to_the_call_speaks_first(folder, monkeypatch):
    x = Value(1.0)

    def rendered_as():
        return type(render(x)).__name__

    (folder / "pluggrad.toml").write_text('renderer = "of the file"\n')
    assert current_config().renderer == "of the file"
    monkeypatch.setenv("PLUGGRAD_RENDERER", "of the environment")
    assert current_config().renderer == "of the environment"
    configure(renderer="of configure")
    assert current_config().renderer == "of configure"
    with configured(renderer="outer"):
        assert current_config().renderer == "outer"
        with configured(renderer="networkx"):
            assert current_config().renderer == "networkx"
            assert rendered_as() == "MultiDiGraph"
            assert isinstance(render(x, renderer="text"), str)
        assert current_config().renderer == "outer"
    assert current_config().renderer == "of configure"
    configure(renderer=None)
    assert current_config().renderer == "of the environment"
    monkeypatch.setenv("PLUGGRAD_RENDERER", "  ")
    assert current_config().renderer == "of the file"


def test_options_of_renderers_are_merged_one_by_one(folder):
    (folder / "pluggrad.toml").write_text(
        "[renderers.a]\none = 1\ntwo = 1\n[renderers.b]\none = 1\n"
    )
    configure(renderers={"a": {"two": 2}})
    configure(renderers={"c": {"one": 2}})
    with configured(renderers={"a": {"three": 3}}) as config:
        assert config.renderers == {
            "a": {"one": 1, "two": 2, "three": 3},
            "b": {"one": 1},
            "c": {"one": 2},
        }
    configure(renderers=None)
    assert current_config().renderers == {"a": {"one": 1, "two": 1}, "b": {"one": 1}}


def test_an_argument_comes_before_the_options_of_the_settings():
    class Tell:
        name = "tell"

        def __init__(self, word="default"):
            self.word = word

        def __call__(self, graph):
            return self.word

    from pluggrad import hookimpl, plugins

    class Offer:
        @hookimpl
        def pluggrad_register_renderers(self):
            return [Tell]

    plugins.register(Offer(), "tell")
    try:
        x = Value(1.0)
        assert render(x, "tell") == "default"
        with configured(renderer="tell", renderers={"tell": {"word": "settings"}}):
            assert render(x) == "settings"
            assert render(x, word="argument") == "argument"
    finally:
        plugins.unregister("tell")


def test_configured_holds_in_its_own_thread_only():
    seen = []
    with configured(renderer="networkx"):
        thread = threading.Thread(target=lambda: seen.append(current_config().renderer))
        thread.start()
        thread.join()
    assert seen == ["text"]


def test_configured_holds_in_its_own_task_only():
    async def task(name):
        with configured(renderer=name):
            await asyncio.sleep(0)
            return current_config().renderer

    async def both():
        return await asyncio.gather(task("one"), task("two"))

    assert asyncio.run(both()) == ["one", "two"]


def test_environment_variables_set_each_kind_of_setting(monkeypatch):
    monkeypatch.setenv("PLUGGRAD_DISABLE_PLUGINS", " one, two-* ,")
    monkeypatch.setenv("PLUGGRAD_STRICT_PLUGINS", "Yes")
    assert current_config() == Config(disable_plugins=("one", "two-*"), strict_plugins=True)


# ----- What is wrong is named -----


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'rendrer = "text"\n',
            "unknown setting 'rendrer'; available: renderer, renderers, disable_plugins, "
            "strict_plugins, notebook",
        ),
        ("renderer = 3\n", "renderer is a renderer's name (text), not 3"),
        ('strict_plugins = "yes"\n', "strict_plugins is true or false, not 'yes'"),
        (
            'disable_plugins = "all"\n',
            "disable_plugins is a list of plugin names (text), not 'all'",
        ),
        ("disable_plugins = [1]\n", "disable_plugins is a list of plugin names (text), not [1]"),
        ("renderers = 3\n", "renderers is a table of options for each renderer's name, not 3"),
        ("[renderers]\ntext = 3\n", "renderers is a table of options for each renderer's name"),
        ("renderer = \n", "not a TOML file: "),
        ("renderer = 'x'\nrenderer = 'y'\n", "not a TOML file: "),
        (b"renderer = '\xff'\n", "not a TOML file: "),
    ],
)
def test_a_wrong_file_is_one_line_with_its_path(text, message, folder):
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "pluggrad.toml").write_bytes(content)
    for attempt in (current_config, lambda: render(Value(1.0), "text")):
        with pytest.raises(ConfigError) as caught:
            attempt()
        assert str(caught.value).startswith(f"{folder / 'pluggrad.toml'}: {message}")
        assert "\n" not in str(caught.value)


def test_a_wrong_table_in_pyproject_toml_is_named(folder):
    (folder / "pyproject.toml").write_text("# tool.pluggrad\n[tool]\npluggrad = 3\n")
    with pytest.raises(ConfigError, match=r"tool\.pluggrad is a table of settings, not 3"):
        current_config()


@pytest.mark.parametrize("change", [configure, lambda **given: configured(**given).__enter__()])
def test_a_wrong_setting_in_a_call_changes_nothing(change):
    before = current_config()
    with pytest.raises(ConfigError, match="unknown setting 'rendrer'; available: renderer, "):
        change(renderer="networkx", rendrer="text")
    with pytest.raises(ConfigError, match="strict_plugins is true or false, not 1"):
        change(renderer="networkx", strict_plugins=1)
    assert current_config() == before


def test_taking_back_an_unknown_setting_is_an_error():
    with pytest.raises(ConfigError, match="unknown setting 'rendrer'"):
        configure(rendrer=None)


def test_a_wrong_environment_variable_is_named(monkeypatch):
    monkeypatch.setenv("PLUGGRAD_STRICT_PLUGINS", "maybe")
    expected = "PLUGGRAD_STRICT_PLUGINS='maybe': give one of 1, true, yes, 0, false, no"
    with pytest.raises(ConfigError, match=expected):
        current_config()


@pytest.mark.parametrize("word", ["Raise", "silent", "1"])
def test_a_wrong_word_for_lost_gradients_is_no_weaker_setting(word, monkeypatch):
    monkeypatch.setenv("PLUGGRAD_LOST", word)
    with pytest.raises(ConfigError, match='PLUGGRAD_LOST: lost is "raise", "warn" or "ignore"'):
        current_config()


@pytest.mark.parametrize("name", ["pluggrad.toml", "pyproject.toml"])
def test_a_file_that_is_larger_than_any_settings_is_not_read(name, folder):
    with (folder / name).open("wb") as file:
        file.truncate(1 << 40)  # sparse: it takes no room
    if name == "pyproject.toml":
        assert current_config() == Config()
    else:
        with pytest.raises(ConfigError, match=r"cannot be read: it has more than 10,000,000 bytes"):
            current_config()


def test_the_mark_that_some_editors_put_first_is_no_part_of_the_settings(folder):
    (folder / "pluggrad.toml").write_bytes(b'\xef\xbb\xbfrenderer = "svg"\n')
    assert current_config().renderer == "svg"


def test_an_error_is_an_ordinary_value_error_too():
    with pytest.raises(ValueError, match="unknown setting"):
        configure(nonsense=1)


# ----- A broken file and the import -----

DRAW = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import pluggrad
print([(w.category.__name__, str(w.message)) for w in caught])
print(pluggrad.Value(2.0) * 3.0, flush=True)
pluggrad.render(pluggrad.Value(2.0), "text")
"""


def test_a_broken_file_warns_at_import_and_raises_when_something_is_drawn(folder):
    (folder / "pluggrad.toml").write_text("renderer = \n")
    done = python(DRAW, folder)
    warned, product = done.stdout.splitlines()
    assert warned.startswith(f"[('PluginWarning', '{folder / 'pluggrad.toml'}: not a TOML file")
    assert warned.count("Warning") == 1
    assert product.startswith("Value(6.0")
    assert "ConfigError" in done.stderr.splitlines()[-1]


def test_beside_a_broken_file_the_environment_still_disables_plugins(folder):
    (folder / "pluggrad.toml").write_text("renderer = \n")
    program = "import pluggrad; print(list(pluggrad.plugins.ops))"
    done = python(program, folder, PLUGGRAD_DISABLE_PLUGINS="*")
    assert done.stdout == "[]\n"
    assert "not a TOML file" in done.stderr
