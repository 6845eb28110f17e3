#!/usr/bin/env bash
# Install what only tests/parity drives into .tools: the AWS CLI (PyPI), the JavaScript SDK (npm) and Powertools for AWS Lambda with a
# web framework (PyPI, npm), each at the version pinned there, and Debian's image registry. What cannot be had (no npm, no network) is said, and its tests skip visibly.
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

# Two folders of packages as they lie in a layer. The second line of PyPI's is the web framework behind the web adapter.
install_powertools_python() {
  local pinned=tests/parity/powertools/python/requirements.txt folder=.tools/powertools/python
  installed "$pinned" "$folder.installed" && return
  say "Installing Powertools for Python for the parity tests"
  rm -rf "$folder" && mkdir -p "$folder" &&
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --target "$folder" --requirement "$pinned" &&
    cp "$pinned" "$folder.installed" || say "Powertools for Python could not be installed: its parity tests are skipped"
}

install_powertools_javascript() {
  local pinned=tests/parity/powertools/javascript/package-lock.json folder=.tools/powertools/javascript
  installed "$pinned" "$folder.installed" && return
  command -v npm >/dev/null || { say "There is no npm: the parity tests of Powertools for Node.js are skipped"; return; }
  say "Installing Powertools for Node.js for the parity tests"
  mkdir -p "$folder" && cp tests/parity/powertools/javascript/package.json "$pinned" "$folder" &&
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) &&
    cp "$pinned" "$folder.installed" || say "Powertools for Node.js could not be installed: its parity tests are skipped"
}

# Unpacked and not installed: the package would start a service on port 5000.
install_registry() {
  local folder=.tools/registry
  [ -x "$folder/usr/bin/docker-registry" ] && return
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { say "There is no apt: the parity tests of image registries are skipped"; return; }
  say "Unpacking Debian's image registry for the parity tests"
  mkdir -p "$folder" && (cd "$folder" && apt-get download -qq docker-registry 2>/dev/null && dpkg-deb -x docker-registry_*.deb . && rm -f docker-registry_*.deb) ||
    say "The image registry could not be unpacked: its parity tests are skipped"
}

mkdir -p .tools
install_aws_cli
install_javascript_sdk
install_powertools_python
install_powertools_javascript
install_registry
