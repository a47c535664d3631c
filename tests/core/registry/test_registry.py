"""Plugins that are registered by hand; those that pip installs are in tests/plugins/."""

import inspect
import os
import pickle
import sys
import types

import forks
import pluggrad
import pytest
from pluggrad import (
    MissingOpError,
    Op,
    PluginError,
    PluginWarning,
    RenderError,
    Value,
    hookimpl,
    plugins,
)
from pluggrad.printers.printer import words_of_plugins
from pluggrad.registry import hookspecs as specs
from pluggrad.registry.entry_points import EntryPoint

HOOKS = sorted(name for name in vars(specs) if name.startswith("pluggrad_"))


def square(name, **more):
    return Op(name, lambda x: x * x, lambda g, out, x: g * 2 * x, **more)


def offering(*, ops=None, renderers=None):
    """Make a plugin object that gives these."""

    class Offer:
        @hookimpl
        def pluggrad_register_ops(self):
            return ops

        @hookimpl
        def pluggrad_register_renderers(self):
            return renderers

    return Offer()


class Count:
    name = "count"
    suffixes = (".count",)

    def __call__(self, graph):
        return f"{len(graph)} nodes"


@pytest.fixture(autouse=True)
def _nothing_stays():
    """Take out what a test leaves registered, and check that the rest is as it was."""
    before = dict(vars(Value)), dict(plugins.ops), dict(plugins.renderers), list(plugins)
    yield
    for plugin in list(plugins):
        if plugin not in before[-1]:
            plugins.unregister(plugin.name)
    assert (dict(vars(Value)), dict(plugins.ops), dict(plugins.renderers), list(plugins)) == before


# ----- The hooks -----


def test_ops_from_the_hook_become_methods_and_are_listed_in_order():
    given = [square("zulu"), square("alpha"), square("mike")]
    plugin = plugins.register(offering(ops=given), "letters")
    assert plugin.ops == tuple(given)
    assert list(plugins.ops.values())[-3:] == given
    x = Value(3.0)
    x.alpha().backward()
    assert (x.alpha().data, x.grad) == (9.0, 6.0)


def test_renderers_from_the_hook_can_be_chosen():
    plugins.register(offering(renderers=[Count]), "counting")
    assert pluggrad.render(Value(1.0), "count") == "1 nodes"


def test_words_from_the_hook_are_written_for_the_op():
    op = Op("looked_up", lambda x: {}.get(x, 1.0), lambda g, out, x: 0.0)
    plugins.register(offering(ops=[op]), "odd")
    plugin = types.SimpleNamespace(
        pluggrad_register_words=hookimpl(lambda: {"c": {"looked_up": "look_up({0})"}})
    )
    plugins.register(plugin, "words")
    assert "v[1] = look_up(v[0]);" in pluggrad.render(Value(1.0).looked_up(), "c")


TESTED_HOOKS = {
    "pluggrad_register_ops": test_ops_from_the_hook_become_methods_and_are_listed_in_order,
    "pluggrad_register_words": test_words_from_the_hook_are_written_for_the_op,
    "pluggrad_register_renderers": test_renderers_from_the_hook_can_be_chosen,
}


def test_every_hook_has_a_test_here():
    assert sorted(TESTED_HOOKS) == HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_like_a_manual_page(name):
    text = inspect.getdoc(getattr(specs, name))
    assert text is not None
    for part in ("Called ", "Returns:", "Example:", "@hookimpl", f"def {name}():"):
        assert part in text


@pytest.mark.parametrize("name", HOOKS)
def test_the_example_in_every_hooks_manual_page_registers_and_works(name):
    text = inspect.getdoc(getattr(specs, name))
    example = inspect.cleandoc(text.partition("Example:\n")[2])
    module = types.ModuleType("example")
    exec(f"from pluggrad import Op, hookimpl\n{example}", vars(module))
    plugin = plugins.register(module, "example")
    given = [one.name for one in (*plugin.ops, *plugin.renderers)]
    if name == "pluggrad_register_words":
        given = list(words_of_plugins("c"))
    assert given in (["square"], ["count"], ["op:airy"])


def test_any_iterable_of_ops_will_do_and_none_is_no_op():
    plugins.register(offering(ops=(square(name) for name in ["first", "second"])), "generating")
    assert {"first", "second"} <= {*plugins.ops}
    assert plugins.register(offering(), "empty").ops == ()


def test_an_optional_hook_of_another_version_is_passed_over():
    class Newer:
        @hookimpl(optionalhook=True)
        def pluggrad_register_compilers(self):
            return []

    plugins.register(Newer(), "newer")
    assert plugins.register(offering(ops=[square("beside")]), "older").ops


# ----- What is refused, and that nothing of it stays -----


def refused(plugin, *parts, name="refused"):
    with pytest.raises(PluginError) as caught:
        plugins.register(plugin, name)
    for part in parts:
        assert part in str(caught.value)
    assert not plugins.manager.has_plugin(name)
    assert name not in [plugin.name for plugin in plugins]


def test_two_ops_of_one_name_in_one_plugin_are_refused():
    refused(offering(ops=[square("twice"), square("twice")]), "it gives two ops named 'twice'")


def test_a_private_name_is_refused():
    refused(offering(ops=[square("__len__")]), "op '__len__' has a private name")


def test_two_renderers_of_one_name_in_one_plugin_are_refused():
    refused(offering(renderers=[Count, Count]), "two renderers named 'count'")


def test_a_class_that_cannot_be_called_on_a_graph_is_no_renderer():
    class Mute:
        name = "mute"

    refused(offering(renderers=[Mute]), "gave class Mute", "__call__(graph)")


def test_a_bad_renderer_keeps_the_good_ops_of_its_plugin_out():
    refused(offering(ops=[square("good")], renderers=["text"]), "gave 'text' (str)")
    assert not hasattr(Value, "good")


def test_a_hook_that_fails_half_way_keeps_nothing():
    def failing():
        yield square("before_the_end")
        raise LookupError("no more")

    refused(offering(ops=failing()), "LookupError: no more")
    assert not hasattr(Value, "before_the_end")


def test_a_method_without_the_marker_is_pointed_out():
    class Unmarked:
        def pluggrad_register_ops(self):
            return [square("unmarked")]

    refused(Unmarked(), "pluggrad_register_ops() is not marked; put @hookimpl above it")


@pytest.mark.parametrize("kind", ["wrapper", "hookwrapper"])
def test_a_wrapper_is_refused_as_there_is_nothing_to_wrap(kind):
    class Wrapping:
        @hookimpl(**{kind: True})
        def pluggrad_register_ops(self):
            return (yield)

    refused(Wrapping(), "pluggrad_register_ops() is a wrapper, but each plugin is asked alone")


def test_a_name_that_is_taken_is_refused_naming_its_owner():
    plugins.register(offering(), "taken")
    with pytest.raises(PluginError, match=r"plugin 'taken' \(registered by hand\)"):
        plugins.register(offering(), "taken")


@pytest.mark.parametrize("name", [5, None, b"x", ""])
def test_a_plugin_has_a_name_that_is_text(name):
    with pytest.raises(PluginError, match="a plugin's name is text, not "):
        plugins.register(offering(), name)
    with pytest.raises(PluginError, match="no plugin is named"):
        plugins.unregister(name)


def test_the_same_object_is_not_registered_twice():
    offer = offering()
    plugins.register(offer, "once")
    refused(offer, "registered already, as 'once'")


def test_after_a_refusal_the_mended_plugin_registers():
    refused(offering(ops=[square("mended"), 3]), "gave 3 (int), which is not an Op")
    assert plugins.register(offering(ops=[square("mended")]), "refused").ops


# ----- Ops at run time -----


def test_an_op_registered_at_run_time_works_and_leaves_again():
    plugins.register_op(square("momentary"))
    assert Value(3.0).momentary().data == 9.0
    plugins.unregister("momentary")
    assert not hasattr(Value, "momentary")


def test_run_time_ops_are_registered_all_or_none():
    with pytest.raises(PluginError, match=r"op 'add' is provided by plugin 'pluggrad.arithmetic'"):
        plugins.register_op(square("fine"), square("add"))
    assert not hasattr(Value, "fine")


def test_a_run_time_op_does_not_take_the_place_of_a_plugin_of_its_name():
    plugins.register(offering(ops=[square("one")]), "logarithms")
    with pytest.raises(PluginError, match="already a plugin 'logarithms'"):
        plugins.register_op(square("logarithms"))
    assert plugins.op("one")


def test_something_else_than_an_op_is_refused_at_run_time():
    with pytest.raises(PluginError, match="which is not an Op"):
        plugins.register_op(abs)


def test_a_core_without_plugins_takes_operators_in_and_gives_them_back():
    program = """
from pluggrad import MissingOpError, Op, PluginError, Value, plugins

def failure(kind, attempt):
    try:
        attempt()
    except kind as cause:
        return str(cause)

left = lambda g, out, a, b: g
right = lambda g, out, a, b: -g
minus = Op("minus", lambda a, b: a - b, left, right, operator="-")
less = Op("less", lambda a, b: a - b, left, right, operator="-")
negative = Op("negative", lambda x: -x, lambda g, out, x: -g, operator="-")
x = Value(3.0)
assert list(plugins.ops) == []
print(failure(PluginError, lambda: plugins.register_op(minus, less)))
print(failure(MissingOpError, lambda: x - 1.0))
plugins.register_op(minus, negative)
print((x - 1.0).data, (1.0 - x).data, (-x).data)
recorded = x - 1.0
plugins.unregister("minus")
print(failure(MissingOpError, lambda: x - 1.0)[:24], failure(MissingOpError, lambda: 1.0 - x)[:24])
print((-x).data, recorded.op is minus, failure(MissingOpError, lambda: plugins.op("minus")))
"""
    environment = {**os.environ, "PLUGGRAD_DISABLE_PLUGINS": "*"}
    done = forks.run([sys.executable, "-c", program], env=environment)
    assert done.stderr == ""
    taken, missing, *rest = done.stdout.splitlines()
    assert taken == "both 'minus' and 'less' want the operator '-'"
    assert missing.startswith("no plugin provides '-'; `pluggrad plugins` lists")
    assert rest == [
        "2.0 -2.0 -3.0",
        "no plugin provides '-';  no plugin provides '-'; ",
        "-3.0 True no plugin provides op 'minus' (available: negative)",
    ]


def test_unregister_of_an_unknown_plugin_names_those_there_are():
    with pytest.raises(
        PluginError, match=r"no plugin is named 'pluggrad.arithmetics'; did you mean"
    ):
        plugins.unregister("pluggrad.arithmetics")


# ----- Looking things up -----


def test_an_unknown_op_is_told_with_the_nearest_name():
    with pytest.raises(
        MissingOpError, match=r"no plugin provides op 'sigmod'; did you mean 'sigmoid'\?"
    ):
        plugins.op("sigmod")


def test_a_pickle_of_an_op_that_is_gone_says_so():
    plugins.register_op(square("passing"))
    pickled = pickle.dumps(plugins.op("passing"))
    plugins.unregister("passing")
    with pytest.raises(MissingOpError, match="no plugin provides op 'passing'"):
        pickle.loads(pickled)


def test_an_unknown_renderer_names_the_available_ones():
    plugins.register(offering(renderers=[Count]), "counting")
    with pytest.raises(RenderError, match=r"unknown renderer 'pdf'; available: .*count"):
        plugins.renderer("pdf")


def test_the_tables_cannot_be_changed_from_outside():
    for table in (plugins.ops, plugins.renderers):
        with pytest.raises(TypeError):
            table["add"] = None


def test_every_built_in_op_came_through_an_entry_point_of_pluggrad():
    for plugin in plugins:
        if plugin.name.startswith("pluggrad."):
            assert plugin.distribution == f"pluggrad {pluggrad.__version__}"
            assert plugin.failure == ""
            assert plugins.manager.has_plugin(plugin.name)


# ----- Suffixes -----


def writing(*written, called="mine"):
    return type("Mine", (Count,), {"name": called, "suffixes": written})


@pytest.mark.parametrize(
    ("suffix", "says"),
    [
        (".tar.q5", r"'\.tar\.q5', which save\(\) finds for no file: .*; write '\.q5'"),
        (".Q4", r"'\.Q4', which save\(\) finds for no file: .*in lower case; write '\.q4'"),
        (".", r"'\.', which save\(\) finds for no file"),
        ("./x", r"'\./x', which save\(\) finds for no file"),
        ("..q5", r"'\.\.q5', which save\(\) finds for no file: .*; write '\.q5'"),
    ],
)
def test_a_suffix_that_no_file_can_have_is_refused_when_it_is_declared(suffix, says):
    with pytest.raises(PluginError, match=f"renderer 'mine' has the suffix {says}"):
        plugins.register(offering(renderers=[writing(suffix)]), "writing")
    assert "mine" not in plugins.renderers


@pytest.mark.parametrize("suffix", [".q5", ".tar-q5", ".7z", ".élan"])
def test_a_suffix_that_a_file_can_have_is_found(suffix, tmp_path):
    plugins.register(offering(renderers=[writing(suffix)]), "writing")
    pluggrad.save(Value(1.0), tmp_path / f"graph{suffix.upper()}")
    assert (tmp_path / f"graph{suffix.upper()}").read_text() == "1 nodes"


def test_a_suffix_that_another_renderer_has_is_warned_of_and_stays_with_it(tmp_path):
    with pytest.warns(PluginWarning) as caught:
        plugins.register(offering(renderers=[writing(".svg", ".q5")]), "writing")
    assert [str(warning.message) for warning in caught] == [
        "plugin 'writing' (registered by hand): renderer 'mine' names the suffix '.svg', which "
        "renderer 'svg' has already, and keeps: to write such a file with it, say "
        "save(..., renderer='mine')"
    ]
    pluggrad.save(Value(1.0), tmp_path / "graph.svg")
    assert (tmp_path / "graph.svg").read_text().startswith("<")
    pluggrad.save(Value(1.0), tmp_path / "graph.svg", renderer="mine")
    assert (tmp_path / "graph.svg").read_text() == "1 nodes"


def test_two_renderers_of_one_plugin_with_the_same_suffix_are_warned_of():
    with pytest.warns(PluginWarning, match=r"'other' names the suffix '\.q5', which renderer 'mi"):
        plugins.register(
            offering(renderers=[writing(".q5"), writing(".q5", called="other")]), "writing"
        )


def test_a_suffix_that_is_only_inherited_is_not_warned_of():
    base = writing(".q5")
    plugins.register(offering(renderers=[base]), "writing")
    plugins.register(offering(renderers=[type("Wide", (base,), {"name": "wide"})]), "wide")


def test_where_warnings_are_errors_a_plugin_that_is_warned_of_is_not_kept():
    with pytest.raises(PluginWarning, match="names the suffix"):
        plugins.register(offering(renderers=[writing(".svg")]), "writing")
    assert "mine" not in plugins.renderers
    assert "writing" not in [plugin.name for plugin in plugins]


def test_a_class_in_place_of_an_object_is_told_so() -> None:
    class Whole:
        @hookimpl
        def pluggrad_register_ops(self) -> list[Op]:
            return []

    with pytest.raises(PluginError, match=r"it is a class: register an object of it, Plugin\(\)"):
        plugins.register(Whole, "whole")


@pytest.mark.parametrize(
    "line",
    [
        "Value(1.0).no_such_op()",
        "Value(1.0).sinn",
        "plugins.op('no_such_op')",
        "from pluggrad.ops import no_such_op",
    ],
)
def test_a_plugin_that_uses_an_op_too_early_is_told_when_ops_are_there(
    line, tmp_path, monkeypatch
) -> None:
    (tmp_path / "too_early.py").write_text(f"from pluggrad import Value, plugins\n{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = EntryPoint("early", "too_early", "early 1.0")
    with pytest.raises(PluginError, match=r"not registered yet: compute .* inside its functions"):
        plugins._load_one(found)


def test_a_plugin_with_another_fault_is_not_told_of_ops(tmp_path, monkeypatch) -> None:
    (tmp_path / "otherwise.py").write_text("import math\nmath.no_such_function\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError) as caught:
        plugins._load_one(EntryPoint("other", "otherwise", "other 1.0"))
    assert "registered" not in str(caught.value)
