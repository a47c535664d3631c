"""Builds the documentation of every released version side by side: `python docs/versions.py SITE`.

Each tag such as v0.2.0 is checked out and built by its own `make docs` into SITE/0.2.0, and
this tree into SITE/dev. `versions.json` lists them, newest first: the menu in the sidebar of
each page reads it. SITE/stable is the newest release, to which SITE/index.html leads; before
the first release it leads to dev. A version that is in SITE already is left as it is.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")  # releases only; others, such as v1.0.0rc1, have no docs
BUILT = "docs/_build/html"
INDEX = """\
<!doctype html>
<meta charset="utf-8">
<title>pluggrad</title>
<meta http-equiv="refresh" content="0; url={version}/">
<a href="{version}/">pluggrad</a>
"""

Build = Callable[[Path], Path]


def make_docs(tree: Path) -> Path:
    """Build the documentation of a tree; return the folder of its pages."""
    subprocess.run(["make", "-C", tree, "docs"], check=True)
    return tree / BUILT


def releases(repository: Path) -> list[str]:
    """List the tags of releases, newest first."""
    tags = git(repository, "tag", "--list").split()
    return sorted(filter(TAG.fullmatch, tags), key=number, reverse=True)


def number(tag: str) -> tuple[int, ...]:
    """Return a version as numbers, in which 0.10.0 comes after 0.9.0."""
    return tuple(map(int, re.findall(r"\d+", tag)))


def build_site(site: Path, repository: Path = ROOT, build: Build = make_docs) -> list[str]:
    """Build what is missing; return the versions, newest first."""
    tags = releases(repository)
    site.mkdir(parents=True, exist_ok=True)
    replace(site / "dev", build(repository))
    for tag in tags:
        if not (site / tag[1:]).exists():
            build_tag(tag, site, repository, build)
    if tags:
        replace(site / "stable", site / tags[0][1:])
    versions = ["dev", *(tag[1:] for tag in tags)]
    (site / "versions.json").write_text(json.dumps(versions), encoding="utf-8")
    home = INDEX.format(version="stable" if tags else "dev")
    (site / "index.html").write_text(home, encoding="utf-8")
    return versions


def build_tag(tag: str, site: Path, repository: Path, build: Build) -> None:
    """Check a tag out beside the tree, build it, and take its pages."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git(repository, "worktree", "add", "--detach", str(tree), tag)
        try:
            replace(site / tag[1:], build(tree))
        finally:
            git(repository, "worktree", "remove", "--force", str(tree))


def replace(target: Path, source: Path) -> None:
    """Copy a folder to a place that may be taken."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def git(repository: Path, *arguments: str) -> str:
    """Run git; return what it prints."""
    command = ["git", "-C", repository, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Build the site in the folder that is named."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    for version in build_site(Path(sys.argv[1])):
        print(version)


if __name__ == "__main__":
    main()
