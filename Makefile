# One-word commands; meson does the work.  `make help` lists them.
BUILD ?= build
JOBS ?= $(shell nproc)
DIR ?=
PREFIX ?= /usr/local
SECONDS_EACH ?= 60

.PHONY: help build test test-plain demo install fuzz bench format lint clean
.DEFAULT_GOAL := build

build: ## build metac and metacd under build/
	@scripts/install-deps build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD) -j $(JOBS) programs

test: ## run every test, under the address and undefined behaviour sanitizers
	@scripts/install-deps build test
	@test -f build-test/build.ninja || meson setup build-test -Db_sanitize=address,undefined
	@ninja -C build-test -j $(JOBS)
	@scripts/run-tests build-test

test-plain: ## run some of them on what is installed: sanitizers widen what confined processes may call
	@scripts/install-deps build test
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD) -j $(JOBS) programs test/system/block-client test/system/greedy
	@scripts/run-tests $(BUILD) system/share system/streams system/block-device

demo: ## share a directory between two hosts, step by step (DIR=/path for one of your own)
	@scripts/install-deps build demo
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX)
	@ninja -C $(BUILD) -j $(JOBS) --quiet programs
	@BUILD=$(abspath $(BUILD)) scripts/demo $(if $(DIR),"$(DIR)")

install: build ## install programs, manual pages, units and completions (PREFIX=, DESTDIR=)
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@ninja -C $(BUILD) -j $(JOBS) programs
	@meson install -C $(BUILD) --no-rebuild

fuzz: ## run every fuzz target under libFuzzer for SECONDS_EACH seconds (60)
	@scripts/install-deps build lint
	@scripts/fuzz $(SECONDS_EACH)

bench: ## measure RPC, mounts, NBD, 9P and streams beside their peers; kept in bench/results.md
	@scripts/install-deps build bench
	@test -f build-bench/build.ninja || meson setup build-bench --buildtype=release
	@ninja -C build-bench -j $(JOBS) bench-programs
	@scripts/run-tests build-bench --benchmark --results bench/results.md

format: ## bring all C sources into the house style
	@scripts/install-deps lint
	@git ls-files '*.c' '*.h' ':!test/gen/golden' | xargs clang-format -i

lint: ## check formatting, sizes, manual pages and scripts
	@scripts/install-deps lint
	@scripts/lint

clean: ## remove all build directories
	rm -rf build build-*/

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' $(MAKEFILE_LIST) | awk -F ' - ' '{printf "%-16s %s\n", $$1, $$2}'
