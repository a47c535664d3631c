"""A name of another engine that a package has not: the error says what to write."""

import importlib
import importlib.util
import re
import subprocess
import sys

import pluggrad
import pluggrad.func
import pluggrad.nn
import pytest
from pluggrad.hints.engines import GROUPS, instead_of

ROWS = [row for rows in GROUPS.values() for row in rows]
ELSEWHERE = [
    (path.rpartition(".")[2], row)
    for row in ROWS
    for path in row[:3]
    if path.startswith(("t", "j"))
]


@pytest.mark.parametrize(("name", "row"), ELSEWHERE, ids=lambda x: x if isinstance(x, str) else "")
def test_every_name_of_the_table_is_there_or_says_what_to_write(name, row):
    if not hasattr(pluggrad, name):
        with pytest.raises(AttributeError) as raised:
            getattr(pluggrad, name)
        text = str(raised.value)
        assert text.startswith(f"module 'pluggrad' has no attribute {name!r}: ")
        answers = [r.here or r.why for r in ROWS if any(p.endswith(f".{name}") for p in r[:3])]
        public = f"it is pluggrad.{text.rpartition('pluggrad.')[2]}"
        assert text.endswith(public) or any(answer in text for answer in answers)


@pytest.mark.parametrize(
    ("package", "name", "hint"),
    [
        (pluggrad, "optim", "what torch.optim has is in pluggrad.nn here"),
        (pluggrad.nn, "functional", "what torch.nn.functional has is in pluggrad.nn here"),
        (pluggrad.func, "jit", "jax.jit is pluggrad.compile here"),
        (pluggrad, "MLP", "it is pluggrad.nn.MLP"),
        (pluggrad.nn, "Dropout", "torch.nn.Dropout has no counterpart here: multiply by a mask"),
    ],
)
def test_every_package_answers(package, name, hint):
    with pytest.raises(AttributeError) as raised:
        getattr(package, name)
    assert str(raised.value) == f"module {package.__name__!r} has no attribute {name!r}: {hint}"
    assert not hasattr(package, name)


def test_a_name_that_no_engine_has_gets_the_words_of_python():
    with pytest.raises(AttributeError, match=r"^module 'pluggrad' has no attribute 'grap'$"):
        _ = pluggrad.grap
    assert instead_of("pluggrad", "grap") == ""


def test_a_package_that_is_not_loaded_yet_is_said_to_load():
    assert instead_of("pluggrad", "nn") == "`import pluggrad.nn` loads it"


def test_looking_for_a_name_loads_no_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "pluggrad.nn")
    assert (
        instead_of("pluggrad", "Adam") == "torch.optim.Adam is pluggrad.nn.Adam here (no `amsgrad`)"
    )
    assert "pluggrad.nn" not in sys.modules


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("from pluggrad import jit", "jax.jit is pluggrad.compile here"),
        (
            "from pluggrad import grad, vmap",
            "pluggrad.func.vmap",
        ),
        ("from pluggrad import tensor", "torch.tensor is pluggrad.Value here (one number)"),
        ("from pluggrad import optim", "what torch.optim has is in pluggrad.nn here"),
        (
            "from pluggrad.nn import functional as F",
            "what torch.nn.functional has is in pluggrad.nn",
        ),
        ("from pluggrad.ops import arcsin", "jax.numpy.arcsin is pluggrad.ops.asin here"),
        ("from pluggrad.ops import power", "write x**y"),
    ],
)
def test_from_import_says_it_too(line, hint):
    with pytest.raises(ImportError, match=f"^cannot import name .*: .*{re.escape(hint)}"):
        exec(line)


@pytest.mark.parametrize("module", ["nn", "ops", "func", "testing", "graph", "gradient"])
def test_a_module_whose_name_another_engine_has_is_imported(module):
    code = f"from pluggrad import {module}; print({module}.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == f"pluggrad.{module}", done.stderr


def test_from_import_of_a_name_that_nobody_has_gets_the_words_of_python():
    with pytest.raises(ImportError, match=r"^cannot import name 'grap' from 'pluggrad' \("):
        exec("from pluggrad import grap")


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ("pluggrad.engine", "from pluggrad import Value"),
        ("pluggrad.optim", "import pluggrad.nn, which has the optimizers"),
        ("pluggrad.nn.functional", "import pluggrad.nn"),
        (
            "pluggrad.numpy",
            "import pluggrad.ops; pluggrad.values(array) is an array with gradients",
        ),
        ("pluggrad.lax", "what jax.lax has is in pluggrad here"),
    ],
)
def test_a_module_of_another_engine_says_what_to_import(module, hint):
    with pytest.raises(ModuleNotFoundError, match=rf"^No module named '{module}': ") as raised:
        importlib.import_module(module)
    assert (str(raised.value).partition(": ")[2], raised.value.name) == (hint, module)


@pytest.mark.parametrize("module", ["pluggrad.grap", "pluggrad.nn.grap", "pluggrad.value.engine"])
def test_a_module_that_no_engine_has_gets_the_words_of_python(module):
    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module(module)
    assert str(raised.value).partition(";")[0] == f"No module named {module!r}"


@pytest.mark.parametrize("name", ["optim", "engine", "nn.functional", "grad", "nothing_like_it"])
def test_who_asks_whether_there_is_a_module_is_told_that_there_is_none(name):
    assert importlib.util.find_spec(f"pluggrad.{name}") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"pluggrad.{name}")
