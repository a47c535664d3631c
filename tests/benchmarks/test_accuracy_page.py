"""The page of accuracy is in step with what is measured."""

from pathlib import Path

import pytest
from pluggrad import plugins

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
BUILT_IN = [op.name for p in plugins if p.name.startswith("pluggrad.") for op in p.ops]
QUICK = ["tanh", "log1p", "atan2", "relu", "sigmoid", "hypot"]


@pytest.fixture
def page(benchmark):
    return benchmark("accuracy_page")


@pytest.fixture
def accuracy(benchmark):
    return benchmark("accuracy")


def test_every_built_in_op_has_its_line(page):
    assert list(page.told(PAGE.read_text())) == BUILT_IN


@pytest.mark.parametrize("name", QUICK)
def test_other_points_find_errors_like_those_on_the_page(name, page, accuracy):
    report = accuracy.measure((name, 15, 1, False))
    _, forward, first, *_ = page.told(PAGE.read_text())[name]
    assert report.forward.most <= 2 * float(forward) + 1
    assert max(worst.most for worst in report.partials.values()) <= 2 * float(first) + 1


def test_every_comment_beside_an_op_is_on_the_page(page, accuracy):
    lines = PAGE.read_text().splitlines()
    wanted = "".join(page.places(BUILT_IN, accuracy.excuses_of)).splitlines()
    assert [line for line in wanted if line not in lines] == []
    assert len(wanted) > 10


def test_an_op_beyond_its_limits_is_on_no_page(page):
    for name, (_, forward, *derivatives) in page.told(PAGE.read_text()).items():
        assert float(forward) <= 4.0, name
        assert all(float(cell) <= 8.0 for cell in derivatives if cell != "-"), name
