"""What Kubeflow hands a task, and what it wants back for its pages: verdict, report, metrics.

The messages are those of KFP's pipeline specification: ExecutorInput comes as an argument, output
parameters go into files of their own, and what is said about artifacts into an ExecutorOutput.
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format
from kfp import dsl
from kfp.pipeline_spec import pipeline_spec_pb2

from components.release.release_verdict import read_verdict
from pipeline.runs.records import StepRecord

Records = Mapping[str, StepRecord]
MOST_CLASSES = 50
"""A larger matrix is no picture any more, and Kubeflow keeps what it shows in its database."""


class ExecutorInput:
    """The inputs and outputs of one task.

    Attributes:
        parameters: The input parameters; numbers are floats, as in JSON.
    """

    def __init__(self, text: str):
        """Reads what the placeholder {{$}} became: an ExecutorInput as JSON."""
        self._message = json_format.Parse(
            text, pipeline_spec_pb2.ExecutorInput(), ignore_unknown_fields=True
        )
        self._said: dict[str, Mapping[str, Any]] = {}
        values = self._message.inputs.parameter_values
        self.parameters: dict[str, Any] = {
            name: json_format.MessageToDict(value) for name, value in values.items()
        }

    def set_parameter(self, name: str, value: str | bool | float) -> None:
        """Sets an output parameter."""
        path = self._message.outputs.parameters[name].output_file
        _write(path, value if isinstance(value, str) else json.dumps(value))

    def artifact_path(self, name: str) -> str:
        """The file to write an output artifact to, in a folder that is there."""
        [artifact] = self._message.outputs.artifacts[name].artifacts
        # The SDK knows where Kubeflow mounts object stores.
        path = artifact.custom_path or dsl.Artifact(uri=artifact.uri).path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return str(path)

    def say_of_artifact(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Says about an output artifact what the pages of Kubeflow show."""
        self._said[name] = metadata
        output = pipeline_spec_pb2.ExecutorOutput()
        for artifact, said in self._said.items():
            runtime = output.artifacts[artifact].artifacts.add()
            runtime.CopyFrom(self._message.outputs.artifacts[artifact].artifacts[0])
            json_format.ParseDict(dict(said), runtime.metadata)
        _write(self._message.outputs.output_file, json_format.MessageToJson(output))


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
    # Not above: it loads all that makes reports, and every task loads this module.
    from components.reporting.report_files import METRICS_FILE, REPORT_FILE

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


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
