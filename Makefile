# What a newcomer calls: `make demo`, `make test`. Everything is built into build/ and installed into
# the virtual environment .venv at the root; calling again does only what is missing.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Fixed versions of what builds: scikit-build-core drives CMake, nanobind 3 cannot read MLIR 22.
BUILD_REQUIREMENTS := 'scikit-build-core>=1,<2' 'nanobind==2.15.0'
SOURCES := python/afe tests examples benchmarks

.PHONY: all demo test build system lint unit lit conformance conformance-all e2e bench-check docs format clean
.NOTPARALLEL:

all: build

demo: build  ## compile the digits example, run it in the simulator, print what came of it
	$(BIN)/python examples/digits/run_demo.py

test: build lint unit lit conformance e2e bench-check  ## the whole test suite

system:  ## Debian packages; does nothing where all are installed
	scripts/install-system-packages.sh

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

build: system $(BIN)/python  ## the project with its test dependencies, in .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check $(BUILD_REQUIREMENTS)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation '.[test,lint,docs]'

lint:  ## formatting and types
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/mypy benchmarks
	git ls-files '*.cpp' '*.h' | xargs clang-format-22 --dry-run --Werror

unit:  ## tests of the parts
	$(BIN)/python -m pytest -q tests --ignore=tests/e2e --ignore=tests/conformance

lit:  ## tests of dialects, passes and tools on hand-written IR
	$(BIN)/lit -sv tests

# They pin numpy, so they have an environment of their own.
build/tosa-tools/bin/tosa_reference_model:
	$(PYTHON) -m venv build/tosa-tools
	build/tosa-tools/bin/python -m pip install -q --disable-pip-version-check 'tosa-tools==2026.8.0'

conformance: build/tosa-tools/bin/tosa_reference_model  ## a sample of TOSA's conformance tests
	$(BIN)/python -m pytest -q tests/conformance

conformance-all: build/tosa-tools/bin/tosa_reference_model  ## all of them, into docs/conformance.md
	$(BIN)/python tests/conformance/run.py --all --table docs/conformance.md

e2e:  ## whole models through archive and simulator
	$(BIN)/python -m pytest -q tests/e2e

bench-check:  ## schedules of well-known networks: no cycle and no DRAM byte more than before
	$(BIN)/python benchmarks/schedule.py --quick --jobs 2 --check benchmarks/schedule.ratchet.json

docs: build  ## the documentation site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict -q
	@echo build/site/index.html

format:  ## rewrite sources in the project's format
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)
	git ls-files '*.cpp' '*.h' | xargs clang-format-22 -i

clean:  ## remove the build and the environment
	rm -rf build $(VENV)
