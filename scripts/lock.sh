#!/usr/bin/env bash
# Writes requirements.lock and requirements-gpu.lock from pyproject.toml; versions already locked are
# kept where they fit.
# Usage: [ENVIRONMENT=.venv] [PYTHON=python3.11] lock.sh [--check | UV_OPTION...]
#   --check    changes nothing; exit status 1 and the difference when a lock file is out of date
#   --upgrade  takes the newest versions instead (or: --upgrade-package NAME)
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$scripts/common.sh"
configure_uv
cd "$scripts/.."

# The file of the GPU image is that of the other one, and CUDA's libraries: it begins from its
# versions, so that both images compute by the same packages.
LOCKS=(requirements.lock requirements-gpu.lock)

# compile FILE UV_OPTION...: one file for Python 3.11 to 3.13, by its name. Addresses of registries
# are left out: each machine has its own.
compile() {
  local file=$1 packages=(--group dev)
  shift
  if [[ ${file##*/} == requirements-gpu.lock ]]; then
    packages=(--extra gpu --constraints requirements.lock)
  fi
  "$uv" pip compile pyproject.toml --quiet "${packages[@]}" --universal --python-version 3.11 \
    --python "$python" --generate-hashes --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "make lock" --output-file "$file" "$@"
}

refuse_addresses() {
  if grep -n '://' "$1" >&2; then
    fail "${1##*/} must not hold addresses, and the lines above do." \
      "Require a released version instead of an address in pyproject.toml."
  fi
}

check() {
  local folder file
  folder=$(mktemp -d)
  # The path is fixed now: the variable is gone when the trap runs.
  # shellcheck disable=SC2064
  trap "rm -rf '$folder'" EXIT
  for file in "${LOCKS[@]}"; do
    cp "$file" "$folder/$file"
    compile "$folder/$file"
    if ! diff -u "$file" "$folder/$file" | head -n 40 >&2; then
      fail "$file does not follow from pyproject.toml; the difference is above." \
        "Run 'make lock' and commit the file."
    fi
    echo "lock-check: $file follows from pyproject.toml"
  done
}

main() {
  local own_folder=${ENVIRONMENT:-.venv}/set-up file
  mkdir -p "$own_folder"
  python=$("$scripts/find_python.sh" "${PYTHON:-}")
  uv=$("$scripts/install_uv.sh" "$own_folder" "$python")
  if [[ ${1:-} == --check ]]; then
    check
  else
    for file in "${LOCKS[@]}"; do
      compile "$file" "$@"
      refuse_addresses "$file"
    done
  fi
}

main "$@"
