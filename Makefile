# Each target sets up .venv first if it is missing or older than requirements.txt.
PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
READY := .venv/.ready

# Snakemake keeps a cache in the home folder, which containers often have not or may not write to.
ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/.cache
endif

.PHONY: run advise report reproduce test test-quick test-slurm lint format help
.DEFAULT_GOAL := help

help:
	@echo "make run    set up, run the default study, draw its figures and the report"
	@echo "make advise DATA=mine.npz  which smoothing, what helps more, how noisy its labels are;"
	@echo "            CHECKED=checked.csv takes in labels that were checked by hand;"
	@echo "            FOLDS=5 also ranks the training labels, those to look at first"
	@echo "make test   set up, run all tests"
	@echo "make test-slurm  as root: start a SLURM of two GPUs in name here, run the tests on it, stop it"
	@echo "make report write results/report.html of the finished default study"
	@echo "make reproduce  run the study on the paper's data (hours), write the numbers of docs/reproduction/"
	@echo "make test-quick  run the unit tests alone, without any Snakemake"
	@echo "make lint   check formatting, style and types"
	@echo "make format format the code"

$(READY): requirements.txt
	@command -v $(PYTHON) >/dev/null || \
	  { echo "error: $(PYTHON) not found; Python 3.11 or later is needed (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $$($(PYTHON) --version) is too old; 3.11 or later is needed (make PYTHON=/path/to/python3)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) lacks the venv module (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

run: $(READY)
	PATH="$$PWD/$(BIN):$$PATH" snakemake --cores $(CORES)
	@$(MAKE) --no-print-directory report
	@echo
	@echo "Figures (the numbers in each are in the .csv beside it):"
	@find results/figures -name '*.svg' | sort | sed 's/^/  /'
	@echo "Report: results/report.html"

# The study file is kept: what is changed in it stays, and a run that was killed goes on.
advise: $(READY)
	@files=$$(PYTHONPATH=workflow/scripts $(BIN)/python -m label_smoothing.study.advice_study "$(DATA)" \
	    --folds "$(FOLDS)" --checked "$(CHECKED)") && set -- $$files && study=$$1 && shift && PATH="$$PWD/$(BIN):$$PATH" \
	  snakemake --cores $(CORES) --configfile "$$study" -- "$$@" \
	  && printf '\nAdvice: %s\nIts numbers: %s\nA hundred labels to check by hand: %s\n' "$$1" "$${1%.html}.csv" "$$2" \
	  && printf "$${3:+Training labels, those to look at first in front: %s\n}" $$3

report: $(READY)
	PATH="$$PWD/$(BIN):$$PATH" snakemake --quiet all --report results/report.html

reproduce: $(READY)
	PATH="$$PWD/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile studies/reproduction-slice.yaml
	PATH="$$PWD/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile studies/reproduction.yaml
	$(BIN)/python docs/reproduction/update.py

test: $(READY)
	PATH="$$PWD/$(BIN):$$PATH" python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-quick: $(READY)
	$(BIN)/python -m pytest --numprocesses 2 --ignore tests/workflow --ignore tests/slurm

test-slurm: $(READY)
	tests/slurm/install
	PATH="$$PWD/$(BIN):$$PATH" python -m pytest -rs tests/slurm

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	PATH="$$PWD/$(BIN):$$PATH" snakemake --lint

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow
