# make setup | demo | test | lint | torture | experiments | bench
# Needs only a Python from 3.10 to 3.13; PYTHON=... picks one.  With GPU=cuda12
# or GPU=cuda13, setup installs CuPy too: docs/gpu.md.
.DEFAULT_GOAL := help

CANDIDATES := python3 python3.13 python3.12 python3.11 python3.10
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.done
# Only what is said to make itself: GPU may mean something else elsewhere.
CUDA := $(if $(filter command,$(firstword $(origin GPU))),$(GPU))
PIP := python -m pip install -q --disable-pip-version-check

help:
	@sed -n 's/^# //p' Makefile | head -3

# Nothing installed by hand leaks in.
export PYTHONNOUSERSITE := 1

.PHONY: help python cuda setup demo test lint torture experiments bench \
	test-gpu-names

python:
	@$(or $(PYTHON),false) -c '$(SUPPORTED)' 2>/dev/null || { \
	echo "error: this needs Python 3.10, 3.11, 3.12 or 3.13$(if $(PYTHON),\
	, and $(PYTHON) is none of them); name one with make PYTHON=python3.12" >&2; \
	exit 2; }

cuda:
	@$(if $(filter-out cuda12 cuda13,$(CUDA)),echo "error: GPU=$(CUDA) is unknown;\
	take GPU=cuda12 or GPU=cuda13 (nvidia-smi shows which CUDA the driver takes)" \
	>&2; exit 2,:)

# Chainer is built from source and its build asks for pkg_resources, which
# setuptools dropped in version 81 (and warns of from 80.9 on).
$(STAMP): requirements.txt requirements-dev.txt requirements-serve.txt | python cuda
	@rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP) "setuptools<80.9" wheel
	$(BIN)/$(PIP) --no-build-isolation -r requirements.txt -r requirements-dev.txt
	@touch $@

# CuPy for one version of CUDA, beside the rest; it stays when GPU is left out.
.venv/.cuda%: $(STAMP) requirements-gpu.txt | cuda
	@rm -f .venv/.cuda*
	@$(BIN)/python -m pip uninstall -q -y cupy-cuda12x cupy-cuda13x 2>/dev/null
	sed 's/cuda12x/cuda$*x/' requirements-gpu.txt > .venv/requirements-gpu.txt
	$(BIN)/$(PIP) -r .venv/requirements-gpu.txt
	@touch $@

setup: $(STAMP) $(CUDA:%=.venv/.%)

DEMO := results/vader.movie_cnn/args.json

demo: setup
	$(BIN)/python train.py --dataset vader.movie --model cnn
	$(BIN)/python run_dknn.py --model-setup $(DEMO)
	$(BIN)/python calibration.py --model-setup $(DEMO)
	$(BIN)/python interpret.py --model-setup $(DEMO)

# Commands of several tests run beside each other: threads of BLAS that wait
# for work leave the cores to them at once.
test: setup
	OPENBLAS_THREAD_TIMEOUT=4 $(BIN)/python -m pytest -n auto \
	    --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# What can be checked of the code for a GPU without one, with CuPy in an
# environment of its own; downloads some 2 GB (docs/gpu.md).
test-gpu-names: | python cuda
	$(PYTHON) -m venv .venv-cupy
	.venv-cupy/bin/$(PIP) "setuptools<80.9" wheel
	sed 's/cuda12/$(or $(CUDA),cuda12)/' requirements-gpu.txt > .venv-cupy/gpu.txt
	.venv-cupy/bin/$(PIP) --no-build-isolation -r requirements.txt \
	    -r .venv-cupy/gpu.txt
	.venv-cupy/bin/python tools/gpu_names.py

lint: setup
	$(BIN)/python -m ruff check .

# Kills, damages, fills the disk of and disturbs every command at random, for
# some nine minutes on 2 cores: docs/reliability.md.
torture: setup
	$(BIN)/python tools/torture.py

# Trains every model on every data set at hand and writes the tables of
# docs/experiments.md and docs/results.md; some hours on 2 cores, and what is
# finished is not repeated.
experiments: setup
	$(BIN)/python tools/experiments.py
	$(BIN)/python tools/results.py

# This project beside its peers; TORCH names a Python with torch and faiss-cpu.
# Then the answers of the live page.  Needs the SST run of `make experiments`
# and DKNN_DATA.
SST := results/stsa.binary_cnn

bench: setup
	$(BIN)/python benchmarks/bench.py $(if $(TORCH),--torch-python $(TORCH))
	$(BIN)/python benchmarks/serving.py --model-setup $(SST)
