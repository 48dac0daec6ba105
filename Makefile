# Reelay's verbs. `make` alone explains them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
TIER ?= pro
ROLE ?= tenant
STAGE ?=
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## This list
	@echo "Reelay: pictures in, films out."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 …"; exit 1; }
	@echo "setting up $(VENV) (once, about two minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m local.synth
	@touch $@

node_modules/.ready: package.json package-lock.json
	@npm ci --silent --no-audit --no-fund
	@touch $@

.cache/peers/.ready: bench/requirements.txt
	@$(PYTHON) -m venv --clear .cache/peers
	@.cache/peers/bin/pip install --quiet --disable-pip-version-check --require-hashes -r bench/requirements.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## Makes .venv from the lock files (the other verbs do it by themselves)

.PHONY: demo
demo: setup ## Makes a film from sample pictures on this machine: out/demo/film.mp4
	@$(BIN)/python -m local.demo

.PHONY: player
player: setup node_modules/.ready ## A browser (Chromium, which must be there) watches a film while it is made
	@$(BIN)/python -m local.player

.PHONY: local
local: setup ## The whole cloud on 127.0.0.1 (PORT=8080), until Ctrl-C; settings from the environment or .env
	@exec $(BIN)/python -m local

.PHONY: key
key: setup ## A new API key: make key TENANT=acme [TIER=pro] [ROLE=operator] [STAGE=dev]; without STAGE for the local cloud if it is up
	@test -n "$(TENANT)" || { echo "whose key? make key TENANT=acme"; exit 2; }
	@STAGE='$(STAGE)' $(BIN)/python -m admin key --tier '$(TIER)' --role '$(ROLE)' -- '$(TENANT)'

.PHONY: redrive
redrive: setup ## Has looks at providers that were set aside taken again: make redrive [STAGE=dev]
	@STAGE='$(STAGE)' $(BIN)/python -m admin redrive

.PHONY: revoke
revoke: setup ## Ends an API key: make revoke KEY=rl_… [STAGE=dev]
	@test -n "$(KEY)" || { echo "which key? make revoke KEY=rl_…"; exit 2; }
	@STAGE='$(STAGE)' $(BIN)/python -m admin revoke -- '$(KEY)'

.PHONY: budget
budget: setup ## What a tenant may spend in all: make budget TENANT=acme [USD=50 | USD=none] [STAGE=dev]
	@test -n "$(TENANT)" || { echo "whose budget? make budget TENANT=acme USD=50"; exit 2; }
	@STAGE='$(STAGE)' $(BIN)/python -m admin budget -- '$(TENANT)' $(if $(USD),'$(USD)')

.PHONY: credits
credits: setup ## What a tenant has of credits, and grants it some: make credits TENANT=acme [GRANT=1000] [STAGE=dev]
	@test -n "$(TENANT)" || { echo "whose credits? make credits TENANT=acme GRANT=1000"; exit 2; }
	@STAGE='$(STAGE)' $(BIN)/python -m admin credits -- '$(TENANT)' $(if $(GRANT),'$(GRANT)')

.PHONY: models
models: setup ## Lays a document over the catalogue: make models FILE=overrides.json [STAGE=dev]; without FILE shows what is in force
	@STAGE='$(STAGE)' $(BIN)/python -m admin models -- $(if $(FILE),'$(FILE)')

.PHONY: test
test: setup node_modules/.ready ## The whole suite
	@$(BIN)/python -m pytest -n 4

.PHONY: survive
survive: setup ## What can go wrong, made to go wrong, row by row: docs/survival.md; one row alone: make survive ROW=11
	@$(BIN)/python -m pytest tests/survival --tb short $(if $(ROW),--row '$(ROW)',-n 4 --no-loadscope-reorder)

.PHONY: bench
bench: setup .cache/peers/.ready ## Ratios and bounds, measured on this machine while it is quiet: out/bench.json; fails where one does not hold
	@$(BIN)/python -m bench

.PHONY: simulate
simulate: setup ## Seeded schedules over the real domain, everything going wrong; SEED=… replays one, line by line
	@$(BIN)/python -m simulation $(if $(SEED),--seed $(SEED),--schedules $(or $(SCHEDULES),20000))

.PHONY: faults
faults: setup ## Plants faults one at a time: the schedules must catch each; writes docs/faults.md
	@$(BIN)/python -m simulation.faults

.PHONY: check
check: setup node_modules/.ready ## Format, lint, types, template
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m infra.check

.PHONY: format
format: setup ## Formats and mends what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: synth
synth: setup ## CloudFormation in cdk.out/
	@$(BIN)/python app.py
	@echo "cdk.out/"

.PHONY: openapi
openapi: setup ## The API's description, from its routes: docs/openapi.json
	@$(BIN)/python -m infra.openapi

.PHONY: deploy
deploy: setup node_modules/.ready ## Deploys to your own AWS account: make deploy STAGE=dev
	@npx cdk deploy --context stage=$(or $(STAGE),dev) --require-approval broadening

.PHONY: lock
lock: setup ## Resolves the lock files anew
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet -o requirements-dev.txt
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet -o layers/packages/requirements.txt
	@$(BIN)/uv pip compile --group pyproject.toml:bench --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet -o bench/requirements.txt
