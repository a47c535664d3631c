"""Every name on the page of names can be imported where it is said to be."""

import importlib
import importlib.util
from typing import Any

import pytest


@pytest.fixture(scope="module")
def names():
    from generate import names

    return names


def rows(names):
    return [row for group in names.GROUPS.values() for row in group]


def imported(path: str) -> Any:
    """Return what a path names: a module, or an attribute inside one."""
    parts = path.split(".")
    thing = importlib.import_module(parts[0])
    for i, part in enumerate(parts[1:], 2):
        if not hasattr(thing, part):
            importlib.import_module(".".join(parts[:i]))
        thing = getattr(thing, part)
    return thing


@pytest.mark.parametrize("engine", ["torch", "jax", "micrograd", "here"])
def test_every_name_is_there(engine, names):
    pytest.importorskip({"here": "pluggrad"}.get(engine, engine), reason="compares names")
    listed = [getattr(row, engine) for row in rows(names) if getattr(row, engine)]
    assert len(listed) > 5
    for path in listed:
        assert imported(path) is not None, path


def test_what_is_missing_says_why_and_is_not_there(names):
    import pluggrad.nn

    missing = [row for row in rows(names) if not row.here]
    assert all(row.why for row in missing)
    here = {*pluggrad.nn.__all__, *pluggrad.func.__all__}
    for row in missing:
        last = (row.torch or row.jax).rpartition(".")[2]
        assert last not in here - {"binary_cross_entropy"}, f"{last} is not missing"


def test_nothing_of_nn_and_func_that_has_a_namesake_in_pytorch_is_left_out(names):
    torch = pytest.importorskip("torch", reason="compares names")
    import pluggrad.nn

    listed = {row.here.rpartition(".")[2] for row in rows(names)}
    places = (torch.nn, torch.nn.functional, torch.optim, torch.func)
    for name in (*pluggrad.nn.__all__, *pluggrad.func.__all__):
        if any(hasattr(place, name) for place in places) and name not in (
            "binary_cross_entropy", "softmax", "log_softmax", "linear", "lr_scheduler",
            "HuberLoss", "L1Loss", "SmoothL1Loss", "NLLLoss", "BCEWithLogitsLoss", "Optimizer",
        ):  # fmt: skip
            assert name in listed, name


def test_a_page_shows_every_row(names):
    page = names.page()
    assert page.count("\n| ") - page.count("\n| PyTorch") == len(rows(names))
    assert "**missing**" in page
