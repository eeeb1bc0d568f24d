# `make help` names the targets. Every check runs here as it does in CI.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CACHE := $(or $(CLONEPOOL_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/clonepool)
GOBIN := $(CACHE)/tools/gobin
export PATH := $(CURDIR)/.venv/bin:$(CACHE)/tools/bin:/usr/local/go/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= eu-central-1

SAM := uv tool run --quiet --from 'aws-sam-cli==1.170.*' sam
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ARCHITECTURE ?= x86_64
# lab/kube's main package compiles all of Kubernetes (minutes); the lab's own build is its check.
GO_PACKAGES := docker/clone-agent:./... lab/kube:./internal/... tests/e2e/attacker:.
# Programs of benches and tests that are compiled as if they lay among the agent's sources.
GO_PROGRAMS := bench/rewriters tests/property/rewriting
SHELL_SCRIPTS = $(shell git ls-files '*.sh' .ci/run)
PYTEST := python -m pytest

.PHONY: help
help: ## Name the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what the lab and the functions need (Debian 12 or 13, root); harmless when all is there
	@lab/setup.sh

.PHONY: setup-checks
setup-checks:
	@lab/setup.sh --checks

.PHONY: demo
demo: setup ## The whole way on this machine, with a timeline
	@python -m lab demo

# ---- Lab ----

.PHONY: lab-up
lab-up: setup ## Start Kubernetes, DynamoDB, the functions and what calls them
	@python -m lab up

.PHONY: lab-down
lab-down: ## Stop and remove all of it
	@python -m lab down

.PHONY: lab-status
lab-status: ## Every part and whether it is healthy
	@python -m lab status

.PHONY: lab-env
lab-env: ## Shell exports: eval "$(make lab-env)"
	@python -m lab env

# ---- Checks ----

# What tests of the lab `make test` has: from a call to a clone that is served, back into the pool, and on to a stranger.
MAIN_WAY := $(addprefix tests/e2e/test_,whole_way.py bad_input.py leak.py)

.PHONY: test
test: setup-checks ## Lint, all tests that need no cluster, and the whole way on the lab
	@$(MAKE) --jobs=2 --output-sync=recurse lint
	$(MAKE) test-unit
	$(MAKE) --jobs=2 --output-sync=recurse test-go test-php
	$(MAKE) test-e2e E2E="$(MAIN_WAY)"

.PHONY: test-trials
test-trials: setup-checks ## The rest: attacks, faults, odd sources and bad networks on the lab, and the lab itself
	@$(MAKE) test-lab
	$(MAKE) test-e2e E2E="tests $(MAIN_WAY:%=--ignore=%)"

.PHONY: test-all
test-all: ## Both, as CI does
	@$(MAKE) test
	$(MAKE) test-trials

.PHONY: lint
lint: lint-python lint-go lint-php lint-shell lint-template ## All linters

.PHONY: lint-python
lint-python:
	@ruff check
	ruff format --check
	mypy
	mypy lab
	mypy bench
	PYTHONPATH=layers/clonepool:. lint-imports

.PHONY: lint-go
lint-go: $(GOBIN)/$(STATICCHECK)
	@unformatted=$$("$$(go env GOROOT)/bin/gofmt" -l docker/clone-agent lab/kube bench tests)
	if [ -n "$$unformatted" ]; then echo "gofmt: $$unformatted" >&2; exit 1; fi
	agent=$$(mktemp -d)
	trap 'rm -r "$$agent"' EXIT
	cp -r docker/clone-agent/. "$$agent"
	for program in $(GO_PROGRAMS); do
	  mkdir "$$agent/cmd/$${program//\//-}" && cp "$$program"/*.go "$$agent/cmd/$${program//\//-}"
	done
	for entry in $(GO_PACKAGES) "$$agent:./cmd/..."; do
	  ( cd "$${entry%%:*}" && go vet -trimpath "$${entry#*:}" && GOFLAGS=-trimpath "$(GOBIN)/$(STATICCHECK)/staticcheck" "$${entry#*:}" )
	done

$(GOBIN)/$(STATICCHECK):
	@GOBIN="$@" go install $(STATICCHECK)

.PHONY: lint-php
lint-php:
	@phpcs -q

.PHONY: lint-shell
lint-shell:
	@shellcheck $(SHELL_SCRIPTS)

.PHONY: lint-template
lint-template:
	@cfn-lint template.yaml infra/eks/*.yaml
	$(SAM) validate --lint

.PHONY: test-unit
test-unit: ## Unit, contract, property, integration and template tests
	@$(PYTEST) -n auto --dist worksteal

.PHONY: test-go
test-go: ## Tests of the agent and of the lab's small servers
	@for entry in $(GO_PACKAGES); do
	  ( cd "$${entry%%:*}" && go test -trimpath "$${entry#*:}" )
	done
	$(MAKE) test-go-mysql

# This machine has MariaDB, a clone has MySQL: its server is taken out of the image's base. What an import keeps in memory
# has nothing to do with either.
.PHONY: test-go-mysql
test-go-mysql: ## The importer's tests once more, on the MySQL of a clone's pod
	@if [ -z "$${CI:-}" ] && { [ "$$(uname -s)" != Linux ] || [ "$$(id -u)" != 0 ]; }; then
	  echo "SKIPPED: the pod's MySQL is made from Debian's packages, which needs Linux and root"; exit 0
	fi
	CLONEPOOL_MYSQLD=$$(python -m lab.images.server)
	export CLONEPOOL_MYSQLD
	cd docker/clone-agent && go test -trimpath -skip '^TestMemory$$' ./internal/importer

.PHONY: test-php
test-php: ## Tests of the plugin and the guard
	@phpunit --configuration tests/php
	$(MAKE) test-php-versions

# Debian has one version of PHP; the others come from npm, compiled to WebAssembly. What needs a database server, a
# pipe or a parser of Debian's (group "native") runs with Debian's only.
PHP_VERSIONS := 7.4 8.0 8.3 8.4
PHP_WASM := $(CACHE)/npm/php-wasm-$(shell sha256sum tests/php/versions/package-lock.json | cut -c1-12)

.PHONY: test-php-versions
test-php-versions: $(PHP_WASM) ## Unit tests of the plugin under every PHP that it is made for
	@for version in $(PHP_VERSIONS); do
	  echo "PHP $$version"
	  node tests/php/versions/php.mjs "$(PHP_WASM)" $$version -d include_path=/usr/share/php -d error_reporting=24575 \
	    /usr/bin/phpunit --configuration tests/php --testsuite unit --exclude-group native
	done

$(PHP_WASM):
	@mkdir -p "$(@D)"
	folder=$$(mktemp -d "$@.XXXXXX")
	cp tests/php/versions/package.json tests/php/versions/package-lock.json "$$folder"
	npm ci --prefix "$$folder" --ignore-scripts --no-audit --no-fund --loglevel error >/dev/null
	mv -T "$$folder" "$@" || rm -r "$$folder"

# What elsewhere than in CI a machine that cannot run the lab skips, and says so.
define NEEDS_LAB
if [ -z "$${CI:-}" ] && { [ "$$(uname -s)" != Linux ] || [ "$$(id -u)" != 0 ]; }; then
  echo "SKIPPED: $@ needs the lab, and the lab needs Linux and root"; exit 0
fi
endef

# Slow builds first: they are no part of what is tested, nor of its time limits.
.PHONY: test-lab
test-lab: ## The lab itself: started twice, killed, started where it cannot, removed (not while it is up)
	@$(NEEDS_LAB)
	if [ -z "$${CI:-}" ] && python -m lab status >/dev/null 2>&1; then
	  echo "SKIPPED: $@ breaks and removes the lab, and it is up: make lab-down first"; exit 0
	fi
	python -m lab build-kube >/dev/null
	python -m lab.images >/dev/null
	$(PYTEST) -m lab tests/lab

E2E ?= tests

# Brings the lab up and takes it down again, unless it was up already.
.PHONY: test-e2e
test-e2e: ## Tests on the lab, over HTTP; all of them, or E2E="tests/e2e/test_guard.py"
	@$(NEEDS_LAB)
	if ! python -m lab status >/dev/null 2>&1; then
	  trap 'python -m lab down' EXIT
	fi
	python -m lab up --set ResetSeconds=45
	$(PYTEST) -m e2e --durations=25 $(E2E)

.PHONY: test-import
test-import: setup-checks ## The import alone: importer and rewriter, the plugin on the source, clones on the lab
	@( cd docker/clone-agent && go test -trimpath ./internal/importer/... ./internal/rewrite/... ./internal/pid1 )
	$(MAKE) test-go-mysql
	$(PYTEST) tests/property/rewriting tests/unit/domain/test_reach.py
	$(MAKE) test-php
	$(MAKE) test-e2e E2E="tests/e2e/import tests/e2e/test_fatal_plugins.py tests/e2e/test_own_site.py"

FUZZ_TIME ?= 3m
FUZZ_CELLS ?= 20000

.PHONY: fuzz
fuzz: fuzz-cells ## Search on for what breaks the rewriter (FUZZ_TIME=3m for each parser, FUZZ_CELLS=20000; REWRITER_SEED=n repeats cells)
	@cd docker/clone-agent
	for target in FuzzSerialized FuzzJSON FuzzBase64 FuzzURL; do
	  go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ_TIME) -fuzzminimizetime 5s ./internal/rewrite
	done

# Everywhere else the cells are the same at each run, so that a change is judged by itself.
.PHONY: fuzz-cells
fuzz-cells:
	@export REWRITER_SEED=$${REWRITER_SEED:-$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
	echo "make fuzz-cells REWRITER_SEED=$$REWRITER_SEED repeats these cells"
	REWRITER_CELLS=$(FUZZ_CELLS) $(PYTEST) tests/property/rewriting
	cd docker/clone-agent
	go test -trimpath -run 'ThereAndBack|WhatUnserialized|AsGoodAsByItself' ./internal/rewrite

# ---- Measuring ----

.PHONY: bench-clone
bench-clone: lab-up ## Clones of three sizes beside the flow they replace (BENCH="--sizes small --runs 3")
	@PYTHONPATH=layers/clonepool python -m bench.clone $(BENCH)

.PHONY: bench-reset
bench-reset: lab-up ## Resets beside new pods, and what an idle pod holds in memory
	@PYTHONPATH=layers/clonepool python -m bench.reset $(BENCH)

.PHONY: leak-test
leak-test: ## Plant as one customer, search as the next (LEAK="--cycles 20"; CLONEPOOL_API_URL: another installation)
	@if [ -z "$${CLONEPOOL_API_URL:-}" ]; then $(MAKE) lab-up; fi
	PYTHONPATH=layers/clonepool python -m bench.leak $(LEAK)

.PHONY: leak-test-broken
leak-test-broken: setup ## With a wipe that is broken on purpose, place by place: each check must fire (the lab only)
	@CLONEPOOL_AGENT_TAGS=leakhooks python -m lab up --set OnSuspicion=quarantine
	PYTHONPATH=layers/clonepool python -m bench.leak --broken $(LEAK)

.PHONY: bench-rewrite
bench-rewrite: setup-checks ## The rewriter beside sed and regular expressions
	@python -m bench.rewrite $(BENCH)

# ---- AWS ----

layers/dependencies/requirements.txt: uv.lock pyproject.toml layers/dependencies/export.sh
	@layers/dependencies/export.sh > $@

.PHONY: sam-build
sam-build: layers/dependencies/requirements.txt ## Build what `sam deploy` deploys (ARCHITECTURE=arm64 for Graviton)
	@ARCHITECTURE=$(ARCHITECTURE) $(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

.PHONY: sam-local
sam-local: sam-build ## Invoke every function by `sam local` in a stand-in image (installs and starts docker)
	@python -m lab.sam
