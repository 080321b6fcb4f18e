#!/usr/bin/env bash
# Installs hash-checked wheels into a folder of their own, which appears only when it is complete.
# Usage: pip_install.sh PYTHON FOLDER REQUIREMENTS
#
# --target needs neither python3-venv nor leave to change a Python that the system manages.
set -euo pipefail

main() {
  local python=$1 folder=$2 requirements=$3
  rm -rf "$folder.partial"
  PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore "$python" -I -m pip install --quiet --no-deps \
    --disable-pip-version-check --only-binary :all: --require-hashes \
    --target "$folder.partial" --requirement "$requirements"
  mv "$folder.partial" "$folder"
}

main "$@"
