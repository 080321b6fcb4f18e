"""The artifacts of all steps -> what is known of the run."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from tfx import types
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.evaluation.results import read_evaluation
from components.ingestion.reporting.audit import AUDIT_FILE, Audit
from components.lineage import read_origins
from components.predictions import read_predictions
from components.release.verdict import read_verdict
from components.reporting.facts import DataFacts, RunFacts
from components.reporting.gathering.audits import add_up
from components.reporting.gathering.fingerprint import data_fingerprint
from components.reporting.gathering.versions import library_versions
from components.serving.exports.formats import read_exports
from components.serving.serving_facts import read_facts as read_serving_facts
from components.training_history import read_history
from components.validation.findings import read_verdict as read_data_verdict

Inputs = Mapping[str, Sequence[types.Artifact]]


def read_run(inputs: Inputs, pipeline: str, run: str, configuration: str) -> RunFacts:
    """Reads what all steps have left.

    Args:
        inputs: As the executor receives them.
        pipeline: Its name.
        run: TFX's name of this run; empty if unknown.
        configuration: All settings, as JSON.
    """
    evaluation = read_evaluation(_folder(inputs, "evaluation"))
    return RunFacts(
        pipeline=pipeline,
        run=run,
        configuration=_settings(configuration),
        verdict=read_verdict(_folder(inputs, "release_verdict")),
        predictions=read_predictions(_folder(inputs, "predictions")),
        top_3_accuracy=evaluation.top_3_accuracy,
        loss=evaluation.loss,
        data=_read_data(inputs),
        history=read_history(_folder(inputs, "model_run")),
        exports=read_exports(path_utils.serving_model_path(_folder(inputs, "model"))),
        serving=read_serving_facts(_folder(inputs, "serving_facts")),
        origins=read_origins(inputs),
        versions=library_versions(),
    )


def record_folders(inputs: Inputs) -> list[str]:
    """The folders of the records of each span, the oldest first."""
    return [str(artifact.uri) for artifact in sorted(inputs["examples"], key=_span)]


def _span(artifact: types.Artifact) -> int:
    return int(artifact.span or 0)


def _folder(inputs: Inputs, key: str) -> str:
    return str(artifact_utils.get_single_uri(list(inputs[key])))


def _settings(configuration: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(configuration)
    return settings


def _read_data(inputs: Inputs) -> DataFacts:
    folders = record_folders(inputs)
    return DataFacts(
        audit=add_up([Audit.read(os.path.join(folder, AUDIT_FILE)) for folder in folders]),
        verdict=read_data_verdict(_folder(inputs, "data_verdict")),
        fingerprint=data_fingerprint(folders),
    )
