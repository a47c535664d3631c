"""Every built-in renderer keeps the contract that is asked of other people's."""

import shutil
import subprocess
from types import SimpleNamespace

import forks
import pytest
from pluggrad import plugins
from pluggrad.testing import RENDERER_CHECKS, check_renderer, fresh_process

BUILT_IN = [
    kind for plugin in plugins if plugin.name.startswith("pluggrad.") for kind in plugin.renderers
]
# Five times as many as the calls that Python lets be inside each other.
DEPTH = 5_000  # `pluggrad check pluggrad --depth 1000000` takes minutes, and much memory


@pytest.fixture(autouse=True)
def other_processes_are_forks(monkeypatch):
    """Fork from a process with the same hash seed instead of starting Python for each picture."""

    def start(command, *, env, **_):
        imported = ("pluggrad.testing.fresh_process", "networkx")
        return forks.start(command, env=env, imported=imported)

    monkeypatch.setattr(
        fresh_process, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": start})
    )


@pytest.mark.parametrize("check", RENDERER_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.name)
def test_every_built_in_renderer_passes_every_check(kind, check):
    if kind.name == "graphviz" and check.__name__ == "files_are_written" and not dot():
        pytest.skip("there is no dot on the PATH, so no PNG can be drawn")
    check_renderer(kind, depth=DEPTH, checks=[check])


HERE = [check for check in RENDERER_CHECKS if check.__name__ != "every_process_draws_the_same"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("svg", {"engine": "layered"}),
        ("svg", {"engine": "layered", "rankdir": "BT", "max_nodes": None}),
        ("json", {"derivatives": True}),
        ("graphml", {"derivatives": True}),
        ("text", {"max_nodes": None, "show_constants": True}),
    ],
    ids=str,
)
def test_options_change_nothing_about_it(name, options):
    check_renderer(name, depth=2_000, checks=HERE, **options)


def dot():
    return shutil.which("dot")
