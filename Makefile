# The two commands of the README. Each does all its set-up; `make help` lists the others.
PYTHON ?= python3.11
GATEWAY := .venv/bin/gateway

.PHONY: help setup demo test check score bench clean

help:
	@sed -n 's/^## //p' Makefile

## setup   make .venv from the hashed lock (and, as root or with sudo, install the Debian packages that run needs)
setup:
	@.ci/setup run

## demo    a dozen sample mails through the whole gateway, live
demo: setup
	@$(GATEWAY) demo --once

## test    everything CI runs
test:
	@.ci/setup test
	@.ci/test

## score   what becomes of the corpora, held against its bounds (corpora that are absent are skipped)
score:
	@.ci/setup test
	@.venv/bin/python -m tests.score

## bench   speed, as a ratio to a floor measured in the same run
bench:
	@.ci/setup test
	@.venv/bin/python -m tests.bench
