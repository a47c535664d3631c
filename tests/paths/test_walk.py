"""The walker sees every line, and a path that stumbles fails; `make paths` walks them all."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import walk

PEOPLE = {
    "learner", "teacher", "plugin-author-op", "plugin-author-renderer", "scientist",
    "from-micrograd", "from-pytorch", "from-jax",
}  # fmt: skip


def test_each_newcomer_has_a_path():
    assert {page.stem for page in walk.PAGES} == PEOPLE


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The surroundings of somebody for whom pip finds pluggrad and what its base install needs."""
    wheelhouse = tmp_path_factory.mktemp("wheels")
    walk.make_wheelhouse(wheelhouse, ("pluggrad",))
    return walk.surroundings(wheelhouse, tmp_path_factory.mktemp("somebody"))


@pytest.mark.parametrize(
    ("commands", "steps", "said"),
    [
        ("$ echo yes\nyes\n$ echo no\nyes\n$ echo never\n", 2, "it prints\nno"),
        ("$ echo a word too many\n", 1, "it prints\na word too many"),
        ("$ false\n", 1, "it prints\n(exit code 1)"),
        ("$ echo oops >&2\n", 1, "it prints\noops"),
        ("$ python -c 'import pluggrad'\n", 1, "No module named 'pluggrad'"),
        ("$ python -c 'import pluggy'\n", 1, "No module named 'pluggy'"),
    ],
)
def test_a_path_that_stumbles_ends_there_and_says_what_was_seen(
    commands, steps, said, environment, tmp_path
):
    page = tmp_path / "page.md"
    page.write_text(f"# Somebody\n\n```console\n{commands}```\n")
    walked = [*walk.walk(page, environment, tmp_path)]
    assert len(walked) == steps
    assert walked[-1].stumbles
    assert said in walk.told(walked[-1])


def test_a_path_that_needs_the_base_installation_is_walked_to_its_end(environment, tmp_path):
    steps = [*walk.walk(walk.HERE / "teacher.md", environment, tmp_path)]
    assert not steps[-1].stumbles, walk.told(steps[-1])
    assert len(steps) > 5
