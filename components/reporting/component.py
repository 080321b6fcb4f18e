"""`ModelReporter`, as TFX sees it: what all steps found in, the report out.

TFX shows results in notebooks alone, with scripts from the internet.
"""

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import component_spec, standard_artifacts

from components.artifact_types import ModelReport, ReleaseVerdict, TestPredictions
from components.reporting import executor
from components.validation.gate import DataVerdict


class ModelReporterSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        executor.PIPELINE_KEY: component_spec.ExecutionParameter(type=str),
        executor.CONFIGURATION_KEY: component_spec.ExecutionParameter(type=str),
        executor.CODE_FINGERPRINT_KEY: component_spec.ExecutionParameter(type=str),
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
    OUTPUTS = {executor.REPORT_KEY: component_spec.ChannelParameter(type=ModelReport)}


class ModelReporter(base_component.BaseComponent):
    """Writes the report on a model, whatever the verdict.

    The output `report` has `report.html`, `metrics.json`, `model_card.md`, `mistakes.csv` and
    `suspected_label_errors.csv`.
    """

    SPEC_CLASS = ModelReporterSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.ModelReporterExecutor)

    def __init__(
        self,
        *,
        examples: types.BaseChannel,
        data_verdict: types.BaseChannel,
        model: types.BaseChannel,
        model_run: types.BaseChannel,
        evaluation: types.BaseChannel,
        predictions: types.BaseChannel,
        serving_facts: types.BaseChannel,
        release_verdict: types.BaseChannel,
        pipeline_name: str,
        configuration: str,
        code_fingerprint: str,
    ):
        """Declares the step.

        Args:
            examples: Records with their audits and manifests, of one span or several.
            data_verdict: DataGate's.
            model: The new model; only its origin is shown.
            model_run: Trainer's, with the history of the training.
            evaluation: Evaluator's.
            predictions: What models say of the test images.
            serving_facts: What was found when the model was loaded as a server would load it.
            release_verdict: The release gate's.
            pipeline_name: As people know it.
            configuration: All settings, as JSON.
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=ModelReporterSpec(
                examples=examples,
                data_verdict=data_verdict,
                model=model,
                model_run=model_run,
                evaluation=evaluation,
                predictions=predictions,
                serving_facts=serving_facts,
                release_verdict=release_verdict,
                pipeline_name=pipeline_name,
                configuration=configuration,
                code_fingerprint=code_fingerprint,
                report=types.Channel(type=ModelReport),
            )
        )
