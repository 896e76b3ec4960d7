# `make help` prints the targets. CI calls the same ones (.ci/run).
.DEFAULT_GOAL := help
.PHONY: help setup demo servers services test history flaky mutants compose-test check lint-files lint-infra security bench load profile soak simulate fuzz chaos chaos-real lock wheel clean
BIN := .venv/bin
# Where it is set every process compiles each module that it imports, which is most of what a short one does.
unexport PYTHONDONTWRITEBYTECODE

# Which tests run (a pytest marker expression; empty: all), the least coverage, and how it is reported.
SELECT :=
COVER := 85
REPORT := term:skip-covered

# How often `make flaky` runs the tests.
RUNS := 1

# The lock of all, and what is cut out of it for the image: what the worker runs with, what builds its wheel.
COMPILE = PATH="$$PATH:.tools/bin" UV_PYTHON_DOWNLOADS=never uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url
PART = $(COMPILE) --no-annotate --constraint requirements/all.lock

help: ## print this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## install what is missing: system programs, uv, .venv (quick when nothing is)
	@bash scripts/setup.sh

demo: setup ## see it all work on this machine, without an AWS account
	$(BIN)/cis-worker demo

servers: ## setup, and the servers that tests meet without Docker (docs/servers.md)
	@bash scripts/setup.sh servers

services: servers ## run these servers until Ctrl-C, and print how to use them
	@$(BIN)/python -m tests.servers run

# Unit tests need no server. (`make test` sets up what it needs itself.)
NEEDS = $(if $(filter unit,$(SELECT)),setup,servers)
# How `make test` runs them in parallel is stated in scripts/suite/run.py alone. (Asked where it is used: after the set-up.)
PYTEST = $(shell $(BIN)/python -c 'from scripts.suite.run import PARALLEL; print(*PARALLEL)') -m "$(SELECT)"

test: ## all tests, in parallel, with branch coverage and its floors; reports go into reports/
	scripts/test --coverage --select "$(SELECT)" -- --cov-report=$(REPORT) --cov-fail-under=$(COVER)

history: setup ## add the last `make test` to reports/history, and note flaky tests and what became slower
	$(BIN)/python -m scripts.suite.history reports/history/suite --add reports/junit.xml

flaky: $(NEEDS) ## the tests RUNS times beside busy loops; prints each that failed, with how often
	$(BIN)/python scripts/flaky.py $(RUNS) $(if $(SELECT),,--whole-suite) $(PYTEST)

mutants: $(NEEDS) ## break the code one place at a time (tests/mutants); the tests named there must notice (ONLY=topic)
	$(BIN)/python scripts/mutants.py $(ONLY)

compose-test: ## the integration tests against LocalStack and OpenSearch in containers (needs Docker)
	scripts/test --container --select integration

# Side by side, the long ones first. Each prints in one piece; all run, and one that fails fails the whole.
CHECKS := check-types check-words check-shape check-imports check-lint check-format
TOGETHER = --jobs $$(getconf _NPROCESSORS_ONLN) --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync)
.PHONY: $(CHECKS)

check: setup ## format, lint, types, import rules, shape, words
	@$(MAKE) --no-print-directory $(TOGETHER) $(CHECKS)

check-format:
	$(BIN)/ruff format --check .

check-lint:
	$(BIN)/ruff check .

check-types:
	$(BIN)/mypy

check-imports:
	$(BIN)/lint-imports

check-shape:
	$(BIN)/pytest -q --noconftest tests/unit/test_shape.py
	@$(BIN)/python scripts/shape.py

check-words:
	@scripts/words

lint-files: setup ## Dockerfiles, compose files, workflows, shell scripts (linters go into .tools)
	@bash scripts/lint-files.sh

lint-infra: setup ## the templates of infra/: cfn-lint, and checkov (in an environment of its own)
	@bash scripts/lint-infra.sh

security: setup ## faults in our code, known faults in our dependencies (asks the internet)
	@bash scripts/security.sh

bench: servers ## speed and memory, against the floor and the naive loop
	$(BIN)/python -m bench $(ROWS)

# The load: users, minutes, or a course (SHAPE=steady spike stress office-day); where it goes (docs/performance.md).
USERS := 10
MINUTES := 2
SHAPE :=
TARGET := $(if $(CIS_QUEUE_URL),environment,servers)

load: servers ## USERS=10 send files for MINUTES=2, and must find them in time; the report goes into reports/
	@$(BIN)/python -m tests.performance.load --users $(USERS) --minutes $(MINUTES) --target $(TARGET) --shape "$(SHAPE)"

# WHAT: some of scan, text, office, search (empty: all).
WHAT :=

profile: servers ## CPU and memory by function, worker and readers (WHAT="scan text"); reports/cpu_profile.txt, flame graphs
	$(BIN)/python -m bench.profiling $(WHAT)

simulate: setup ## the scenarios of infra/scenarios under all policies; figures and curves go into reports/
	@mkdir -p reports
	@for scenario in infra/scenarios/*.yaml; do $(BIN)/cis-worker simulate $$scenario --out reports || exit; done

fuzz: setup ## damaged files of every type through the sandbox (FUZZ_S=seconds, FUZZ_SEED=seed or seed:case)
	$(BIN)/python -m fuzz

chaos: setup ## a simulated fleet on its worst days (CHAOS_S=seconds, CHAOS_SEED=seed)
	$(BIN)/python -m tests.resilience

# RUN: some of chaos, shutdowns, notices, notice120, kills, outages (empty: all). SEED empty: the time.
RUN :=
SEED :=
DOCUMENTS := 300
FAULTS := 30
WORKERS := 3
SHUTDOWNS := 50
PAGES := 60
INTERRUPTIONS := 5
SCAN_PAGES := 200
NOTICE_S := 120
OUTAGE_S := 60
OUTAGE_DOCUMENTS := 200
SERVICES := s3 sqs dynamodb opensearch bedrock
KINDS := 403 500 nothing

chaos-real: servers ## real workers on real servers under kills, stops and outages (RUN=, SEED= and sizes: see Makefile)
	$(BIN)/python -m tests.resilience.real $(RUN) $(if $(SEED),--seed $(SEED)) --workers $(WORKERS) \
		--documents $(DOCUMENTS) --faults $(FAULTS) --shutdowns $(SHUTDOWNS) --pages $(PAGES) \
		--interruptions $(INTERRUPTIONS) --scan-pages $(SCAN_PAGES) --notice-s $(NOTICE_S) --outage-s $(OUTAGE_S) --outage-documents $(OUTAGE_DOCUMENTS) \
		--services $(SERVICES) --kinds $(KINDS)

# HOURS of flow, MINUTES from one kill to the next, INDEXES in turn (opensearch sqlite).
soak: HOURS = 1
soak: MINUTES = 3
soak: INDEXES = opensearch sqlite
soak: servers ## one worker under a mixed flow, killed every MINUTES, for HOURS: what grows, what is left (INDEXES=)
	$(BIN)/python -m bench.soak --hours $(HOURS) --minutes $(MINUTES) --index $(INDEXES)

lock: setup ## write the lock files after a change of pyproject.toml (UPGRADE=--upgrade: newer versions too)
	$(COMPILE) pyproject.toml --extra fast --extra neural --extra japanese --extra profile --extra simulate --extra home --extra watch --extra local --extra dev $(UPGRADE) --output-file requirements/all.lock
	$(PART) pyproject.toml --extra fast --extra japanese --output-file requirements/run.lock
	$(PART) pyproject.toml --extra fast --extra japanese --extra neural --output-file requirements/neural.lock
	$(PART) pyproject.toml --extra fast --extra home --output-file requirements/home.lock
	echo hatchling | $(PART) - --output-file requirements/build.lock

wheel: setup ## the wheel and the list of its parts (SBOM), into dist/
	@bash scripts/wheel.sh

clean: ## remove everything that was made here
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist reports demo-home *.egg-info
	find worker tests -name __pycache__ -prune -exec rm -rf {} +
