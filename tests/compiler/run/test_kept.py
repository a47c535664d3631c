"""What a small program was planned as is kept on disk: the next process needs no NumPy for it."""

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy", reason="compiled code needs NumPy")
pytest.importorskip("numba", reason="compiled code needs numba")

import numpy as np
from pluggrad.compiler import Compiled, compile
from pluggrad.compiler.native.cache import Cache
from pluggrad.compiler.native.library import library, processor
from pluggrad.compiler.run.image import image_of
from pluggrad.compiler.run.kept import FOLDERS, KeptMachine, _stamp, keep, kept_machine, key_of
from pluggrad.compiler.run.machine import Machine
from pluggrad.ops import cos, exp, log, maximum, softplus, sqrt, tanh


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this process keep its code in an empty folder."""
    monkeypatch.setattr(library(), "cache", Cache(processor(), tmp_path))
    return tmp_path


def branching(x: Any, y: Any) -> Any:
    return x * y + tanh(x) if x > y else x - exp(y) / 3.0


FUNCTIONS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (lambda x: x * x, (3.0,)),
    (branching, (1.0, 0.5)),
    (branching, (0.5, 1.0)),
    (lambda x, y: softplus(x) ** 2.5 + log(y) * cos(x), (0.3, 2.0)),
    (lambda x, y: maximum(x, y) + 7.0, (0.3, 2.0)),
    (lambda xs: sum(x * x for x in xs), ([1.0, 2.0, 3.0],)),
    (lambda x: sqrt(x) * 0.0, (0.0,)),  # its gradient is 0, not 0 times infinity
]


def executor_of(compiled: Compiled) -> Any:
    (recording,) = compiled.recordings
    return recording.executor


@pytest.mark.parametrize(("function", "args"), FUNCTIONS)
def test_what_is_kept_gives_the_numbers_of_what_was_planned(
    function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    planned, kept = compile(function), compile(function)
    truth = planned.value_and_grad(*args)
    found = kept.value_and_grad(*args)
    assert isinstance(executor_of(planned), Machine)
    assert isinstance(executor_of(kept), KeptMachine)
    assert found == truth
    assert kept.value_and_grad(*args) == planned.value_and_grad(*args) == truth
    assert kept(*args) == planned(*args) == truth[0]


def test_what_is_kept_notices_that_another_way_is_taken() -> None:
    compile(branching)(1.0, 0.5)
    kept = compile(branching)
    assert kept(1.0, 0.5) == 0.5 + math.tanh(1.0)
    assert isinstance(executor_of(kept), KeptMachine)
    assert kept(0.5, 1.0) == 0.5 - math.exp(1.0) / 3.0
    assert kept(1.0, 0.5) == 0.5 + math.tanh(1.0)


def test_what_is_kept_computes_lanes_and_jacobians_too() -> None:
    compile(branching)(1.0, 0.5)
    kept = compile(branching)
    kept(1.0, 0.5)
    assert isinstance(executor_of(kept), KeptMachine)
    assert kept(np.array([1.0, 2.0]), 0.5).tolist() == [kept(1.0, 0.5), kept(2.0, 0.5)]
    compile(FUNCTIONS[-2][0]).jacobian([1.0, 2.0])
    assert compile(FUNCTIONS[-2][0]).jacobian([1.0, 2.0]).tolist() == [2.0, 4.0]


def test_literals_are_part_of_what_is_kept() -> None:
    assert [compile(lambda x, c=c: x * 2.0 + 1.0 + c)(3.0) for c in (0.0, 5.0)] == [7.0, 12.0]
    assert compile(lambda x: x * 3.0 + 1.0)(3.0) == 10.0


def test_without_the_functions_that_it_calls_it_is_planned_again() -> None:
    planned = compile(branching)
    planned(1.0, 0.5)
    tape, machine = planned.recordings[0].tape, executor_of(planned)
    key = key_of(tape, "vector", guarded=True)
    image = image_of(machine)
    assert image is not None
    assert key is not None
    assert kept_machine(key, tape, "vector") is not None
    keep(key, image._replace(functions=[*image.functions, "gone"]))
    assert kept_machine(key, tape, "vector") is None
    again = compile(branching)
    assert again(1.0, 0.5) == planned(1.0, 0.5)
    assert isinstance(executor_of(again), Machine)


PROGRAM = """
import sys
from pluggrad import compile, ops
f = compile(lambda x, y: ops.exp(x * y) + x if x > 0 else x)
print(f.value_and_grad(0.5, 0.3), f(0.5, 0.3))
print([name for name in ("numpy", "numba") if name in sys.modules])
import numpy
x = numpy.float64(0.5)
f(x, 0.3), f(x, 0.3)
(direct,) = f._values
print(direct.call(x, 0.3) == f(0.5, 0.3))
"""


def test_the_next_process_needs_no_numpy_and_takes_its_floats_when_it_is_there(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "PLUGGRAD_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        for _ in range(2)
    )
    assert first[0] == second[0]
    assert "numpy" in first[1]
    assert second[1:] == ["[]", "True"]


def test_a_file_of_the_compiler_that_is_removed_meanwhile_does_no_harm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Removed:
        name = "removed.py"

        def stat(self) -> None:
            raise FileNotFoundError

    seen = []
    monkeypatch.setattr(os, "scandir", lambda folder: seen.append(folder) or [Removed()])
    assert len(_stamp.__wrapped__()) == 64
    assert len(seen) == len(FOLDERS)
