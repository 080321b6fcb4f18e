"""`ModelReport`: the step that writes down, for people and machines, what all steps found.

TFX shows results in notebooks alone, with scripts from the internet.
"""

from typing import Any

from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts

from components.artifact_types import DataVerdict, ModelReport, ReleaseVerdict, TestPredictions
from components.reporting.report_files import write_report_files
from components.reporting.run_facts import read_run, record_folders


class ModelReporterSpec(types.ComponentSpec):
    """What goes in and out.

    Records with their audits and manifests, of one span or several; DataGate's verdict; the
    Trainer's model and its curves; the Evaluator's result; what models predict for the test images;
    what was found when the model was loaded as a server would load it; and the release gate's
    verdict. Of model and evaluation only the origin is shown.
    """

    PARAMETERS = {
        "pipeline_name": component_spec.ExecutionParameter(type=str),
        "configuration": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "data_verdict": component_spec.ChannelParameter(type=DataVerdict),
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "model_run": component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "predictions": component_spec.ChannelParameter(type=TestPredictions),
        "serving_facts": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
        "release_verdict": component_spec.ChannelParameter(type=ReleaseVerdict),
    }
    OUTPUTS = {"report": component_spec.ChannelParameter(type=ModelReport)}


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


class ModelReporter(base_component.BaseComponent):
    """Writes the report on a model, whatever the verdict.

    The output `report` has `report.html`, `metrics.json`, `model_card.md`, `mistakes.csv` and
    `suspected_label_errors.csv`.
    """

    SPEC_CLASS = ModelReporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ModelReporterExecutor)

    def __init__(
        self,
        pipeline_name: str,
        configuration: str,
        code_fingerprint: str,
        **inputs: types.BaseChannel,
    ):
        """Declares the step.

        Args:
            pipeline_name: As people know it.
            configuration: All settings, as JSON.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
            **inputs: As `ModelReporterSpec` names them.
        """
        super().__init__(
            spec=ModelReporterSpec(
                pipeline_name=pipeline_name,
                configuration=configuration,
                code_fingerprint=code_fingerprint,
                report=types.Channel(type=ModelReport),
                **inputs,
            )
        )
