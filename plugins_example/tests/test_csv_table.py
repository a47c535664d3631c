"""The renderer, found through the entry point."""

import csv

import pytest
from pluggrad import RenderError, Value, configured, plugins, render, save
from pluggrad.testing import renderer_suite

test_renderer = renderer_suite("pluggrad-example")


def test_the_entry_point_offers_the_renderer():
    (plugin,) = [plugin for plugin in plugins if plugin.name == "example.csv"]
    assert [renderer.name for renderer in plugin.renderers] == ["csv"]


def test_the_table_has_a_row_for_each_node():
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    assert render(y, "csv") == (
        "id,kind,label,op,operands,data,grad\nn0,leaf,x,,,3.0,6.0\nn1,op,,mul,n0 n0,9.0,1.0\n"
    )


def test_a_gradient_that_was_not_computed_is_an_empty_cell():
    assert render(Value(3.0, label="x"), "csv").endswith("n0,leaf,x,,,3.0,\n")


def test_any_label_comes_back_as_it_went_in():
    label = 'a "quoted", label\nof two lines'
    _, row = csv.reader(render(Value(1.0, label=label), "csv").splitlines(keepends=True))
    assert row[2] == label


def test_the_settings_choose_the_renderer_and_its_options():
    with configured(renderer="csv", renderers={"csv": {"delimiter": ";"}}):
        assert render(Value(1.0)).startswith("id;kind;label;")


def test_save_knows_the_renderer_by_the_suffix(tmp_path):
    path = save(Value(1.0) + 2.0, tmp_path / "graph.csv")
    assert len(path.read_text().splitlines()) == 4


def test_an_unknown_option_names_the_one_there_is():
    with pytest.raises(RenderError, match="no option 'separator'; available: delimiter"):
        render(Value(1.0), "csv", separator=";")


@pytest.mark.parametrize("delimiter", ["", ";;", "\n", '"', 3, None, b";"])
def test_a_delimiter_that_separates_nothing_is_refused(delimiter):
    with pytest.raises(RenderError, match="csv: delimiter is one character, no quote and no line"):
        render(Value(1.0), "csv", delimiter=delimiter)
