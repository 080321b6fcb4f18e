#!/usr/bin/env bash
# Puts the pinned uv into a folder and prints its path; does nothing when it is already there.
# Usage: install_uv.sh FOLDER PYTHON
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

main() {
  local parent=$1 python=$2 pin folder
  pin=$(sha256sum <"$here/uv.txt")
  folder=$parent/uv/${pin:0:12}
  if [[ ! -d $folder ]]; then
    rm -rf "$parent/uv"
    "$here/pip_install.sh" "$python" "$folder" "$here/uv.txt" >&2
  fi
  echo "$folder/bin/uv"
}

main "$@"
