"""Options of renderers are checked when they are given."""

import inspect
import itertools

import pytest
from pluggrad import RenderError, Value, plugins, render

OPTIONS = [
    (name, option)
    for name, kind in plugins.renderers.items()
    for option in inspect.signature(kind).parameters
]
WRONG = [object(), [1, 2], b"x", lambda graph: "", 2.5j]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_what_an_option_cannot_be_is_refused_by_its_name(name, option):
    x = Value(2.0, label="x")
    for wrong in WRONG:
        with pytest.raises(RenderError, match=option) as found:
            render(x * x, name, **{option: wrong})
        assert "failed" not in str(found.value)
        assert name in str(found.value)


def test_the_title_of_a_page_is_text_or_a_number_as_a_command_line_reads_it():
    x = Value(2.0, label="x")
    for option, (given, shown) in itertools.product(
        ("title", "about"), [("one neuron", "one neuron"), (2026, "2026")]
    ):
        assert shown in render(x * x, "html", **{option: given})
    for wrong in (None, True, {"en": "one"}):
        with pytest.raises(RenderError, match="'html': option title is text, not "):
            render(x * x, "html", title=wrong)
