"""Real packages, installed by pip, that do what they should not: see `packages/`."""

import json

import pytest

SEMANTIC = "was skipped"
IMPORT = "failed to load"

# For each broken entry point: its package, what became of it, and what the message tells.
BROKEN = {
    "import-fails": ("import-fails 1.2.3", IMPORT, ["ModuleNotFoundError", "no_such_package"]),
    "import-exits": ("import-exits 1.2.3", IMPORT, ["SystemExit: this is a script"]),
    "hook-raises": (
        "hook-raises 1.2.3",
        SEMANTIC,
        ["pluggrad_register_ops() failed: LookupError: the table of ops is lost"],
    ),
    "hook-exits": ("hook-exits 1.2.3", SEMANTIC, ["SystemExit: 3"]),
    "hook-absent": ("hook-absent 1.2.3", SEMANTIC, ["it has no hook; there are pluggrad_reg"]),
    "hook-misspelt": (
        "hook-misspelt 1.2.3",
        SEMANTIC,
        ["unknown hook 'pluggrad_register_opps'", "did you mean 'pluggrad_register_ops'?"],
    ),
    "hook-unmarked": ("hook-unmarked 1.2.3", SEMANTIC, ["not marked; put @hookimpl above it"]),
    "hook-wants-more": (
        "hook-wants-more 1.2.3",
        SEMANTIC,
        ["pluggrad_register_ops(registry)", "can not be found"],
    ),
    "op-duplicate": (
        "op-duplicate 1.2.3",
        SEMANTIC,
        ["op 'add' is provided by plugin 'pluggrad.arithmetic' (pluggrad 0."],
    ),
    "operator-duplicate": (
        "operator-duplicate 1.2.3",
        SEMANTIC,
        ["operator '*' of op 'times' belongs to op 'mul' of plugin 'pluggrad.arithmetic'"],
    ),
    "operator-unknown": (
        "operator-unknown 1.2.3",
        SEMANTIC,
        ["operator '²' with 1 operands", "+ (2)", "abs (1)"],
    ),
    "op-rule-missing": (
        "op-rule-missing 1.2.3",
        SEMANTIC,
        ["'hypotenuse' has 1 rules", "takes 2 operands ((a, b))"],
    ),
    "op-hides-backward": (
        "op-hides-backward 1.2.3",
        SEMANTIC,
        ["op 'backward' would hide Value.backward; give it another name"],
    ),
    "op-hides-data": ("op-hides-data 1.2.3", SEMANTIC, ["would hide Value.data"]),
    "gives-text": ("gives-rubbish 1.2.3", SEMANTIC, ["gave 'square' (str), not a list of Ops"]),
    "gives-number": ("gives-rubbish 1.2.3", SEMANTIC, ["gave 3 (int), not a list of Ops"]),
    "gives-list": ("gives-rubbish 1.2.3", SEMANTIC, ["gave 3 (int), which is not an Op"]),
    "gives-one": ("gives-rubbish 1.2.3", SEMANTIC, ["gave <op lonely> (Op), not a list of Ops"]),
    "renderer-nameless": (
        "renderer-nameless 1.2.3",
        SEMANTIC,
        ["renderer class NamelessRenderer has no name"],
    ),
    "renderer-duplicate": (
        "renderer-duplicate 1.2.3",
        SEMANTIC,
        ["renderer 'text' is provided by plugin 'pluggrad.text'"],
    ),
    "renderer-suffixes": ("renderer-suffixes 1.2.3", SEMANTIC, ["suffixes '.txt' (str)"]),
    "renderer-instance": ("renderer-instance 1.2.3", SEMANTIC, ["a renderer is a class"]),
    "imported-first-broken": ("imported-first-broken 1.2.3", SEMANTIC, ["LookupError: lost"]),
    "twin": ("twin-b 2.0", SEMANTIC, ["plugin 'twin' (twin-a 1.0) has the same entry-point name"]),
}
WORKING = {
    "well-behaved": ["well_behaved"],
    "of-the-first-version": ["staircase"],
    "imported-first": ["imported_first"],
    "package-imported-first": ["package_imported_first"],
    "twin": ["twin_a"],
    "example.ops": ["cloglog", "huber"],
    "example.csv": [],
}


def only(names, *wanted):
    """Return the environment in which no installed plugin but the wanted ones is loaded."""
    return {"PLUGGRAD_DISABLE_PLUGINS": ",".join(set(names) - set(wanted))}


def test_the_tables_here_speak_of_every_installed_plugin(names):
    assert sorted({*BROKEN, *WORKING}) == names


def test_each_broken_plugin_is_named_with_its_package_cause_and_remedy(report):
    told = report()
    assert len(told["warned"]) == len(BROKEN)
    for name, (package, doing, parts) in BROKEN.items():
        (message,) = [m for m in told["warned"] if m.startswith(f"plugin {name!r} ({package})")]
        assert f"{doing}: " in message
        for part in parts:
            assert part in message
        assert "\n" not in message
        remedy = "Rename one of them" if name == "twin" else f"PLUGGRAD_DISABLE_PLUGINS={name}"
        assert remedy in message
        assert [name, package, message] in told["skipped"]


def test_broken_plugins_leave_nothing_behind_and_the_rest_working(report, names):
    among_broken_ones = report(after="pluggrad.Value(2.0) * 3.0")
    alone = report(**only(names, *WORKING.keys() - {"twin"}))
    assert {k: among_broken_ones["ops"][k] for k in WORKING} == WORKING
    del among_broken_ones["ops"]["twin"]
    assert among_broken_ones["ops"] == alone["ops"]
    assert {*among_broken_ones["methods"]} - {*alone["methods"]} == {"twin_a"}
    assert among_broken_ones["renderers"]["pluggrad.text"] == ["text"]
    assert among_broken_ones["renderers"]["example.csv"] == ["csv"]


@pytest.mark.parametrize("name", BROKEN)
def test_strict_mode_raises_for(name, python, names):
    environment = {"PLUGGRAD_STRICT_PLUGINS": "1", **only(names, name)}
    done = python("import pluggrad", **environment)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    package, doing, parts = BROKEN[name]
    assert last.startswith(f"pluggrad.errors.PluginError: plugin {name!r} ({package}) {doing}: ")
    assert parts[0] in last


def test_strict_mode_accepts_plugins_with_nothing_wrong(report, names):
    told = report(PLUGGRAD_STRICT_PLUGINS="1", **only(names, "well-behaved", "example.ops"))
    assert told["warned"] == []
    assert told["ops"]["well-behaved"] == ["well_behaved"]


def test_where_warnings_are_errors_the_import_fails_each_time_and_harms_nothing(python, names):
    program = """
import json, warnings
warnings.simplefilter("error")
for attempt in range(2):
    try:
        import pluggrad
    except UserWarning as cause:
        print(type(cause).__name__, str(cause)[:21])
warnings.simplefilter("ignore")
import pluggrad
print((pluggrad.Value(2.0) * 3.0).data, len([p for p in pluggrad.plugins if "fails" in p.failure]))
"""
    done = python(program, **only(names, "import-fails"))
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["PluginWarning plugin 'import-fails'"] * 2 + ["6.0 1"]


def test_the_warning_points_at_the_line_that_imports_pluggrad(python, names, tmp_path):
    (tmp_path / "program.py").write_text("# one line\nimport pluggrad\n")
    done = python("import program", tmp_path, **only(names, "hook-raises"))
    assert f"{tmp_path}/program.py:2: PluginWarning: plugin 'hook-raises'" in done.stderr


# ----- Disabling -----


def test_a_disabled_plugin_is_not_even_imported(report, python, names):
    told = report(PLUGGRAD_DISABLE_PLUGINS="import-exits, hook-*")
    assert not [m for m in told["warned"] if "'import-exits'" in m or "'hook-" in m]
    why = {name: failure for name, _, failure in told["skipped"]}
    assert why["import-exits"] == why["hook-raises"] == "disabled by the settings (disable_plugins)"
    done = python("import sys, pluggrad; print('well_behaved' in sys.modules)", **only(names))
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_settings_file_disables_plugins_too(report, tmp_path):
    (tmp_path / "pluggrad.toml").write_text('disable_plugins = ["*-*", "twin"]\n')
    told = report()
    assert told["warned"] == []
    assert "well-behaved" not in told["ops"]


def test_without_any_plugin_the_core_knows_no_operation(python):
    program = (
        "import pluggrad as p; print(p.Value(1.0).data, flush=True); p.Value(1.0) + p.Value(2.0)"
    )
    done = python(program, PLUGGRAD_DISABLE_PLUGINS="*")
    assert done.stdout == "1.0\n"
    assert "MissingOpError: no plugin provides '+'" in done.stderr


# ----- A program that imports the plugin before pluggrad -----


@pytest.mark.parametrize("after", ["", "pluggrad.Value(3.0)"])
@pytest.mark.parametrize("name", ["imported-first", "package-imported-first"])
def test_a_plugin_imported_before_pluggrad_registers_fully(name, after, report, names):
    module = name.replace("-", "_")
    told = report(f"import {module}", after, **only(names, name))
    assert told["warned"] == []
    assert told["ops"][name] == [module]
    assert module in told["methods"]


@pytest.mark.parametrize("name", ["imported-first", "package-imported-first"])
def test_its_ops_are_there_for_the_first_value(name, python, names):
    module = name.replace("-", "_")
    program = f"import {module}; from pluggrad import Value; print(Value(3.0).{module}().data)"
    done = python(program, **only(names, name))
    assert (done.stdout, done.stderr) == ("9.0\n", "")


def test_a_broken_plugin_imported_before_pluggrad_warns_and_is_listed(report, names):
    name = "imported-first-broken"
    told = report("import imported_first_broken", "pluggrad.Value(3.0) * 2.0", **only(names, name))
    assert len(told["warned"]) == 1
    assert "LookupError: lost" in told["warned"][0]
    assert [name, f"{name} 1.2.3", told["warned"][0]] in told["skipped"]


def test_a_broken_plugin_imported_before_pluggrad_raises_in_strict_mode(python, names):
    done = python(
        "import imported_first_broken, pluggrad; pluggrad.Value(3.0)",
        PLUGGRAD_STRICT_PLUGINS="1",
        **only(names, "imported-first-broken"),
    )
    assert "PluginError: plugin 'imported-first-broken'" in done.stderr.splitlines()[-1]


# ----- What is found -----


def test_a_distribution_found_twice_on_the_path_is_loaded_once(report, names, installed, tmp_path):
    again = tmp_path / "again"
    again.symlink_to(installed)
    told = report("", "", again, **only(names, "well-behaved"))
    assert told["warned"] == []
    assert told["ops"]["well-behaved"] == ["well_behaved"]


def test_metadata_that_pip_left_half_removed_is_passed_over(report, names, installed, tmp_path):
    left = tmp_path / "~ell_behaved-1.2.3.dist-info"
    left.mkdir()
    for file in (installed / "well_behaved-1.2.3.dist-info").iterdir():
        if file.is_file():
            (left / file.name).write_bytes(file.read_bytes())
    told = report("", "", tmp_path, **only(names, "well-behaved"))
    assert told["warned"] == []
    assert told["ops"]["well-behaved"] == ["well_behaved"]


def test_load_again_keeps_what_is_there_and_tries_again_what_failed(python, names):
    program = """
import json, sys, types, warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pluggrad
before = list(pluggrad.plugins.ops.values())
sys.modules["no_such_package_anywhere"] = types.ModuleType("no_such_package_anywhere")
pluggrad.plugins.load()
after = list(pluggrad.plugins.ops.values())
assert all(a is b for a, b in zip(before, after, strict=True))
print([p.failure for p in pluggrad.plugins if p.name == "import-fails"])
"""
    done = python(program, **only(names, "import-fails"))
    assert (done.stdout, done.stderr) == ("['']\n", "")


def test_the_order_of_plugins_is_that_of_their_names_after_pluggrads_own(python, names):
    done = python(
        "import json, pluggrad; print(json.dumps([p.name for p in pluggrad.plugins if "
        "not p.failure]))",
        **only(names, "well-behaved", "example.ops", "example.csv"),
    )
    listed = json.loads(done.stdout)
    drawing = [name for name in listed if name in ("pluggrad.graphviz", "pluggrad.text")]
    own = listed[: listed.index("example.ops")]
    assert own == sorted(own)
    assert {name.partition(".")[0] for name in own} == {"pluggrad"}
    assert listed[len(own) :][:2] == ["example.ops", "well-behaved"]
    pictures = listed[len(own) + 2 :]  # from here on those of the second group
    assert drawing == ["pluggrad.graphviz", "pluggrad.text"]
    assert pictures == [*sorted(pictures[:-1]), "example.csv"]
