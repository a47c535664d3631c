"""Plugins that were written against earlier hooks load and work; what is to go warns its author."""

import warnings

import pytest
from pluggrad import PluginError, hookimpl, plugins
from pluggrad.hints.plugins import HOOKS, ask
from pluggrad.registry.hookspecs import hookspec
from pluggrad.registry.registry import Registry

OLD = "of-the-first-version"


def test_a_package_of_the_first_version_loads_without_a_word(report, names):
    others = ",".join(name for name in names if name != OLD)
    told = report(PLUGGRAD_DISABLE_PLUGINS=others)
    assert told["ops"][OLD] == ["staircase"]
    assert told["renderers"][OLD] == ["sizes"]
    assert told["warned"] == []


def test_all_of_its_hooks_still_do_what_they_did(python, names):
    program = """
from pluggrad import Value, render
y = Value(2.5).staircase() * 3.0
y.backward()
print(y.data, render(y, "sizes", unit="things"))
print("floor(" in render(y, "c"))
"""
    others = ",".join(name for name in names if name != OLD)
    done = python(program, PLUGGRAD_DISABLE_PLUGINS=others)
    assert (done.stdout, done.stderr) == ("6.0 4 things\nTrue\n", "")


def test_it_implements_every_hook_that_there_was(installed):
    source = (installed / "of_the_first_version.py").read_text()
    assert [name for name in HOOKS if f"def {name}():" not in source] == []


# ----- The means by which hooks change -----


def test_a_hook_is_given_of_what_is_offered_what_it_asks_for():
    class Takes:
        @hookimpl
        def pluggrad_register_words(self, language):
            return {language: {}}

    class Leaves:
        @hookimpl
        def pluggrad_register_words(self):
            return {}

    registry = Registry()
    for plugin in (Takes(), Leaves()):
        registry.register(plugin, type(plugin).__name__)
    impls = {
        i.plugin_name: i for i in registry.manager.hook.pluggrad_register_words.get_hookimpls()
    }
    assert ask(impls["Takes"], language="c", more=1) == {"c": {}}
    assert ask(impls["Leaves"], language="c", more=1) == {}


class Retired:
    """Hooks of which one is to go, and one is to lose an argument."""

    @hookspec(warn_on_impl=DeprecationWarning("pluggrad_on_draw goes in 2.0: write a renderer"))
    def pluggrad_on_draw(self):
        """Be told of each picture."""

    @hookspec(warn_on_impl_args={"old": DeprecationWarning("pluggrad_on_save: old goes in 2.0")})
    def pluggrad_on_save(self, path, old):
        """Be told of each file."""


@pytest.fixture
def registry():
    registry = Registry()
    registry.manager.add_hookspecs(Retired)
    return registry


class Draws:
    @hookimpl
    def pluggrad_on_draw(self):
        """Do nothing."""


class Saves:
    @hookimpl
    def pluggrad_on_save(self, path, old):
        """Do nothing."""


class SavesAnew:
    @hookimpl
    def pluggrad_on_save(self, path):
        """Do nothing."""


@pytest.mark.parametrize(
    ("plugin", "text"),
    [(Draws, "goes in 2.0: write a renderer"), (Saves, "pluggrad_on_save: old goes in 2.0")],
)
def test_a_hook_that_is_to_go_warns_at_the_line_of_the_plugin_and_works(registry, plugin, text):
    with pytest.warns(DeprecationWarning, match=text) as warned:
        registry.register(plugin(), "old")
    assert warned[0].filename == __file__
    assert [p.failure for p in registry if p.name == "old"] == [""]


def test_the_new_form_of_it_is_quiet(registry):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.register(SavesAnew(), "new")


def test_a_hook_that_asks_for_what_was_never_offered_is_refused(registry):
    class Wants:
        @hookimpl
        def pluggrad_register_ops(self, registry):
            return []

    with pytest.raises(PluginError, match=r"pluggrad_register_ops\(registry\)|registry"):
        registry.register(Wants(), "wants")
    assert "wants" not in {plugin.name for plugin in plugins}
