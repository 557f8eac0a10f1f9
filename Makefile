# Everything a newcomer needs: `make demo` runs a whole scan on real photos, `make test` runs the tests.
# Both make .venv themselves. Python 3.11 or newer, git and make are all that must be there.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TESTS ?= tests
FLAGS ?=

.PHONY: install demo test check format bench chaos constraints clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rekscan needs Python 3.11 or newer; set PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[emulator,excel]' --group dev
	@touch $@

demo: install
	$(BIN)/rekscan demo

test: install
	$(BIN)/python -m pytest $(FLAGS) $(TESTS)

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
