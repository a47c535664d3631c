"""What packages offer is found as `importlib.metadata` finds it."""

import importlib.metadata
import sys
import zipfile
from importlib.machinery import PathFinder
from pathlib import Path

import pytest
from pluggrad import CompileError, Value, compile
from pluggrad.registry.entry_points import EntryPoint, entry_points

METADATA = "Metadata-Version: 2.1\nName: My.Package\nVersion: 1.2\n\nName: not this\n"


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return an empty `sys.path`."""
    folders: list[str] = []
    monkeypatch.setattr(sys, "path", folders)
    return folders


@pytest.fixture
def nobody_else_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave Python's own finder alone; the package `importlib_metadata` brings another."""
    monkeypatch.setattr(sys, "meta_path", [PathFinder])


def installed(folder: Path, name: str, text: str, metadata: str = METADATA) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "METADATA").write_text(metadata)
    (folder / name / "entry_points.txt").write_text(text)


def as_the_standard_library_says(group: str) -> set[tuple[str, str, str]]:
    return {
        (ep.name, ep.value, f"{ep.dist.metadata['Name']} {ep.dist.metadata['Version']}")
        for ep in importlib.metadata.entry_points(group=group)
        if ep.dist is not None
    }


@pytest.mark.parametrize("group", ["pluggrad", "pluggrad.renderers", "pytest11", "console_scripts"])
def test_every_group_of_this_python_reads_as_the_standard_library_reads_it(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not in the source folder, where building leaves metadata behind.
    monkeypatch.setattr(sys, "path", [x for x in sys.path if "site-packages" in x])
    found = entry_points(group)
    assert found
    assert {(ep.name, ep.value, ep.distribution) for ep in found} == {
        (name, value.partition("[")[0].strip(), distribution)
        for name, value, distribution in as_the_standard_library_says(group)
    }


@pytest.mark.usefixtures("nobody_else_looks")
def test_comments_extras_blanks_and_other_groups_are_told_apart(
    tmp_path: Path, path: list[str]
) -> None:
    text = """\
[other]
a = wrong
[ some.group ]
# a comment = nothing
; another = nothing

  one=pkg.module : thing.part [extra1,extra2]
two = pkg
[after]
b = wrong
"""
    installed(tmp_path, "My_Package-1.2.dist-info", text)
    path.append(str(tmp_path))
    assert entry_points("some.group") == [
        EntryPoint("one", "pkg.module : thing.part", "My.Package 1.2"),
        EntryPoint("two", "pkg", "My.Package 1.2"),
    ]
    assert [ep.module for ep in entry_points("some.group")] == ["pkg.module", "pkg"]


def test_of_two_copies_of_a_package_the_first_on_the_path_counts(
    tmp_path: Path, path: list[str]
) -> None:
    installed(tmp_path / "a", "my_package-2.dist-info", "[g]\nnew = x")
    installed(tmp_path / "b", "My.Package-1.dist-info", "[g]\nold = x")
    path += [str(tmp_path / "a"), str(tmp_path / "b"), "/nowhere"]
    assert [ep.name for ep in entry_points("g")] == ["new"]
    assert {name for name, *_ in as_the_standard_library_says("g")} == {"new"}


@pytest.mark.usefixtures("nobody_else_looks")
def test_what_building_left_in_a_source_folder_does_not_hide_what_is_installed(
    tmp_path: Path, path: list[str]
) -> None:
    installed(tmp_path / "source", "my_package.egg-info", "[g]\nold = x")
    installed(tmp_path / "site", "my_package-1.2.dist-info", "[g]\nnew = x")
    path.append(str(tmp_path / "source"))
    assert [ep.name for ep in entry_points("g")] == ["old"]
    path.append(str(tmp_path / "site"))
    assert [ep.name for ep in entry_points("g")] == ["new"]


def test_a_package_in_a_zip_file_is_found(tmp_path: Path, path: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as archive:
        archive.writestr("my_package-1.2.dist-info/METADATA", METADATA)
        archive.writestr("my_package-1.2.dist-info/entry_points.txt", "[g]\nzipped = x:y [e]\n")
    path.append(str(tmp_path / "packages.zip"))
    assert entry_points("g") == [EntryPoint("zipped", "x:y", "My.Package 1.2")]


@pytest.mark.usefixtures("nobody_else_looks")
def test_a_half_removed_package_is_named_by_its_folder(tmp_path: Path, path: list[str]) -> None:
    installed(tmp_path, "gone-1.dist-info", "[g]\nleft = x", metadata="")
    path.append(str(tmp_path))
    assert [ep.distribution for ep in entry_points("g")] == [
        f"unknown package in {tmp_path / 'gone-1.dist-info'}"
    ]


def test_where_somebody_else_finds_packages_the_standard_library_is_asked(
    tmp_path: Path, path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Elsewhere:
        @staticmethod
        def find_distributions(
            context: importlib.metadata.DistributionFinder.Context,
        ) -> list[importlib.metadata.Distribution]:
            folders = [tmp_path / "my_package-1.dist-info", tmp_path / "gone-1.dist-info"]
            return [importlib.metadata.PathDistribution(folder) for folder in folders]

    installed(tmp_path, "my_package-1.dist-info", "[g]\nhere = x")
    installed(tmp_path, "gone-1.dist-info", "[g]\nleft = x")
    (tmp_path / "gone-1.dist-info" / "METADATA").unlink()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Elsewhere])
    found = {ep.name: ep.distribution for ep in entry_points("g")}
    assert found["here"] == "My.Package 1.2"
    assert set(found) == {"here", "left"}


def test_loading_follows_dots_behind_the_colon() -> None:
    assert EntryPoint("x", "os:path.join", "").load() is __import__("os").path.join
    assert EntryPoint("x", "os.path", "").load() is __import__("os").path
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        EntryPoint("x", "os:nothing", "").load()


def test_a_compiler_that_cannot_be_imported_is_named_with_its_package(
    tmp_path: Path, path: list[str]
) -> None:
    installed(tmp_path, "my_package-1.dist-info", "[pluggrad.compilers]\nodd = ..relative")
    path.append(str(tmp_path))
    with pytest.raises(CompileError, match=r"compiler 'odd' \(My.Package 1.2\) failed to load"):
        compile(Value(1.0), compiler="odd")
