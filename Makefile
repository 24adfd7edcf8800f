# `make demo` and `make test` need Python 3.11 to 3.13 and the package registries; everything else is fetched into .venv
# and the user's cache.

VENV := .venv
BIN := $(VENV)/bin

# The first Python on the PATH that is new enough and really runs (version managers leave stubs that do not).
find_python = $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)

.PHONY: demo test test-fast test-slow lint typecheck format bench figures lock clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make demo       draw a catalogue, index it, open the search page (DEMO_FLAGS=--no-serve: only search once)"
	@echo "make test       on a real Solr and in Chromium; what needs a browser or the real photos skips without them"
	@echo "make test-slow  processes killed again and again, quality on real photos, times, the documents' pictures"
	@echo "make test-fast  the tests that need neither Solr nor a model nor a browser"
	@echo "make audit      dependencies: pinned, licensed, without known holes where advisories can be had"
	@echo "make bench      the product beside stock Solr, vector databases and libraries (BENCH_FLAGS)"
	@echo "make figures    every other figure of the documentation, small"
	@echo "make screenshots  the pictures of the pages in the documents (needs Chromium)"
	@echo "make lock       compile the lock files anew (needs uv)"

demo: $(VENV)/installed
	$(BIN)/visual-search demo $(DEMO_FLAGS)

# Each worker has a Solr of its own. Nothing runs beside what takes times (alone).
PARALLEL := -n auto --maxprocesses 4 --dist loadgroup

test: test-fast
	$(BIN)/pytest $(PARALLEL) -m "(solr or model or browser) and not slow and not alone" $(TEST_FLAGS)

test-slow: $(VENV)/installed-dev
	$(BIN)/pytest $(PARALLEL) -m "slow and not alone$(if $(REDUCED), and not many)" $(TEST_FLAGS)
	$(BIN)/pytest -m "alone$(if $(REDUCED), and not many)" $(TEST_FLAGS)

test-fast: $(VENV)/installed-dev
	$(BIN)/pytest $(PARALLEL) -m "not solr and not model and not browser and not slow" $(TEST_FLAGS)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(VENV)/installed-dev
	$(BIN)/mypy

.PHONY: audit
audit: $(VENV)/installed-dev
	$(BIN)/python -m tests.audit $(AUDIT_FLAGS)

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed-peers
	$(BIN)/python -m benchmarks.peers $(BENCH_FLAGS)

figures: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks $(BENCH_FLAGS)

.PHONY: screenshots
screenshots: $(VENV)/installed-dev
	SCREENSHOTS=docs/images $(BIN)/pytest tests/screenshots

UV_COMPILE := uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11 --quiet
lock:
	$(UV_COMPILE) pyproject.toml --all-extras -o requirements-dev.lock
	$(UV_COMPILE) pyproject.toml --extra build --extra embedded --extra detect --extra oidc --extra parquet --extra traces -c requirements-dev.lock \
		-o requirements.lock
	$(UV_COMPILE) benchmarks/peers/requirements.in -c requirements-dev.lock -o requirements-peers.lock

$(BIN)/python:
	@test -n "$(find_python)" || { echo "make: no Python 3.11, 3.12 or 3.13 found on the PATH; install one" >&2; exit 1; }
	$(find_python) -m venv $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing what requirements.lock pins (TensorFlow is most of it) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/installed-peers: requirements-peers.lock $(VENV)/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
