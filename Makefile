# The house's front door for people: `make demo` to see it live, `make test` to see it hold.
# Everything is set up by these two from a fresh clone; Python 3.11+ and make are all they assume.

PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)
BIN := .venv/bin

# What the machines that try to break the promises are given: `make simulate SEEDS=17`, `make chaos KILLS=300 MINUTES=20 SEED=4`.
SEEDS ?= 0-199
KILLS ?= 30
MINUTES ?= 2
BREAKAGES ?=

.PHONY: install demo test lint bench simulate breakages chaos soak detection clean
.DEFAULT_GOAL := install

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "telecare needs Python 3.11 or newer, and found none on the PATH."; exit 2; }
	@"$(PYTHON)" -m venv .venv || { echo "Python's venv module is missing (on Debian and Ubuntu: the package python3-venv)."; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install
	@$(BIN)/telecare demo

# Three at a time on two cores, as many wait for real processes; in the folders' order, which has those first.
test: install
	@$(BIN)/python -m tests.prepare
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

lint: install
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: install
	@$(BIN)/python -m benchmarks

simulate: install
	@$(BIN)/python -m tests.simulation $(SEEDS)

breakages: install
	@$(BIN)/python -m tests.simulation.breakages $(BREAKAGES)

chaos: install
	@$(BIN)/python -m tests.chaos --kills $(KILLS) --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

soak: MINUTES = 60
soak: install
	@$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

detection: install
	@$(BIN)/python -m benchmarks.detection
	@$(BIN)/python -m benchmarks.falls $${TELECARE_RECORDINGS:-../shared/data}/falls

clean:
	rm -rf .venv build *.egg-info
