# Every target makes what it needs; a second run does no set-up again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
STRANGERS ?= ../shared/strangers
Q ?= When did the leaders of the three groups meet, and where?

.PHONY: help ask app index test coverage check format eval eval-smoke eval-strangers bench bench-rivals clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev]'
	@touch $(VENV)/.installed $@

ask: $(VENV)/.installed ## answer a question: make ask Q="Who met whom?"
	@$(BIN)/qa ask "$$QUESTION" || [ $$? -eq 1 ] # an abstention is an answer, not a failure of make
ask: export QUESTION = $(Q)

index: $(VENV)/.installed ## read corpus/ and build index/
	@$(BIN)/qa index

app: $(VENV)/.installed ## open the page on 127.0.0.1
	@$(BIN)/qa serve

test: $(VENV)/.installed-dev ## the tests; those that drive a browser skip where there is none
	$(BIN)/pytest -rs -n 2 --dist worksteal

coverage: $(VENV)/.installed-dev ## the tests, and what of the code they run: a fifth slower
	$(BIN)/pytest -rs -n 2 --dist worksteal --cov=qa --cov-report=term:skip-covered --cov-fail-under=85

check: $(VENV)/.installed-dev ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## put the code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

eval: $(VENV)/.installed-dev ## the eval on the project's questions, against its baseline
	@$(BIN)/qa eval

eval-smoke: $(VENV)/.installed-dev ## the same on a sixth of the questions, in half a minute
	@$(BIN)/qa eval --subset smoke

eval-strangers: $(VENV)/.installed-dev ## the same on documents that are not ours: make eval-strangers STRANGERS=FOLDER
	@if [ -f "$(STRANGERS)/questions.jsonl" ]; then $(BIN)/qa eval folder "$(STRANGERS)" $(if $(AGAINST),--against $(AGAINST)); \
	else echo "skipped: no $(STRANGERS)/questions.jsonl; name the folder: make eval-strangers STRANGERS=FOLDER"; fi

bench: $(VENV)/.installed-dev ## time and memory of the main commands
	@$(BIN)/python benchmarks/bench.py

bench-rivals: $(VENV)/.installed-dev ## retrieval beside other libraries, each in an environment of its own: make bench-rivals DATA=FOLDER
	@if [ -d "$(DATA)/bench" ]; then $(BIN)/python benchmarks/rivals.py --data "$(DATA)"; \
	else echo "skipped: no $(DATA)/bench; name the folder of the data sets: make bench-rivals DATA=FOLDER"; fi

clean: ## remove the environment and the index
	rm -rf $(VENV) index/gen-* index/current*
