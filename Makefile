# `make` lists what there is to do. Each goal does all the set-up that it needs.

# The environment's folder; another one stands beside the first without touching it.
ENVIRONMENT ?= .venv
# The interpreter to build on. Empty: the first suitable one of python3.11, 3.12, 3.13.
PYTHON ?=
# What `make run`, `make test` and `make unit` hand on.
ARGS ?=
# The name of the container image, and what it is built on; see the Dockerfile.
IMAGE ?= image-classification-pipeline:latest
BASE_IMAGE ?= debian:trixie-slim
# Files of tests that run at the same time; each takes up to 2 GiB.
WORKERS ?= 2

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
export ENVIRONMENT PYTHON

python := $(ENVIRONMENT)/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test unit lint types format imports set-up lock lock-check reproduce notebook image \
	doctor python-versions clean

help: ## list the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: set-up ## run the pipeline on the sample, or: make run ARGS="--data FOLDER"
	@$(python) runner_local.py $(ARGS)

test: set-up ## run every test, end to end ones included
	@$(python) -m pytest tests --numprocesses $(WORKERS) --dist loadfile $(ARGS)

unit: set-up ## run the tests that need neither a pipeline run nor Docker
	@$(python) -m pytest tests -m "not e2e and not docker" \
	  --numprocesses $(WORKERS) --dist loadfile $(ARGS)

lint: set-up ## check style and formatting
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

format: set-up ## rewrite the files in the project's format
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .

types: set-up ## check the types
	@$(python) -m mypy

imports: set-up ## import the whole stack once
	@$(python) -c "import tensorflow, tfx, tensorflow_data_validation, \
	  tensorflow_model_analysis, apache_beam, pipeline, components; print('imports: all of them')"

set-up: ## build the environment; does nothing when it is current
	@scripts/set_up.sh

lock: ## rewrite both lock files from pyproject.toml; newer versions: make lock ARGS=--upgrade
	@scripts/lock.sh $(ARGS)

lock-check: ## check that both lock files follow from pyproject.toml
	@scripts/lock.sh --check

reproduce: set-up ## run the published programs; rows and folders: make reproduce ARGS="mnist_cnn --peer"
	@$(python) benchmarks/reproduce.py $(ARGS)

notebook: set-up ## open the newest evaluation in TFMA's own views: EVALUATION_OUTPUT=output/NAME
	@$(python) -m jupyterlab notebooks/evaluation.ipynb $(ARGS)

image: ## build the container image for Kubeflow: make image IMAGE=REGISTRY/NAME:TAG
	@docker build --network host --tag "$(IMAGE)" --build-arg BASE_IMAGE="$(BASE_IMAGE)" \
	  --build-arg REVISION="$$(git rev-parse HEAD)" $(ARGS) .

doctor: ## say what this machine offers and what is missing
	@any=$$(command -v python3 python3.11 python3.12 python3.13 | head -n 1 || true); \
	  "$${any:?Python is required (Debian, Ubuntu: apt install python3 python3-pip)}" \
	  -m scripts.doctor "$(ENVIRONMENT)"

python-versions: ## show that Python 3.12 and 3.13 work too (minutes)
	@scripts/check_python_versions.sh

clean: ## remove the environment and all caches; runs and models stay
	@rm -rf "$(ENVIRONMENT)" .mypy_cache .ruff_cache .pytest_cache *.egg-info build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
