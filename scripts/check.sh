#!/usr/bin/env bash
# The single door before a commit: formatting, lint, types, import layers, house style. Runs all, then says what failed.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
run() {
  local name="$1"
  shift
  if output="$("$@" 2>&1)"; then
    printf 'ok      %s\n' "$name"
  else
    printf '%s\nFAILED  %s\n' "$output" "$name"
    failed+=("$name")
  fi
}

run "format (ruff format)" .venv/bin/ruff format --check .
run "lint (ruff check)" .venv/bin/ruff check .
run "types (mypy strict)" .venv/bin/mypy src
run "import layers (import-linter)" .venv/bin/lint-imports
run "house style (tests/style)" .venv/bin/python -m pytest -q tests/style
[ ${#failed[@]} -eq 0 ] || { printf 'to mend formatting: make format\n'; exit 1; }
