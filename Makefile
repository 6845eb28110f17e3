# Lambent's one door for people and for CI. Everything is built in .venv; every target is safe to repeat.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench soak format clean

PYTHON = .venv/bin/python
INSTALLED = .venv/.installed
# The versions of the clients that the parity tests drive.
CLIENTS = tests/parity/aws_cli/requirements.txt tests/parity/javascript/package-lock.json \
  tests/parity/powertools/python/requirements.txt tests/parity/powertools/javascript/package-lock.json

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(INSTALLED) ## Set up .venv and what the tests need (as root also Debian packages)

$(INSTALLED): pyproject.toml scripts/setup.sh scripts/clients.sh $(CLIENTS)
	@bash scripts/setup.sh

demo: $(INSTALLED) ## Start Lambent, deploy functions with plain boto3, invoke them, stop
	@$(PYTHON) -m scripts.demo

check: $(INSTALLED) ## Format, lint, types, import layers, style: the door before a commit
	@bash scripts/check.sh

test: $(INSTALLED) ## Run all tests
	@$(PYTHON) -m pytest -n 2 --dist loadgroup -q

soak: $(INSTALLED) ## Long runs that `make test` leaves out
	@$(PYTHON) -m pytest -q -m soak tests

bench: $(INSTALLED) ## Measure against peers; prints a table, writes bench/results.json
	@$(PYTHON) -m bench

format: $(INSTALLED) ## Rewrite the code in the house format
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

clean: ## Remove everything that make built
	rm -rf .venv .tools .mypy_cache .pytest_cache .ruff_cache .import_linter_cache bench/.peers bench/results.json
