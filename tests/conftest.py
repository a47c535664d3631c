"""What all tests share: the package, compiled once for the many interpreters that they start."""

import compileall
import gc
import os
import sys
from pathlib import Path

import pluggrad
import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # for forks.py and others that tests import
# To know addresses of all the world, jsonschema compiles a grammar for seconds as it is imported,
# which happens where a notebook is read or written. Nothing here has such addresses.
sys.modules.setdefault("rfc3987_syntax", None)

# Wherever hypothesis is imported, in each worker and in dozens of processes that tests start, it
# imports trio, which selenium brings. Nothing here is a plugin of hypothesis.
os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")

# Nobody waits here: each recording would start a thread that tells whoever does.
os.environ.setdefault("PLUGGRAD_PROGRESS", "0")

from browser import browser  # noqa: E402
from clock import Clock  # noqa: E402
from orphans import end_forks_with_this_process  # noqa: E402


def pytest_configure(config):
    """Write the bytecode of an editable installation, which pip leaves to the first import.

    Where PYTHONDONTWRITEBYTECODE is set, each of the hundreds of processes that tests start would
    compile the whole package again.
    """
    if not hasattr(config, "workerinput"):  # in the first process, before xdist starts others
        compileall.compile_dir(Path(pluggrad.__file__).parent, quiet=2)
    end_forks_with_this_process()
    config.stash[clock] = Clock(config)
    # hypothesis reads the source of what is installed from a folder: once, not for each program.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
    # JAX compiles for seconds what the tests give it, the same in every run.
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".pytest_cache" / "jax"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    # Runs of pytest that tests start need not import trio either.
    os.environ.setdefault("PYTEST_ADDOPTS", "-p no:anyio")


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Start one worker more than there are cores: tests wait for browsers, servers and programs."""
    return (yield) + 1


class Survivors:
    """Take what a full collection has found alive out of the collections that follow.

    Torch, JAX and Dask are a million objects, and each look at all of them takes half a second.
    They are frozen between two tests, so that a test that drops something can still see it freed.
    """

    found = False

    def note(self, phase, information):
        """Remember that there was a full collection."""
        if phase == "stop" and information["generation"] == 2:
            self.found = True

    def freeze(self):
        """Freeze what is alive, after a full collection."""
        if self.found:
            self.found = False
            gc.freeze()


clock = pytest.StashKey[Clock]()
survivors = Survivors()
gc.callbacks.append(survivors.note)
gc.set_threshold(20_000, 20, 10)  # a test that looks at the collector collects itself


def pytest_runtest_logfinish():
    survivors.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """Have a worker send one report of a test that passes, not one of each phase nor of its end.

    A third of the time around each of 14,000 short tests went into messages that say nothing.
    """
    item.config.stash[clock].begin_test()
    if not hasattr(item.config, "workerinput") or item.config.getoption("durations"):
        return None
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if report.when == "call" or not report.passed:
            item.ihook.pytest_runtest_logreport(report=report)
    survivors.freeze()
    return True


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node):
    """Go on looking at the clock where a test failed: what it left may keep its fixtures waiting.

    pytest stops each such clock then, for somebody who looks at the failure in a debugger.
    """
    if isinstance(node, pytest.Item) and not node.config.option.usepdb:
        node.config.stash[clock].start()


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config):
    config.stash[clock].stop()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the collector off the million objects that tests and their modules are.

    What pytest makes of their assertions is kept for the next run, whatever the environment says.
    """
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = False
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        sys.dont_write_bytecode = written


@pytest.fixture
def no_clock(pytestconfig):
    """Start no thread that may take a signal which is meant for the test's.

    The system gives a signal of the process to a thread that just begins, if the one of the test
    waits for a processor; Python's handler then runs at some later time.
    """
    pytestconfig.stash[clock].stop()
    yield
    pytestconfig.stash[clock].start()


@pytest.fixture(scope="session")
def chrome(tmp_path_factory):
    """The one browser for all pages."""
    yield from browser(tmp_path_factory.mktemp("chrome"))


# Files with tests of many seconds: begun first, they are done when workers share the last tests.
# One worker has all pages, for which it starts the one browser; another one has what needs large
# libraries, so that mostly one worker imports these.
FIRST = (
    "with a browser",
    "tests/drawing/test_jupyter.py",
    "tests/benchmarks/test_differential.py",
    "tests/benchmarks/test_random_programs.py",
)
FIRST_OF_ANOTHER = (
    "tests/cli/test_new_plugin.py",
    "tests/core/test_interrupts.py",
    "tests/examples/test_options_on_dask.py",
    "tests/renderers/test_conformance.py",
    "tests/nn/",
    "tests/compiler/rows/test_on_dask.py",
    "tests/compiler/ufunc/test_guests.py",
    "tests/core/test_strangers.py",
    "tests/insight/test_lost_gradients.py",
)


def pytest_collection_modifyitems(config, items):
    """Put some files first, and refuse names by which workers cannot agree on the tests."""
    if unstable := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"names with an address, give ids: {unstable}")
    one, another = taken(items, FIRST), taken(items, FIRST_OF_ANOTHER)
    # The first worker begins with the first test, the second one where its share begins.
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    share = (len(one) + len(another) + len(items)) // workers if workers > 1 else 0
    between = max(0, share - len(one))
    items[:] = [*one, *items[:between], *another, *items[between:]]


def taken(items, places):
    """Take the tests of some places out of a list, and return them in the order of the places."""
    found = {item: at for item in items if (at := place(item, places)) is not None}
    items[:] = [item for item in items if item not in found]
    return sorted(found, key=found.get)


def place(item, places):
    """Return where a test stands among places; None where it stands at none."""
    name = item.nodeid
    if not name.startswith(places):
        name = "with a browser" if "chrome" in item.fixturenames else ""
    return next((i for i, start in enumerate(places) if name.startswith(start)), None)
