#!/usr/bin/env bash
# Set up .venv with Lambent and its tools on a bare Debian or Ubuntu with Python >= 3.11. As root it also installs the Debian
# packages that more tests can use; an ordinary user is told what is missing, and those tests skip visibly.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  say "Lambent needs Python 3.11 or newer. On Debian or Ubuntu: apt-get install python3 python3-venv"
  exit 1
}

install_debian_packages() {
  local wanted=() package
  command -v bwrap >/dev/null || wanted+=(bubblewrap)
  command -v mkfs.ext4 >/dev/null || wanted+=(e2fsprogs)
  command -v curl >/dev/null || wanted+=(curl)
  command -v node >/dev/null || wanted+=(nodejs)
  command -v ip >/dev/null || wanted+=(iproute2)
  "$1" -c 'import ensurepip' 2>/dev/null || wanted+=("python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv")
  ldconfig -p 2>/dev/null | grep -q 'libseccomp\.so\.2' || wanted+=(libseccomp2)
  [ ${#wanted[@]} -eq 0 ] && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "For everything that Lambent can do on this machine, install: ${wanted[*]}"
    return
  fi
  say "Installing Debian packages: ${wanted[*]}"
  apt-get update -qq || true
  for package in "${wanted[@]}"; do
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
      say "$package could not be installed: what needs it is skipped"
  done
}

python="$(find_python)"
install_debian_packages "$python"
if [ ! -x .venv/bin/python ]; then
  say "Creating .venv with $("$python" --version)"
  "$python" -m venv .venv || {
    say "The venv module is incomplete. On Debian or Ubuntu: apt-get install python3-venv"
    exit 1
  }
fi
say "Installing Lambent and its tools into .venv"
# Older pips know no dependency groups.
.venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
.venv/bin/python -m pip install --quiet --editable . --group dev
bash scripts/clients.sh
if ! .venv/bin/lambent runtimes --json | grep -q '"ruby'; then
  say "Installing Ruby for its tests (without root, into the data directory of Lambent)"
  .venv/bin/lambent runtimes install ruby3.3 || say "Ruby could not be installed: its tests are skipped"
fi
touch .venv/.installed
