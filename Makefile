# The project's commands. Each target sets up its own virtual environment when needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip's own settings of the machine stay in force; only the noise is turned off.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# The tests of editor support talk to it; 2.0 needs node 22.
LANGUAGE_SERVER := yaml-language-server@1.25.0

.PHONY: demo test fuzz chaos lint format schemas docs language-server bench install clean

demo: $(VENV)/.runtime  ## tune the causal-set classifier of sample_configs/causal_sets
	$(BIN)/python -m qgtune sample_configs/causal_sets/tuning.yaml

test: $(VENV)/.dev  ## run the tests
	$(BIN)/python -m pytest -n 2

fuzz: $(VENV)/.dev  ## send 100,000 mutated projects through the compiler, ten to twenty minutes
	$(BIN)/python -m fuzz.compile

chaos: $(VENV)/.dev  ## kill a study's processes a hundred times at random moments, about ten minutes
	$(BIN)/python tests/study/study_chaos.py

lint: $(VENV)/.dev  ## check format, style, types and the layers of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## mend format and style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/.dev  ## write schemas/ and the tables of docs/tasks.md and docs/tuning.md from the code
	$(BIN)/python -m qgtune.schema.export schemas
	$(BIN)/python -m qgtune.schema.page_tables docs/tasks.md docs/tuning.md

docs: $(VENV)/.dev  ## build the documentation as a site in build/docs; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs build/docs

language-server: .node/$(LANGUAGE_SERVER)  ## install the YAML language server that the tests talk to; needs npm

bench: $(VENV)/.dev  ## run the benchmarks
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

install: $(VENV)/.runtime  ## set up the virtual environment without the developers' tools

clean:  ## remove the virtual environment, caches and the runs of the samples
	rm -rf $(VENV) .node .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info build dist
	rm -rf sample_configs/*/runs examples/*/runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(PIP_INSTALL) -e '.[dev]'
	touch $@

.node/$(LANGUAGE_SERVER):
	mkdir -p .node
	npm install --prefix .node --no-save --ignore-scripts --no-audit --no-fund --loglevel error $(LANGUAGE_SERVER)
	touch $@
