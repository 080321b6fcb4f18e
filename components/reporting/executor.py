"""The artifacts of all steps -> the report's artifact."""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.reporting.files import write_report_files
from components.reporting.gathering.reading import read_run, record_folders

PIPELINE_KEY = "pipeline_name"
CONFIGURATION_KEY = "configuration"
CODE_FINGERPRINT_KEY = "code_fingerprint"
REPORT_KEY = "report"


class ModelReporterExecutor(base_executor.BaseExecutor):
    """Reads what every step found, and writes it down for people and machines."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the files of the report into the artifact."""
        self._log_startup(input_dict, output_dict, exec_properties)
        run = self._context.pipeline_run_id if self._context else None
        facts = read_run(
            input_dict,
            exec_properties[PIPELINE_KEY],
            run or "",
            exec_properties[CONFIGURATION_KEY],
        )
        report = artifact_utils.get_single_instance(output_dict[REPORT_KEY])
        write_report_files(facts, record_folders(input_dict), report.uri)
