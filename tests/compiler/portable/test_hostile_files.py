"""Files that were not written by `save`: each is refused with its reason, or computes."""

import copy
import json
import os
import pathlib
import tempfile

import pluggrad
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pluggrad import CompileError, Value, compile
from pluggrad.compiler.portable import files
from pluggrad.ops import exp


def written(path, kind="program"):
    """Save something small; give it as data."""
    if kind == "program":
        x = Value(2.0, label="x")
        compile(exp(x * 3.0) + x, executor="interpreter").save(path)
    else:
        f = compile(lambda v: v["a"] * 2.0 if v["a"] > v["b"][0] else v["b"][0],
                    executor="interpreter")  # fmt: skip
        f({"a": 1.0, "b": [0.0]}), f({"a": 1.0, "b": [2.0]})
        f.save(path)
    return json.loads(path.read_text())


def load(path, document):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return pluggrad.load(path, executor="interpreter")


def refused(path, document, message):
    with pytest.raises(CompileError, match=message) as caught:
        load(path, document)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("place", "thing", "message"),
    [
        (["format"], "pickle", "not marked as"),
        (["version"], 2, "written by pluggrad .*, in a later version"),
        (["version"], 10**400, "in a later version"),
        (["kind"], "virus", "'virus', which this version does not know"),
        (["kind"], "a\x1b[31m", "no text of one line"),
        (["extra"], 1, "'extra', which is unknown here"),
        (["single"], 1, "single is 1, not true or false"),
        (["seeds"], [1.0, 1.0], "has 2 numbers, not 1"),
        (["seeds"], [True], r"seeds\[0\] is true or false .*, not a number"),
        (["seeds"], [10**400], "not a number"),
        (["tape"], [], "tape is a list, not an object"),
        (["tape", "kinds"], [-1, -1, 0, 1, 9], r"kinds\[4\] is 9, not an integer between -1 and 2"),
        (["tape", "kinds"], [-1, -1, 0, 1, True], r"kinds\[4\] is true or false"),
        (["tape", "kinds"], [], "not an integer between 0 and -1"),
        (["tape", "operands"], [0, 1, 2, 3], "has 4 rows; the nodes have 5 operands"),
        (["tape", "operands"], [0, 1, 2, 3, 99], "not an integer between 0 and 4"),
        (["tape", "operands"], [0, 4, 2, 3, 0], "has an operand that comes after it"),
        (["tape", "operands"], [0, 1, 0, 3, 0], "node 2 plays no part"),
        (["tape", "leaves"], [1.0], "has 1 numbers, not 2"),
        (["tape", "leaves"], ["one", 3.0], r"leaves\[0\] is text \('one'\), not a number"),
        (["tape", "inputs"], [2], "node 2 is no leaf"),
        (["tape", "inputs"], [0, 0], "or stands there twice"),
        (["tape", "inputs"], [-1], "not an integer between 0 and 4"),
        (["tape", "parameters"], 2, "parameters is 2, not between 0 and 1"),
        (["tape", "outputs"], [], "there is no output"),
        (["tape", "outputs"], [5], "not an integer between 0 and 4"),
        (["tape", "labels"], [[7, "x"]], "is for no node"),
        (["tape", "labels"], [[0, 1]], "is not a row and a label"),
        (["tape", "ops", 0, "name"], "__import__", "needs op '__import__'"),
        (["tape", "ops", 0, "plugin"], "os", "came from 'os' there"),
        (["tape", "ops", 0, "operands"], 1, "has 2 operands here, and had 1 there"),
        (["tape", "ops", 0], {"own": "eval"}, "possible: '_less'"),
        (["tape", "ops", 0], "mul", "is text .* not an object"),
    ],
)
def test_a_program_with_something_wrong_is_refused_with_the_place(place, thing, message, tmp_path):
    document = written(tmp_path / "p.json")
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = thing
    refused(tmp_path / "p.json", document, message)


@pytest.mark.parametrize("name", ["format", "version", "tape", "single", "seeds"])
def test_a_program_that_lacks_something_is_refused(name, tmp_path):
    document = written(tmp_path / "p.json")
    del document[name]
    refused(tmp_path / "p.json", document, f"no '{name}'|not marked")


@pytest.mark.parametrize(
    ("place", "thing", "message"),
    [
        (["used"], [1, 0], "does not fit the inputs"),
        (["used"], [0, 0], "does not fit the inputs"),
        (["used"], [0, 2], "not an integer between 0 and 1"),
        (["arguments"], "number", "are not those of a call"),
        (["arguments"], {"list": []}, r"arguments|between"),
        (["arguments"], {"array": [1 << 30, 1 << 30]}, "array is too large"),
        (["arguments"], {"array": [1 << 30, 0]}, "array is too large"),
        (["arguments"], {"set": []}, "no 'list'"),
        (["arguments"], {"dict": [["a", "number"], ["a", "number"]]}, "has a key twice"),
        (["result"], {"list": ["number", "number"]}, "does not fit the outputs"),
        (["result"], {"same": [1]}, "same is a list"),
    ],
)
def test_a_function_with_something_wrong_is_refused(place, thing, message, tmp_path):
    document = written(tmp_path / "f.json", "function")
    holder = document["function"]["ways"][0]
    holder[place[0]] = thing
    refused(tmp_path / "f.json", document, message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": NaN}', "NaN is no number there"),
        ('{"format": 1e999}', "too large for a float"),
        ('{"format": 1, "format": 2}', "has 'format' twice"),
        ("[]", "is a list, not an object"),
        ("9" * 5000, "not JSON"),
    ],
)
def test_what_is_not_strict_json_is_refused(text, message, tmp_path):
    refused(tmp_path / "p.json", text, message)


def test_a_shape_that_is_nested_without_end_is_refused(tmp_path):
    document = written(tmp_path / "f.json", "function")
    shape = "number"
    for _ in range(200):
        shape = {"list": [shape]}
    document["function"]["ways"][0]["arguments"] = shape
    refused(tmp_path / "f.json", document, "nested too deeply")


def test_what_is_no_file_or_too_large_is_refused(tmp_path, monkeypatch):
    with pytest.raises(CompileError, match="is not a file"):
        pluggrad.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        pluggrad.load(tmp_path / "none.json")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(CompileError, match="is not a file"):
            pluggrad.load(tmp_path / "pipe")
    written(tmp_path / "p.json")
    monkeypatch.setattr(files, "MOST_BYTES", 100)
    with pytest.raises(CompileError, match="a program has at most 100"):
        pluggrad.load(tmp_path / "p.json")


def places(data, path=()):
    """List the places of a document."""
    yield path
    items = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data if isinstance(data, list) else ())
    )
    for key, x in items:
        yield from places(x, (*path, key))


THINGS = st.one_of(
    st.integers(-2, 12), st.just(2**70), st.booleans(), st.none(), st.floats(allow_nan=False),
    st.sampled_from(["nan", "number", "answer", "_less", "held", "mul", "exp", "x"]),
    st.lists(st.integers(-1, 6), max_size=6), st.just({}),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["program", "function"]), st.data())
def test_whatever_is_changed_in_a_file_it_is_refused_or_it_computes(kind, data):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "p.json"
        document = copy.deepcopy(written(path, kind))
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.sampled_from([x for x in places(document) if x]))
            holder = document
            for key in place[:-1]:
                holder = holder[key]
            holder[place[-1]] = data.draw(THINGS)
        path.write_text(json.dumps(document, allow_nan=True))
        try:
            loaded = pluggrad.load(path, executor="interpreter")
            loaded.step() if kind == "program" else loaded({"a": 1.0, "b": [0.0]})
        except CompileError:
            return
        except TypeError:
            # Another signature: the call does not fit it.
            assert kind == "function"


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    double = pluggrad.compile(lambda x: 2 * x)
    double(1.0)
    with pytest.raises(IsADirectoryError) as found:
        double.save(tmp_path)
    assert found.value.filename == str(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError) as found:
        double.save(tmp_path / "file" / "inside.json")
    assert found.value.filename == str(tmp_path / "file" / "inside.json")
