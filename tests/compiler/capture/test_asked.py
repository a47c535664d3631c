"""What a name is asked of: one that a library has too says nothing where another thing has it."""

import datetime
import logging
import os
import pathlib
import sys
import threading
import warnings
from dataclasses import dataclass
from datetime import datetime as moment

import pytest
from pluggrad import CompileWarning, compile
from pluggrad.compiler.capture.outside import World


@dataclass
class Settings:
    """Names that modules of Python have, too."""

    path: float = 2.0
    level: float = 3.0
    times: float = 4.0
    now: float = 5.0

    def total(self):
        logger.debug("a total")
        return self.path + self.level + self.times * sys.float_info.radix


logger = logging.getLogger("a logger of this test")
settings = Settings()
file = pathlib.Path("a")


def with_a_lock(x):
    with threading.Lock():
        return sum(i * x for i, _ in enumerate([1, 2]))


NOT_ASKED = {
    "a path, and the largest integer": lambda x: (
        x * len(os.path.join("a", "b")) * (sys.maxsize > 3)
    ),
    "path of an object": lambda x: x * settings.path * (sys.maxsize > 3),
    "level of an object": lambda x: logger.debug("it runs") or x * settings.level,
    "times of an object": lambda x: x * settings.times * len(os.path.basename("a/b")),
    "now of an object": lambda x: x * settings.now * datetime.timedelta(1).days,
    "enumerate beside a lock": with_a_lock,
    "what a method reads of its object": lambda x: x * settings.total(),
}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_a_name_of_something_else_is_no_reason_to_record_anew(name):
    function = NOT_ASKED[name]
    compiled = compile(function, executor="interpreter")
    with warnings.catch_warnings():
        warnings.simplefilter("error", CompileWarning)
        assert [compiled(2.0), compiled(3.0)] == [function(2.0), function(3.0)]
    assert World(function).changing is None


def enclosed():
    system, record = os, logger

    def function(x):
        return x * len(system.getcwd()) * record.level

    return function


def by_local_names(x):
    import threading as threads

    log, module = logger, sys
    return x * log.level * len(module.path) * threads.active_count()


def by_a_text(x):
    return x * len(getattr(sys, "path"))  # noqa: B009


ASKED = {
    "the path of sys": (lambda x: x * len(sys.path), "sys.path"),
    "the level of a logger": (lambda x: x * logger.level, "logging.level"),
    "the time of day": (lambda x: x * datetime.datetime.now().year, "datetime.now"),
    "the time of day by another name": (lambda x: x * moment.now().year, "datetime.now"),
    "a path that is made": (lambda x: x * pathlib.Path("a").exists(), "pathlib.exists"),
    "a path beside another": (lambda x: x * file.parent.exists(), "pathlib.exists"),
    "a file": (lambda x: x * os.path.exists("a"), "os.exists"),
    "variables of an enclosing function": (enclosed(), "os.getcwd", "logging.level"),
    "local variables": (by_local_names, "sys.path", "logging.level", "threading.active_count"),
    "a text": (by_a_text, "sys.path"),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_is_told(name):
    function, *told = ASKED[name]
    assert World(function).changing in told
