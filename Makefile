# Everything runs in .venv, which make creates; nothing else of the machine is touched.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check -q install -c requirements.lock
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.ready-bench
SPARK_READY := $(VENV)/.ready-spark
SHOWN := tests/unit/cli/test_demo.py \
	tests/notebooks/test_notebooks.py::test_every_cell_runs_in_an_empty_folder_without_a_warning

.DEFAULT_GOAL := help
.PHONY: help install demo test crashes browser notebooks check bench spark soak faults lock clean

help: ## Show what make can do
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  ARGS='...' is passed on, for example: make demo ARGS=--no-serve, make test ARGS='-k lift'"
	@echo "  PYTHON=python3.12 chooses the interpreter of a new $(VENV)"

install: $(READY) ## Make .venv, with nba and what its tests and notebooks need

demo: $(READY) ## Make a shop, train on it, print answers and serve them
	@$(BIN)/nba demo $(ARGS)

# In the order of the files: by default those with the fewest tests come last, and among them are
# those that take the longest, so that one of two processors would wait for them. What Python
# compiles is kept whatever the environment says: dozens of processes import all of nba.
test: $(READY) ## Run the tests, but for those of make crashes, browser and notebooks
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder \
		--ignore tests/faults $(SHOWN:%=--deselect %) $(ARGS)

crashes: $(READY) ## Kill, fill and break a few times (make faults: as often as is promised)
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist loadfile tests/faults $(ARGS)

# In a process of its own, whose event loop the browser's driver keeps; it installs nothing of the
# machine, and says how where there is no browser.
browser: $(READY) ## Try the pages in Chromium (Debian's: apt-get install chromium)
	NBA_BROWSER=1 $(BIN)/pytest tests/browser $(ARGS)

# A training or several each, of what the other tests try one by one; the demo is made once.
notebooks: $(READY) ## Run the cells of the notebooks, and the demo on a part of its data
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist loadgroup $(SHOWN) $(ARGS)

check: $(READY) ## Run linter, formatter, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(BENCH_READY) ## List the benchmarks and run the training one
	@grep -l "^    python benchmarks" benchmarks/*.py benchmarks/*/*.py
	$(BIN)/python benchmarks/training.py $(ARGS)

# Tests that want Spark skip themselves in make test, and say so; here they print what each took.
spark: $(SPARK_READY) ## Count with Spark too, and all of the demo's data with every engine (Java 17)
	NBA_SPARK=1 $(BIN)/pytest tests/contract/test_engine*.py \
		tests/contract/test_trained_elsewhere.py $(ARGS)

soak: $(READY) ## Hold a million customer-days against an oracle, and the whole demo (an hour)
	NBA_SOAK=1 NBA_SOAK_EXAMPLES=300 NBA_SOAK_ENDS=500 NBA_SOAK_REPLAYS=100 NBA_SOAK_HOUSEHOLDS=1 \
		$(BIN)/pytest -n 2 --dist loadscope tests/property \
		tests/unit/data/simulator/test_oracle.py tests/unit/cli/test_demo.py \
		tests/unit/measure/test_offpolicy_shop.py tests/unit/artifacts/test_snapshot.py
	PYTHONPATH=. $(BIN)/python benchmarks/deciding/soak.py $(ARGS)

faults: $(READY) ## Kill, fill and break everything as often as is promised (an hour)
	NBA_FAULTS=1 $(BIN)/pytest tests/faults tests/api/test_fuzzed.py tests/api/test_hot_swap.py \
		tests/api/test_gate_overload.py tests/api/test_operations.py $(ARGS)
	$(BIN)/python tests/older_postgres.py tests/contract/test_stores.py \
		tests/unit/state/test_upgrading.py tests/unit/state/test_ledger.py \
		tests/unit/state/test_claims_at_once.py

# The newest versions that work together, as name==version only; read the diff, then run the tests.
# On the oldest Python we support: a newer one would pin versions that the oldest cannot install.
lock: ## Write requirements.lock anew from a fresh environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "make lock needs Python 3.11, the oldest supported: make lock PYTHON=python3.11"; exit 1; }
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(PYTHON) -m venv "$$fresh"; \
	echo "Installing the newest versions into a temporary environment ..."; \
	"$$fresh/bin/python" -m pip --disable-pip-version-check -q install '.[demo,test,bench,spark]'; \
	"$$fresh/bin/python" -m pip --disable-pip-version-check list --format=freeze \
		--exclude pip --exclude setuptools --exclude wheel --exclude nba > "$$fresh/names"; \
	tr '[:upper:]_' '[:lower:]-' < "$$fresh/names" | LC_ALL=C sort > requirements.lock; \
	echo "requirements.lock: $$(wc -l < requirements.lock) versions"

clean: ## Remove .venv, caches and builds; shops and snapshots stay
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src api tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# A Python without ensurepip (as Debian packages it) makes an environment without pip: lend it ours.
$(READY): pyproject.toml requirements.lock
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { \
		echo "Creating $(VENV) ..."; \
		$(PYTHON) -m venv --clear $(VENV) > /dev/null 2>&1 || { \
			$(PYTHON) -m venv --clear --without-pip $(VENV) && \
			$(PYTHON) -m pip --disable-pip-version-check -q --python $(BIN)/python install pip; \
		}; \
	}
	@echo "Installing nba with its libraries (once; a few minutes on a slow line) ..."
	@$(INSTALL) -e '.[demo,test]'
	@touch $@

$(BENCH_READY): $(READY)
	@$(INSTALL) -e '.[bench]'
	@touch $@

$(SPARK_READY): $(READY)
	@$(INSTALL) -e '.[spark]'
	@touch $@
