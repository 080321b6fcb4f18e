"""The step that stops the run before Transform when the data is not what the schema says.

ExampleValidator writes anomalies and succeeds; nothing in stock TFX reads them.
"""

import json
import os
from typing import Any

import tensorflow as tf
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import io_utils

from components.errors import PipelineError
from components.validation.anomalies import describe_anomalies

VERDICT_FILE = "verdict.json"
ANOMALIES_FILE = "SchemaDiff.pb"


class DataVerdict(types.Artifact):
    """The gate's word on a set of examples: `verdict.json`, with what was found in each split."""

    TYPE_NAME = "DataVerdict"


class DataGateSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {"code_fingerprint": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=DataVerdict)}


class DataGateExecutor(base_executor.BaseExecutor):
    """Reads the anomalies of every split and raises if there are any."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the verdict.

        Raises:
            PipelineError: There are anomalies; the message has a line for each.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        anomalies = artifact_utils.get_single_instance(input_dict["anomalies"])
        found = _describe_splits(anomalies, artifact_utils.get_single_uri(input_dict["schema"]))
        if any(found.values()):
            raise PipelineError(_stop_message(found))
        path = os.path.join(artifact_utils.get_single_uri(output_dict["verdict"]), VERDICT_FILE)
        io_utils.write_string_file(path, json.dumps({"anomalies": found}, indent=2))


class DataGate(base_component.BaseComponent):
    """Lets a run go on only if ExampleValidator found no anomaly in any split."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(DataGateExecutor)

    def __init__(self, anomalies: types.Channel, schema: types.Channel, code_fingerprint: str):
        """Declares the step.

        Args:
            anomalies: ExampleValidator's output.
            schema: What it held the examples to.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=DataGateSpec(
                anomalies=anomalies,
                schema=schema,
                code_fingerprint=code_fingerprint,
                verdict=types.Channel(type=DataVerdict),
            )
        )


def _describe_splits(anomalies: types.Artifact, schema_folder: str) -> dict[str, list[str]]:
    schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
    found = {}
    for split in artifact_utils.decode_split_names(anomalies.split_names):
        folder = artifact_utils.get_split_uri([anomalies], split)
        with tf.io.gfile.GFile(os.path.join(folder, ANOMALIES_FILE), "rb") as file:
            found[split] = describe_anomalies(
                anomalies_pb2.Anomalies.FromString(file.read()), schema, split
            )
    return found


def _stop_message(found: dict[str, list[str]]) -> str:
    lines = "\n".join(f"  - {line}" for lines in found.values() for line in lines)
    return (
        "The images must be what the schema says. Received:\n"
        f"{lines}\n"
        "Mend the data folder; or, if the change is wanted, edit the schema file and run again."
    )
