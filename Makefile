# Everything a person types here. Each target sets up what it needs first; nothing is installed outside .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LISTEN ?= 127.0.0.1:8080
PIP    := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: help run test check bench strings lock clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/'

run: $(VENV)/.run ## set up everything and serve on http://127.0.0.1:8080 (LISTEN=HOST:PORT for another address)
	@PIXELHOST_DATA_DIR=$${PIXELHOST_DATA_DIR:-./data} exec $(BIN)/pixelhost serve --listen $(LISTEN)

test: $(VENV)/.dev ## set up everything and run the whole test suite (ARGS="-k name" for a part of it)
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: $(VENV)/.dev ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(VENV)/.dev ## measure against the yardsticks and print the table (ARGS="upload_1gib" for some of them)
	@$(BIN)/python -m tests.bench $(ARGS)

strings: $(VENV)/.dev ## gather what the pages say into the catalogues of the languages
	@$(BIN)/python -m tests.web.catalogue

lock: $(VENV)/.dev ## resolve pyproject.toml anew into deploy/requirements*.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE) \
		pyproject.toml --group build -o deploy/requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE) \
		pyproject.toml --group build --extra s3 --extra media --extra dev -o deploy/requirements-dev.txt

clean: ## remove the virtual environment and caches (never the data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit("pixelhost needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make virtual environments: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: deploy/requirements.txt pyproject.toml | $(VENV)/bin/pip
	@echo "Installing the locked packages ..."
	@$(PIP) install --require-hashes -r deploy/requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: deploy/requirements-dev.txt pyproject.toml | $(VENV)/bin/pip
	@echo "Installing the locked packages, with those for development ..."
	@$(PIP) install --require-hashes -r deploy/requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run
