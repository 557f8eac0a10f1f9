# Everything a newcomer needs: `make demo` runs a whole scan on real photos, `make test` runs the tests.
# Both make .venv themselves. Python 3.11 or newer, git and make are all that must be there.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TESTS ?= tests
# Hundreds of processes start in the tests: where this is set, each would compile every module anew.
export PYTHONDONTWRITEBYTECODE :=
FLAGS ?=

.PHONY: install demo test test-browser test-machine test-benchmarks test-bare test-newest check format bench chaos constraints clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rekscan needs Python 3.11 or newer; set PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[emulator,excel]' --group dev
	@touch $@

demo: install
	$(BIN)/rekscan demo

# Eight files at a time (fault tests mostly wait), the long ones first; those of one file share what they started. A
# process collects a file when it is its turn (tests/support/file_by_file.py). The eight and our own programs start as
# forks (tests/support/forks.py). The browser tests need Chromium: make test-browser. What each file costs:
# make test FLAGS="-p tests.support.cpu".
BY_FILE := -p tests.support.file_by_file
test: install
	$(BIN)/python -m pytest -n 8 $(BY_FILE) --ignore tests/browser --ignore tests/benchmarks $(FLAGS) $(TESTS)

test-browser: install
	@command -v chromium >/dev/null || { echo "needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)"; exit 1; }
	npm ci --prefix tests/browser --silent --no-audit --no-fund
	REKSCAN_SCREENSHOTS=$${REKSCAN_SCREENSHOTS:-build/screenshots} $(BIN)/python -m pytest tests/browser

# Of `make test` alone: the real ledger, folder and shards in any order on a simulated clock, old faults put back.
test-machine: install
	$(BIN)/python -m pytest -n 2 $(BY_FILE) $(FLAGS) tests/machine

# Every benchmark at its smallest size: do they run?
test-benchmarks: install
	$(BIN)/python -m pytest -n 4 --timeout 600 $(FLAGS) tests/benchmarks

# The wheel, without extras, in a venv of its own.
test-bare: install
	$(BIN)/python -m tests.bare

# The unit tests on the newest Python of this machine.
test-newest: install
	.ci/newest

# Faults at random, seeded, as long as asked: make chaos FLAGS="--seconds 3600 --seed 7"
chaos: install
	$(BIN)/python -m tests.faults.chaos $(FLAGS)

# Measured speed, each beside a baseline of the same run; the results stand in docs/.
bench: install
	$(BIN)/python -m benchmarks.quota
	$(BIN)/python -m benchmarks.throughput
	$(BIN)/python -m benchmarks.enumeration
	$(BIN)/python -m benchmarks.tables 100000
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.ten_million
	$(BIN)/python -m benchmarks.emulator.report

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/cog --check --verbosity=0 -I . README.md docs/*.md

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/cog -r -I . README.md docs/*.md

constraints:
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
