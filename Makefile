# Two commands for a fresh clone: `make demo` and `make test`. They need Python 3.11 or newer and PyPI.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lint results bench quality clean

demo: $(BIN)/elegans
	$(BIN)/elegans train demo --run runs/demo

test: $(BIN)/pytest
	$(BIN)/pytest

lint: $(BIN)/ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

results: $(BIN)/elegans
	$(BIN)/python scripts/make_results.py

# FORM=full for all recipes; the peers get an environment of their own
FORM ?= short
bench: $(BIN)/elegans benchmarks/.peers/bin/python
	$(BIN)/python benchmarks/throughput.py $(FORM) --peers benchmarks/.peers/bin/python

# SCRIPTS=FOLDER: a clone of PyTorch-GAN, whose scripts are then among the peers
quality: $(BIN)/elegans benchmarks/.peers/bin/python
	$(BIN)/python benchmarks/quality.py --peers benchmarks/.peers/bin/python $(if $(SCRIPTS),--pytorch-gan $(SCRIPTS))

benchmarks/.peers/bin/python:
	$(PYTHON) -m venv benchmarks/.peers
	benchmarks/.peers/bin/pip install --quiet --disable-pip-version-check "keras>=3.8,<3.16" "tensorflow-cpu>=2.18,<2.22" "jax>=0.10,<0.11"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "elegans needs Python 3.11 or newer: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv .venv

$(BIN)/elegans: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(BIN)/pytest: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

$(BIN)/ruff: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv
