"""Machine code reads the objects of those Pythons only whose layout it knows."""

import sys

import pytest
from pluggrad import compile
from pluggrad.compiler.native import objects
from pluggrad.compiler.native.objects import counts_are_plain, slot


def test_a_python_for_debugging_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "gettotalrefcount", int, raising=False)
    assert not counts_are_plain()
    assert slot.__wrapped__("op") is None


def test_a_free_threaded_python_is_left_alone(monkeypatch):
    monkeypatch.setattr(objects, "HEADER", 32)
    assert not counts_are_plain()


@pytest.mark.skipif(not counts_are_plain(), reason="another layout of objects")
def test_no_flag_of_unix_is_needed(monkeypatch):
    monkeypatch.delattr(sys, "abiflags", raising=False)  # there is none on Windows
    assert slot.__wrapped__("op") is not None
    assert compile(lambda x: x * x)(3.0) == 9.0
