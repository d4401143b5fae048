# The commands of this project. `make bench` and `make test` need Python 3.11 or later and nothing else:
# both make a virtual environment in .venv, install the package there and go on from that.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
ARGS    ?=
SOURCES := $(shell find src -name '*.py' -o -name py.typed -o -path '*/page/*') README.md LICENSE hatch_build.py
PYTEST  := $(BIN)/python -m pytest -n auto --dist worksteal
PIP     := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help bench test test-slow test-all test-services random fuzz-segments kill-segments mutants arm64 numa wheel lint install clean

help:
	@echo 'make bench    measure this machine (ARGS="--quick" and the like are passed on to rseq bench)'
	@echo 'make test     lint, then the tests that a change may break, on the installed package (ARGS goes to pytest)'
	@echo 'make test-all the same, and then the slow tests: more architectures, kills and random programs (alone: make test-slow)'
	@echo 'make test-services  the example service under real servers, with Prometheus and a browser (installs them; minutes)'
	@echo 'make random   5,000 random sequences that the contract accepts, each interrupted everywhere'
	@echo 'make fuzz-segments  100,000 changed files of segments, each opened and used (ARGS="--seed 2" and the like)'
	@echo 'make kill-segments  1,000 processes killed while they make segments and what is in them'
	@echo 'make mutants  small mistakes in the shipped sequences, and which check notices each (ARGS="--only stack" and the like)'
	@echo 'make arm64    stress on Linux for arm64, in QEMU (downloads 150 MB once; ARGS="--seed 2" and the like)'
	@echo 'make numa     where the pages of lanes lie, on Linux for arm64 with two NUMA nodes, in QEMU (downloads the same once)'
	@echo 'make wheel    the wheel and the sdist in dist/, checked, and installed without an index (machine code for all: minutes)'
	@echo 'make lint     ruff and mypy only'
	@echo 'make install  install the package with all that development needs into .venv'
	@echo 'make clean    remove .venv and everything made'

bench: $(VENV)/.bench
	@$(BIN)/rseq bench $(ARGS)

test: lint
	@echo '== pytest'
	@$(PYTEST) $(ARGS)

test-slow: $(VENV)/.dev
	@echo '== pytest, slow tests only'
	@$(PYTEST) -m slow $(ARGS)

test-all: test
	@$(MAKE) --no-print-directory test-slow

test-services: $(VENV)/.services
	@echo '== pytest, services only'
	@$(BIN)/python -m pytest -m services $(ARGS) tests/services

random: $(VENV)/.dev
	@RANDOM_SEQUENCES=5000 $(BIN)/python -m pytest -q -s -m slow -k as_many_as_are_wanted tests/check/test_random_sequences.py

fuzz-segments: $(VENV)/.dev
	@cd tests && ../$(BIN)/python -m shared.fuzz $(ARGS)

kill-segments: $(VENV)/.dev
	@cd tests && ../$(BIN)/python -m shared.killed $(ARGS)

mutants: $(VENV)/.dev
	@PYTHONPATH=tests $(BIN)/python -m mutants $(ARGS)

arm64: $(VENV)/.python
	@$(BIN)/python tests/arm64/boot.py $(ARGS)

numa: $(VENV)/.python
	@$(BIN)/python tests/arm64/boot.py --nodes $(ARGS)

wheel: $(VENV)/.dev
	@rm -rf dist
	@RSEQ_SHIP=all $(BIN)/python -m build --no-isolation
	@$(BIN)/twine check --strict dist/*
	@$(BIN)/python -m pytest -q -m slow tests/test_wheel.py

lint: $(VENV)/.dev
	@echo '== ruff check'
	@$(BIN)/ruff check
	@echo '== ruff format --check'
	@$(BIN)/ruff format --check
	@echo '== mypy --strict'
	@$(BIN)/mypy --strict

install: $(VENV)/.dev

clean:
	rm -rf $(VENV) .arm64 .services build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'rseq needs Python 3.11 or later: name one, as in `make PYTHON=python3.12 test`.' >&2; exit 1; }
	@echo '== making $(VENV) with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV) || \
	  { echo '$(PYTHON) -m venv failed: on Debian and Ubuntu, `apt install python3-venv` and try again.' >&2; exit 1; }
	@touch $@

# What the package depends on: installed again when pyproject.toml changes. The copy of the package that comes
# with it is replaced below whenever a source file is newer.
$(VENV)/.depends-bench: $(VENV)/.python pyproject.toml
	@echo '== installing what the measurements need (a minute the first time)'
	@RSEQ_SHIP=none $(PIP) '.[bench]'
	@touch $@

$(VENV)/.depends-dev: $(VENV)/.python pyproject.toml
	@echo '== installing what the tests need (a minute or two the first time)'
	@RSEQ_SHIP=none $(PIP) '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.depends-bench $(SOURCES)
	@echo '== installing rseq'
	@$(PIP) --no-deps --force-reinstall .
	@touch $@

$(VENV)/.dev: $(VENV)/.depends-dev $(SOURCES)
	@echo '== installing rseq'
	@$(PIP) --no-deps --no-build-isolation --force-reinstall .
	@touch $@

# Servers, Prometheus, a browser. What cannot be had is said.
$(VENV)/.services: $(VENV)/.dev examples/service/requirements.txt tests/services/requirements.txt tests/services/get.sh
	@tests/services/get.sh $(BIN)/python
	@touch $@
