# Parallax: `make demo` shows it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := .venv/bin
PYTHON := $(RUN)/python

# Tests and lint must not depend on a developer's own .env.
TEST_ENV := DEBUG=false HTTPS_ONLY=false LOG_LEVEL=WARNING \
	SECRET_KEY=for-tests-only-for-tests-only-for-tests-only-for-tests-only \
	DATA_DIR=$(CURDIR)/data/test \
	DATABASE_URL=$(or $(DATABASE_URL),sqlite:///$(CURDIR)/data/test/parallax.sqlite3)

# Each takes up to a gigabyte with its engines warm.
TEST_PROCESSES ?= $(shell n=$$(nproc); echo $$((n > 4 ? 4 : n)))

.PHONY: help setup dev run migrate demo test drills types lint lock schema clean

help: ## List what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.tools/bin/uv:
	@echo "uv is not here; bringing it into .tools/"
	@python3 -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

# Python 3.12 is taken from the machine where it is there, and fetched by uv where not.
.venv/.ready: pyproject.toml | $(filter .tools/bin/uv,$(UV))
	@$(UV) sync --all-extras --quiet
	@touch $@

.env:
	@$(PYTHON) -m config.make_env --local

setup: .venv/.ready ## Install everything and write .env with fresh secrets
	@test -f .env || $(MAKE) --no-print-directory .env

migrate: setup ## Bring the database up to date
	@$(PYTHON) manage.py migrate

run: migrate ## Start the service on http://127.0.0.1:8000 with its worker; Ctrl-C stops both
	@exec $(PYTHON) manage.py run_service

dev: migrate ## As run, with DEBUG and reload on change
	@DEBUG=true exec $(PYTHON) manage.py run_service --reload

demo: .venv/.ready ## One strategy, judged by every engine, over the real API
	@$(PYTHON) -m config.demo

test: .venv/.ready ## Run all tests, on embedded defaults
	@$(TEST_ENV) $(RUN)/pytest -n $(TEST_PROCESSES) --dist loadfile $(PYTEST_ARGS)

drills: .venv/.ready ## Break everything on purpose, and count what came of it (DRILLS="kill --quick")
	@.ci/with-services $(PYTHON) -m tests.drills $(DRILLS)

lint: .venv/.ready ## Check style, types, imports, settings and migrations
	@$(RUN)/ruff check --no-fix .
	@$(RUN)/ruff format --check .
	@$(MAKE) --no-print-directory types
	@$(TEST_ENV) $(RUN)/lint-imports --no-cache
	@$(TEST_ENV) HTTPS_ONLY=true $(PYTHON) manage.py check --deploy --fail-level WARNING
	@$(TEST_ENV) $(PYTHON) manage.py makemigrations --check --dry-run

types: .venv/.ready ## Check types alone
	@$(TEST_ENV) $(RUN)/mypy .

schema: .venv/.ready ## Write docs/openapi.yaml and docs/asyncapi.yaml anew
	@$(TEST_ENV) $(PYTHON) manage.py spectacular --fail-on-warn --validate --file docs/openapi.yaml
	@$(TEST_ENV) $(PYTHON) manage.py export_asyncapi --file docs/asyncapi.yaml

lock: | $(filter .tools/bin/uv,$(UV)) ## Resolve anew and write requirements.lock
	@$(UV) lock --quiet --upgrade
	@$(UV) export --quiet --frozen --all-extras --no-dev --no-emit-project --no-header \
		--no-emit-package polars --no-emit-package polars-runtime-32 \
		--no-annotate --format requirements-txt --output-file requirements.lock
	@echo "requirements.lock: $$(grep -c == requirements.lock) packages"

clean: ## Remove what was installed and made, but no data
	@rm -rf .venv .tools staticfiles .mypy_cache .ruff_cache .pytest_cache .coverage
