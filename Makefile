# relureg: on a fresh Debian machine `make count` and `make test` do all the set-up themselves.

VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SYSTEM := build-essential python3-dev python3-venv libcdd-dev libgmp-dev
NET    ?= fixtures/nets/overt_single_pendulum_small.nnet

.PHONY: count test lint check clean

count: $(STAMP) ## count the regions of a real network (NET=path for another)
	$(BIN)/relureg count $(NET)

test: $(STAMP) ## run the tests
	$(BIN)/python -m pytest

lint: $(STAMP) ## formatting, lint, types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## everything CI runs

$(STAMP): pyproject.toml CMakeLists.txt Makefile $(wildcard relureg/engine/_cells/*)
	@sh .ci/system-packages $(SYSTEM)
	@sh .ci/python -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' \
		|| { echo "Building relureg failed: see above for what is missing" >&2; exit 1; }
	@touch $@

clean: ## remove what was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
