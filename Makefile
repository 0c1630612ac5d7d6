# make demo    the main job: an ITFlow with sample data and the bridge in front of it, on 127.0.0.1:8080
# make test    all checks: ruff, mypy, pytest
# make bench   the measured figures of docs/performance.md; BENCH=callerid measures a part
# make fuzz    hostile requests, FastAGI calls and LDAP, each for SECONDS=60; what requests break is kept in tests/data/fuzz
# make simulate SEEDS=10000   a long run of the simulation; make test plays some seeds of it
# make calls CALLS=1000   so many scenes on a real Asterisk, the bridge killed and cut off, ITFlow failing: each thing once
# make backup ROUNDS=50   a long run of backups under load, kill -9 and restores; make test makes two rounds
# make wheel   dist/itflow_bridge-*.whl
# make deb     dist/itflow-bridge_*.deb, of the wheel and requirements-run.lock, for the Debian whose Python this is
# make try-deb TREE=folder   installs it in a fresh Debian tree (made with debootstrap if there is none), starts it, asks
# make image   a container image of the Containerfile, with podman or docker: ENGINE=podman
# make try-image TREE=folder   builds it on a Debian tree (made with debootstrap if there is none), runs it, asks, kills it
# make drill   every fault we know of against real processes, callers asking meanwhile: the table of docs/drill.md
# make soak SECONDS=900   mixed traffic with a pull every 5 s: what grows
# make lock    requirements*.lock anew: the releases, with hashes, that CI tests and that releases are built with
# make test-newest   the tests, those of other programs aside, on another Python: make test-newest PYTHON=python3.14
# make test-lowest   the tests, those of other programs aside, with the lowest releases that pyproject.toml allows
# The first of these that is new enough; python3 is often the system's own, older one.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$name; break; }; done)
VENV ?= .venv
BIN = $(VENV)/bin
# A process for each core; what is costly to start (a database, an Asterisk) is started once for its file.
SPREAD = -n auto --dist loadfile
# What tries other programs (an Asterisk, a browser, processes that are killed, packages) is run once, by make test.
ONCE = $(addprefix --ignore=tests/,pbx page drill packaging)

# What a lock file names, and nothing else; the build tool is one of them, so nothing is fetched to build with.
installed = $(1)/pip install --quiet --disable-pip-version-check --require-hashes -r $(2) && \
  $(1)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
compile_run = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate
compile = $(compile_run) --extra dev pyproject.toml

.PHONY: demo test test-newest test-lowest bench fuzz simulate calls backup wheel deb try-deb image try-image drill soak lock install lint clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml requirements.lock
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module is missing. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	$(call installed,$(BIN),requirements.lock)
	@touch $@

demo: install
	$(BIN)/itflow-bridge demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest $(SPREAD)

test-newest:
	$(PYTHON) -m venv $(VENV)-newest
	$(call installed,$(VENV)-newest/bin,requirements.lock)
	CI= $(VENV)-newest/bin/python -m pytest $(SPREAD) $(ONCE)

test-lowest:
	$(PYTHON) -m venv $(VENV)-lowest
	$(call installed,$(VENV)-lowest/bin,requirements-lowest.lock)
	CI= $(VENV)-lowest/bin/python -m pytest $(SPREAD) $(ONCE)

lock: install
	$(compile) --upgrade --output-file requirements.lock
	$(compile_run) --constraint requirements.lock --output-file requirements-run.lock pyproject.toml
	$(compile) --upgrade --resolution lowest-direct --output-file requirements-lowest.lock

bench: install
	$(BIN)/python -m tests.bench $(BENCH)

SECONDS ?= 60
fuzz: install
	$(BIN)/python -m tests.fuzz.http $(SECONDS) $(SEED)
	$(BIN)/python -m tests.fuzz.agi $(SECONDS) $(SEED)
	$(BIN)/python -m tests.fuzz.ldap $(SECONDS) $(SEED)

SEEDS ?= 1000
simulate: install
	$(BIN)/python -m tests.simulation --seeds $(SEEDS)

CALLS ?= 1000
calls: install
	$(BIN)/python -m tests.pbx.drill $(CALLS) $(or $(SEED),1)

ROUNDS ?= 50
backup: install
	BACKUP_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -s tests/service/test_backup.py

# Those of older releases go: dist/itflow_bridge-*.whl is to name one file.
wheel: install
	rm -f dist/itflow_bridge-*.whl
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

deb: wheel
	rm -f dist/itflow-bridge_*.deb
	packaging/deb/build.sh $(BIN)/python dist/itflow_bridge-*.whl dist

TREE ?= .cache/debian
try-deb: deb
	packaging/deb/try.sh $(TREE) dist/itflow-bridge_*.deb

ENGINE ?= podman
image: wheel
	$(ENGINE) build $(if $(findstring docker,$(ENGINE)),,--format docker) --tag itflow-bridge $(if $(BASE),--build-arg BASE=$(BASE)) .

try-image: wheel
	packaging/image/try.sh $(TREE)

drill: install
	$(BIN)/python -m tests.drill $(DRILL)

soak: SECONDS = 900
soak: install
	$(BIN)/python -m tests.drill.soak $(SECONDS)

clean:
	rm -rf $(VENV) $(VENV)-newest $(VENV)-lowest dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
