# Every target sets up .venv first; nothing outside this folder is touched.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test test-slow check docs format bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("lookmore needs Python 3.11 or later; set PYTHON=python3.11")'
	$(PYTHON) -m venv .venv || { echo "python3-venv is missing: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[demo,export,dev]'
	touch $(STAMP)

demo: setup
	$(BIN)/lookmore demo

# Two processes of one thread each: with two threads each they would wait for one another.
test: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

test-slow: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -m slow

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy

# Nothing is fetched from elsewhere, neither when it is built nor when it is read.
docs: setup
	NO_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict --quiet

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python benchmarks/relations.py --json --out benchmarks/results/relations.jsonl
	$(BIN)/python benchmarks/scaling.py --json --out benchmarks/results/scaling.jsonl
	$(BIN)/python benchmarks/growth.py --json --out benchmarks/results/growth.jsonl
	$(BIN)/python benchmarks/students.py --json --out benchmarks/results/students.jsonl
	$(BIN)/python benchmarks/performance.py
	$(BIN)/python benchmarks/results.py

clean:
	rm -rf .venv runs site
