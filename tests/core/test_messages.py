"""Messages can be shown on a terminal, whatever stands in them; indexes list public names only."""

import importlib
import inspect
import math
import warnings

import pluggrad
import pytest
from pluggrad import Op, Value, detect_anomaly, errors, nn, save

HOSTILE = "\x1b[2J\x9b1m\u202e"
OBEYED = [mark for mark in HOSTILE if not mark.isprintable()]
KINDS = [
    kind for kind in vars(errors).values() if inspect.isclass(kind) and kind.__name__[0] != "_"
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_and_warning_shows_control_characters_as_escapes(kind):
    told = str(kind(f"first line\n{HOSTILE}"))
    assert not any(mark in told for mark in OBEYED)
    assert told.startswith("first line\n")
    assert r"\x1b[2J" in told


def test_keys_labels_and_file_names_reach_no_terminal_as_they_are():
    x = Value(0.0, label=HOSTILE)
    model = nn.Linear(1, 1)

    def anomaly():
        with detect_anomaly():
            (Value(1.0) / x * 0.0).label = HOSTILE

    attempts = [
        lambda: model.load_state_dict({HOSTILE: 1.0}),
        anomaly,
        lambda: save(x, f"no/{HOSTILE}.txt"),
        lambda: save(x, f"a.{HOSTILE}"),
        lambda: pluggrad.configure(**{HOSTILE: 1}),
        lambda: pluggrad.render(x, HOSTILE),
    ]
    for attempt in attempts:
        with pytest.raises(pluggrad.PluggradError) as caught:
            attempt()
        assert not any(mark in str(caught.value) for mark in OBEYED)
    assert not any(mark in repr(x) + repr(pluggrad.Graph(x)) for mark in OBEYED)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.warn(HOSTILE, pluggrad.PluginWarning, stacklevel=1)
    assert not any(mark in str(seen[0].message) for mark in OBEYED)


class Unprintable:
    """Something whose own text fails."""

    def __repr__(self):
        raise RuntimeError("no text")


X = Value(2.0)
QUOTING = {
    "label": lambda odd: Value(1.0, label=odd),
    "save": lambda odd: save(X, odd),
    "renderer": lambda odd: pluggrad.plugins.renderer(odd),
    "option": lambda odd: pluggrad.render(X, "text", digits=odd),
    "names": lambda odd: pluggrad.render(X, names={odd: X}),
    "configure": lambda odd: pluggrad.configure(renderer=odd),
    "op name": lambda odd: Op(odd, math.sin),
    "op forward": lambda odd: Op("odd", odd),
    "op rule": lambda odd: Op("odd", lambda x: x, odd),
    "op kinks": lambda odd: Op("odd", lambda x: x, None, kinks=(odd,)),
    "op result": lambda odd: Op("odd", lambda x: [odd], None)(X),
    "register": lambda odd: pluggrad.plugins.register_op(odd),
    "hook": lambda odd: pluggrad.on_gradient(X, odd),
    "grad": lambda odd: pluggrad.func.grad(odd),
    "argnums": lambda odd: pluggrad.func.grad(lambda x: x, argnums=odd)(1.0),
    "in_axes": lambda odd: pluggrad.func.vmap(lambda x: x, in_axes=odd)([1.0]),
    "betas": lambda odd: nn.Adam([X], betas=odd),
    "state": lambda odd: nn.Linear(1, 1).load_state_dict({odd: odd}),
    "memories": lambda odd: nn.Adam([X]).load_state_dict({"steps": 1, "memories": [odd]}),
    "layer": lambda odd: nn.Linear(1, 1)(odd),
    "class": lambda odd: nn.cross_entropy([[X, X]], [odd]),
    "operand": lambda odd: pluggrad.ops.exp([odd]),
    "compile": lambda odd: pluggrad.compile(lambda x: x, bound=[odd]),
}


@pytest.mark.parametrize("odd", [10**5000, Unprintable()], ids=["5,001 digits", "no text"])
@pytest.mark.parametrize("name", QUOTING)
def test_what_cannot_be_printed_is_told_by_its_type(name, odd):
    with pytest.raises((pluggrad.PluggradError, TypeError, ValueError, IndexError)) as raised:
        QUOTING[name](odd)
    assert "Exceeds the limit" not in str(raised.value)
    assert "cannot be printed" in str(raised.value)


def test_a_quoted_thing_is_one_short_line():
    assert errors.quoted([1.5, "a  b"]) == "[1.5, 'a  b']"
    assert errors.quoted("x" * 99) == "'" + "x" * 59
    assert errors.quoted(pluggrad.values([[1.0], [2.0]])).count("\n") == 0


@pytest.mark.parametrize("name", ["", ".func", ".nn", ".ops", ".testing", ".compiler", ".cli"])
def test_an_index_lists_its_public_names_and_no_file_of_its_own(name):
    index = importlib.import_module(f"pluggrad{name}")
    assert {found for found in dir(index) if not found.startswith("__")} == set(index.__all__)
    assert {"__doc__", "__all__"} <= set(dir(index))
