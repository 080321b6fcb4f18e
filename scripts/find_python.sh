#!/usr/bin/env bash
# Prints the path of the interpreter that the environment is built on.
# Usage: find_python.sh [PYTHON]    a command or path to use instead of the first suitable one
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Prints "VERSION PATH" of a command, where PATH is the interpreter behind a virtual environment
# or a version manager; prints nothing where the command is missing or is not CPython.
describe_interpreter() {
  "$1" -I -c '
import os, platform, sys
if sys.implementation.name == "cpython":
    base = getattr(sys, "_base_executable", None) or sys.executable
    print(platform.python_version(), os.path.realpath(base))
' 2>/dev/null || true
}

is_supported() {
  [[ $1 =~ ^3\.(11|12|13)\. ]]
}

require_pip() {
  "$1" -I -m pip --version >/dev/null 2>&1 || fail "pip is required, and $1 has none." \
    "Install it (Debian, Ubuntu: apt install python3-pip)," \
    "name another Python with 'make PYTHON=/path/to/python3.11 ...'," \
    "$(container_advice)"
}

main() {
  local candidates=(python3.11 python3.12 python3.13 python3) candidate version path
  local found=()
  if [[ -n ${1:-} ]]; then candidates=("$1"); fi
  for candidate in "${candidates[@]}"; do
    read -r version path < <(describe_interpreter "$candidate") || continue
    if is_supported "$version"; then
      require_pip "$path"
      echo "$path"
      return
    fi
    found+=("$candidate is Python $version")
  done
  fail "Python 3.11, 3.12 or 3.13 is required. Tried: ${candidates[*]}; found: ${found[*]:-none}." \
    "Install one with pip (Debian, Ubuntu: apt install python3.11 python3-pip)," \
    "name one with 'make PYTHON=/path/to/python3.11 ...'," \
    "$(container_advice)"
}

main "$@"
