# Everything that a fresh machine needs is Python 3.11 or newer with venv, and make.
#
#   make demo                               a whole risk desk against a simulated exchange
#   make demo ARGS="--archive ../shared/data --for 180"
#   make test                               the tests; ARGS="tests/risk -k margin" narrows them
#   make faults                             kills of every part, 200 kills of a courier, 100,000 broken payloads: some minutes
#   make soak                               five minutes of resets, a desk troubled for half an hour; ARGS="--minutes 8 --seed 7"
#   make check                              format, lint, types, import contracts
#   make bench                              the 30-second benchmarks; ARGS="" for a full run: python -m bench
#   make pictures                           docs/img from a seeded day of the desk; wants Chromium and a CJK font
#   make validate                           docs/validation.md and its pages from ../shared/data: minutes
#   make lock                               renew requirements.lock from pyproject.toml

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
ALONE := tests/runtime/test_demo.py tests/runtime/test_worker.py tests/runtime/test_worker_plain.py

# A desk is a dozen processes: without byte code on disk each of them would compile Prefect and arch anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test faults soak check bench pictures validate lock

help:
	@sed -n 's/^#   //p' Makefile

setup: $(READY)

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Python's venv is missing: install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(READY): requirements.lock pyproject.toml | $(BIN)/uv
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $(READY)

demo: setup
	$(BIN)/risk demo $(ARGS)

# On two processes, file by file; what keeps cadences with a whole machine to itself comes after them.
test: setup
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ALONE:%=--ignore %)
	$(BIN)/python -m pytest $(ALONE)
else
	$(BIN)/python -m pytest $(ARGS)
endif

faults: setup
	$(BIN)/python -m pytest -m faults $(ARGS)

soak: setup
	$(BIN)/python -m tests.faults.soak $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@! grep -nE '^ *(--(extra-)?index-url|--find-links)|://' requirements.lock || { echo "requirements.lock names an address: make lock"; exit 1; }

bench: setup
	$(BIN)/python -m bench --quick $(ARGS)

pictures: setup
	$(BIN)/python -m tests.web.pictures $(ARGS)

ARCHIVES ?= ../shared/data

validate: setup
	$(BIN)/python -m risk.runtime.validate $(ARCHIVES) docs

lock: $(BIN)/uv
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --python-version 3.11 -o requirements.lock
