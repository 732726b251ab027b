# Everything runs in a private environment, .venv, which the first call makes.

# Compiled files are kept: the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN := .venv/bin
# Processes that test, each with up to 3 GB with the processes that it starts. More of them than
# cores, because they wait for other processes; each one reads all files of tests first.
WORKERS ?= 3
# The processors' PyTorch, for comparisons: the package index's default brings gigabytes of CUDA.
TORCH ?= torch==2.13.0
# What the tests compare with, without what else it asks for.
ORACLES := "torch-fidelity==0.4.*" tensorflow-gan==2.1.0 tensorflow-probability==0.25.0 \
	tf-keras==2.21.0 decorator==5.3.1

.PHONY: demo test test-seconds test-slow bench docs lint clean

demo: .venv/installed
	$(BIN)/python examples/demo.py

test: .venv/installed-dev
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

# Measures the files of tests for their order: the slowest first.
test-seconds: .venv/installed-dev
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder \
		--record-seconds

test-slow: .venv/installed-dev
	$(BIN)/python -m pytest -m slow

bench: .venv/installed-dev
	$(BIN)/python benchmarks/train_step.py
	$(BIN)/python benchmarks/minibatch_memory.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/serving.py

docs: .venv/installed-dev
	$(BIN)/python -m sphinx -W -q -b html docs build/docs

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.venv/installed: setup.py pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	$(BIN)/pip install --quiet --disable-pip-version-check "$(TORCH)"
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps $(ORACLES)
	touch $@

clean:
	rm -rf .venv build *.egg-info
