"""The step that lets a model out, or says why not.

TFX's Evaluator decides by point estimates: on a small test set, by luck. It knows no calibration,
size, latency or answers of a served model, and it does not say what it measured against which
bound. What TFMA measures is taken from it; this gate judges, and the Pusher wants the word of both.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tfx import types
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration.portable import data_types
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from components.artifact_types import ReleaseVerdict, TestPredictions
from components.caching import CacheDriver
from components.evaluation.results import read_evaluation
from components.predictions import read_predictions
from components.release.judging import Facts, judge
from components.release.rules import ReleaseRules
from components.release.verdict import write_verdict
from components.release.withdrawals import find_withdrawals
from components.serving.exports.formats import read_problems
from components.serving.serving_facts import read_facts

MODEL_FOLDER_KEY = "model_folder"
WITHDRAWALS_KEY = "withdrawals"


class ReleaseGateSpec(types.ComponentSpec):
    """Names and types of what goes in and out."""

    PARAMETERS = {
        "rules": component_spec.ExecutionParameter(type=str),
        "required_exports": component_spec.ExecutionParameter(type=str),
        MODEL_FOLDER_KEY: component_spec.ExecutionParameter(type=str),
        "reset_baseline": component_spec.ExecutionParameter(type=str),
        "force_push": component_spec.ExecutionParameter(type=str),
        "code_fingerprint": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "pushed_baseline": component_spec.ChannelParameter(
            type=standard_artifacts.PushedModel, optional=True
        ),
        "evaluation": component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.ModelBlessing),
        "predictions": component_spec.ChannelParameter(type=TestPredictions),
        "infra_blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
    }
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=ReleaseVerdict)}


class ReleaseGateDriver(CacheDriver):
    """Makes a rollback a reason to judge again."""

    def observe(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Returns the withdrawals of the model that is judged."""
        [model] = execution_info.input_dict["model"]
        folder = execution_info.exec_properties[MODEL_FOLDER_KEY]
        return {WITHDRAWALS_KEY: json.dumps(find_withdrawals(model, folder))}


class ReleaseGateExecutor(base_executor.BaseExecutor):
    """Asks everything of a model that there is to ask."""

    def Do(  # noqa: N802
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the verdict; a refusal is a result, and not an error."""
        self._log_startup(input_dict, output_dict, exec_properties)
        verdict = judge(
            _read_facts(input_dict, exec_properties),
            ReleaseRules(**json.loads(exec_properties["rules"])),
            _version(input_dict.get("pushed_baseline") or []),
            exec_properties["reset_baseline"],
            exec_properties["force_push"],
        )
        artifact = artifact_utils.get_single_instance(output_dict["verdict"])
        write_verdict(verdict, artifact.uri)
        artifact.released = int(verdict.is_released)
        artifact.sentence = verdict.sentence


class ReleaseGate(base_component.BaseComponent):
    """Says whether a model may be released, with every check, its interval and its bound."""

    SPEC_CLASS = ReleaseGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ReleaseGateExecutor)
    DRIVER_CLASS = ReleaseGateDriver

    def __init__(
        self,
        model: types.BaseChannel,
        pushed_baseline: types.BaseChannel,
        evaluation: types.BaseChannel,
        blessing: types.BaseChannel,
        predictions: types.BaseChannel,
        infra_blessing: types.BaseChannel,
        rules: ReleaseRules,
        required_exports: Sequence[str],
        model_folder: str,
        reset_baseline: str,
        force_push: str,
        code_fingerprint: str,
    ):
        """Declares the step.

        Args:
            model: The new model.
            pushed_baseline: What says which version is serving; there may be none.
            evaluation: The Evaluator's metrics.
            blessing: The Evaluator's verdict.
            predictions: What the new model and the serving one say of the test images.
            infra_blessing: InfraValidator's, with what it found.
            rules: What the model is held to.
            required_exports: Formats of which the model must have an export.
            model_folder: `<serving>/<name>`, where rollbacks are recorded.
            reset_baseline: The reason why the serving model is not compared with, or "".
            force_push: The reason why the model is pushed whatever comes out, or "".
            code_fingerprint: Changes when the code of the step does, and with it the cache key.
        """
        super().__init__(
            spec=ReleaseGateSpec(
                model=model,
                pushed_baseline=pushed_baseline,
                evaluation=evaluation,
                blessing=blessing,
                predictions=predictions,
                infra_blessing=infra_blessing,
                rules=json.dumps(rules.to_dict(), sort_keys=True),
                required_exports=json.dumps(list(required_exports)),
                model_folder=model_folder,
                reset_baseline=reset_baseline,
                force_push=force_push,
                code_fingerprint=code_fingerprint,
                verdict=types.Channel(type=ReleaseVerdict),
            )
        )


def _read_facts(
    input_dict: Mapping[str, list[types.Artifact]], exec_properties: Mapping[str, Any]
) -> Facts:
    evaluation = read_evaluation(artifact_utils.get_single_uri(input_dict["evaluation"]))
    blessing = artifact_utils.get_single_instance(input_dict["blessing"])
    return Facts(
        predictions=read_predictions(artifact_utils.get_single_uri(input_dict["predictions"])),
        evaluated_accuracy=evaluation.accuracy,
        is_blessed=model_utils.is_model_blessed(blessing),
        serving=read_facts(artifact_utils.get_single_uri(input_dict["infra_blessing"])),
        withdrawals=tuple(json.loads(exec_properties[WITHDRAWALS_KEY])),
        export_problems=read_problems(
            path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict["model"])),
            json.loads(exec_properties["required_exports"]),
        ),
    )


def _version(pushed: list[types.Artifact]) -> str:
    return str(pushed[0].get_string_custom_property("pushed_version")) if pushed else ""
