# Dear Congress. `make run` and `make test` do all their setup.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Locks for Python 3.11 and newer on every platform, with the hash of every archive.
LOCKING := pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests run commands that load the site: that takes one second with bytecode files, three without.
export PYTHONDONTWRITEBYTECODE :=

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/run.stamp ## Serve the site and its mail worker on http://localhost:8000 (PORT=… WORKERS=… to change)
	@exec $(BIN)/python -m app.main

dev: $(VENV)/run.stamp ## Serve on http://localhost:8000 and reload when a file changes
	@exec $(BIN)/flask run --debug --port $${PORT:-8000} --extra-files "$$(find letters templates -name '*.t*' -o -name '*.html' | paste -sd: -)"

test: $(VENV)/test.stamp browser ## Run all tests, including those in a real browser
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

quick: $(VENV)/test.stamp ## Run the tests that need no browser and are not slow
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "not browser and not slow" $(ARGS)

lint: $(VENV)/test.stamp ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

audit: $(VENV)/test.stamp ## Check what is installed: as locked, unchanged, no known vulnerability
	$(BIN)/python -m tests.audit
	$(BIN)/ruff check -q --select S app

lock: $(VENV)/bin/python ## Rewrite the lock files after a requirements.txt has changed
	$(BIN)/pip install -q uv==0.13.9
	$(BIN)/uv $(LOCKING) requirements.txt -o requirements.lock
	$(BIN)/uv $(LOCKING) -c requirements.lock requirements.txt tests/requirements.txt -o tests/requirements.lock
	grep ^redis== tests/requirements.txt | $(BIN)/uv $(LOCKING) - -o deploy/redis.lock

bench: $(VENV)/bench.stamp ## Print measured ratios, each pair in one run
	$(BIN)/python -m tests.bench

soak: $(VENV)/test.stamp ## Sign for ten minutes at the highest rate, then inject one fault after another (ARGS="--minutes 1")
	$(BIN)/python -m tests.bench.soak $(ARGS)

i18n: $(VENV)/test.stamp ## Update the Spanish catalogue from the code and pages
	$(BIN)/pybabel -q extract -F app/web/babel.cfg -k lazy_gettext -k _l -k _mark -k Field:3 --add-location=file --no-wrap --sort-by-file --omit-header -o app/web/translations/messages.pot .
	$(BIN)/pybabel -q update --no-wrap --omit-header -i app/web/translations/messages.pot -d app/web/translations -l es

gallery: $(VENV)/test.stamp browser ## Take a screenshot of every resident page, into gallery/ (ONLY=take for some)
	@$(BIN)/python -m tests.gallery $(ONLY)

clean: ## Remove the virtual environment (instance/ is kept)
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed.") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.lock | $(VENV)/bin/python
	@echo "Installing what the site needs (once)…"
	@$(BIN)/pip install -q --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp tests/requirements.lock
	@echo "Installing what the tests need (once)…"
	@$(BIN)/pip install -q --require-hashes -r tests/requirements.lock
	@touch $@

$(VENV)/bench.stamp: $(VENV)/test.stamp tests/bench/requirements.txt
	@$(BIN)/pip install -q -r tests/bench/requirements.txt
	@sh tests/system-packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 sqlite3
	@touch $@

browser:
	@sh tests/system-packages chromium redis-server procps

.PHONY: help run dev test quick lint audit lock bench soak i18n gallery clean browser
