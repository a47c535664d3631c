"""The example on a cluster: real worker processes, one of them killed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module", autouse=True)
def libraries():
    """Import Dask, which takes a second, where the tests run and not where they are collected."""
    global dask
    dask = pytest.importorskip("dask", reason="the example runs on Dask")
    pytest.importorskip("distributed", reason="the example runs on a Dask cluster")
    pytest.importorskip("numba", reason="the example fits with compiled code")


# Workers are forked from one process that has imported what they need.
FORKED = {"DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD": "forkserver"}
TWICE = """
import contextlib, sys
import options_on_dask as program
from distributed.utils import get_mp_context

if __name__ == "__main__":
    needed = ["distributed", "dask.array", "numba", program.__name__]
    get_mp_context().set_forkserver_preload(needed)
    with program.cluster(2) as client:
        program.cluster = lambda workers: contextlib.nullcontext(client)
        program.main()
        sys.argv.append("--kill")
        print("once more")
        program.main()
"""


def test_the_fit_is_the_same_whether_a_worker_is_killed_or_not(tmp_path) -> None:
    (tmp_path / "twice.py").write_text(TWICE)
    done = subprocess.run(
        [sys.executable, "twice.py", "--options", "4e4", "--chunk", "1e4"],
        cwd=tmp_path, env={**os.environ, **FORKED, "PYTHONPATH": str(EXAMPLES)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    whole, killed = done.stdout.split("once more")
    assert "killed worker" in killed
    results = [text[text.index("fitted") :] for text in (whole, killed)]
    assert results[0] == results[1]
    for name, true in (("level", 0.22), ("skew", -0.08), ("curvature", 0.15)):
        found = float(re.search(rf"{name} +(\S+)", whole)[1])
        assert found == pytest.approx(true, abs=1e-4)


def test_a_step_has_the_sums_of_plain_arrays(example) -> None:
    module = example("options_on_dask")
    data = module.market(1000, 300)
    sums = dask.compute(module.normal_equations(module.START, data), scheduler="synchronous")[0]
    plain = {name: x.compute(scheduler="synchronous") for name, x in data.items()}
    missed, slopes = module.error.value_and_grad(list(module.START), **plain)
    assert sums[0] == pytest.approx((missed**2).sum(), rel=1e-12)
    assert sums[2] == pytest.approx((slopes[1] * missed).sum(), rel=1e-12)
    assert sums[-1] == pytest.approx((slopes[2] ** 2).sum(), rel=1e-12)
    assert dask.compute(module.book(module.TRUE, data), scheduler="synchronous")[0][1] > 0
