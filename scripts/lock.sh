#!/usr/bin/env bash
# Writes requirements.lock from pyproject.toml; versions already locked are kept where they fit.
# Usage: [ENVIRONMENT=.venv] [PYTHON=python3.11] lock.sh [--check | UV_OPTION...]
#   --check    changes nothing; exit status 1 and the difference when the lock file is out of date
#   --upgrade  takes the newest versions instead (or: --upgrade-package NAME)
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$scripts/common.sh"
configure_uv
cd "$scripts/.."

# compile FILE UV_OPTION...: one file for Python 3.11 to 3.13. Addresses of registries are left out:
# each machine has its own.
compile() {
  local file=$1
  shift
  "$uv" pip compile pyproject.toml --quiet --group dev --universal --python-version 3.11 \
    --python "$python" --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "make lock" --output-file "$file" "$@"
}

refuse_addresses() {
  if grep -n '://' "$1" >&2; then
    fail "requirements.lock must not hold addresses, and the lines above do." \
      "Require a released version instead of an address in pyproject.toml."
  fi
}

check() {
  local folder
  folder=$(mktemp -d)
  # The path is fixed now: the variable is gone when the trap runs.
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  cp requirements.lock "$folder/requirements.lock"
  compile "$folder/requirements.lock"
  if ! diff -u requirements.lock "$folder/requirements.lock" | head -n 40 >&2; then
    fail "requirements.lock does not follow from pyproject.toml; the difference is above." \
      "Run 'make lock' and commit the file."
  fi
  echo "lock-check: requirements.lock follows from pyproject.toml"
}

main() {
  local own_folder=${ENVIRONMENT:-.venv}/set-up
  mkdir -p "$own_folder"
  python=$("$scripts/find_python.sh" "${PYTHON:-}")
  uv=$("$scripts/install_uv.sh" "$own_folder" "$python")
  if [[ ${1:-} == --check ]]; then
    check
  else
    compile requirements.lock "$@"
    refuse_addresses requirements.lock
  fi
}

main "$@"
