# `make help` lists the targets. Everything installs into .venv; nothing else is touched.
PYTHON ?= python3
OPINION ?= ../shared/tools/fhir-validate
PORT ?= $(or $(GATEWAY_PORT),8080)
BIN := .venv/bin
READY := .venv/.ready
COLLECTED := .venv/.collected
APART := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test check check-types check-others audit fix bench scoreboard opinion clients clean

# A machine may forbid Python to keep what it compiled; then each process of the tests would compile all of them again.
test check: export PYTHONDONTWRITEBYTECODE =

help: ## What there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 14

setup: $(READY) ## The virtual environment, with the exact versions of requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 2; }
	@if command -v uv >/dev/null 2>&1; then \
	  { [ -x $(BIN)/python ] || uv venv --quiet --python "$$(command -v $(PYTHON))" .venv; } && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  { [ -x $(BIN)/python ] || $(PYTHON) -m venv .venv; } && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib gateway || true  # without bytecode each start takes 0.6 s more
	@touch $(READY)

demo: $(READY) ## Start the gateway, send the samples through every door, show what came of them
	@$(BIN)/gateway demo

serve: $(READY) ## Keep the gateway in the foreground (PORT=8080)
	@GATEWAY_PORT=$(PORT) $(BIN)/gateway serve

test: $(READY) ## Every test, on SQLite and on PostgreSQL
	@$(BIN)/pytest -q -n auto

check: $(READY) ## Everything CI checks: format, lint, types, import contracts, tests, mappings
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(APART) check-types check-others
	$(BIN)/pytest -q -n auto

# On two cores at once what takes one. The tests are collected before they run: each of their processes then finds
# them compiled, which takes less than half the time.
check-types:
	$(BIN)/mypy

check-others:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/gateway map lint
	$(BIN)/gateway map test
	$(BIN)/pytest -qq --collect-only >$(COLLECTED) || { cat $(COLLECTED); rm -f $(COLLECTED); exit 1; }
	@rm -f $(COLLECTED)

audit: $(READY) ## Ask for advisories on the packages of the lock (installs pip-audit for itself)
	@$(BIN)/python scripts/audit.py

fix: $(READY) ## Mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Every figure, as a ratio to its floor in the same run
	@$(BIN)/python -m bench

scoreboard: $(READY) ## Measure everything at full volume and renew docs/scoreboard.md
	@$(BIN)/python -m bench --full --write

opinion: $(READY) ## Let another validator (OPINION=folder, Node) look at every golden output
	@$(BIN)/python scripts/second_opinion.py $(OPINION)

clients: $(READY) ## Let other people's FHIR clients, and schemathesis, talk to a gateway (installs them)
	@$(BIN)/python clients/run.py

clean: ## Remove what was made here
	rm -rf .venv .venv-clients .venv-audit clients/node_modules build dist var .pytest_cache .mypy_cache .ruff_cache .hypothesis
