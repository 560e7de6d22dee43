# leadpulse: `make demo` shows it, `make test` proves it. All targets set up .venv when it is not up to date.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
# The compiled core: built where cargo is there, anew when its sources change; everything runs without it.
CORE := build/native/.tried
# Processes that share the tests on two cores; tests of the broker wait more than they work, so two more find room.
# `make test WORKERS=0` runs all tests one after the other in one process.
quick laws-without: WORKERS ?= 2
test: WORKERS ?= 4
# The first of these that is 3.11 or later; `make PYTHON=/path/to/python …` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

QUICK := tests/structure tests/unit tests/laws tests/contracts tests/oracle stream

.PHONY: help setup native native-check demo quick laws-without test bench bench-peers chaos chaos-long alerts-proof render lint lock \
	lock-peers audit clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(CORE)  ## put the locked dependencies into .venv, and build the compiled core where cargo is there

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "leadpulse needs Python 3.11 or later; none was found." >&2; \
		echo "  do: install one, or say where it is: make PYTHON=/path/to/python3.11 setup" >&2; exit 2; }
	@echo "setting up $(VENV), once: some 250 MB, a minute or two with a good connection"
	@test -x $(PY) || { echo "  1/3 making the environment with $(PYTHON)"; $(PYTHON) -m venv $(VENV); }
	@echo "  2/3 fetching the locked dependencies and checking their hashes"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "  3/3 putting leadpulse itself into it"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

$(CORE): $(STAMP) native/Cargo.toml native/build.py $(shell find native/src -name '*.rs')
	@$(PY) native/build.py
	@mkdir -p $(@D) && touch $@

native: $(STAMP)  ## build the compiled core; needs cargo, and waits for it
	@$(PY) native/build.py --must
	@mkdir -p $(dir $(CORE)) && touch $(CORE)

native-check: $(STAMP)  ## style, lints and tests of the compiled core; needs cargo
	cargo fmt --manifest-path native/Cargo.toml --check
	cargo clippy --manifest-path native/Cargo.toml --target-dir build/native --all-targets -- -D warnings
	cargo test --manifest-path native/Cargo.toml --target-dir build/native --no-default-features
	@if cargo miri --version >/dev/null 2>&1; then cargo miri test --manifest-path native/Cargo.toml \
		--target-dir build/miri --no-default-features --lib -- arena symbols times hashes json touches; \
		else echo "Miri is not in this toolchain: not run"; fi

demo: $(CORE)  ## broker, traffic, worker and live view on this machine
	$(VENV)/bin/leadpulse demo $(ARGS)

quick: $(CORE)  ## what needs no broker and no browser, with few examples: under two minutes
	LEADPULSE_TEST_EXAMPLES=quick $(PY) -m pytest -n $(WORKERS) $(QUICK) $(ARGS)

laws-without: $(CORE)  ## the laws and the engine's tests without the compiled core, with few examples
	LEADPULSE_NATIVE=off LEADPULSE_REQUIRE= LEADPULSE_TEST_EXAMPLES=quick $(PY) -m pytest -n $(WORKERS) tests/laws \
		tests/unit/engine tests/unit/stages tests/unit/ingest $(ARGS)

test: $(CORE)  ## all tests; the head of the output says which broker is used and what is skipped
	$(PY) -m pytest -n $(WORKERS) $(ARGS)

bench: $(CORE)  ## throughput, memory, latency, restart and unit costs; the overview at the end
	$(PY) -m tests.bench $(ARGS)

bench-peers: $(CORE)  ## one job on Flink, Kafka Streams, Bytewax … and leadpulse, on one broker; most of an hour
	$(PY) -m tests.bench.peers --light $(ARGS)

chaos: $(CORE)  ## the fault suite: kills, zombies, brokers that are away, poison …; a quarter of an hour
	$(PY) -m tests.chaos $(ARGS)

chaos-long: $(CORE)  ## all of the fault suite: a day and more
	$(PY) -m tests.chaos --long $(ARGS)

alerts-proof: $(STAMP)  ## false pages and time to detect, by stories of sites and mailings
	$(PY) -m tests.life.proof $(ARGS)

render: $(STAMP)  ## write schemas and the reference page from the code
	$(VENV)/bin/leadpulse render

lint: $(STAMP)  ## style, types and drift of rendered files
	$(VENV)/bin/ruff check stream tests
	$(VENV)/bin/ruff format --check stream tests
	$(VENV)/bin/mypy
	$(VENV)/bin/leadpulse render --check

lock: $(STAMP)  ## choose dependency versions anew (for every platform) and write their hashes
	$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --generate-hashes \
		--no-annotate --no-emit-index-url --custom-compile-command 'make lock' pyproject.toml -o requirements.lock

lock-peers: $(STAMP)  ## the same for the engines of bench-peers, each in an environment of its own
	cd tests/bench/peers/requirements && for each in *.in; do \
		$(CURDIR)/$(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
			--no-emit-index-url --custom-compile-command 'make lock-peers' $$each -o $${each%.in}.lock || exit 1; done

audit: $(STAMP)  ## does the lock fit the project, and is anything in it known to be vulnerable
	@$(PY) .ci/dependencies.py

clean:  ## remove what was built
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info native/target \
		stream/kernels/leadpulse_native.*
