"""What Kubeflow hands a task, and what it wants back.

The messages are those of KFP's pipeline specification: ExecutorInput comes as an argument, output
parameters go into files of their own, and what is said about artifacts into an ExecutorOutput.
https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from kfp import dsl
from kfp.pipeline_spec import pipeline_spec_pb2


class ExecutorInput:
    """The inputs and outputs of one task."""

    def __init__(self, text: str):
        """Reads what the placeholder {{$}} became.

        Args:
            text: An ExecutorInput as JSON.
        """
        self._message = json_format.Parse(
            text, pipeline_spec_pb2.ExecutorInput(), ignore_unknown_fields=True
        )
        self._said: dict[str, Mapping[str, Any]] = {}

    @property
    def parameters(self) -> dict[str, Any]:
        """The input parameters; numbers are floats, as in JSON."""
        values = self._message.inputs.parameter_values
        return {name: json_format.MessageToDict(value) for name, value in values.items()}

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


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
