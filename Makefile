# The two commands a newcomer needs are `make demo` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
BUILD ?= build
JOBS  ?= $(shell nproc)

.PHONY: help demo test deps build run package test-package bench asan tsan fuzz clean
help:
	@echo "make demo    install what is missing, build, start virserver, boot MicroPython on a micro:bit"
	@echo "make test    install what is missing, build, run every test"
	@echo "make deps    install what building and testing need (Debian packages, npm); nothing later needs the network"
	@echo "make build   build/release/bin/{virserver,virctl,virserver-shim}"
	@echo "make run     build and start virserver in the foreground"
	@echo "make package        build/package: a .deb and a tarball with install.sh"
	@echo "make test-package   install them in a fresh Debian, build the container image, boot boards (root, Debian mirror)"
	@echo "make bench   measure, each figure as a ratio against a baseline of the same run"
	@echo "make asan    the tests under AddressSanitizer and UBSan;  make tsan: under ThreadSanitizer"
	@echo "make fuzz    a short run of every fuzz target"

demo: deps build
	@scripts/demo

test: deps
	@scripts/test dev

deps:
	@scripts/deps

build: deps
	@scripts/build release virserver virctl virserver-shim

run: build
	@exec $(BUILD)/release/bin/virserver

package: build
	@scripts/deps package
	@scripts/package

test-package: package
	@scripts/deps test-package
	@scripts/test-package

bench: build
	@scripts/bench

asan tsan: deps
	@scripts/test $@

fuzz: deps
	@scripts/fuzz

clean:
	rm -rf $(BUILD)
