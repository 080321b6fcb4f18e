# shellcheck shell=bash
# Sourced by the other scripts: how they give up, and how they run uv.

# fail MESSAGE...: prints the first line after "set-up: ", the others indented, and ends the script.
fail() {
  printf 'set-up: %s\n' "$1" >&2
  shift
  if (($# > 0)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# The way out that every refusal of the platform names.
container_advice() {
  echo "or run the project in a Debian 13 or Ubuntu 24.04 container."
}

# Settings of uv that hold for each of its commands; the user's own (a mirror, say) still apply.
configure_uv() {
  # uv must take the interpreter that was chosen here, never fetch one.
  export UV_PYTHON_DOWNLOADS=never
  # Certificates that the administrator added count for uv too, as they do for pip and apt. Where
  # the system has none at all, uv's own are better.
  if [[ -s /etc/ssl/certs/ca-certificates.crt ]]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
  fi
}
