"""The step that stops the run before Transform when the images are not as they should be.

ExampleValidator writes anomalies and succeeds, nothing in stock TFX reads them, and it compares
statistics with a schema alone: not with those of an earlier run or of another split.
"""

import json
import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.artifact_types import DataVerdict
from components.declared_step import DeclaredStep, declare
from components.errors import PipelineError
from components.validation.validate import INPUTS, OPTIONAL_INPUTS, validate
from components.validation.validation_result import VERDICT_FILE, stop_message, verdict_to_json
from components.validation.validation_rules import ValidationRules

WARNINGS = "warnings"
"""Property of the artifact: how many there are."""


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


class DataGate(DeclaredStep):
    """Lets a run go on unless something was found on which the rules say stop.

    By what TFX's steps found in the images, of one span or several, and the statistics of the last
    pushed model's images, if there are any. `freeze_arguments` are those of `pipeline.schema
    freeze` that say which pipeline this is, as JSON.
    """

    SPEC_CLASS = declare(
        inputs=INPUTS,
        outputs={"verdict": DataVerdict},
        parameters={"rules": str, "freeze_arguments": str},
        optional=OPTIONAL_INPUTS,
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(DataGateExecutor)
