#!/usr/bin/env bash
# Shows that the project also works on other versions of Python: for each, builds an environment of
# its own in a temporary folder by the same set-up, imports the stack and runs the unit tests.
# Usage: check_python_versions.sh [VERSION...]    default: 3.12 3.13
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$scripts/common.sh"

# Prints a working interpreter of VERSION: from the PATH, or one that pyenv has but does not offer.
find_version() {
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1"; do
    if "$candidate" -I -c '' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  fail "Python $1 is required for this check. Install it, or name other versions:" \
    "scripts/check_python_versions.sh VERSION..."
}

check_version() {
  local folder=$1/$2 python
  python=$(find_version "$2")
  make --no-print-directory -C "$scripts/.." "ENVIRONMENT=$folder" "PYTHON=$python" imports unit
  rm -rf "$folder"
}

main() {
  local versions=("$@") version
  if ((${#versions[@]} == 0)); then versions=(3.12 3.13); fi
  temporary=$(mktemp -d)
  trap 'rm -rf "$temporary"' EXIT
  for version in "${versions[@]}"; do
    echo "== Python $version"
    check_version "$temporary" "$version"
  done
  echo "python-versions: ${versions[*]} resolve, import and pass the unit tests"
}

main "$@"
