# Everything runs in one environment, .venv. `make demo` and `make test` work from a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
ULTRALYTICS := .venv-ultralytics
# The CPU build is 2 GB in all, where pip finds it; PyPI's own for Linux brings CUDA. TORCH= takes another.
TORCH ?= torch==2.13.0
DEV := $(VENV)/.dev

.PHONY: all demo test test-ultralytics lint nightly bench wheel wheel-check clean

all: $(CORE)

demo: $(CORE)
	$(BIN)/nightjar demo

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The extra nightjar[ultralytics] against the package itself, in an environment of its own because of its size.
test-ultralytics: $(ULTRALYTICS)/.ready
	$(ULTRALYTICS)/bin/python -m pytest tests/ultralytics

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# What is long: hundreds of kills on either link, two thousand reconnects, every mutant of the rules.
nightly: $(DEV)
	$(BIN)/python tests/faults/harness.py --link embedded --kills 200
	$(BIN)/python tests/faults/harness.py --link redis --kills 200 --tail 8000
	NIGHTJAR_ALL_HITS=1 $(BIN)/python -m pytest -n 0 tests/faults/test_delivery_kills.py tests/faults/test_sink_kills.py
	NIGHTJAR_OUTAGE_S=600 $(BIN)/python -m pytest -n 0 -s tests/faults/test_outages.py -k "long and redis"
	NIGHTJAR_FUZZ=1000 $(BIN)/python -m pytest -n 0 tests/faults/test_camera_faults.py -k hundreds
	NIGHTJAR_RECONNECTS=2000 $(BIN)/python -m pytest tests/video/test_reconnect.py
	-nice $(BIN)/python -m tests.rules.mutation

bench: $(DEV)
	$(BIN)/python -m benchmarks

wheel: $(DEV)
	rm -rf dist
	$(BIN)/python -m build --wheel

# The wheel must carry what the demo needs and run it from any folder, without this checkout.
wheel-check: wheel
	set -e; place=$$(mktemp -d); trap 'rm -rf "$$place"' EXIT; \
	$(PYTHON) -m venv "$$place/env"; \
	"$$place/env/bin/python" -m pip install --quiet --constraint constraints.txt dist/*.whl; \
	cd "$$place"; "$$place/env/bin/nightjar" demo --headless

$(CORE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Nightjar needs Python 3.11 or newer; set PYTHON=")'
	@echo "Setting up $(VENV) (about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(DEV): $(CORE)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(ULTRALYTICS)/.ready: pyproject.toml constraints.txt
	@echo "Setting up $(ULTRALYTICS) (some minutes) ..."
	@$(PYTHON) -m venv $(ULTRALYTICS)
	@$(ULTRALYTICS)/bin/python -m pip install --quiet --constraint constraints.txt "$(TORCH)" ultralytics==8.4.190 pytest --editable '.[ultralytics]'
	@touch $@

clean:
	rm -rf $(VENV) $(ULTRALYTICS) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
