"""The first task of a run, PrepareRun: settings, spans, folders and the database are checked.

What is wrong with a run ends it here, in seconds, and not after the training.
"""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.config_checks import ConfigurationError
from components.errors import PipelineError
from components.ingestion.listing.spans import find_spans
from components.reporting.index.entries import FAILED, INTERRUPTED
from components.training.settings import BLESSED
from pipeline.config import DECISIONS, PipelineConfig, from_dict
from pipeline.kubeflow.metadata import check_connection, connection_to
from pipeline.kubeflow.names import PLACEHOLDER, PREPARE_RUN
from pipeline.kubeflow.parameters import with_parameters
from pipeline.kubeflow.prepared_run import RUN_FILE, PreparedRun
from pipeline.kubeflow.settings import kubeflow_from_dict
from pipeline.paths import check_places, output_folder
from pipeline.runs.failures import explain
from pipeline.runs.folders import make_run_folder, run_folder
from pipeline.runs.outcomes import failed, read_outcome, record_outcome
from pipeline.runs.records import is_known_run

STEPS_BY_SETTING: Mapping[str, Callable[[PipelineConfig], bool]] = {
    "train.warm_start": lambda config: config.train.warm_start == BLESSED,
    "tune.trials": lambda config: bool(config.tune.trials),
}
"""The settings that decide which steps there are, and whether theirs is. TFX's own list of steps
would take ten seconds to load."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Of Kubeflow, a UUID; in any case the name of a folder."""


def prepare_run(run_id: str, configuration: str, parameters: Mapping[str, Any]) -> PreparedRun:
    """Decides what all tasks of a run will work with.

    Args:
        run_id: Kubeflow's id of the run, which no other run has.
        configuration: What was compiled, as JSON: `config` and `kubeflow`.
        parameters: Those of this run.

    Raises:
        PipelineError: A parameter or the id is refused, a folder cannot be written, or the
            metadata store cannot be reached.
    """
    _check_id(run_id)
    _check_filled_in(parameters)
    settings = json.loads(configuration)
    compiled = from_dict(settings["config"])
    config = with_parameters(compiled, parameters)
    _check_steps(compiled, config)
    _check_decisions(config)
    kubeflow = kubeflow_from_dict(settings["kubeflow"])
    check_places(config)
    _check_unfinished(run_id, run_folder(config, run_id))
    folder = make_run_folder(config, run_id)
    with _kept(config, folder):
        connection = connection_to(kubeflow.metadata, config)
        check_connection(connection, kubeflow.metadata)
    # This task comes before all steps, however often it is tried.
    if is_known_run(connection, run_id):
        raise _used_id(run_id, "ML Metadata has steps of it")
    with _kept(config, folder):
        spans = find_spans(config.data, config.ingest.window)
    run = PreparedRun(run_id, folder, config, kubeflow, spans)
    run.save()
    return run


@contextlib.contextmanager
def _kept(config: PipelineConfig, folder: str) -> Iterator[None]:
    """Keeps why a run cannot begin where people look: the log of a pod goes with the pod."""
    try:
        yield
    except (OSError, PipelineError) as error:
        record_outcome(config, folder, failed("", f"In {PREPARE_RUN}: {explain(error)[0]}"))
        raise


def _check_steps(compiled: PipelineConfig, wanted: PipelineConfig) -> None:
    changed = [
        setting
        for setting, is_step in STEPS_BY_SETTING.items()
        if is_step(compiled) != is_step(wanted)
    ]
    if changed:
        raise ConfigurationError(
            "A run must have the steps that were compiled. Received: another "
            f"{' and '.join(changed)}, which adds a step or leaves one out. Compile the pipeline "
            "with it instead of setting it for one run."
        )


def _check_decisions(config: PipelineConfig) -> None:
    """A schedule that others made, or a run that is cloned, would decide again and again."""
    runs = os.path.join(output_folder(config), "runs")
    for name in DECISIONS:
        reason = getattr(config, name)
        for run in os.listdir(runs) if reason and os.path.isdir(runs) else []:
            folder = os.path.join(runs, run)
            if _has_verdict(folder) and _setting_of(folder, name) == reason:
                raise ConfigurationError(
                    f"{name} must be decided for each run anew. Received: {name}={reason!r}, as "
                    f"run {run} had it. Give this run a reason of its own; if a schedule has it, "
                    "take it out there."
                )


def _setting_of(folder: str, name: str) -> Any:
    try:
        with open(os.path.join(folder, RUN_FILE), "rb") as file:
            return json.load(file)["config"][name]
    # Of an earlier version of the code, say.
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _check_id(run_id: str) -> None:
    """With one id for all runs, TFX would take each but the first for done."""
    if not _RUN_ID.fullmatch(run_id):
        raise PipelineError(
            "Kubeflow must fill in the id of each run, as the input run_id of PrepareRun. "
            f"Received: {run_id!r}. Compile the pipeline with the code of its image, and submit it "
            "again."
        )


def _check_filled_in(parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        if PLACEHOLDER in json.dumps(value):
            raise ConfigurationError(
                f"The parameters of a run must be values. Received: {name}={value!r}, whose "
                f"{PLACEHOLDER} begins a placeholder that Kubeflow did not fill in. Give its value."
            )


def _check_unfinished(run_id: str, folder: str) -> None:
    if _has_verdict(folder):
        raise _used_id(run_id, f"{folder} has the verdict of a run that ended")


def _has_verdict(folder: str) -> bool:
    outcome = read_outcome(folder)
    return outcome is not None and outcome.outcome not in (FAILED, INTERRUPTED)


def _used_id(run_id: str, reason: str) -> PipelineError:
    return PipelineError(
        "Each run must have an id of its own: under one that was used, TFX would do nothing, and "
        f"the run would look well. Received: {run_id}, and {reason}. Submit the pipeline as a new "
        "run."
    )
