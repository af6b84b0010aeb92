# OctoNext. `make` alone lists what can be done.
#
# Every target works from any directory (make -C path) and needs nothing but Python 3.11 or newer: the
# first run makes .venv and web/node_modules from the locked requirements, later runs find it done.
#
#   PYTHON=python3.12   which Python makes .venv
#   ARGS="..."          passed on by demo, test, bench, simulate and lock
#   JOBS=N              tests at a time (default: cores + 1)
#   QUICK=1             the whole page of benchmarks in five minutes

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint lint-python lint-web format bench simulate web lock clean

BIN := .venv/bin
ARGS ?=
QUICK ?=
# One more than there are cores: the tests with real processes spend a quarter of their time waiting.
JOBS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Make .venv and install the locked packages (done once)
	@PYTHON='$(PYTHON)' scripts/set-up

demo: setup ## Run a chain of shops here and watch it sell (ARGS=--exit ends by itself)
	@scripts/system-packages demo
	@scripts/web build || echo "demo: goes on without the browser till"
	@$(BIN)/octonext demo $(ARGS)

# The tests start hundreds of interpreters: what these compile is kept, also where the environment says not to.
test: setup ## Run the tests
	@scripts/system-packages test
	@scripts/web build
	@scripts/web test
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $(JOBS) $(ARGS)

lint: setup ## Check style, types and the ladder of packages
	@$(MAKE) --no-print-directory -j2 -O lint-python lint-web

# Side by side: each has work for one core, for a minute.
lint-python:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

lint-web:
	@scripts/web lint

format: setup ## Lay out the code the way lint wants it
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .
	@scripts/web npm run format --silent

bench: setup ## Measure, and write docs/benchmarks.md (QUICK=1: five minutes)
	@scripts/system-packages test
	@scripts/web build
	@$(BIN)/python -m bench $(if $(filter-out 0,$(QUICK)),--quick) $(ARGS)

simulate: setup ## Live through 1,000 simulated worlds, or until one fails (ARGS="--seeds 100000 --jobs 2")
	@$(BIN)/octonext simulate $(or $(ARGS),--seeds 1000)

web: setup ## Build the browser till
	@scripts/web build

lock: ## Resolve requirements/*.in again (ARGS=--upgrade takes newer versions)
	@scripts/lock $(ARGS)

clean: ## Remove .venv and every cache; data directories are left alone
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
