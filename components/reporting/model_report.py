"""`ModelReport`: the step that writes down, for people and machines, what all steps found.

TFX shows results in notebooks alone, with scripts from the internet.
"""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from components.artifact_types import DataVerdict, ModelReport, ReleaseVerdict, TestPredictions
from components.declared_step import DeclaredStep, declare
from components.reporting.report_files import write_report_files
from components.reporting.run_facts import read_run, record_folders


class ModelReporterExecutor(base_executor.BaseExecutor):
    """Reads what every step found, and writes the files of the report."""

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
            exec_properties["pipeline_name"],
            run or "",
            exec_properties["configuration"],
        )
        report = artifact_utils.get_single_instance(output_dict["report"])
        write_report_files(facts, record_folders(input_dict), report.uri)


class ModelReporter(DeclaredStep):
    """Writes the report on a model, whatever the verdict.

    From records with their audits and manifests, of one span or several; DataGate's verdict; the
    training's curves; what models predict for the test images; what was found when the model was
    loaded as a server would load it; and the release gate's verdict. Of model and evaluation only
    the origin is shown, and of the model its exports. `configuration` is all settings, as JSON.

    The output `report` has `report.html`, `metrics.json`, `model_card.md`, `mistakes.csv` and
    `suspected_label_errors.csv`.
    """

    SPEC_CLASS = declare(
        inputs={
            "examples": standard_artifacts.Examples,
            "data_verdict": DataVerdict,
            "model": standard_artifacts.Model,
            "model_run": standard_artifacts.ModelRun,
            "evaluation": standard_artifacts.ModelEvaluation,
            "predictions": TestPredictions,
            "serving_facts": standard_artifacts.InfraBlessing,
            "release_verdict": ReleaseVerdict,
        },
        outputs={"report": ModelReport},
        parameters={"pipeline_name": str, "configuration": str},
    )
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ModelReporterExecutor)
