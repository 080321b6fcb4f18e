"""What a run shows on Kubeflow's pages: report, metrics, confusion matrix, verdict."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from components.release.verdict import read_verdict
from components.reporting.files import METRICS_FILE, REPORT_FILE
from pipeline.kubeflow.executor_input import ExecutorInput
from pipeline.runs.records import StepRecord

Records = Mapping[str, StepRecord]
MOST_CLASSES = 50
"""A larger matrix is no picture any more, and Kubeflow keeps what it shows in its database."""


def hand_over(step: str, records: Records, executor: ExecutorInput) -> None:
    """Hands over what a step has to show.

    Args:
        step: Its name in TFX.
        records: The steps of the run that are done.
        executor: What Kubeflow wants.
    """
    shown: dict[str, Callable[[Records, ExecutorInput], None]] = {
        "ReleaseGate": _show_verdict,
        "ModelReport": _show_report,
        "Pusher": _show_push,
    }
    if step in shown:
        shown[step](records, executor)


def confusion_metadata(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The confusion matrix as Kubeflow draws it.

    Args:
        metrics: What metrics.json holds.

    Returns:
        Metadata of a system.ClassificationMetrics; none where there are too many classes.
    """
    names = list(metrics["classes"])
    if len(names) > MOST_CLASSES:
        return {}
    places = {name: place for place, name in enumerate(names)}
    rows = [[0] * len(names) for _ in names]
    for name, place in places.items():
        rows[place][place] = metrics["classes"][name]["recall"]["right"]
    for pair in metrics["confusions"]:
        rows[places[pair["class"]]][places[pair["answer"]]] = pair["images"]
    return {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": name} for name in names],
            "rows": [{"row": row} for row in rows],
        }
    }


def _show_verdict(records: Records, executor: ExecutorInput) -> None:
    verdict = read_verdict(records["ReleaseGate"].outputs["verdict"].uri)
    executor.set_parameter("released", verdict.is_released)
    executor.set_parameter("verdict", verdict.sentence)


def _show_report(records: Records, executor: ExecutorInput) -> None:
    folder = records["ModelReport"].outputs["report"].uri
    with open(os.path.join(folder, METRICS_FILE), "rb") as file:
        metrics = json.load(file)
    shutil.copyfile(os.path.join(folder, REPORT_FILE), executor.artifact_path("report"))
    shutil.copyfile(os.path.join(folder, METRICS_FILE), executor.artifact_path("metrics"))
    accuracy = metrics["accuracy"]
    executor.say_of_artifact(
        "metrics",
        {
            "accuracy": accuracy["value"],
            "accuracy_low": accuracy["low"],
            "accuracy_high": accuracy["high"],
            "test_images": accuracy["images"],
        },
    )
    executor.say_of_artifact("confusion_matrix", confusion_metadata(metrics))
    executor.set_parameter("accuracy", accuracy["value"])


def _show_push(records: Records, executor: ExecutorInput) -> None:
    properties = records["Pusher"].outputs["pushed_model"].properties
    executor.set_parameter(
        "model", str(properties["pushed_destination"]) if properties["pushed"] else ""
    )
