# Everything needed is installed into .venv by these targets: Python 3.11 and make are enough.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1
unexport PYTHONDONTWRITEBYTECODE  # tests start thousands of processes, which would compile every module again
.DEFAULT_GOAL := help

.PHONY: help install demo test tests-here clusters-beside coverage test-slow test-sweeps test-cluster check golden results results-check docs screenshots ops wheel gpu-check bench slurm-up slurm-down clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/installed: requirements.lock pyproject.toml
	@echo "Installing adasweep into .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq "$$(grep '^torch==' requirements.lock)"
	@$(BIN)/python -m pip install -qq -r requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@$(BIN)/python -m trainer ops build --cpu --optional
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@$(BIN)/python -m pip install -qq -r requirements-dev.lock
	@touch $@

install: .venv/installed  ## Make .venv and install the command adasweep

demo: .venv/installed  ## Train a small sweep on real images on this machine, record it, plot it
	@$(BIN)/adasweep demo

test: check .venv/installed-ray .venv/installed-ui .venv/installed-docs  ## Check the code, run all tests including those on clusters, and report coverage
	@$(MAKE) --no-print-directory -j 2 tests-here clusters-beside
	@$(BIN)/python -m tests.support.coverage_report .coverage.json

tests-here:
	@$(COVERED) --json --out .coverage.json -m pytest -n 3 -m "not cluster and not slow and not sweeps"

clusters-beside:  # they wait most of the time
	@echo "Tests on SLURM and Ray clusters run beside the others, and write to .clusters.log"
	@$(MAKE) --no-print-directory test-cluster HOSTILE= >.clusters.log 2>&1 || failed=1; cat .clusters.log; exit $${failed:-0}

COVERED := $(BIN)/python -m slipcover --source trainer,orchestrator,analysis,infra

coverage: .venv/installed-dev  ## Show the coverage of the last `make test`, file by file (worker processes and clusters are not counted)
	@$(BIN)/python -m slipcover --merge .coverage.json --out .coverage.json

test-slow: .venv/installed-dev  ## Run the tests that take minutes: two ranks, bf16, every method for 2 kimg
	@$(BIN)/python -m pytest -n 2 -m "slow and not cluster"

test-sweeps: .venv/installed-dev  ## Run the smoke tier of every sweep and draw its figures (about twenty minutes on two cores)
	@$(BIN)/python -m pytest -m sweeps tests/sweeps

.venv/installed-ray: requirements-ray.lock .venv/installed-dev
	@$(BIN)/python -m pip install -qq -r requirements-ray.lock
	@touch $@

.venv/installed-ui: requirements-ui.lock .venv/installed-dev
	@$(BIN)/python -m pip install -qq -r requirements-ui.lock
	@touch $@

# Hostile input, for `make test-cluster` alone: `make test` has it in its first half.
HOSTILE := tests/orchestrator/test_hostile_sweeps.py tests/orchestrator/test_yaml_source.py tests/backends/test_slurm_backend.py

test-cluster: .venv/installed-ray .venv/installed-ui  ## Run the tests on real SLURM and Ray clusters and MLflow servers, which they start and stop
	@$(BIN)/python -m pytest -n 4 --dist loadgroup tests/cluster $(HOSTILE)

check: .venv/installed-dev  ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.venv/installed-docs: requirements-docs.lock .venv/installed-dev
	@$(BIN)/python -m pip install -qq -r requirements-docs.lock
	@touch $@

docs: .venv/installed-docs  ## Build the documentation into build/docs, strictly: a broken link or a missing sentence is an error
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --strict --quiet
	@echo build/docs/index.html

screenshots: .venv/installed-dev  ## Make the pictures of docs/images anew, with Chromium
	@ADASWEEP_IMAGES=docs/images $(BIN)/python -m pytest -q tests/dashboard/test_screenshots.py

ops: .venv/installed  ## Compile the operations (installs g++ if possible; CUDA if nvcc is available)
	@command -v $${CXX:-g++} >/dev/null || command -v clang++ >/dev/null || \
		{ test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get install -qq -y g++; } || \
		{ echo "No C++ compiler, and it cannot be installed from here: install g++, or name one in CXX" >&2; exit 2; }
	@$(BIN)/python -m trainer ops build

wheel: .venv/installed-dev  ## Build a wheel into dist/, with the operations that can be compiled here, and check its platform tag; and an sdist
	@rm -rf build dist/unchecked
	@mkdir -p dist; $(BIN)/python -c 'from setuptools import build_meta; build_meta.build_sdist("dist")' >/dev/null
	@$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation --wheel-dir dist/unchecked .
	@if ls dist/unchecked/*-any.whl >/dev/null 2>&1; then mv dist/unchecked/*.whl dist/; else \
		PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --wheel-dir dist dist/unchecked/*.whl; fi
	@rm -rf build dist/unchecked; ls dist/*.whl dist/*.tar.gz

bench: ops  ## Measure ratios on this machine: benchmarks/latest.json and the table of docs/performance.md
	@$(BIN)/python -m benchmarks
	@ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2 \
		$(BIN)/python -m benchmarks --only rates iteration threads pair augmentation profile evaluation commands

gpu-check: .venv/installed-dev  ## Check and measure all that needs a GPU: benchmarks/gpu-latest.json and docs/performance-gpu.md
	@$(BIN)/python -m benchmarks.gpu_check

golden: .venv/installed-dev  ## Compare with the reference numbers in ADASWEEP_GOLDEN (default ../shared/golden)
	@$(BIN)/python -m pytest tests/golden

results: .venv/installed  ## Regenerate docs/results and the results in README.md from the packs in docs/results/packs
	@$(BIN)/python -m infra.results

results-check: .venv/installed  ## List where docs/results and README.md differ from their packs; write nothing
	@$(BIN)/python -m infra.results --check

slurm-up: .venv/installed  ## Start a throw-away SLURM cluster on this machine (root; installs Debian packages)
	@$(BIN)/python -m infra.slurm up

slurm-down: .venv/installed  ## Stop it
	@$(BIN)/python -m infra.slurm down

clean:  ## Remove .venv and caches, but not the store
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .clusters.log *.egg-info
