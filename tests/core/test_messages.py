"""Messages can be shown on a terminal, whatever stands in them; indexes list public names only."""

import importlib
import inspect
import warnings

import pluggrad
import pytest
from pluggrad import Value, detect_anomaly, errors, nn, save

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


@pytest.mark.parametrize("name", ["", ".func", ".nn", ".ops", ".testing", ".compiler", ".cli"])
def test_an_index_lists_its_public_names_and_no_file_of_its_own(name):
    index = importlib.import_module(f"pluggrad{name}")
    assert {found for found in dir(index) if not found.startswith("__")} == set(index.__all__)
    assert {"__doc__", "__all__"} <= set(dir(index))
