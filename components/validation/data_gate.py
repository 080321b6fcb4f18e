"""The step that stops the run before Transform when the images are not as they should be.

ExampleValidator writes anomalies and succeeds, nothing in stock TFX reads them, and it compares
statistics with a schema alone: not with those of an earlier run or of another split.
"""

import json
import os
from collections.abc import Sequence
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import io_utils

from components.artifact_types import DataVerdict
from components.errors import PipelineError
from components.validation.validate import validate
from components.validation.validation_result import VERDICT_FILE, stop_message, verdict_to_json
from components.validation.validation_rules import ValidationRules

WARNINGS = "warnings"
"""Property of the artifact: how many there are."""


class DataGateSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        "rules": component_spec.ExecutionParameter(type=str),
        "freeze_arguments": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "statistics": component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
        "baseline_statistics": component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=DataVerdict)}


class DataGateExecutor(base_executor.BaseExecutor):
    """Looks at the anomalies and the statistics of every split; raises where rules say stop."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the verdict.

        Raises:
            PipelineError: The run must stop. TFX discards what a failed step wrote, so the
                message has all that was found, warnings too.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        rules = ValidationRules.from_json(exec_properties["rules"])
        verdict = validate(input_dict, rules)
        if verdict.stops:
            folders = [artifact.uri for artifact in input_dict["statistics"]]
            freeze = json.loads(exec_properties["freeze_arguments"])
            raise PipelineError(stop_message(verdict, folders, freeze))
        artifact = artifact_utils.get_single_instance(output_dict["verdict"])
        path = os.path.join(artifact.uri, VERDICT_FILE)
        io_utils.write_string_file(path, verdict_to_json(verdict))
        artifact.set_int_custom_property(WARNINGS, len(verdict.warnings))


class DataGate(base_component.BaseComponent):
    """Lets a run go on unless something was found on which the rules say stop."""

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(DataGateExecutor)

    def __init__(
        self,
        statistics: types.Channel,
        anomalies: types.Channel,
        schema: types.Channel,
        baseline_statistics: types.Channel,
        rules: ValidationRules,
        freeze_arguments: Sequence[str],
        code_fingerprint: str,
    ):
        """Declares the step.

        Args:
            statistics: StatisticsGen's output, of one span or several.
            anomalies: ExampleValidator's output, of the same.
            schema: What it held the examples to.
            baseline_statistics: Those of the last pushed model's images; there may be none.
            rules: What is looked for, and what happens on what is found.
            freeze_arguments: Those of `pipeline.schema freeze` that say which pipeline this is.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=DataGateSpec(
                statistics=statistics,
                anomalies=anomalies,
                schema=schema,
                baseline_statistics=baseline_statistics,
                rules=rules.to_json(),
                freeze_arguments=json.dumps(list(freeze_arguments)),
                code_fingerprint=code_fingerprint,
                verdict=types.Channel(type=DataVerdict),
            )
        )
