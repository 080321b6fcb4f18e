"""What became of each run, and the page over all of them.

Every run leaves `outcome.json` in its folder, however it ended; `index.html` in the output folder
is rebuilt from all of them.
"""

import dataclasses
import datetime
import json
import os
from collections.abc import Iterator

from components.reporting.run_index import (
    FAILED,
    INTERRUPTED,
    PUSHED,
    REFUSED,
    UNCHANGED,
    RunEntry,
    render_index,
)
from components.storage import atomic_write
from pipeline.config import PipelineConfig
from pipeline.paths import output_folder
from pipeline.runs.summary import RunSummary

OUTCOME_FILE = "outcome.json"
INDEX_FILE = "index.html"
METRICS_FILE = "metrics.json"


def interrupted(log_path: str) -> RunEntry:
    """A run that its user ended."""
    return RunEntry(_now(), INTERRUPTED, log=log_path)


def failed(log_path: str, message: str) -> RunEntry:
    """A run that could not go on."""
    return RunEntry(_now(), FAILED, message, log=log_path)


def finished(log_path: str, run: RunSummary) -> RunEntry:
    """A run whose model was judged, now or by an earlier run."""
    with open(os.path.join(os.path.dirname(run.model_report), METRICS_FILE), "rb") as file:
        metrics = json.load(file)
    accuracy = metrics["accuracy"]
    outcome = PUSHED if run.model else REFUSED
    return RunEntry(
        _now(),
        UNCHANGED if run.is_unchanged else outcome,
        run.verdict,
        version=os.path.basename(run.model),
        accuracy=accuracy["value"],
        low=accuracy["low"],
        high=accuracy["high"],
        test_images=accuracy["images"],
        report=run.model_report,
        log=log_path,
    )


def record_outcome(config: PipelineConfig, run_folder: str, entry: RunEntry) -> str:
    """Stores what became of a run, with paths from the current directory, in its folder.

    Returns:
        The index, which is rebuilt.
    """
    folder = output_folder(config)
    paths = {
        name: os.path.relpath(getattr(entry, name), folder) if getattr(entry, name) else ""
        for name in ("report", "log")
    }
    values = {**dataclasses.asdict(entry), **paths, "time": entry.time.isoformat()}
    text = json.dumps(values, indent=2, ensure_ascii=False)
    # As a page would show it: what is no character, as half of an emoji, is no reason to fail.
    atomic_write(os.path.join(run_folder, OUTCOME_FILE), text.encode(errors="replace"))
    return _write_index(config.name, folder)


def read_outcome(run_folder: str) -> RunEntry | None:
    """What became of a run; None of one that goes on, or was killed."""
    try:
        with open(os.path.join(run_folder, OUTCOME_FILE), encoding="utf-8") as file:
            values = json.load(file)
        return RunEntry(**{**values, "time": datetime.datetime.fromisoformat(values["time"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_index(name: str, folder: str) -> str:
    page = render_index(name, list(_read_outcomes(os.path.join(folder, "runs"))))
    path = os.path.join(folder, INDEX_FILE)
    # Whoever looks meanwhile sees the old page, not a half of the new one.
    atomic_write(path, page.encode())
    return path


def _read_outcomes(runs: str) -> Iterator[RunEntry]:
    for run in sorted(os.listdir(runs)):
        if (entry := read_outcome(os.path.join(runs, run))) is not None:
            yield entry


def _now() -> datetime.datetime:
    return datetime.datetime.now().replace(microsecond=0)
