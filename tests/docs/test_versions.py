"""The documentation of every release stands beside that of the tree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import versions  # it lies in the folder of the documentation


@pytest.fixture
def repository(tmp_path):
    """A repository with one file, which says of what version it is."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for tag in ("v0.9.0", "v0.10.0", "v0.11.0rc1", ""):
        (folder / "page").write_text(tag or "dev")
        git(folder, "add", "page")
        git(
            folder,
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@y.z",
            "commit",
            "-q",
            "-m",
            tag or "dev",
        )
        if tag:
            git(folder, "tag", tag)
    return folder


def git(folder, *arguments):
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


def build(tree):
    pages = tree / "html"
    pages.mkdir(exist_ok=True)
    (pages / "index.html").write_text((tree / "page").read_text())
    return pages


def test_each_release_is_built_from_its_own_tree_newest_first(repository, tmp_path):
    site = tmp_path / "site"
    assert versions.build_site(site, repository, build) == ["dev", "0.10.0", "0.9.0"]
    assert json.loads((site / "versions.json").read_text()) == ["dev", "0.10.0", "0.9.0"]
    for version, page in [("dev", "dev"), ("0.9.0", "v0.9.0"), ("stable", "v0.10.0")]:
        assert (site / version / "index.html").read_text() == page
    assert "url=stable/" in (site / "index.html").read_text()


def test_what_is_built_is_not_built_again_but_for_the_tree(repository, tmp_path):
    site = tmp_path / "site"
    versions.build_site(site, repository, build)
    built = []
    versions.build_site(site, repository, lambda tree: built.append(tree) or build(tree))
    assert built == [repository]


def test_before_the_first_release_there_is_the_tree_alone(repository, tmp_path):
    git(repository, "tag", "-d", "v0.9.0", "v0.10.0")
    assert versions.build_site(tmp_path / "site", repository, build) == ["dev"]
    assert "url=dev/" in (tmp_path / "site" / "index.html").read_text()


def test_a_tree_that_is_checked_out_is_gone_at_the_end(repository, tmp_path):
    with pytest.raises(ZeroDivisionError):
        versions.build_tag("v0.9.0", tmp_path / "site", repository, lambda tree: 1 / 0)
    listed = subprocess.run(
        ["git", "-C", repository, "worktree", "list"], capture_output=True, text=True
    )
    assert len(listed.stdout.splitlines()) == 1
