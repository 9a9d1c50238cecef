# The commands people type. `make` alone shows them.

PYTHON := .venv/bin/python
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.DEFAULT_GOAL := help
.PHONY: help run test e2e screenshots bench soak chaos lint fix lock clean dev
.SILENT:

help:  ## Show this
	sed -n 's/^\([a-z0-9]*\):.*  ## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 12

run:  ## Run everything on this machine (PORT=8001 make run for another port); Ctrl-C ends it
	scripts/install requirements.lock
	$(PYTHON) manage.py up

test: dev  ## Run the whole suite, and its engine on PostgreSQL too where there is one
	scripts/test

e2e: browser  ## Drive a real house with a browser: every page, every reader's road (ONLY=… for a part)
	$(PYTHON) -m pytest -m e2e tests/e2e $(if $(ONLY),-k "$(ONLY)")

screenshots: browser  ## Take the pictures of the README anew
	PICTURES=1 $(PYTHON) -m pytest -m e2e tests/e2e/test_pictures.py

bench:  ## Measure the speed beside the limit, about 32 minutes (BENCH="--quick" make bench: four); docs/performance.md
	scripts/install requirements.lock
	$(PYTHON) -m bench $(BENCH)

soak:  ## Ten posts a second for half an hour: does anything grow? (MINUTES=30)
	scripts/install requirements-dev.lock
	$(PYTHON) -m bench --only soak $(if $(MINUTES),--minutes $(MINUTES))

chaos: dev  ## Break everything, seeded, and count what is lost or doubled (MINUTES=60 SEED=7 DATABASE=postgres FAULTS=…)
	$(PYTHON) -m tests.chaos --minutes $(or $(MINUTES),25) $(if $(SEED),--seed $(SEED)) \
		$(if $(DATABASE),--database $(DATABASE)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(PUBLISH),--publish)

lint: dev  ## Look for mistakes: style, types, templates, import rules, settings, migrations, lock files
	scripts/lint

fix: dev  ## Format, and repair what can be repaired by itself
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

lock: dev  ## Make the lock files anew after a change in a requirements file
	$(UV_COMPILE) requirements.txt --output-file requirements.lock
	$(UV_COMPILE) requirements-dev.txt --constraints requirements.lock --output-file requirements-dev.lock
	$(UV_COMPILE) requirements-e2e.txt --constraints requirements-dev.lock --output-file requirements-e2e.lock

clean:  ## Remove what can be made again: .venv and caches. The data in var/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	scripts/install requirements-dev.lock

browser:
	scripts/chromium >/dev/null
	scripts/install requirements-e2e.lock
