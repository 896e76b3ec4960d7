# `make help` prints the targets. CI calls the same ones (.ci/run).
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lock clean
BIN := .venv/bin

help: ## print this
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

setup: ## install what is missing: system programs, uv, .venv (quick when nothing is)
	@bash scripts/setup.sh

demo: setup ## see it all work on this machine, without an AWS account
	$(BIN)/cis-worker demo

test: setup ## all tests, in parallel, with branch coverage
	$(BIN)/pytest -n logical --dist loadscope -m "not performance" --cov --cov-report=term:skip-covered --cov-fail-under=85

check: setup ## format, lint, types, import rules, shape
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q --noconftest tests/unit/test_shape.py

bench: setup ## speed and memory, against the floor and the naive loop
	$(BIN)/python -m bench $(ROWS)

lock: setup ## write requirements.lock after a change of pyproject.toml (UPGRADE=--upgrade: newer versions too)
	PATH="$$PATH:.tools/bin" UV_PYTHON_DOWNLOADS=never uv pip compile pyproject.toml --extra local --extra dev --universal --generate-hashes --no-header --no-emit-index-url $(UPGRADE) --output-file requirements.lock

clean: ## remove everything that was made here
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist demo-home *.egg-info
	find worker tests -name __pycache__ -prune -exec rm -rf {} +
