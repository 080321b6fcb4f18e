"""The first task of a run, PrepareRun: settings, spans, folders and the database are checked.

What is wrong with a run ends it here, in seconds, and not after the training.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from components.config_checks import ConfigurationError
from components.ingestion.listing.spans import find_spans
from components.training.settings import BLESSED
from pipeline.config import PipelineConfig, from_dict
from pipeline.kubeflow.metadata import check_connection, connection_to
from pipeline.kubeflow.parameters import with_parameters
from pipeline.kubeflow.prepared_run import PreparedRun
from pipeline.kubeflow.settings import kubeflow_from_dict
from pipeline.runs.folders import make_run_folder

STEPS_BY_SETTING: Mapping[str, Callable[[PipelineConfig], bool]] = {
    "train.warm_start": lambda config: config.train.warm_start == BLESSED,
    "tune.trials": lambda config: bool(config.tune.trials),
}
"""The settings that decide which steps there are, and whether theirs is. TFX's own list of steps
would take ten seconds to load."""


def prepare_run(run_id: str, configuration: str, parameters: Mapping[str, Any]) -> PreparedRun:
    """Decides what all tasks of a run will work with.

    Args:
        run_id: Kubeflow's id of the run.
        configuration: What was compiled, as JSON: `config` and `kubeflow`.
        parameters: Those of this run.

    Raises:
        PipelineError: A parameter is refused, a folder cannot be written, or the metadata store
            cannot be reached.
    """
    settings = json.loads(configuration)
    compiled = from_dict(settings["config"])
    config = with_parameters(compiled, parameters)
    _check_steps(compiled, config)
    kubeflow = kubeflow_from_dict(settings["kubeflow"])
    folder = make_run_folder(config, run_id)
    check_connection(connection_to(kubeflow.metadata, config), kubeflow.metadata)
    spans = find_spans(config.data, config.ingest.window)
    run = PreparedRun(run_id, folder, config, kubeflow, spans)
    run.save()
    return run


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
