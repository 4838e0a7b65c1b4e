# `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help setup cluster demo test docs doctor lint clean clean-venv

# Which Python .venv is made from: empty for python3.
PYTHON ?=
VENV_PYTHON := .venv/bin/python
# Made at the end of a set-up that went well; younger files here mean another set-up.
READY := .venv/.ready

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14

setup: $(READY) ## .venv with everything in constraints.txt (PYTHON=python3.11 names another Python)

$(READY): constraints.txt setup.cfg tools/setup.sh
	@PYTHON="$(PYTHON)" tools/setup.sh
	@touch $@

cluster: $(READY) ## Ray in .venv, and the S3 server of its tests
	sed -n '/^# --- extra \[cluster\]/,$$p' constraints.txt | $(VENV_PYTHON) -m pip install --no-deps -r /dev/stdin

demo: $(READY) ## simulate harbors, train and test a small detector: work_dirs/demo/index.html
	$(VENV_PYTHON) tools/demo.py

# Its commands are many processes: without bytecode each one compiles torch's modules anew, for seven seconds.
test: $(READY) ## the whole test suite, one process a core and at most four
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(VENV_PYTHON) -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

docs: $(READY) ## the site of docs/: build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(VENV_PYTHON) -m mkdocs build --strict

# Without set-up: it is there to say why a set-up failed.
doctor: ## versions, compiled ops, GPU, and what to do about each problem
	@if [ -x $(VENV_PYTHON) ]; then $(VENV_PYTHON) tools/doctor.py; else $(or $(PYTHON),python3) tools/doctor.py; fi

lint: $(READY) ## ruff and mypy
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

clean: ## what tests and builds left behind (work_dirs and .venv stay)
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

clean-venv: ## .venv
	rm -rf .venv
