#!/usr/bin/env bash
# Builds the environment from requirements.lock; does nothing, in well under 0.1 s, when it is
# current.
# Usage: [ENVIRONMENT=.venv] [PYTHON=python3.11] set_up.sh [--check]
#   --check  installs nothing; exit status 1 when there is something to do
#
# Inside the environment, set-up/ holds what set-up itself needs and set-up/stamp, which is removed
# first and written last: without it, whatever an interrupted run left is thrown away. That costs
# seconds, because uv keeps what it downloaded in its own cache.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scripts=$repository/scripts
source "$scripts/common.sh"
source "$scripts/progress.sh"

environment=$(realpath -m -- "${ENVIRONMENT:-$repository/.venv}")
own_folder=$environment/set-up
stamp=$own_folder/stamp
private_runtime=$scripts/private_c_runtime.sh
configure_uv

# What the environment is tied to, in five lines: folders, because paths are written into its
# files; the interpreter with its time and size, because an upgrade of the system replaces it in
# place; and how the private C library is made.
describe_identity() {
  printf 'repository %s\nenvironment %s\npython %s\n' "$repository" "$environment" "$1"
  stat -L -c 'interpreter of time %Y, size %s' "$1"
  if [[ -e $private_runtime ]]; then sha256sum <"$private_runtime"; else echo none; fi
}

describe_inputs() {
  (cd "$repository" && sha256sum requirements.lock pyproject.toml scripts/{uv.txt,set_up.sh,first_import.py})
}

recorded_python() {
  sed -n 's/^python //p' "$stamp" 2>/dev/null || true
}

# The interpreter asked for, or the one already in use, or the first suitable one.
choose_python() {
  local recorded
  recorded=$(recorded_python)
  if [[ -z ${PYTHON:-} && -x $recorded ]]; then
    echo "$recorded"
  else
    "$scripts/find_python.sh" "${PYTHON:-}"
  fi
}

is_same_environment() {
  [[ -f $stamp && $(head -n 5 "$stamp") == "$(describe_identity "$1")" ]]
}

is_current() {
  is_same_environment "$1" && [[ $(tail -n +6 "$stamp") == "$(describe_inputs)" ]]
}

require_own_folder() {
  if [[ -n $(ls -A "$environment" 2>/dev/null) && ! -d $own_folder ]]; then
    fail "ENVIRONMENT must be a new or empty folder, or one that set-up made." \
      "Received: $environment, which holds other files." \
      "Remove it, or name another folder with 'make ENVIRONMENT=FOLDER ...'."
  fi
}

# Empty when the system's own C and C++ libraries will do, "private" when replacements are needed.
choose_runtime() {
  local missing
  if missing=$("$1" -I "$scripts/system_libraries.py"); then return; fi
  if [[ ! -e $private_runtime ]]; then
    fail "this system is too old for TFX's wheels:" "${missing//$'\n'/$'\n'  }" \
      "Use Debian 13, Ubuntu 24.04 or newer," "$(container_advice)"
  fi
  echo private
}

make_virtual_environment() {
  find "$environment" -mindepth 1 -maxdepth 1 ! -name set-up -exec rm -rf {} +
  "$uv" venv --no-project --allow-existing --python "$1" "$environment"
}

# Builds of source-only packages get their tools from the lock file too, and by hash.
install_packages() {
  local lock=$repository/requirements.lock
  "$uv" pip sync --python "$environment/bin/python" --require-hashes "$lock" \
    --build-constraints "$lock" --require-build-hashes \
    --preview-features build-dependency-hashes
}

install_project() {
  "$uv" pip install --python "$environment/bin/python" --no-deps --no-build-isolation \
    --editable "$repository"
}

first_import() {
  (cd "$repository" && "$environment/bin/python" -m scripts.first_import)
}

install_uv() {
  "$scripts/install_uv.sh" "$own_folder" "$1" >"$own_folder/path-of-uv"
}

write_stamp() {
  { describe_identity "$1" && describe_inputs; } >"$stamp.new"
  mv "$stamp.new" "$stamp"
}

build() {
  local python=$1 runtime=$2
  run_stage "uv" install_uv "$python"
  uv=$(<"$own_folder/path-of-uv")
  if ! is_same_environment "$python"; then
    rm -f "$stamp"
    run_stage "environment on $python" make_virtual_environment "$python"
    if [[ $runtime == private ]]; then
      run_stage "private C library" "$private_runtime" "$environment" "$python"
    fi
  fi
  rm -f "$stamp"
  run_stage "packages of requirements.lock" install_packages
  run_stage "the project itself" install_project
  run_stage "first import" first_import
  write_stamp "$python"
}

count_stages() {
  local count=4
  if ! is_same_environment "$1"; then count=5; fi
  if ((count == 5)) && [[ $2 == private ]]; then count=6; fi
  echo "$count"
}

main() {
  local python runtime
  python=$(choose_python)
  if is_current "$python"; then return; fi
  if [[ ${1:-} == --check ]]; then exit 1; fi
  [[ $(uname -sm) == "Linux x86_64" ]] || fail \
    "x86-64 Linux is required; this is $(uname -sm)." "Use another machine," "$(container_advice)"
  require_own_folder
  runtime=$(choose_runtime "$python")
  mkdir -p "$own_folder"
  # One at a time: a second `make` waits here and then finds the work done.
  exec 9>"$own_folder/lock"
  flock 9
  if is_current "$python"; then return; fi
  open_log "$own_folder/log" "$(count_stages "$python" "$runtime")"
  build "$python" "$runtime"
  echo "set-up: done in $SECONDS s; nothing is installed again until its inputs change." >&2
}

main "$@"
