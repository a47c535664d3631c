"""check_op on good ops, ops by name, and the one line of a plugin author's tests."""

import inspect
import os
import random
import subprocess
import sys

import forks
import pytest
from pluggrad import Op, PluginError, plugins
from pluggrad.testing import (
    CHECKS,
    ConformanceError,
    check_compiled,
    check_op,
    check_orders,
    op_suite,
    ops_of,
)
from pluggrad.testing.subject import Subject

from .test_compiled import CHECKS as COMPILED
from .test_compiled import OPS as OPS_COMPILED
from .test_edges import EDGES, REFERENCES
from .test_edges import OPS as OPS_AT_EDGES

# Whoever runs the tests tries new points; what decides whether a change is taken does not.
SEED = 20 if os.environ.get("CI") else random.SystemRandom().randrange(2**31)
OPS = list(plugins.ops.values())


# One op after another, whichever tests it: the truth at a point is found once in a process.
every_op = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name, scope="module")

# What test_edges.py and test_compiled.py run on every built-in op, too.
ELSEWHERE = [
    check for check in CHECKS if check.__name__.endswith(("at_edges", "code_gives_the_same"))
]


@every_op
def test_every_built_in_op_passes_with_the_fixed_seed(op):
    check_op(op, checks=[check for check in CHECKS if check not in ELSEWHERE])


def test_what_is_run_elsewhere_is_run_there_on_every_op():
    assert len(ELSEWHERE) == 5
    assert [*EDGES, *COMPILED] == ELSEWHERE
    assert OPS_AT_EDGES == OPS_COMPILED == OPS


# What looks at points that are drawn, or at the last of those that are chosen by chance.
SEEDED = [
    check
    for check in CHECKS
    if check.__name__ in ("partials_are_true", "declared_kinks_have_a_gradient_between_both_sides")
]


# Edges are those of the op, whatever the seed.
WITH_POINTS = [check for check in CHECKS if check not in EDGES]


def sees_other_points(op):
    """Say whether any other check would see other points with this seed than with the fixed one."""

    def seen(seed):
        subject = Subject(op, seed)
        smooth = check_orders._few_smooth(subject, 12), check_orders._few_smooth(subject, 4)
        return repr((subject.points[:60], check_compiled._points(subject), smooth))

    return seen(SEED) != seen(0)


@every_op
def test_every_built_in_op_passes_with_a_random_seed(op):
    reference = REFERENCES.get(op.name)
    checks = WITH_POINTS if reference or sees_other_points(op) else SEEDED
    try:
        check_op(op, seed=SEED, examples=20, reference=reference, checks=checks)
    except ConformanceError as error:
        pytest.fail(f"seed {SEED}: {error}")


def test_no_other_check_depends_on_the_seed():
    source = "".join(inspect.getsource(check) for check in CHECKS if check not in SEEDED)
    assert "seed" not in source
    assert "try_drawn" not in source


def test_the_error_tells_op_check_operand_and_place():
    wrong = Op("wrong", lambda a, b: a - b, lambda g, out, a, b: g, lambda g, out, a, b: g)
    with pytest.raises(ConformanceError) as caught:
        check_op(wrong)
    error = caught.value
    assert (error.op, error.check, error.operand) == ("wrong", "partials_are_true", 1)
    assert error.at == (1.0, 1.0)
    assert isinstance(error, AssertionError)


def test_a_failure_that_hypothesis_finds_is_shrunk_and_told_in_one_line():
    from pluggrad.ops import where

    # Wrong at one number that is on no list.
    spot = Op("spot", lambda x: 1.0 if 0.11 < x % 1 < 0.165 else 0.0, lambda g, out, x: 0.0 * g)
    wrong = Op("wrong", lambda x: 2 * x, lambda g, out, x: g * where(spot(x), 3.0, 2.0))
    with pytest.raises(ConformanceError) as caught:
        check_op(wrong, examples=200)
    (x,) = caught.value.at
    assert 0.11 < x % 1 < 0.165
    assert len(repr(x)) < 8
    assert not getattr(caught.value, "__notes__", [])


def test_single_checks_can_be_run():
    wrong = Op("wrong", lambda x: x * x, lambda g, out, x: g * x)
    check_op(wrong, checks=[check for check in CHECKS if check.__name__.startswith("operands_")])


def test_a_coarser_tolerance_can_be_allowed():
    rough = Op("rough", lambda x: x * x, lambda g, out, x: 2.00001 * g * x)
    kept = [check for check in CHECKS if check.__name__ == "partials_are_true"]
    with pytest.raises(ConformanceError):
        check_op(rough, checks=kept)
    check_op(rough, rtol=1e-4, checks=kept)


# ----- By name -----


def test_ops_are_found_by_op_plugin_distribution_or_all():
    assert ops_of("sin") == [plugins.op("sin")]
    assert [op.name for op in ops_of("pluggrad.special")] == ["erf", "erfc", "gaussian", "ndtr"]
    assert set(ops_of("pluggrad")) <= set(ops_of())
    assert ops_of(None) == list(plugins.ops.values())


def test_an_unknown_name_tells_what_is_close():
    with pytest.raises(
        PluginError, match=r"no op, renderer, plugin or package is named 'tahn'; did you mea"
    ):
        ops_of("tahn")
    with pytest.raises(PluginError, match=r"'zzzzzz'; `pluggrad plugins` lists what is installed"):
        ops_of("zzzzzz")


def test_a_plugin_that_was_skipped_tells_why(monkeypatch):
    from pluggrad import Plugin

    monkeypatch.setattr(plugins, "_skipped", [Plugin("ill", failure="No module named 'gone'")])
    with pytest.raises(PluginError, match=r"No module named 'gone'"):
        ops_of("ill")


# ----- As a test -----

PROGRAM = """
from pluggrad import Op
from pluggrad.testing import op_suite

good = Op("good", lambda x: x * x, lambda g, out, x: 2 * g * x)
wrong = Op("wrong", lambda x: x * x, lambda g, out, x: g * x)
test_good = op_suite(good, examples=5)
test_both = op_suite([good, wrong], examples=5)
"""


def test_one_line_makes_a_test_of_each_op_and_check(tmp_path):

    (tmp_path / "test_mine.py").write_text(PROGRAM)
    done = forks.run_pytest("-q", "-p", "no:cacheprovider", tmp_path, cwd=tmp_path)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert f"{3 * len(CHECKS) - len(failed)} passed" in done.stdout.replace(", ", " ")
    assert all("wrong" in line for line in failed)
    assert any("partials_are_true" in line for line in failed)
    assert "a factor 2 is missing" in done.stdout
    assert "def partials_are_true" not in done.stdout  # the line, and no code of the kit
    assert "Traceback" not in done.stdout
    assert "During handling" not in done.stdout


def test_a_suite_of_nothing_is_refused():
    with pytest.raises(PluginError, match=r"'pluggrad.text' provides no ops, so there"):
        op_suite("pluggrad.text")


def test_a_kit_without_its_packages_says_how_to_install_them():
    program = "import sys; sys.modules['hypothesis'] = None; from pluggrad.testing import check_op"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: check_op needs a package: import of hypothesis halted; None in "
        "sys.modules; pip install 'pluggrad[testing]'"
    )
