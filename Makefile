# mmqa: `make help` lists the targets. Nothing here needs sudo, an account or a model hub.
SHELL := /bin/bash
PYTHON ?= python3
FAISS ?= cpu
INDEX ?= indexes/demo
PORT ?= 8501
BIN := .venv/bin
STAMP := .venv/.installed-$(FAISS)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help setup chat test test-crash check format demo samples eval bench docs screenshot clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv and fetch the embedded models (FAISS=gpu for a CUDA machine)
	@$(BIN)/mmqa models pull embedded

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mmqa needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian: apt install python3-venv"; exit 1; }
	@echo "Setting up .venv (a few minutes, once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@# torch first: some mirrors carry a CPU build that only pip finds, and only when asked by version
	@$(PIP) "torch==2.13.*" || { echo "PyTorch could not be installed; pip's own words are above."; exit 1; }
	@$(PIP) --editable ".[$(FAISS),corpora,evaluation,dev]" || { echo "The packages could not be installed; pip's own words are above."; exit 1; }
	@# for tests only, apart from the packages: transformers must not find a torchvision that a torch for CPUs cannot run
	@$(PIP) --upgrade --no-deps --target .venv/only-for-tests torchvision==0.28.0 num2words==0.5.14 || { echo "What the tests need beside the packages could not be installed; pip's own words are above."; exit 1; }
	@rm -f .venv/.installed-*; touch $@

chat: setup samples  ## index the sample media and open the chat on localhost
	@$(BIN)/mmqa chat --port $(PORT) --index $(INDEX)

samples: setup  ## build or update the index of the sample media
	@$(BIN)/python indexes/build.py --recipe indexes/recipes/samples.toml

demo: samples  ## ask five questions about the samples in the terminal
	@$(BIN)/python indexes/demo.py

test: setup check  ## set up, then run every check and every test
	@$(BIN)/python -m pytest -q -m "not corpus"

test-crash: setup  ## kill writers 500 times, cut the power 2,000 times, change 2,000 bytes (10 minutes)
	@MMQA_CRASH_KILLS=500 MMQA_POWER_CUTS=1000 MMQA_FLIPS=2000 $(BIN)/python -m pytest -q -s -n0 \
	  tests/index/test_crash.py tests/index/test_power_cut.py tests/index/test_flipped_bytes.py

check: $(STAMP)  ## format, lint, types, architecture, docs in step with the code
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python docs/command_line.py --check

format: $(STAMP)  ## format the code and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(STAMP)  ## regenerate docs/command-line.md from the program's own help
	@$(BIN)/python docs/command_line.py

screenshot: samples  ## take docs/chat.png in a real browser (needs Chromium)
	@$(BIN)/python docs/screenshot.py

eval: samples  ## measure quality on public corpora, which are fetched, and on the samples (45 minutes)
	@missed=0; \
	for suite in openmoji openclipart photographs asterisk long-recordings; do \
	  $(BIN)/mmqa eval retrieval --suite $$suite || missed=1; \
	done; \
	for what in words router prompts generalisation "ablation --suite mixed" "stability --suite mixed" \
	  "vqa --suite easy-vqa" "vqa --suite scenes" "vqa --suite words" naming quantization; do \
	  $(BIN)/mmqa eval $$what || missed=1; \
	done; \
	for suite in samples samples-blind; do \
	  $(BIN)/mmqa eval answers --suite $$suite --index $(INDEX) || missed=1; \
	done; \
	if [ $$missed = 1 ]; then echo "Some targets were missed; they are marked above."; fi

bench: setup  ## measure speed, as ratios against a yardstick in the same run
	@missed=0; \
	for what in startup search adding add vlm audio; do $(BIN)/mmqa bench $$what || missed=1; done; \
	if [ $$missed = 1 ]; then echo "Some targets were missed; they are marked above."; fi

clean:  ## delete the environment and the built demo index (models stay in the cache)
	rm -rf .venv $(INDEX)
