#!/usr/bin/env bash
# Install the clients that only tests/parity drives, each at the version pinned there, into .tools: the AWS CLI (PyPI) and the
# JavaScript SDK (npm). What cannot be had (no npm, no network) is said, and its tests skip visibly.
set -uo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

# Nothing is done where STAMP holds what the versions are pinned by.
installed() { cmp --silent "$1" "$2"; }

install_aws_cli() {
  local pinned=tests/parity/aws_cli/requirements.txt folder=.tools/aws_cli
  installed "$pinned" "$folder/installed" && return
  say "Installing the AWS CLI for the parity tests"
  .venv/bin/python -m venv --clear "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pinned" &&
    cp "$pinned" "$folder/installed" || say "The AWS CLI could not be installed: its parity tests are skipped"
}

install_javascript_sdk() {
  local pinned=tests/parity/javascript/package-lock.json folder=.tools/javascript
  installed "$pinned" "$folder/installed" && return
  command -v npm >/dev/null || { say "There is no npm: the parity tests of the JavaScript SDK are skipped"; return; }
  say "Installing the JavaScript SDK for the parity tests"
  mkdir -p "$folder" && cp tests/parity/javascript/package.json "$pinned" "$folder" &&
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) &&
    cp "$pinned" "$folder/installed" || say "The JavaScript SDK could not be installed: its parity tests are skipped"
}

mkdir -p .tools
install_aws_cli
install_javascript_sdk
