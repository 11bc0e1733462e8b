.PHONY: run test suite browsers soak check bench screenshots setup
PYTHON ?= python3
RUN := .venv/bin/

run: setup ; @$(RUN)routescope up
# Lint, browsers and all other tests at once: alone, each of them leaves a core idle for a third of its time.
# What each says comes when it ends (make before 4.0 mixes the lines).
test: setup ; @$(MAKE) --no-print-directory -j3 $(if $(filter output-sync,$(.FEATURES)),--output-sync) check suite browsers
# Playwright keeps an event loop running in its process, which tests of coroutines cannot share: browsers go apart.
# Byte code is kept, wherever that is switched off: hundreds of tests start a process, which else compiles all it imports.
# The longest files go first (tests/conftest.py), not those with the most tests.
suite browsers: export PYTHONDONTWRITEBYTECODE =
suite: setup ; $(RUN)pytest -n 4 --dist loadfile --no-loadscope-reorder --ignore tests/browser
browsers: setup ; $(RUN)pytest -n 2 --dist loadfile --no-loadscope-reorder tests/browser
# Kills, locks and the fault matrix at full counts: about an hour.
soak: setup ; ROUTESCOPE_SOAK=1 $(RUN)pytest -n 2 --dist loadfile --timeout 3600 tests/integration tests/property tests/conformance
check: setup ; $(RUN)ruff check . && $(RUN)ruff format --check . && $(RUN)mypy && $(RUN)lint-imports
bench: setup ; for file in benchmarks/*.py; do echo "== $$file"; $(RUN)python $$file --json || exit 1; done
screenshots: setup ; $(RUN)python docs/screenshots.py
setup: .venv/.synced

# uv comes into the virtual environment itself, hash-checked, and then puts there exactly what uv.lock names.
.venv/.synced: pyproject.toml uv.lock .ci/uv.txt
	@test -x .venv/bin/python || $(PYTHON) -c 'import sys; sys.exit("RouteScope needs Python 3.11 to 3.13; name one with: make PYTHON=python3.11") if not (3, 11) <= sys.version_info < (3, 14) else None'
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@test -x .venv/bin/uv || .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r .ci/uv.txt
	@.venv/bin/uv sync --locked --quiet
	@touch $@
