# `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
PORT ?= 3000
SEED ?= 1
CASES ?= 5000
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export BENTOML_DO_NOT_TRACK := True

.DEFAULT_GOAL := help
.PHONY: help demo test lint types contracts unit fuzz lock browser postgres java clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: requirements-dev.lock $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/runtime ## the whole way on real orders; SERVE=0 ends by itself, PORT=3000
	@$(BIN)/regulars demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve,--serve)

test: $(VENV)/dev browser postgres java lint types contracts unit ## install what tests need and run every check

lint: $(VENV)/dev ## style and dead imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/deptry .

types: $(VENV)/dev ## static types
	$(BIN)/mypy

contracts: $(VENV)/dev ## who may import whom
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/dev browser postgres java ## tests, doctests and notebooks
	$(BIN)/python -m pytest -n auto --dist loadfile -q

fuzz: $(VENV)/dev ## 5,000 generated requests to the API; SEED=1, CASES=5000
	REGULARS_FUZZ_SEED=$(SEED) REGULARS_FUZZ_CASES=$(CASES) \
	  $(BIN)/python -m pytest -q tests/journeys/test_generated_requests.py

browser: ## Chromium for the page's tests, from the system's packages
	@command -v chromium >/dev/null || { \
	  echo "installing chromium for the page's tests"; \
	  SUDO=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  $$SUDO apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }

postgres: ## PostgreSQL for the tests of databases, from the system's packages
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || { \
	  echo "installing postgresql for the tests of databases"; \
	  SUDO=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  $$SUDO apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends postgresql >/dev/null; }

java: ## Java for the tests on Spark, from the system's packages
	@command -v java >/dev/null || { \
	  echo "installing java for the tests on Spark"; \
	  SUDO=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
	  $$SUDO apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; }

lock: ## renew the locks from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --constraint requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o requirements-dev.lock
	printf 'psycopg[binary]\n' | uv pip compile - --constraint requirements-dev.lock --universal --python-version 3.11 \
	  --generate-hashes --no-emit-package typing-extensions --no-emit-package tzdata \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o deploy/postgres.lock
	printf 'openapi-python-client>=0.29\n' | uv pip compile - --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -q -o tests/journeys/openapi-python-client.lock

clean: ## remove the environment and everything that runs have written
	rm -rf $(VENV) .regulars .pytest_cache .mypy_cache .ruff_cache
