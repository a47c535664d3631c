"""config, doctor, stubs, completion, and --json: what the command says of an installation."""

import json
import shutil
import subprocess
import sys
from argparse import _SubParsersAction
from pathlib import Path

import pytest
from pluggrad import Op, PluginError, hookimpl, plugins
from pluggrad.cli import completion, doctor, main, stubs
from pluggrad.cli.command import SUBCOMMANDS, parser
from pluggrad.settings import ENVIRONMENT
from type_checking import mypy


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for variable in ENVIRONMENT:
        monkeypatch.delenv(variable, raising=False)
    # Whoever runs the tests may have kept a hundred thousand files, which doctor would count.
    monkeypatch.setenv("PLUGGRAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys):
    def typed(*arguments):
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return typed


@pytest.fixture
def data(run):
    """Run a command with --json and read what it prints."""
    return lambda *arguments: json.loads(run(*arguments, "--json")[1])


# ----- --json -----

ARGUMENTS = {
    "check": ("add",),
    "render": ("graph.py:loss",),
    "diff": ("graph.py:loss", "graph.py:loss"),
    "new-plugin": ("my-ops",),
    "stubs": ("-o", "here"),
}
PROGRAM = "from pluggrad import Value\nloss = Value(2.0, label='a') * 3\n"


def commands():
    (found,) = [x.choices for x in parser()._actions if isinstance(x, _SubParsersAction)]
    return sorted(found)


@pytest.mark.parametrize("command", [c for c in commands() if c not in ("completion", "step")])
def test_every_command_prints_json_and_nothing_else(command, data, folder):
    (folder / "graph.py").write_text(PROGRAM)
    assert data(command, *ARGUMENTS.get(command, ()))


def test_json_of_a_list_has_an_object_for_each_row_of_the_table(data, run):
    rows = data("ops")
    assert {
        key: x for row in rows if row["name"] == "sin" for key, x in row.items()
        if key in ("name", "operator", "operands")
    } == {"name": "sin", "operator": "", "operands": 1}  # fmt: skip
    assert len(run("ops")[1].splitlines()) == len(rows) + 1


def test_a_check_that_fails_says_so_in_json_too(data, run):
    plugins.register_op(Op("crooked", lambda x: x * x, lambda g, out, x: g * x))
    try:
        (row,) = data("check", "crooked")
        assert (row["name"], row["ok"]) == ("crooked", False)
        assert "operand 0 (x)" in row["message"]
        code, out, _ = run("check", "crooked")
        assert (code, out.splitlines()[-1]) == (1, "1 of 1 failed")
    finally:
        plugins.unregister("crooked")


# ----- plugins -----


def test_plugins_are_chosen_by_a_hook(data, run):
    rows = data("plugins", "--hook", "pluggrad_register_renderers")
    assert "pluggrad.text" in [row["name"] for row in rows]
    assert all("pluggrad_register_renderers" in row["hooks"] for row in rows)
    assert not any(row["ops"] for row in rows if row["name"].startswith("pluggrad."))
    code, out, err = run("plugins", "--hook", "pluggrad_ops")
    assert (code, out) == (2, "")
    assert "no hook 'pluggrad_ops'; available: pluggrad_register_ops" in err


def test_a_hook_that_only_a_refused_plugin_asked_for_is_none(run):
    class Mistaken:
        @hookimpl
        def pluggrad_register_operations(self):
            return []

    with pytest.raises(PluginError, match="unknown hook"):
        plugins.register(Mistaken(), "mistaken")
    code, out, err = run("plugins", "--hook", "pluggrad_register_operations")
    assert (code, out) == (2, "")
    assert err.count("pluggrad_register_operations") == 1


# ----- config -----


def test_config_says_where_each_setting_comes_from(data, folder, monkeypatch):
    file = folder / "pluggrad.toml"
    file.write_text('notebook = "text"\nlost = "warn"\n[renderers.text]\nmax_nodes = 7\n')
    monkeypatch.setenv("PLUGGRAD_LOST", "ignore")
    found = {row["setting"]: (row["value"], row["from"]) for row in data("config")}
    assert found == {
        "renderer": ("text", "the default"),
        "renderers.text.max_nodes": (7, str(file)),
        "disable_plugins": ([], "the default"),
        "strict_plugins": (False, "the default"),
        "notebook": ("text", str(file)),
        "lost": ("ignore", "the environment: PLUGGRAD_LOST"),
    }


def test_config_names_what_is_wrong(run, folder):
    (folder / "pluggrad.toml").write_text("renderer = 3\n")
    code, out, err = run("config")
    assert (code, out) == (2, "")
    assert "renderer is a renderer's name (text), not 3" in err


# ----- doctor -----


def test_doctor_finds_a_whole_installation_in_order(run):
    code, out, _ = run("doctor")
    found = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0, out
    assert sys.version.split()[0] in found["python"]
    assert "x * x + 1 at 3 is 10" in found["compiler"]


def test_doctor_names_what_is_wrong_and_what_is_missing(run, folder, monkeypatch):
    (folder / "pluggrad.toml").write_text("colour = 3\n")
    monkeypatch.setattr(doctor, "_version", lambda name: "" if name == "numba" else "1.0")
    code, out, _ = run("doctor")
    assert code == 1
    assert "unknown setting 'colour'" in out
    assert "numba; pip install 'pluggrad[compile]'" in out


def test_doctor_sees_a_compiler_that_computes_nonsense(monkeypatch):
    import pluggrad

    class Wrong:
        def value_and_grad(self, x):
            return 9.0, 6.0

    monkeypatch.setattr(pluggrad, "compile", lambda function: Wrong())
    assert doctor.compiler() == ("compiler", "wrong", "x * x + 1 at 3 is 9.0 with slope 6.0, not 10 and 6")  # fmt: skip  # noqa: E501


def test_doctor_tells_how_much_is_kept_on_disk_and_clears_it(run, folder, monkeypatch):
    kept = folder / "cache" / "0123456789ab" / ("f" * 40)
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x" * 5_000_000)
    monkeypatch.setenv("PLUGGRAD_CACHE_MB", "70")
    assert "5.0 of at most 70 MB (PLUGGRAD_CACHE_MB)" in " ".join(doctor.cache())
    code, out, _ = run("doctor", "--clear-cache")
    assert (code, kept.exists()) == (0, False)
    assert out == f"deleted 1 files, 5.0 MB, from {folder / 'cache'}\n"


def test_doctor_says_that_a_bound_is_no_number_or_that_there_is_no_home(monkeypatch):
    monkeypatch.setenv("PLUGGRAD_CACHE_MB", "1 GB")
    assert doctor.cache()[1:] == (
        "wrong",
        "PLUGGRAD_CACHE_MB='1 GB': give a whole number of megabytes, such as 500; 0 writes nothing",
    )

    def homeless(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("PLUGGRAD_CACHE_MB")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert doctor.cache()[1] == "missing"
    assert doctor.clear_cache() == "no home directory, so nothing is kept"


@pytest.mark.parametrize(
    ("variable", "table", "said"),
    [
        ("PLUGGRAD_RENDRER", "", "no such variable; did you mean PLUGGRAD_RENDERER?"),
        ("PLUGGRAD_cache_mb", "", "no such variable; did you mean PLUGGRAD_CACHE_MB?"),
        ("A", "[renderers.tex]\ndigits = 3", "no such renderer is installed; did you mean 'text'?"),
        ("A", "disable_plugins = ['pluggrad.expo']", "no plugin is called 'pluggrad.expo'"),
    ],
)
def test_doctor_tells_of_settings_that_change_nothing(variable, table, said, folder, monkeypatch):
    monkeypatch.setenv(variable, "3")
    (folder / "pluggrad.toml").write_text(table)
    (finding,) = doctor.unheeded()
    assert finding[2].startswith(said)


def test_doctor_leaves_variables_of_plugins_and_settings_in_order_alone(folder, monkeypatch):
    monkeypatch.setenv("PLUGGRAD_UNITS_STRICT", "1")
    monkeypatch.setenv("PLUGGRAD_CACHE_MB", "300")
    (folder / "pluggrad.toml").write_text(
        "renderers.text.digits = 3\ndisable_plugins = ['pluggrad.exp*']"
    )
    assert list(doctor.unheeded()) == []


# ----- stubs -----


def test_type_checkers_know_the_ops_of_plugins_from_the_stubs(tmp_path):
    import venv

    home = tmp_path / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    (site,) = home.glob("lib/python*/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]
    package = Path(stubs.__file__).parents[2]
    (site / "outer.pth").write_text("\n".join([str(package), *here]) + "\n")
    rules = (lambda g, out, a, b: g * b, lambda g, out, a, b: g * a)
    plugins.register_op(Op("stubbed", lambda a, b=2.0: a * b, *rules))
    try:
        stubs.write(site)
    finally:
        plugins.unregister("stubbed")
    program = tmp_path / "user.py"
    program.write_text(
        "from pluggrad import Value\n"
        "x: Value = Value(1.0).stubbed(3.0).sin() + Value(1.0).stubbed()\n"
        "Value(1.0).no_such_op()\n"
        "Value(1.0).stubbed(1.0, 2.0)\n"
    )
    done = mypy("--python-executable", str(home / "bin/python"), str(program), cwd=tmp_path)
    assert '3: error: "Value" has no attribute "no_such_op"' in done.stdout
    assert '4: error: Too many arguments for "stubbed"' in done.stdout
    assert "Found 2 errors" in done.stdout, done.stdout


def test_stubs_that_cannot_be_written_are_an_error_of_one_line(run, folder):
    (folder / "taken").write_text("")
    code, _, err = run("stubs", "-o", "taken")
    assert (code, err.count("\n")) == (2, 1)
    assert "pluggrad-stubs cannot be written" in err


# ----- Completion -----


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["pluggrad", "do"], {"doctor"}),
        (["pluggrad", "check", "--ex"], {"--examples"}),
        (["pluggrad", "check", "leaky"], {"leaky_relu"}),
        (["pluggrad", "completion", "f"], {"fish"}),
        (["pluggrad", "render", "gra"], {"graph.py"}),
    ],
)
def test_bash_completes(words, expected, folder, run):
    (folder / "graph.py").write_text("")
    names = " ".join(completion.installed())
    script = run("completion", "bash")[1]
    asks = f"pluggrad() {{ echo {names}; }}\n{script}\nCOMP_WORDS=({' '.join(words)})\n"
    asks += f'COMP_CWORD={len(words) - 1}\n_pluggrad\nprintf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", asks], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_script_is_of_its_shell_and_names_every_command(shell, run):
    code, script, _ = run("completion", shell)
    assert code == 0
    assert all(name in script for name in commands())
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_every_command_is_completed():
    assert len(SUBCOMMANDS) <= len(commands())
    assert set(parser().format_help().split()) >= set(commands())
