"""The cache on disk costs a compilation at worst, never a result."""

import os
import stat
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="compiled code needs numba")

from pluggrad.compiler.native.cache import Cache, directory
from pluggrad.compiler.native.library import Library

CODE = "define double @answer(double %x) {\n  %y = fmul double %x, 3.0\n  ret double %y\n}\n"


def call(library: Library) -> float:
    import ctypes

    address = library.address("answer", lambda: (CODE, []))
    return float(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)(2.0))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLUGGRAD_CACHE_DIR", str(tmp_path))
    return tmp_path


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_compiled_is_found_by_the_next_library(folder: Path) -> None:
    first, second = Library(), Library()
    assert (call(first), first.compiled) == (6.0, 1)
    assert (call(second), second.compiled) == (6.0, 0)
    assert len(entries(folder)) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: b"",
        lambda kept: kept[: len(kept) // 2],
        lambda kept: kept[:100] + bytes([kept[100] ^ 1]) + kept[101:],
        lambda kept: b"something else entirely" * 100,
    ],
    ids=["empty", "cut off", "one bit", "foreign"],
)
def test_a_damaged_entry_is_compiled_again_and_replaced(folder: Path, damage: object) -> None:
    call(Library())
    (path,) = entries(folder)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))  # type: ignore[operator]
    library = Library()
    assert (call(library), library.compiled) == (6.0, 1)
    again = Library()
    assert (call(again), again.compiled) == (6.0, 0)


def test_an_entry_under_another_name_is_not_taken(folder: Path) -> None:
    cache = Cache("this processor")
    cache.write("one", b"payload")
    assert cache.read("one") == b"payload"
    os.replace(cache._path("one"), cache._path("two"))
    assert cache.read("two") is None


def test_another_processor_or_version_has_entries_of_its_own(folder: Path) -> None:
    Cache("this processor").write("one", b"payload")
    assert Cache("another processor").read("one") is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other ways to forbid writing")
def test_a_folder_that_cannot_be_written_to_is_done_without(folder: Path) -> None:
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        library = Library()
        assert (call(library), library.compiled) == (6.0, 1)
    finally:
        folder.chmod(stat.S_IRWXU)


def test_a_folder_that_is_a_file_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("PLUGGRAD_CACHE_DIR", str(tmp_path / "file"))
    assert call(Library()) == 6.0


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(self: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("PLUGGRAD_CACHE_DIR", raising=False)
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert call(Library()) == 6.0


def test_the_user_chooses_the_folder(folder: Path) -> None:
    assert directory() == folder
