"""The table beside the peers: every engine has its number, or the reason why it has none."""

import gc
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def table(benchmark):
    """Make a race with two ways of pluggrad's, the second of them quicker."""
    measuring = benchmark("measuring")
    table = measuring.Table("a race", [1.0, 2.0], 0.0)
    for name, middle in [("pluggrad, two threads", 4.0), ("pluggrad, one thread", 2.0)]:
        table.rows.append(measuring.Row(name, 0.0, middle, middle, 0.0))
    return table


def test_the_fastest_way_of_an_engine_counts(benchmark, table):
    row = benchmark("measuring").Row
    table.rows += [row("jax, one", 0.0, 8.0, 8.0, 0.0), row("jax, two", 0.0, 6.0, 6.0, 0.0)]
    found = benchmark("compare").ratios(table)
    assert found == {"pluggrad, compiled": 1.0, "JAX": 3.0}


def test_an_engine_that_is_not_installed_is_named_as_such(benchmark, table, monkeypatch, capsys):
    monkeypatch.setattr(benchmark("measuring"), "find_spec", lambda package: None)
    table.enter("casadi, SX scalars", lambda: pytest.fail("it was set up"))
    assert "not installed" in capsys.readouterr().out
    compare = benchmark("compare")
    assert compare.ratios(table)["CasADi"] == "not installed"
    assert "| CasADi | not installed |" in compare.summary({"race": table})


def test_an_engine_whose_recursion_ends_is_named_as_such(benchmark, table, monkeypatch):
    def run():
        raise RecursionError

    monkeypatch.setattr(benchmark("measuring"), "find_spec", lambda package: True)
    table.enter("micrograd 0.1.0", lambda: (run, list))
    assert benchmark("compare").ratios(table)["micrograd"] == "RecursionError"


@pytest.mark.parametrize("numbers", [[1.0, 2.0 + 1e-9], [1.0 + 1e-9, 2.0], [float("nan"), 2.0]])
def test_an_engine_with_other_numbers_is_not_timed(benchmark, table, numbers):
    with pytest.raises(benchmark("measuring").Disagreement, match="plain is off"):
        table.enter("plain", lambda: (lambda: None, lambda: numbers))


def test_what_was_kept_from_the_collector_before_a_timing_is_kept_from_it_afterwards(benchmark):
    gc.freeze()
    benchmark("measuring").steady(list, 0.0)
    assert gc.get_freeze_count() > 0


def test_all_engines_agree_on_a_short_chain(benchmark):
    pytest.importorskip("numba", reason="compiled programs race")
    table = benchmark("compare_chain").race(20, 0.0)
    peers = {"jax": "jax", "torch": "pytorch", "autograd": "hips", "casadi": "casadi",
             "micrograd": "micrograd"}  # fmt: skip
    entered = [row.name.split()[0].strip(",") for row in table.rows]
    there = [name for package, name in peers.items() if find_spec(package)]
    assert sorted(entered) == sorted(["pluggrad", "pluggrad", *there])


@pytest.mark.parametrize("missing", [True, False])
def test_the_plot_shows_numbers_and_reasons_or_says_what_it_needs(
    benchmark, tmp_path, monkeypatch, missing
):
    plot = benchmark("compare_plot").plot
    if missing:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
    else:
        pytest.importorskip("matplotlib", reason="draws the plot")
    columns = {"moons": {"pluggrad, compiled": 1.0, "JAX": 0.25, "CasADi": "not installed"}}
    said = plot(columns, tmp_path / "plot.svg")
    if missing:
        assert "pip install" in said
        return
    drawn = (tmp_path / "plot.svg").read_text()
    for word in ("moons", "JAX", "0.2", "not installed"):
        assert f">{word}" in drawn


def test_every_picture_has_all_nodes_of_its_graph(benchmark):
    graph = benchmark("compare_pictures").Graph(benchmark("compare_pictures").Value(2.0).tanh())
    ways = benchmark("compare_pictures").ways(graph)
    assert "text, a line for each" in ways
    for name, (draw, nodes) in ways.items():
        assert nodes(draw()) == 2, name


def test_the_list_of_benchmarks_names_every_program_with_a_result_and_nothing_else(benchmark):
    listed = {b.name for b in benchmark("all").BENCHMARKS}
    programs = {path.stem for path in BENCHMARKS.glob("*.py") if "def main()" in path.read_text()}
    assert listed == programs - {"all"}
    told = (BENCHMARKS / "README.md").read_text()
    assert [name for name in listed if f"benchmarks/{name}.py" not in told] == []


def test_a_benchmark_that_fails_fails_the_whole_run(benchmark, tmp_path):
    everything = benchmark("all")
    outcome = everything.Outcome("compare", "WRONG (exit code 1)", 1.0, "")
    assert "WRONG" in "".join(everything.table([outcome], ["page"]))
    assert "not in a short run" in "".join(everything.table([outcome], ["page"]))
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "all.py", "--only", "nothing"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "available: compare, startup" in done.stderr
