# shellcheck shell=bash
# Sourced by set_up.sh: runs stages one after another. What a stage prints goes to a log; the
# terminal shows its title, its time and the log's last line while it runs.

stage_number=0
stage_line=""
ticker=""
terminal=3

# open_log FILE COUNT: COUNT is the number of stages to come.
open_log() {
  stage_log=$1
  stage_count=$2
  : >"$stage_log"
  # A copy, because stages run with their own output sent to the log.
  exec 3>&2
  trap close_log EXIT
}

# run_stage TITLE COMMAND...: a command that fails ends the script, through close_log.
run_stage() {
  local started=$SECONDS
  stage_number=$((stage_number + 1))
  stage_line="set-up $stage_number/$stage_count: $1"
  shift
  printf '== %s\n' "$stage_line" >>"$stage_log"
  # It writes to the terminal by another descriptor; on its own errors it has only bash's complaint
  # of being killed.
  show_progress "$started" 2>/dev/null &
  ticker=$!
  "$@" >>"$stage_log" 2>&1
  stop_ticker
  printf '%s: %s s\n' "$stage_line" "$((SECONDS - started))" >&$terminal
  stage_line=""
}

# On a terminal one line is rewritten every second; elsewhere (CI) a line appears every 30 seconds.
show_progress() {
  local started=$1 period=30
  if [[ -t $terminal ]]; then period=1; fi
  while kill -0 $$ 2>/dev/null; do
    if ((period == 1)); then
      printf '\r\033[K%.79s' "$(describe_progress "$started")" >&$terminal
    elif ((SECONDS > started && (SECONDS - started) % period == 0)); then
      describe_progress "$started" >&$terminal
    fi
    # Without the caller's files: this may outlive the script by a second, and would keep them open.
    sleep 1 >/dev/null 2>&1 3>&- 9>&-
  done
}

describe_progress() {
  local last_line
  last_line=$(tail -n 1 "$stage_log")
  printf '%s: %s s ... %s\n' "$stage_line" "$((SECONDS - $1))" "${last_line##== *}"
}

stop_ticker() {
  if [[ -z $ticker ]]; then return; fi
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  ticker=""
  if [[ -t $terminal ]]; then printf '\r\033[K' >&$terminal; fi
}

close_log() {
  local status=$?
  stop_ticker
  if ((status == 0)) || [[ -z $stage_line ]]; then return; fi
  {
    printf '%s: stopped. The last lines of its log:\n' "$stage_line"
    tail -n 15 "$stage_log" | sed 's/^/  | /'
    printf 'The whole log: %s\n' "$stage_log"
    printf 'The same command goes on from here; what was downloaded is kept.\n'
  } >&$terminal
}
