"""What became of a run: in its folder, on the page over all runs, and in the last task's log."""

import io

from rich.console import Console

from pipeline.kubeflow.outputs import Records
from pipeline.kubeflow.prepared_run import PreparedRun
from pipeline.kubeflow.say import say
from pipeline.runs import outcomes
from pipeline.runs.failures import explain
from pipeline.runs.outcomes import record_outcome
from pipeline.runs.results import summarize
from pipeline.runs.summary import account_lines, split_table, verdict_lines

NO_LOG = ""
"""Kubeflow keeps the logs of pods."""


def record_failure(run: PreparedRun, step: str, error: BaseException) -> None:
    """Keeps why a run failed; a retry that succeeds takes it back."""
    message, _ = explain(error)
    record_outcome(run.config, run.folder, outcomes.failed(NO_LOG, f"In {step}: {message}"))


def record_success(run: PreparedRun, records: Records) -> None:
    """Keeps the verdict on a run's model, and says it."""
    finished = summarize(records)
    page = record_outcome(run.config, run.folder, outcomes.finished(NO_LOG, finished))
    text = io.StringIO()
    console = Console(file=text, width=100)
    console.print(split_table(finished))
    for line in [*account_lines(finished), *verdict_lines(finished)]:
        console.print(line, highlight=False, soft_wrap=True)
    say(f"{text.getvalue()}All runs: {page}")
    say(unchanged_line(records))


def unchanged_line(records: Records) -> str:
    """Says that a run had nothing to do, where that is so."""
    if records["Trainer"].is_cached:
        return (
            "Data, code and configuration of the training are unchanged: no model was trained "
            "anew, the earlier one was taken from the cache."
        )
    return "A new model was trained."
