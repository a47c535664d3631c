"""Notebooks made from pages are well formed and run."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def notebooks():
    from generate import notebooks

    return notebooks


def cells(notebooks, name, kind="code"):
    made = json.loads(notebooks.files()[f"pages/{name}.ipynb"])
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    return [cell for cell in made["cells"] if cell["cell_type"] == kind]


def test_each_page_is_a_notebook_with_its_text_and_its_code(notebooks):
    for name in notebooks.PAGES:
        assert cells(notebooks, name, "markdown")[0]["source"].startswith("# ")
        assert len(cells(notebooks, name)) > 5
        assert not [c for c in cells(notebooks, name) if ">>>" in c["source"]]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what runs notebooks
@pytest.mark.parametrize("name", ["course", "teach"])
def test_a_notebook_runs_from_its_first_cell_to_its_last(notebooks, name):
    nbclient = pytest.importorskip("nbclient", reason="runs notebooks")
    pytest.importorskip("ipykernel", reason="runs notebooks")
    import nbformat

    made = nbformat.reads(notebooks.files()[f"pages/{name}.ipynb"], as_version=4)
    nbformat.validate(made)
    install = made.cells.pop(0)
    assert install.source.startswith("%pip install")
    here = {"metadata": {"path": str(ROOT)}}
    client = nbclient.NotebookClient(made, timeout=None, kernel_name="python3", resources=here)
    client.execute()  # raises where a cell fails that is not marked
    assert [cell for cell in made.cells if cell.cell_type == "code" and cell.outputs]


PAGE = """# Title

```python
>>> x = [
...     1]
>>> 1 / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: division by zero
```
"""


def test_prompts_are_taken_away_and_errors_are_marked(notebooks):
    title, first, second = notebooks.cells_of(PAGE)
    assert title["source"] == "# Title"
    assert first["source"] == "x = [\n    1]"
    assert second["metadata"] == {"tags": ["raises-exception"]}
