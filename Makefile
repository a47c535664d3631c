# Two commands: `make demo` and `make test`. Each sets up its own virtual environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
# Builders warn at length that an editable installation is one.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet

.PHONY: demo test check docs linkcheck bench smoke paths clean

demo: .venv/base
	@$(BIN)/pluggrad demo

test: .venv/example
	$(BIN)/python -m pytest tests plugins_example/tests -n auto --dist worksteal

check: .venv/test docs
	$(BIN)/python docs/links.py
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Pages and pictures that come from the code are made anew; a warning fails the build.
docs: .venv/docs
	$(BIN)/python -m sphinx -W --keep-going -q -E -a -b html docs docs/_build/html
	$(BIN)/python docs/playground.py docs/_build/html
	@echo docs/_build/html/index.html

# The links to elsewhere are tried, too.
linkcheck: docs
	$(BIN)/python docs/links.py --reach

# OPTIONS=--short takes about a minute instead of hours.
bench: .venv/bench
	$(BIN)/python benchmarks/all.py $(OPTIONS)

# The wheel on every Python that is here; OPTIONS=--quick leaves out the tests.
smoke: .venv/test
	$(BIN)/python tests/smoke.py $(OPTIONS)

# The first hour of eight newcomers, each in an empty folder and an empty environment.
paths: .venv/test
	$(BIN)/python tests/paths/walk.py $(OPTIONS)

# A strict editable install links each file, so the list of files is part of what it depends on.
SOURCES := $(shell find core arrays codegen copying drawing func hints insight progress pytest_plugin settings summary trace ops printers renderers cli compiler testing nn -name '*.py' 2>/dev/null)

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip

.venv/base: .venv/bin/python pyproject.toml $(SOURCES)
	$(PIP) --editable '.[svg]'
	@touch $@

.venv/test: .venv/bin/python pyproject.toml $(SOURCES)
	$(PIP) --editable '.[test]'
	@touch $@ .venv/base

.venv/example: .venv/test plugins_example/pyproject.toml $(wildcard plugins_example/pluggrad_example/*.py)
	$(PIP) --no-build-isolation --no-deps ./plugins_example
	@touch $@

.venv/docs: .venv/test
	$(PIP) --editable '.[test,docs]'
	@touch $@

.venv/bench: .venv/test
	$(PIP) --editable '.[test,bench]'
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info
