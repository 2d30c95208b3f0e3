# One way to do each thing. CI runs these targets and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEVELOPMENT := $(VENV)/.installed-development

.DEFAULT_GOAL := help
.PHONY: help run test lint bench proto torture pins clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(RUNTIME)  ## start the server; ARGS="--capability examples.probe" serves the example too
	$(BIN)/aevatar serve $(ARGS)

test: $(DEVELOPMENT)  ## run the tests; ARGS="-k late_timer" narrows them
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(DEVELOPMENT)  ## style, types, who imports whom, generated code, licences
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_protobuf.py --check
	$(BIN)/python scripts/check_licences.py

bench: $(DEVELOPMENT)  ## measure; prints a table and JSON
	$(BIN)/python -m benchmarks $(ARGS)

proto: $(DEVELOPMENT)  ## generate the Python side of the Protobuf contracts
	$(BIN)/python scripts/generate_protobuf.py

torture: $(DEVELOPMENT)  ## the long crash loops; takes as long as it takes
	AEVATAR_TORTURE=long $(BIN)/python -m pytest tests/torture -n 0 --timeout=0 $(ARGS)

pins: $(DEVELOPMENT)  ## resolve the ranges anew; read the versions it chose before committing
	$(BIN)/python scripts/pin_requirements.py

clean:  ## remove everything that can be made again
	rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# The stamps make repeated runs instant. Everything installed is pinned by hash, the build backend included.

$(RUNTIME): requirements/core.txt requirements/build.txt pyproject.toml
	$(call install,-r requirements/core.txt -r requirements/build.txt)
	touch $@

$(DEVELOPMENT): requirements/dev.txt pyproject.toml
	$(call install,-r requirements/dev.txt)
	touch $@ $(RUNTIME)

# uv where it is present, because it is faster. pip otherwise, and also where uv does not get through: only pip reads
# pip's own configuration.
define install
@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("aevatar needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name another: make PYTHON=python3.12" % v[:2])'
test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
{ command -v uv >/dev/null && uv pip install --quiet --python $(BIN)/python --require-hashes $(1); } \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes $(1)
$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef
