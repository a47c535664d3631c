"""The cache on disk stays below a bound: what was not used for longest goes first."""

import os
import time
from pathlib import Path

import pytest
from pluggrad import ConfigError
from pluggrad.compiler.native.cache import DAY, SELDOM, Cache
from pluggrad.compiler.native.cache_size import ABANDONED, entries, most_bytes, prune

MB = 1_000_000


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("PLUGGRAD_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("PLUGGRAD_CACHE_MB", raising=False)
    return Cache("this processor")


def used(cache: Cache, key: str, days_ago: float) -> None:
    then = time.time() - days_ago * DAY
    os.utime(cache._path(key), (then, then))


def keys_left(cache: Cache, keys: list[str]) -> list[str]:
    return [key for key in keys if cache._path(key).exists()]


def test_what_was_not_used_for_longest_goes_first(cache: Cache, tmp_path: Path) -> None:
    keys = [f"entry {i}" for i in range(10)]
    for i, key in enumerate(keys):
        cache.write(key, b"x" * MB)
        used(cache, key, days_ago=10 - i)
    prune(tmp_path, 11 * MB)
    assert keys_left(cache, keys) == keys
    prune(tmp_path, 5 * MB)
    assert keys_left(cache, keys) == keys[-4:]  # each takes a little more than a megabyte


def test_reading_counts_as_use_and_sets_the_time_once_a_day(cache: Cache) -> None:
    cache.write("old", b"payload")
    used(cache, "old", days_ago=3)
    assert cache.read("old") == b"payload"
    first = cache._path("old").stat().st_mtime_ns
    assert time.time() - first / 1e9 < DAY / 2
    cache.read("old")
    assert cache._path("old").stat().st_mtime_ns == first


def test_one_entry_in_thousands_looks_at_all(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUGGRAD_CACHE_MB", "1")
    names = {f"key {i}": cache._path(f"key {i}").name for i in range(50_000)}
    looking = [key for key, name in names.items() if name.startswith(SELDOM)]
    assert 2 < len(looking) < 40
    for i in range(5):
        cache.write(f"large {i}", b"x" * MB)
    cache.write(looking[0], b"small")
    assert sum(entry.size for entry in entries(tmp_path)) < MB
    assert cache.read(looking[0]) == b"small"


def test_other_versions_count_and_foreign_files_stay(cache: Cache, tmp_path: Path) -> None:
    old = Cache("an old processor")
    old.write("entry", b"x" * MB)
    used(old, "entry", days_ago=100)
    foreign = [tmp_path / "thesis.tex", tmp_path / "0123456789ab" / "thesis.tex"]
    outside = tmp_path / "elsewhere"
    for path in [*foreign, outside / ("f" * 40)]:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * MB)
    (tmp_path / "abcdefabcdef").symlink_to(outside)
    prune(tmp_path, 0)
    assert not old.folder.exists()
    assert all(path.exists() for path in [*foreign, outside / ("f" * 40)])


def test_what_a_killed_process_left_half_written_goes(cache: Cache, tmp_path: Path) -> None:
    cache.write("entry", b"x")
    assert cache.folder is not None
    abandoned, fresh = cache.folder / "new-abandoned", cache.folder / "new-fresh"
    for path in (abandoned, fresh):
        path.write_bytes(b"x")
    os.utime(abandoned, (0, time.time() - 2 * ABANDONED))
    prune(tmp_path, 0)
    assert [path.name for path in cache.folder.iterdir()] == ["new-fresh"]


def test_a_bound_of_zero_writes_nothing(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUGGRAD_CACHE_MB", "0")
    cache.write("entry", b"x")
    assert cache.read("entry") is None


@pytest.mark.parametrize("text", ["many", "-1", "1e3", "0.5", "nan", "٣", "9" * 5000])
def test_a_bound_that_is_no_number_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUGGRAD_CACHE_MB", text)
    with pytest.raises(ConfigError, match=r"PLUGGRAD_CACHE_MB=.*whole number of megabytes"):
        most_bytes()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    prune(tmp_path / "absent", 0)
    assert list(entries(tmp_path / "absent")) == []


def test_processes_that_prune_at_once_delete_each_entry_once(cache: Cache, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for i in range(200):
        cache.write(f"entry {i}", b"x")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: prune(tmp_path, 0), range(8)))
    assert list(entries(tmp_path)) == []
    cache.write("entry", b"x")
    assert cache.read("entry") == b"x"
